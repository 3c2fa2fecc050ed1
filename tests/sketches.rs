//! Systems that the language carries and that are not rendered yet: `pipegen check` says exactly what is missing, once.

mod support;

use std::path::{Path, PathBuf};

use pipegen::source::Source;
use pipegen::yaml;
use support::edit;

/// A line of `check --format json`: the code, the line, and what stands there in the blueprint.
type Said = (String, usize, String);

/// Code, line, and the key or value that the diagnostic is about.
type Expected = &'static [(&'static str, usize, &'static str)];

const STACKEXCHANGE: Expected = &[("path-not-found", 27, "stackexchange")];

const BIGDATA: Expected = &[
    ("unknown-component", 26, "kafka-ui"),
    ("unknown-component", 33, "spark"),
    ("path-not-found", 47, "bigdata/dags"),
    ("unknown-component", 50, "mlflow"),
    ("path-not-found", 53, "bigdata/fastapi"),
    ("not-rendered-yet", 56, "metrics"),
    ("unknown-component", 61, "prometheus"),
    ("unknown-component", 62, "grafana"),
    ("not-rendered-yet", 64, "docs"),
];

const FOOD_DELIVERY: Expected = &[
    ("path-not-found", 17, "food-delivery/orders.sql"),
    ("unknown-component", 21, "spark"),
    ("not-rendered-yet", 40, "format"),
    ("not-rendered-yet", 42, "spark_submit"),
    ("path-not-found", 42, "food-delivery/producers/orders_cdc_producer.py"),
    ("not-rendered-yet", 42, "packages"),
    ("not-rendered-yet", 44, "spark_submit"),
    ("path-not-found", 44, "food-delivery/consumers/orders_stream_consumer.py"),
    ("not-rendered-yet", 48, "checkpoint"),
    ("not-rendered-yet", 49, "batch_interval"),
];

/// What `check` says of a file.
fn check(path: &Path) -> Vec<Said> {
    let output = support::command(&PathBuf::from(env!("CARGO_BIN_EXE_pipegen")))
        .args(["check", "--format", "json"])
        .arg(path)
        .output()
        .expect("pipegen runs");
    assert_ne!(output.status.code(), Some(70), "{output:?}");
    let text = std::fs::read_to_string(path).expect("the blueprint is there");
    let lines: Vec<&str> = text.lines().collect();
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| said(line, &lines)).collect()
}

fn said(json: &str, lines: &[&str]) -> Said {
    let record: serde_json::Value = serde_json::from_str(json).expect("a line of JSON");
    let number = |key: &str| usize::try_from(record[key].as_u64().expect("a place")).expect("small");
    let (line, start, end) = (number("line"), number("column"), number("end_column"));
    let what: String = lines[line - 1].chars().skip(start - 1).take(end - start).collect();
    (record["code"].as_str().expect("a code").to_owned(), line, what)
}

fn sketch(name: &str) -> PathBuf {
    support::repository().join("tests/sketches").join(format!("{name}.yml"))
}

fn says_exactly(name: &str, expected: Expected) {
    let expected: Vec<Said> = expected.iter().map(|(code, line, what)| ((*code).to_owned(), *line, (*what).to_owned())).collect();
    assert_eq!(check(&sketch(name)), expected);
}

/// The text without what stands at a path, in the base and in every environment.
fn without(source: &Source, path: &[String]) -> String {
    let mut text = source.text().to_owned();
    loop {
        let source = Source::new(source.path(), text.clone());
        let tree = yaml::read(&source).expect("what is left is YAML");
        let found = edit::entries(&tree).into_iter().find(|(at, _)| match at.as_slice() {
            [section, _, rest @ ..] if section == "environments" => rest == path,
            all => all == path,
        });
        match found {
            Some((_, entry)) => text = edit::without(&source, entry),
            None => return text,
        }
    }
}

/// Without one of the keys its line is gone, and with it what was said inside of it; nothing else is.
fn each_key_can_be_deleted(name: &str, expected: Expected) {
    let source = Source::new(name, std::fs::read_to_string(sketch(name)).expect("the sketch is there"));
    let tree = yaml::read(&source).expect("the sketch is YAML");
    let folder = tempfile::tempdir().expect("a folder");
    for (_, line, key) in expected.iter().filter(|(code, ..)| *code == "not-rendered-yet") {
        let is_here = |entry: &yaml::Entry| entry.key == *key && source.position(entry.key_span.start).line == *line;
        let (path, entry) = edit::entries(&tree).into_iter().find(|(_, entry)| is_here(entry)).expect("the key is on its line");
        let path = match path.as_slice() {
            [section, _, rest @ ..] if section == "environments" => rest.to_vec(),
            _ => path,
        };
        let inside = source.slice(entry.value.span);
        let kept: Vec<(&str, &str)> = expected
            .iter()
            .filter(|(code, at, what)| !(at == line && (what == key || (*code == "path-not-found" && inside.contains(what)))))
            .map(|(code, _, what)| (*code, *what))
            .collect();
        let copy = folder.path().join("sketch.yml");
        std::fs::write(&copy, without(&source, &path)).expect("the copy is written");
        let found = check(&copy);
        let left: Vec<(&str, &str)> = found.iter().map(|(code, _, what)| (code.as_str(), what.as_str())).collect();
        assert_eq!(left, kept, "{name} without `{key}` of line {line}");
    }
}

#[test]
fn stackexchange() {
    says_exactly("stackexchange", STACKEXCHANGE);
}

#[test]
fn bigdata() {
    says_exactly("bigdata", BIGDATA);
    each_key_can_be_deleted("bigdata", BIGDATA);
}

#[test]
fn food_delivery() {
    says_exactly("food-delivery", FOOD_DELIVERY);
    each_key_can_be_deleted("food-delivery", FOOD_DELIVERY);
}
