//! What `render` prints and compares.

use std::fs;
use std::process::Stdio;

use super::{COMPOSE, SHOP, pipegen, program, read, rendered, shop, support};

#[test]
fn what_is_current_is_silent() {
    let folder = rendered();
    for mode in ["--check", "--diff"] {
        let run = pipegen(folder.path(), ["render", "shop.yml", mode]);
        assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (0, "", ""), "{mode}");
    }
}

#[test]
fn what_is_stale_becomes_current_by_the_diff() {
    let folder = rendered();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("6380", "6390").replace("  web:", "  site:")).expect("written");
    fs::remove_file(folder.path().join("generated/shop/compose/README.md")).expect("removed");
    let before = read(&folder, COMPOSE);
    let diff = pipegen(folder.path(), ["render", "shop.yml", "--diff"]);
    let check = pipegen(folder.path(), ["render", "shop.yml", "--check"]);
    assert_eq!((diff.status, check.status), (0, 3));
    assert_eq!(diff.out, check.out);
    assert_eq!(read(&folder, COMPOSE), before, "nothing is written");
    apply(&folder, &check.out);
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--check"]).status, 0);
}

#[test]
fn the_diff_applies_to_an_absolute_folder_below_the_current_one() {
    let folder = shop();
    let out = folder.path().canonicalize().expect("there").join("./golden");
    let diff = program().current_dir(&folder).args(["render", "shop.yml", "--diff", "--out"]).arg(&out).output().expect("it runs");
    apply(&folder, &String::from_utf8(diff.stdout).expect("UTF-8"));
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--check", "--out", "golden"]).status, 0);
}

/// `git apply`, as a user would pipe into it.
fn apply(folder: &tempfile::TempDir, patch: &str) {
    fs::write(folder.path().join("patch"), patch).expect("written");
    let mut git = support::command("git".as_ref());
    git.current_dir(folder).env("GIT_CEILING_DIRECTORIES", "/").args(["apply", "--whitespace=nowarn", "patch"]).stdin(Stdio::null());
    assert_eq!(support::run(&mut git), Ok(String::new()), "{patch}");
}

#[test]
fn standard_output_has_every_artifact_and_the_disk_none() {
    let folder = shop();
    let run = pipegen(folder.path(), ["render", "shop.yml", "--stdout"]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(!folder.path().join("generated").exists());
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml"]).status, 0);
    let written = support::files_below(&folder.path().join("generated"));
    for path in written.iter().filter(|path| !path.ends_with(".pipegen-manifest.json")) {
        let name = path.strip_prefix(&folder).expect("below").display().to_string();
        let text = fs::read_to_string(path).expect("readable");
        assert!(run.out.contains(&format!("==> {name} <==\n{text}\n")), "{name}");
    }
}

#[test]
fn a_parameter_and_an_environment_are_rendered() {
    let folder = shop();
    let run = pipegen(folder.path(), ["render", "shop.yml", "--set", "tag=3.13-slim", "--env", "production"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let file = read(&folder, "generated/shop@production/compose/docker-compose.yml");
    assert!(file.contains("image: python:3.13-slim") && file.contains("127.0.0.1:6381:6379"), "{file}");
}
