//! Broken blueprints: each is refused with exact words at an exact place, by a program that does not panic and writes
//! nothing. The files say in their names which code is expected; a file is one fault unless it begins with `several-`.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use pipegen::diagnostic::{CODES, Severity};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/invalid");
/// Codes whose cases are made when the tests run, because no small text file can show them.
const MADE: [&str; 4] = ["invalid-utf8", "large-output", "too-deep", "too-large"];
const SEVERAL: &str = "several-";
/// What `check` and `render` end with when a blueprint has errors.
const INVALID: i32 = 1;

/// Runs in the folder of the blueprints, so that messages show no path of this machine.
fn pipegen(folder: &Path, arguments: &[&str]) -> Output {
    support::rendered::pipegen().current_dir(folder).args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program prints UTF-8")
}

/// What one run of `check` says.
struct Said {
    exit: Option<i32>,
    plain: String,
    json: String,
    codes: Vec<String>,
}

fn check(folder: &Path, file: &str) -> Said {
    let plain = pipegen(folder, &["check", file]);
    let json = pipegen(folder, &["check", "--format", "json", file]);
    assert_eq!(plain.status.code(), json.status.code(), "the format decides nothing");
    assert_eq!((text(&plain.stdout), text(&json.stderr)), Default::default(), "each format has its stream");
    let json = text(&json.stdout);
    let records = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON"));
    let codes = records.map(|record| record["code"].as_str().expect("each has a code").to_owned()).collect();
    Said { exit: plain.status.code(), plain: text(&plain.stderr), json, codes }
}

fn is_error(name: &str) -> bool {
    let code = CODES.iter().find(|code| code.name == name).unwrap_or_else(|| panic!("no code is called `{name}`"));
    code.severity == Severity::Error
}

/// The code that a file's name begins with: the longest, since one code's name may begin with another's.
fn code_of(stem: &str) -> Option<&'static str> {
    let named = CODES.iter().map(|code| code.name).filter(|name| stem == *name || stem.starts_with(&format!("{name}-")));
    named.max_by_key(|name| name.len())
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(FOLDER).expect("the folder of the blueprints").map(|entry| entry.expect("an entry").path());
    let mut stems: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    stems.sort();
    stems
}

/// Asserts that `render` ends as `check` does and leaves nothing behind after an error.
fn renders_nothing(folder: &Path, file: &str, exit: Option<i32>) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let rendered = pipegen(folder, &["render", file, "--out", &out.path().to_string_lossy()]);
    assert_eq!(rendered.status.code(), exit, "{file}: {}", text(&rendered.stderr));
    let written = fs::read_dir(out.path()).expect("the folder is there").count();
    assert_eq!(written == 0, exit != Some(0), "{file}: {written} entries were written");
}

#[test]
fn every_blueprint_says_what_is_wrong_and_where() {
    insta::glob!("invalid/*.yml", |path| {
        let file = path.file_name().expect("a file has a name").to_string_lossy();
        let said = check(Path::new(FOLDER), &file);
        let exit = said.exit.map_or("none".to_owned(), |exit| exit.to_string());
        insta::assert_snapshot!(format!("exit status {exit}\n\n{}\n{}", said.plain, said.json));
    });
}

#[test]
fn one_fault_is_one_diagnostic_of_the_code_in_the_name() {
    for stem in files() {
        let said = check(Path::new(FOLDER), &format!("{stem}.yml"));
        if stem.starts_with(SEVERAL) {
            assert!(said.codes.len() > 1, "{stem}: {}", said.plain);
        } else {
            let code = code_of(&stem).unwrap_or_else(|| panic!("`{stem}` begins with no code"));
            assert_eq!(said.codes, [code], "{stem}: {}", said.plain);
        }
        let expected = if said.codes.iter().any(|code| is_error(code)) { INVALID } else { 0 };
        assert_eq!(said.exit, Some(expected), "{stem}");
    }
}

/// What stands for a secret in the blueprints.
const CANARY: &str = "hunter2canary";

