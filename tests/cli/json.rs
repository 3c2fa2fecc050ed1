//! `--format json`: JSON lines on standard output, nothing else there.

use std::fs;

use serde_json::Value;

use super::{COMPOSE, Run, SHOP, pipegen, rendered, shop};

/// The lines, each an object.
fn lines(run: &Run) -> Vec<Value> {
    assert!(run.out.is_empty() || run.out.ends_with('\n'), "the last line ends");
    let line = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let lines: Vec<Value> = run.out.lines().map(line).collect();
    assert!(lines.iter().all(Value::is_object));
    lines
}

#[test]
fn messages_are_lines() {
    let folder = shop();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("[cache]", "[cahce]").replace("publish: 6380", "publsh: 6380"))
        .expect("written");
    for command in ["check", "render"] {
        let run = pipegen(folder.path(), [command, "shop.yml", "--format", "json"]);
        assert_eq!((run.status, run.err.as_str()), (1, ""), "{command}");
        let found = lines(&run);
        let mut codes: Vec<&str> = found.iter().filter_map(|line| line["code"].as_str()).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["unknown-key", "unknown-name"], "{command}");
        assert!(found.iter().all(|line| line["file"] == "shop.yml" && line["line"].is_u64() && line["severity"] == "error"));
    }
}

#[test]
fn a_file_that_cannot_be_read_as_text_is_a_line() {
    let folder = shop();
    fs::write(folder.path().join("shop.yml"), b"blueprint: v1\nname: \xff\n").expect("written");
    for command in ["check", "render"] {
        let run = pipegen(folder.path(), [command, "shop.yml", "--format", "json"]);
        assert_eq!((run.status, run.err.as_str()), (1, ""));
        assert_eq!(lines(&run)[0]["code"], "invalid-utf8");
    }
}

#[test]
fn outcomes_are_lines() {
    let folder = shop();
    for outcome in ["created", "unchanged"] {
        let run = pipegen(folder.path(), ["render", "shop.yml", "--format", "json"]);
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        let found = lines(&run);
        assert!(found.iter().any(|line| line["file"] == COMPOSE));
        // A target may have nothing to write, which is an outcome too.
        let mut files = found.iter().filter(|line| line["file"].is_string());
        assert!(files.all(|line| line["outcome"] == outcome), "{}", run.out);
    }
}

#[test]
fn changes_are_lines() {
    let folder = rendered();
    fs::write(folder.path().join(COMPOSE), "mine\n").expect("written");
    for (mode, status) in [("--check", 3), ("--diff", 0)] {
        let run = pipegen(folder.path(), ["render", "shop.yml", mode, "--format", "json"]);
        assert_eq!(run.status, status);
        assert_eq!(lines(&run), [serde_json::json!({ "file": COMPOSE, "change": "content" })]);
    }
}

#[test]
fn artifacts_are_lines() {
    let folder = rendered();
    let run = pipegen(folder.path(), ["render", "shop.yml", "--stdout", "--format", "json"]);
    let found = lines(&run);
    let file = found.iter().find(|line| line["file"] == COMPOSE).expect("the Compose file is there");
    assert_eq!(file["text"].as_str(), Some(super::read(&folder, COMPOSE).as_str()));
    assert_eq!(file["executable"], false);
}

#[test]
fn the_catalog_is_lines() {
    let run = pipegen(".".as_ref(), ["components", "--format", "json"]);
    let names: Vec<Value> = lines(&run).iter().map(|line| line["component"].clone()).collect();
    assert_eq!(names.len(), pipegen::components::COMPONENTS.len());
    assert!(names.contains(&"kafka".into()));
}

#[test]
fn nothing_to_say_is_nothing() {
    let run = pipegen(shop().path(), ["check", "shop.yml", "--format", "json"]);
    assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (0, "", ""));
}
