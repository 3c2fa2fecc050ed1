//! Keys that the language has and no target renders yet: said once each, so that nobody relies on them.
//!
//! Whoever renders a key deletes its line here.

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::Node;

/// When a key counts.
enum When {
    Always,
    /// If the value is this text or one of these.
    Is(&'static [&'static str]),
}

/// Paths of keys, with `*` for any name. Below `services` the component comes first.
const KEYS: &[(&str, Option<&str>, When)] = &[
    ("docs", None, When::Always),
    ("secrets/store", None, When::Is(&["external-secrets"])),
    ("volumes/*/size", None, When::Always),
    ("pipelines/*/datasets/*/format", None, When::Always),
    ("pipelines/*/steps/*/spark_submit", None, When::Always),
    ("pipelines/*/steps/*/packages", None, When::Always),
    ("pipelines/*/steps/*/checkpoint", None, When::Always),
    ("pipelines/*/steps/*/batch_interval", None, When::Always),
    ("services/*/metrics", Some("airflow"), When::Always),
    ("services/*/metrics", Some("container"), When::Always),
];

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (path, component, when) in KEYS {
        let segments: Vec<&str> = path.split('/').collect();
        walk(context.tree, &segments, &Pointer::root(), *component, when, &mut found);
    }
    found
}

fn walk(node: &Node, path: &[&str], at: &Pointer, component: Option<&str>, when: &When, found: &mut Vec<Diagnostic>) {
    let [segment, rest @ ..] = path else { return };
    for entry in node.entries().iter().filter(|entry| *segment == "*" || entry.key == *segment) {
        // The component stands in the service, one level above its keys.
        let of_service = at.as_str() == "/services";
        if of_service && component.is_some() && entry.value.get("component").and_then(Node::as_str) != component {
            continue;
        }
        let place = at.key(&entry.key);
        if !rest.is_empty() {
            walk(&entry.value, rest, &place, component, when, found);
        } else if counts(when, &entry.value) {
            let fault = Diagnostic::new(&code::NOT_RENDERED_YET, Place::Key(place), format!("no target renders `{}` yet", entry.key));
            found.push(fault.help("it is checked, but changes nothing in the output"));
        }
    }
}

fn counts(when: &When, value: &Node) -> bool {
    match when {
        When::Always => true,
        When::Is(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
    }
}
