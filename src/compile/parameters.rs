//! Phase 4: `${parameters.x}` is replaced by its value, wherever the schema allows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::components::unknown_name;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::{Node, Value};

/// Replaces parameters in values and keys. Says whether anything was replaced.
pub(super) fn replace(mut tree: Node, given: &[(String, String)]) -> (Node, Vec<Diagnostic>, bool) {
    let section = Pointer::root().key("parameters");
    let mut replacing = Replacing { values: BTreeMap::new(), missing: BTreeMap::new(), found: Vec::new(), replaced: false };
    for entry in tree.get("parameters").map(Node::entries).unwrap_or_default() {
        replacing.declare(entry.key.as_str(), &entry.value, given, &section.key(&entry.key));
    }
    if let Value::Map(entries) = &mut tree.value {
        for entry in Arc::make_mut(entries).iter_mut().filter(|entry| entry.key != "parameters") {
            replacing.node(&mut entry.value, &Pointer::root().key(&entry.key));
        }
    }
    (tree, replacing.found, replacing.replaced)
}

struct Replacing {
    values: BTreeMap<String, Value>,
    /// Parameters without a value, until one use has said so.
    missing: BTreeMap<String, Pointer>,
    found: Vec<Diagnostic>,
    replaced: bool,
}

impl Replacing {
    fn declare(&mut self, name: &str, declared: &Node, given: &[(String, String)], at: &Pointer) {
        let set = given.iter().rev().find(|(known, _)| known == name).map(|(_, text)| scalar(text));
        let place = if set.is_some() { Place::Key(at.clone()) } else { Place::Value(at.key("default")) };
        let Some(value) = set.or_else(|| declared.get("default").map(|node| node.value.clone())) else {
            self.missing.insert(name.to_owned(), at.clone());
            return;
        };
        if let Some(pattern) = declared.get("pattern").and_then(Node::as_str) {
            match Regex::new(pattern) {
                Ok(regex) if regex.is_match(&text_of(&value)) => {}
                // The value is not repeated: it may be a secret.
                Ok(_) => self.found.push(
                    Diagnostic::new(&code::BAD_VALUE, place, format!("the value of the parameter `{name}` does not match its pattern"))
                        .related(Place::Value(at.key("pattern")), "the pattern")
                        .help("give one that does with `--set`, or change `default`"),
                ),
                Err(_) => self.found.push(
                    Diagnostic::new(&code::BAD_VALUE, Place::Value(at.key("pattern")), "this is not a regular expression")
                        .help("write one such as `^[a-z]+$`"),
                ),
            }
        }
        self.values.insert(name.to_owned(), value);
    }

    fn node(&mut self, node: &mut Node, at: &Pointer) {
        match &mut node.value {
            Value::String(text) if text.contains("${parameters.") => {
                if let Some(value) = self.text(text, at) {
                    node.value = value;
                }
            }
            Value::List(nodes) if nodes.iter().any(has_hole) => {
                for (index, node) in Arc::make_mut(nodes).iter_mut().enumerate() {
                    self.node(node, &at.index(index));
                }
            }
            Value::Map(entries) if entries.iter().any(|entry| entry.key.contains("${parameters.") || has_hole(&entry.value)) => {
                for entry in Arc::make_mut(entries).iter_mut() {
                    let at = at.key(&entry.key);
                    if entry.key.contains("${parameters.") {
                        if let Some(value) = self.text(&entry.key, &at) {
                            entry.key = text_of(&value);
                        }
                    }
                    self.node(&mut entry.value, &at);
                }
            }
            _ => {}
        }
    }

    /// The text with its parameters replaced: a value of any type where the parameter is the whole text.
    fn text(&mut self, text: &str, at: &Pointer) -> Option<Value> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            if let Some(after) = rest.strip_prefix("$$") {
                out.push_str("$$");
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix("${parameters.").and_then(|inner| inner.split_once('}')) {
                let value = self.value(name, at)?;
                self.replaced = true;
                if out.is_empty() && after.is_empty() && start == 0 && rest.len() == text.len() && !matches!(value, Value::String(_)) {
                    return Some(value);
                }
                // A dollar in a value is one: the text is still to be read.
                out.push_str(&text_of(&value).replace('$', "$$"));
                rest = after;
            } else {
                out.push('$');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        Some(Value::String(out))
    }

    fn value(&mut self, name: &str, at: &Pointer) -> Option<Value> {
        if let Some(value) = self.values.get(name) {
            return Some(value.clone());
        }
        let section = Pointer::root().key("parameters");
        if let Some(declared) = self.missing.get(name) {
            let fault =
                Diagnostic::new(&code::MISSING_PARAMETER, Place::Key(declared.clone()), format!("the parameter `{name}` has no value"));
            self.found.push(fault.help(format!("give one with `--set {name}=VALUE`, or write a `default`")));
            return None;
        }
        let known: Vec<&str> = self.values.keys().chain(self.missing.keys()).map(String::as_str).collect();
        let fault = unknown_name("parameter", name, known.iter().copied(), &section, at.clone());
        self.found.push(Diagnostic { place: Place::Part(at.clone(), format!("${{parameters.{name}}}")), ..fault });
        let near = crate::diagnostic::near(name, known)?.to_owned();
        self.values.get(&near).cloned()
    }
}

fn has_hole(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.contains("${parameters."),
        Value::List(nodes) => nodes.iter().any(has_hole),
        Value::Map(entries) => entries.iter().any(|entry| entry.key.contains("${parameters.") || has_hole(&entry.value)),
        _ => false,
    }
}

/// A value from the command line: a whole number or a boolean where it looks like one, else text.
fn scalar(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Value::Number(number.into()),
            _ => Value::String(text.to_owned()),
        },
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}
