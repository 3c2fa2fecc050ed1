//! No key is read and then forgotten: whatever value changes, an artifact changes, or the change is refused, or the key
//! is said not to be rendered yet.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use pipegen::compile::{Compiled, Options, compile};
use pipegen::formats::Layout;
use pipegen::source::{Source, Span};
use pipegen::targets::TARGETS;
use pipegen::yaml::{self, Node, Value};
use support::edit::replaced;

const BLUEPRINTS: [&str; 3] = ["blueprints/capstone.yml", "blueprints/networking.yml", "tests/blueprints/shop.yml"];

/// Values that have no say in the artifacts by their nature, and why.
const SILENT: [(&str, &str); 4] = [
    ("/blueprint", "the version of the language, of which there is one"),
    ("/parameters/*/pattern", "it judges the values that are given"),
    ("/parameters/*/description", "it is said where the parameter has no value"),
    ("/services/airflow/version", "beside an image of one's own it only says what is in that, and unknown versions are refused"),
];

/// Everything that the targets write for an environment and all warnings, as text; nothing if the blueprint is refused.
fn render(source: &Source, environment: Option<&str>) -> (Option<String>, Compiled) {
    let mut compiled = compile(source, &Options { environment, ..Options::default() });
    let Some(platform) = compiled.platform.take() else { return (None, compiled) };
    let layout = Layout { blueprint: "../blueprint.yml".to_owned(), base: "..".to_owned(), parameters: Vec::new() };
    let mut all = String::new();
    for target in TARGETS {
        let rendered = target.render(&platform, &layout).expect("the templates are right");
        compiled.add(rendered.diagnostics);
        for (path, file) in rendered.files.iter() {
            all.push_str(&format!("{} {}\n{}", path.as_str(), file.executable, file.text));
        }
        all.push_str(&format!("{:?}", rendered.secrets));
    }
    compiled.diagnostics.iter().for_each(|located| all.push_str(&located.diagnostic.message));
    ((!compiled.has_errors()).then_some(all), compiled)
}

/// Every scalar with the pointer that leads to it; `*` stands for the names of parameters.
fn scalars(node: &Node, path: &str, found: &mut Vec<(String, Span, Value)>) {
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|entry| scalars(&entry.value, &format!("{path}/{}", entry.key), found)),
        Value::List(nodes) => nodes.iter().enumerate().for_each(|(index, node)| scalars(node, &format!("{path}/{index}"), found)),
        Value::Null => {}
        value => found.push((path.to_owned(), node.span, value.clone())),
    }
}

/// Other values of the same kind, as they are written.
fn others(raw: &str, value: &Value) -> Vec<String> {
    const WORDS: [&str; 22] = [
        "basic",
        "token",
        "celery",
        "local",
        "started",
        "ready",
        "completed",
        "snapshot",
        "append_only",
        "none",
        "readable",
        "executable",
        "curl",
        "wget",
        "python",
        "bash",
        "external-secrets",
        "17",
        "4.2",
        "3.1",
        "127.0.0.2",
        "2Gi",
    ];
    match value {
        Value::Bool(value) => vec![(!value).to_string()],
        Value::Number(number) => vec![(number.as_u64().expect("a whole number") + 1).to_string()],
        _ => {
            let text = raw.trim_matches('"');
            let digits = text.rfind(|c: char| c.is_ascii_digit()).map(|at| {
                let other = if &text[at..=at] == "1" { "2" } else { "1" };
                format!("{}{other}{}", &text[..at], &text[at + 1..])
            });
            let words = WORDS.iter().filter(|word| **word != text).map(|word| (*word).to_owned());
            [format!("{text}x"), format!("x{text}")].into_iter().chain(digits).chain(words).map(|text| format!("\"{text}\"")).collect()
        }
    }
}

#[test]
fn a_changed_value_changes_an_artifact_or_is_refused_or_is_said_not_to_be_rendered() {
    let mut forgotten = BTreeSet::new();
    for path in BLUEPRINTS {
        let text = std::fs::read_to_string(support::repository().join(path)).expect("the blueprint is there");
        let source = Source::new(path, text.clone());
        let (artifacts, compiled) = render(&source, None);
        let artifacts = artifacts.unwrap_or_else(|| panic!("{path} is sound: {:?}", compiled.diagnostics));
        let of_environment = |name: &String| (name.clone(), render(&source, Some(name)).0.expect("the environment is sound"));
        let environments: BTreeMap<String, String> = compiled.environments.iter().map(of_environment).collect();
        let not_rendered: Vec<Span> = compiled
            .diagnostics
            .iter()
            // Its artifacts are there; the cluster has to do the rest.
            .filter(|located| located.diagnostic.code.name != "host-path")
            .filter_map(|located| located.span)
            .collect();
        assert!(not_rendered.is_empty(), "{path} has only keys that are rendered");
        let mut found = Vec::new();
        scalars(&yaml::read(&source).expect("YAML"), "", &mut found);
        for (pointer, span, value) in found {
            let environment = pointer.strip_prefix("/environments/").and_then(|rest| rest.split('/').next());
            let artifacts = environment.map_or(&artifacts, |name| &environments[name]);
            let outcomes = others(source.slice(span), &value).into_iter().filter_map(|other| {
                let (changed, _) = render(&Source::new(path, replaced(&text, span, &other)), environment);
                changed.map(|changed| changed != *artifacts)
            });
            // A key that takes no other value cannot be forgotten.
            let mut outcomes = outcomes.peekable();
            if outcomes.peek().is_some() && !outcomes.any(|changes| changes) && !is_silent(&pointer) {
                forgotten.insert(format!("{path}: {pointer}: {}", source.slice(span)));
            }
        }
    }
    assert!(forgotten.is_empty(), "changes nothing:\n{}", forgotten.into_iter().collect::<Vec<_>>().join("\n"));
}

fn is_silent(pointer: &str) -> bool {
    SILENT.iter().any(|(pattern, _)| {
        let (wanted, found): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), pointer.split('/').collect());
        wanted.len() == found.len() && wanted.iter().zip(&found).all(|(wanted, found)| *wanted == "*" || wanted == found)
    })
}
