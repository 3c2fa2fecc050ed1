//! Phase 4: `${parameters.x}` is replaced by its value, wherever the schema allows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipegen_schema::violations;
use regex::Regex;

use super::repair;
use crate::diagnostic::{Diagnostic, Place, code, unknown_name};
use crate::source::Pointer;
use crate::yaml::{Node, Value};

/// Replaces parameters in values and keys. Says whether anything was replaced.
pub(super) fn replace(mut tree: Node, given: &[(String, String)]) -> (Node, Vec<Diagnostic>, bool) {
    let section = Pointer::root().key("parameters");
    let mut replacing =
        Replacing { values: BTreeMap::new(), missing: BTreeMap::new(), found: Vec::new(), replaced: false, typed: Vec::new() };
    for entry in tree.get("parameters").map(Node::entries).unwrap_or_default() {
        replacing.declare(entry.key.as_str(), &entry.value, given, &section.key(&entry.key));
    }
    if let Value::Map(entries) = &mut tree.value {
        for entry in Arc::make_mut(entries).iter_mut().filter(|entry| entry.key != "parameters") {
            replacing.node(&mut entry.value, &Pointer::root().key(&entry.key));
        }
    }
    as_text_where_wanted(&mut tree, &replacing.typed);
    (tree, replacing.found, replacing.replaced)
}

struct Replacing {
    values: BTreeMap<String, Value>,
    /// Parameters without a value.
    missing: BTreeMap<String, Missing>,
    found: Vec<Diagnostic>,
    replaced: bool,
    /// Where something other than text was put.
    typed: Vec<Pointer>,
}

/// A parameter without a value.
struct Missing {
    at: Pointer,
    /// What it is for, in the blueprint's words.
    description: Option<String>,
}

impl Replacing {
    fn declare(&mut self, name: &str, declared: &Node, given: &[(String, String)], at: &Pointer) {
        let default = declared.get("default").map(|node| &node.value);
        let set = given.iter().rev().find(|(known, _)| known == name).map(|(_, text)| scalar(text, default));
        if let Some(expected) = default.filter(|default| set.as_ref().is_some_and(|set| set.kind() != default.kind())) {
            let message = format!("the value of the parameter `{name}` is not {} as its default", expected.kind());
            let fault = Diagnostic::new(&code::WRONG_TYPE, Place::Key(at.clone()), message);
            self.found.push(fault.related(Place::Value(at.key("default")), "the default").help("give one that is with `--set`"));
        }
        let place = if set.is_some() { Place::Key(at.clone()) } else { Place::Value(at.key("default")) };
        let Some(value) = set.or_else(|| default.cloned()) else {
            let description = declared.get("description").and_then(Node::as_str).map(str::to_owned);
            self.missing.insert(name.to_owned(), Missing { at: at.clone(), description });
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
                    if entry.key.contains("${parameters.")
                        && let Some(value) = self.text(&entry.key, &at)
                    {
                        entry.key = text_of(&value);
                    }
                    self.node(&mut entry.value, &at);
                }
            }
            _ => {}
        }
    }

    /// The text with its parameters replaced: a value of any type where the parameter is the whole text.
    fn text(&mut self, text: &str, at: &Pointer) -> Option<Value> {
        let whole = text.strip_prefix("${parameters.").and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = whole.filter(|name| !name.contains('}')) {
            let value = self.value(name, at)?;
            self.replaced = true;
            if let Value::String(text) = &value {
                return Some(Value::String(escaped(text)));
            }
            self.typed.push(at.clone());
            return Some(value);
        }
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
                out.push_str(&escaped(&text_of(&value)));
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
            let place = Place::Key(declared.at.clone());
            let fault = Diagnostic::new(&code::MISSING_PARAMETER, place, format!("the parameter `{name}` has no value"));
            let what = declared.description.as_ref().map(|what| format!(" ({what})")).unwrap_or_default();
            let fault = fault.depends_on(declared.at.key("default"));
            self.found.push(fault.help(format!("give one with `--set {name}=VALUE`{what}, or write a `default`")));
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

/// A number or a boolean gives way to its text where the language wants text: only the schema knows where that is.
fn as_text_where_wanted(tree: &mut Node, typed: &[Pointer]) {
    if typed.is_empty() {
        return;
    }
    for violation in violations(&tree.to_json()).into_iter().filter(|violation| violation.keyword.ends_with("/type")) {
        let at = Pointer::parse(violation.instance);
        if let Some(text) = tree.at(&at).filter(|_| typed.contains(&at)).map(|found| text_of(&found.value.value)) {
            repair::replace(tree, &at, &text);
        }
    }
}

/// A dollar in a value is one: the text is still to be read.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A value from the command line: a whole number or a boolean where it looks like one, unless the default is text.
fn scalar(text: &str, default: Option<&Value>) -> Value {
    if matches!(default, Some(Value::String(_))) {
        return Value::String(text.to_owned());
    }
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
