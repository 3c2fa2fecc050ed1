//! Keys that the language has and no target renders yet: said once each, so that nobody relies on them.
//!
//! Whoever renders a key deletes its line here.

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::Node;

/// Paths of keys, with `*` for any name. Below `services` the component comes first.
const KEYS: &[(&str, Option<&str>)] = &[
    ("docs", None),
    ("pipelines/*/datasets/*/format", None),
    ("pipelines/*/steps/*/spark_submit", None),
    ("pipelines/*/steps/*/packages", None),
    ("pipelines/*/steps/*/checkpoint", None),
    ("pipelines/*/steps/*/batch_interval", None),
    ("services/*/metrics", Some("container")),
];

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (path, component) in KEYS {
        let segments: Vec<&str> = path.split('/').collect();
        walk(context.tree, &segments, &Pointer::root(), *component, &mut found);
    }
    found
}

fn walk(node: &Node, path: &[&str], at: &Pointer, component: Option<&str>, found: &mut Vec<Diagnostic>) {
    let [segment, rest @ ..] = path else { return };
    for entry in node.entries().iter().filter(|entry| *segment == "*" || entry.key == *segment) {
        // The component stands in the service, one level above its keys.
        let of_service = at.as_str() == "/services";
        if of_service && component.is_some() && entry.value.get("component").and_then(Node::as_str) != component {
            continue;
        }
        let place = at.key(&entry.key);
        if !rest.is_empty() {
            walk(&entry.value, rest, &place, component, found);
        } else {
            let fault = Diagnostic::new(&code::NOT_RENDERED_YET, Place::Key(place), format!("no target renders `{}` yet", entry.key));
            found.push(fault.help("it is checked, but changes nothing in the output"));
        }
    }
}