#[test]
fn no_message_shows_a_secret() {
    let with_secret = |stem: &String| fs::read_to_string(Path::new(FOLDER).join(format!("{stem}.yml"))).expect("a text").contains(CANARY);
    let stems: Vec<String> = files().into_iter().filter(with_secret).collect();
    assert!(stems.len() >= 5, "{stems:?}");
    for stem in stems {
        let said = check(Path::new(FOLDER), &format!("{stem}.yml"));
        assert!(!said.plain.contains(CANARY) && !said.json.contains(CANARY), "{stem}: {}", said.plain);
    }
}

#[test]
fn nothing_is_written() {
    for stem in files() {
        // Only what an environment changes is wrong there; the base is sound and rendered.
        let of_environment = [
            "component-changed-environment",
            "several-faults-in-one-environment",
            "unknown-key-misspelt-in-an-environment",
            "unknown-key-misspelt-remove",
            "unknown-name-in-an-environment",
            "unknown-name-removed",
        ];
        if of_environment.contains(&stem.as_str()) {
            continue;
        }
        let file = format!("{stem}.yml");
        renders_nothing(Path::new(FOLDER), &file, check(Path::new(FOLDER), &file).exit);
    }
}

#[test]
fn every_code_has_a_case() {
    let stems = files();
    assert!(stems.len() >= 40, "{} files", stems.len());
    let shown: BTreeSet<&str> = stems.iter().filter_map(|stem| code_of(stem)).chain(MADE).collect();
    let missing: Vec<&str> = CODES.iter().map(|code| code.name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(missing, [""; 0], "add a file to tests/invalid/");
}

/// A file that is made here, in a folder of its own.
fn made(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("blueprint.yml");
    fs::write(&file, bytes).expect("the folder is writable");
    (folder, file)
}

/// Asserts that a hostile file is refused with exactly these words.
fn refused(bytes: &[u8], expected: &str) {
    let (folder, _) = made(bytes);
    let said = check(folder.path(), "blueprint.yml");
    assert_eq!((said.exit, said.codes.len()), (Some(INVALID), 1), "{}", said.plain);
    assert!(said.plain.starts_with(expected), "{}", said.plain);
    renders_nothing(folder.path(), "blueprint.yml", Some(INVALID));
}

#[test]
fn ten_thousand_levels_are_too_deep() {
    let flow = format!("blueprint: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    refused(flow.as_bytes(), "error[too-deep]: more than 128 levels of nesting\n --> blueprint.yml:1:");
    // A line for each level: of 10,000 the indentation alone would be too large.
    let block: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused(block.as_bytes(), "error[too-deep]: more than 128 levels of nesting\n   --> blueprint.yml:129:");
    let dashes = "- ".repeat(10_000);
    refused(dashes.as_bytes(), "error[too-deep]: more than 128 levels of nesting\n --> blueprint.yml:1:");
}

#[test]
fn more_than_16_mb_are_too_large() {
    let bytes = vec![b'#'; 16 * 1024 * 1024 + 1];
    refused(&bytes, "error[too-large]: the file has 16777217 bytes, more than 16 MB\n--> blueprint.yml\n");
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    refused(b"blueprint: v1\nname: \xe9t\xe9\n", "error[invalid-utf8]: the file is not UTF-8 text\n--> blueprint.yml\n");
    refused(b"\xff\xfeb\0l\0u\0e\0", "error[invalid-utf8]: the file is not UTF-8 text\n--> blueprint.yml\n");
}

#[test]
fn control_characters_are_refused_and_never_printed() {
    refused(b"blueprint: v1\nname: a\0b\n", "error[yaml-syntax]: ");
    let (folder, _) = made("blueprint: v1\nname: \"a\u{1b}[31m\"\n".as_bytes());
    let said = check(folder.path(), "blueprint.yml");
    assert_eq!(said.exit, Some(INVALID));
    assert!(!said.plain.contains('\u{1b}') && !said.json.contains('\u{1b}'), "{}", said.plain);
}

#[test]
fn a_file_for_compose_of_too_many_nodes_is_a_warning() {
    let entries: String = (0..100_000).map(|number| format!("      V{number}: x\n")).collect();
    let head = "blueprint: v1\nname: shop\nservices:\n  web:\n    component: container\n    image: nginx:1.30.4\n    environment:\n";
    let (folder, _) = made(format!("{head}{entries}").as_bytes());
    let said = check(folder.path(), "blueprint.yml");
    assert_eq!((said.exit, said.codes), (Some(0), vec!["large-output".to_owned()]), "{}", said.plain);
}
