//! The real tools on what is committed under `golden/`. A missing tool skips its checks, which is printed;
//! with `PIPEGEN_REQUIRE_TOOLS=1`, as in CI, it fails them. The sabotages show that each check sees what it is for.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::compose::Folder;

/// Every `golden/<blueprint>/compose`.
fn golden() -> Vec<PathBuf> {
    let folders = fs::read_dir(support::repository().join("golden")).into_iter().flatten();
    let mut folders: Vec<_> = folders.map(|entry| entry.expect("golden can be read").path().join("compose")).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    if folders.is_empty() {
        support::say("nothing to check: golden/ holds no rendered Compose folder");
    }
    folders
}

fn each_golden(faults: impl Fn(&Folder) -> Vec<String>) {
    for path in golden() {
        let folder = Folder::read(&path);
        assert!(!folder.files.is_empty(), "{} holds no Compose file", path.display());
        assert_eq!(faults(&folder), [""; 0], "in {}", path.display());
    }
}

#[test]
fn compose_accepts_every_file() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    each_golden(|folder| folder.refused(&compose));
}

#[test]
fn compose_misses_every_variable() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    each_golden(|folder| folder.not_missed(&compose));
}

#[test]
fn compose_reads_every_text_as_it_was_meant() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    each_golden(|folder| folder.misread(&compose));
}

#[test]
fn the_example_lists_exactly_the_variables_in_use() {
    each_golden(Folder::wrongly_listed);
}

#[test]
fn every_file_keeps_to_the_official_schema() {
    each_golden(Folder::against_schema);
}

#[test]
fn shellcheck_finds_nothing_in_any_script() {
    let Some(shellcheck) = support::tool("shellcheck") else {
        return;
    };
    for folder in ["golden", "blueprints"] {
        for file in support::files_below(&support::repository().join(folder)) {
            if file.extension().is_some_and(|end| end == "sh") {
                assert_eq!(lint(&shellcheck, &file), Ok(String::new()));
            }
        }
    }
}

fn lint(shellcheck: &Path, script: &Path) -> Result<String, String> {
    support::run(support::command(shellcheck).args(["--external-sources", "--severity=style"]).arg(script))
}

/// A folder without a fault.
const GOOD: [(&str, &str); 3] = [
    (
        "docker-compose.yml",
        r#"name: sample
services:
  database:
    image: "postgres:${TAG:-17}"
    command: [postgres, -c, "search_path=\"$$user\",public"]
    environment: { POSTGRES_PASSWORD: "${DB_PASSWORD:?run pipegen secrets init}" }
    configs: [{ source: init, target: /init.sql }]
  report:
    image: "report:1"
    profiles: [app]
    labels: { pipegen.files: "1-${PIPEGEN_ENV_SHA256:?run pipegen secrets init}" }
configs:
  init:
    content: |
      SELECT '${DB_PASSWORD:?run pipegen secrets init}', '$$';
"#,
    ),
    (".env.example", "# the database\nDB_PASSWORD=\n# TAG=17\nADMIN_PASSWORD=\nPIPEGEN_ENV_SHA256=\n"),
    ("connections.sh", "#!/bin/sh\necho \"${#ADMIN_PASSWORD}\"\n"),
];

/// The good folder after one replacement in one of its files.
fn sabotage(file: &str, from: &str, to: &str) -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in GOOD {
        assert!(name != file || text.contains(from), "nothing to sabotage: {from}");
        let text = if name == file { text.replacen(from, to, 1) } else { text.to_owned() };
        fs::write(folder.path().join(name), text).expect("the folder is writable");
    }
    let read = Folder::read(folder.path());
    (folder, read)
}

const FILE: &str = "docker-compose.yml";

#[test]
fn the_good_folder_passes_every_check() {
    let (_keep, folder) = sabotage("", "", "");
    assert_eq!(folder.wrongly_listed(), [""; 0]);
    assert_eq!(folder.against_schema(), [""; 0]);
    let Some(compose) = support::tool("compose") else {
        return;
    };
    assert_eq!(folder.refused(&compose), [""; 0]);
    assert_eq!(folder.not_missed(&compose), [""; 0]);
    assert_eq!(folder.misread(&compose), [""; 0]);
}

#[test]
fn a_file_that_compose_refuses_is_seen() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    let (_keep, folder) = sabotage(FILE, "configs: [{ source: init", "configs: [{ source: other");
    let faults = folder.refused(&compose);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("undefined config other"), "{faults:?}");
}

#[test]
fn a_variable_that_may_be_missing_is_seen() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    let (_keep, folder) = sabotage(FILE, "${PIPEGEN_ENV_SHA256:?run pipegen secrets init}", "${PIPEGEN_ENV_SHA256}");
    let faults = folder.not_missed(&compose);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("docker-compose.yml: without PIPEGEN_ENV_SHA256"), "{faults:?}");
}

#[test]
fn a_variable_that_the_example_forgets_or_invents_is_seen() {
    let (_keep, folder) = sabotage(".env.example", "DB_PASSWORD", "DB_PASSWROD");
    let expected = ["docker-compose.yml: DB_PASSWORD is not in .env.example", ".env.example: nothing uses DB_PASSWROD"];
    assert_eq!(folder.wrongly_listed(), expected);
}

#[test]
fn a_text_that_compose_changes_is_seen() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    // A dollar that nobody doubled: Compose takes the word for a variable.
    let (_keep, folder) = sabotage(FILE, "'$$'", "'$LC_ALL'");
    let faults = folder.misread(&compose);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("/configs/init/content: "), "{faults:?}");
}

#[test]
fn a_key_outside_of_the_schema_is_seen() {
    let (_keep, folder) = sabotage(FILE, "profiles:", "profile:");
    let faults = folder.against_schema();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("docker-compose.yml: /services/report: "), "{faults:?}");
}

#[test]
fn an_unquoted_word_in_a_script_is_seen() {
    let Some(shellcheck) = support::tool("shellcheck") else {
        return;
    };
    let (keep, _) = sabotage("connections.sh", "\"${#ADMIN_PASSWORD}\"", "$ADMIN_PASSWORD");
    let faults = lint(&shellcheck, &keep.path().join("connections.sh")).expect_err("the script is faulty");
    assert!(faults.contains("SC2086"), "{faults}");
}

#[test]
fn a_missing_tool_skips_its_check_but_fails_it_in_ci() {
    let run = |required| {
        let mut check = support::command(&std::env::current_exe().expect("a test is a program"));
        check.args(["--exact", "compose_accepts_every_file"]);
        check.env("PIPEGEN_COMPOSE", "/nonexistent").env("PIPEGEN_REQUIRE_TOOLS", required);
        check.output().expect("it runs")
    };
    let skipped = run("0");
    assert!(skipped.status.success());
    let line = "skipped: `docker-compose` is missing (.ci/tools.sh installs it)\n";
    assert_eq!(String::from_utf8_lossy(&skipped.stderr), line);
    assert!(!run("1").status.success());
}
