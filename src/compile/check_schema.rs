//! Phase 3: the tree against the JSON Schema. Each violation becomes one diagnostic that says what to write, and is
//! repaired: a misspelt word gives way to the right one, everything else is taken out. What was taken out is
//! remembered, so that nothing is said about its absence.

use std::sync::LazyLock;

use pipegen_schema::{Rule, Violation, violations};
use regex::Regex;
use serde_json::Value as Json;

use super::{repair, secret_literals};
use crate::diagnostic::{Diagnostic, Faults, Place, code, near, one_of, write_instead};
use crate::source::{Pointer, Source, Span};
use crate::value::{CLASS_KEY, Class, TextPart, parse_text};
use crate::yaml::{self, Doc, Node, Value};

static SCHEMA: LazyLock<Json> = LazyLock::new(|| serde_json::from_str(pipegen_schema::SCHEMA).unwrap_or_default());

/// After so many rounds of repairs, what is left is not worth more.
const ROUNDS: usize = 16;

/// What the schema says of a tree.
pub(super) struct Checked {
    pub diagnostics: Vec<Diagnostic>,
    /// The tree without what is wrong; `None` if nothing sound is left.
    pub repaired: Option<Node>,
}

/// How a violation is repaired.
enum Repair {
    /// A misspelt key gets its right name.
    Rename(Pointer, String),
    /// A misspelt value gives way to the right one.
    Replace(Pointer, String),
    Remove(Pointer),
    /// What has another name here and may have another form: it is taken out, and that it is missing there is no fault.
    RemoveFor(Pointer, Pointer),
    /// A placeholder at the root, without which nothing else can be checked.
    Add(&'static str, Value),
}

/// Checks and repairs in rounds: a repair brings to light what stood behind the fault. What is only missing because it
/// was taken out is repaired silently.
pub(super) fn check(source: &Source, tree: &Node, faults: &mut Faults) -> Checked {
    let mut checked = Checked { diagnostics: Vec::new(), repaired: None };
    let mut tree = tree.clone();
    for _ in 0..ROUNDS {
        let checker = Checker { source, tree: &tree };
        let found = checker.first(violations(&tree.to_json()));
        if found.is_empty() {
            checked.repaired = Some(tree);
            return checked;
        }
        let mut repairs = Vec::new();
        for violation in found {
            let muted = checker.place(&violation).is_some_and(|place| faults.contains(&place));
            for (diagnostic, repair) in checker.explain(&violation) {
                // A later round changes the tree: the place is found now.
                let place = super::narrowed(source, &tree, diagnostic.place);
                let place = super::span_of(&tree, &place).map_or(Place::File, Place::Span);
                if !muted {
                    checked.diagnostics.push(Diagnostic { place, ..diagnostic });
                }
                repairs.extend(repair);
            }
        }
        apply(&mut tree, repairs, faults);
    }
    checked
}

fn apply(tree: &mut Node, repairs: Vec<Repair>, faults: &mut Faults) {
    let mut removals = Vec::new();
    for repair in repairs {
        match repair {
            Repair::Rename(pointer, key) => repair::rename(tree, &pointer, &key),
            Repair::Replace(pointer, text) => repair::replace(tree, &pointer, &text),
            Repair::Add(key, value) => repair::add(tree, &Pointer::root(), key, value),
            Repair::Remove(pointer) => removals.push(pointer),
            Repair::RemoveFor(pointer, instead) => {
                removals.push(pointer);
                faults.add(instead);
            }
        }
    }
    // From the back, so that the indices of list elements stay right.
    removals.sort_by_key(|pointer| std::cmp::Reverse((pointer.parent(), pointer.last().and_then(|last| last.parse::<usize>().ok()))));
    removals.dedup();
    for pointer in removals {
        repair::remove(tree, &pointer);
        let element = pointer.last().is_some_and(|last| last.parse::<usize>().is_ok());
        faults.add(if element { pointer.parent() } else { pointer });
    }
}

struct Checker<'a> {
    source: &'a Source,
    tree: &'a Node,
}

impl Checker<'_> {
    /// What is looked at first: keys that the language does not have, because a misspelt one explains a missing one.
    fn first(&self, found: Vec<Violation>) -> Vec<Violation> {
        let (keys, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|violation| match &violation.rule {
            Rule::UnknownKeys(_) => true,
            Rule::MissingKey(key) => self.misspelt(&Pointer::parse(violation.instance.clone()), key).is_some(),
            _ => false,
        });
        if keys.is_empty() { others } else { keys }
    }

    /// Where a violation is a mere consequence if something was taken out there.
    fn place(&self, violation: &Violation) -> Option<Pointer> {
        let at = Pointer::parse(violation.instance.clone());
        match &violation.rule {
            Rule::MissingKey(key) => Some(at.key(key)),
            Rule::Value => Some(at),
            Rule::UnknownKeys(_) | Rule::KeyName(_) => None,
        }
    }

    fn explain(&self, violation: &Violation) -> Vec<(Diagnostic, Option<Repair>)> {
        let at = Pointer::parse(violation.instance.clone());
        let (parent, keyword) = violation.keyword.rsplit_once('/').unwrap_or(("", &violation.keyword));
        let rule = resolve(parent);
        match &violation.rule {
            Rule::UnknownKeys(keys) => keys.iter().map(|key| self.unknown_key(&at, key, rule)).collect(),
            Rule::MissingKey(key) => vec![match self.misspelt(&at, key) {
                Some(misspelt) => misspelt_key(&at, misspelt, key),
                None => self.missing_key(&at, key, rule),
            }],
            Rule::KeyName(name) => {
                vec![(bad_text(name, rule, Place::Key(at.key(name))), Some(Repair::Remove(at.key(name))))]
            }
            Rule::Value => vec![(self.value(&at, keyword, rule), self.repair(&at, keyword, rule))],
        }
    }

    /// The key that stands for `component`, which chooses all others: without it the schema knows no key of the service.
    fn misspelt(&self, at: &Pointer, key: &str) -> Option<&str> {
        if !is_component(&at.key(key)) {
            return None;
        }
        near(key, self.tree.at(at)?.value.entries().iter().map(|entry| entry.key.as_str()))
    }

    /// A misspelt value is replaced, any other is taken out.
    fn repair(&self, at: &Pointer, keyword: &str, rule: &Json) -> Option<Repair> {
        let text = self.tree.at(at).and_then(|found| found.value.as_str());
        match text.filter(|_| matches!(keyword, "enum" | "const")).and_then(|text| near(text, allowed(rule))) {
            Some(right) => Some(Repair::Replace(at.clone(), right.to_owned())),
            None => (!at.as_str().is_empty()).then(|| Repair::Remove(self.entity(at))),
        }
    }

    /// What is taken out for a faulty value: the value; but of a service's `component` the service as a whole.
    fn entity(&self, at: &Pointer) -> Pointer {
        if is_component(at) { at.parent() } else { at.clone() }
    }

    fn unknown_key(&self, at: &Pointer, key: &str, rule: &Json) -> (Diagnostic, Option<Repair>) {
        let entry = |name: &str| self.tree.at(at).and_then(|found| found.value.entry(name));
        let present = |name: &&str| entry(name).is_some();
        let in_environment = |name: &str| entry(name).is_some_and(|entry| self.is_in_environment(entry.key_span));
        let known: Vec<&str> =
            rule.get("properties").and_then(Json::as_object).map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
        let absent: Vec<&str> = known.iter().copied().filter(|name| !present(name)).collect();
        let elsewhere = ALIASES.iter().find(|(alias, right)| *alias == key && absent.contains(right));
        if let Some((_, right)) = elsewhere {
            let fault = no_such_key(at, key).help(format!("write `{right}` in its place (`pipegen explain COMPONENT` has its form)"));
            return (fault, Some(Repair::RemoveFor(at.key(key), at.key(right))));
        }
        if let Some(right) = near(key, absent.iter().copied()) {
            return misspelt_key(at, key, right);
        }
        // `remove` is a key of environments alone, and no longer in the tree that they are merged into.
        let of_environment = (at.as_str().is_empty() && in_environment(key)).then_some("remove");
        if let Some(right) = near(key, known.iter().copied().chain(of_environment)) {
            // Beside the right key it may be one too many, but not where the environment wants to change what the base says.
            let changes = in_environment(key) && !in_environment(right);
            let help = if changes { format!("write `{right}`") } else { format!("write `{right}` (it is here already), or remove it") };
            return (no_such_key(at, key).help(help), Some(Repair::Remove(at.key(key))));
        }
        let help = if absent.is_empty() { "remove it".to_owned() } else { format!("remove it, or write {}", some_of(&absent)) };
        let help = if is_credential(at) { format!("{help}: {SECRETS_COME_FROM}") } else { help };
        (no_such_key(at, key).help(help), Some(Repair::Remove(at.key(key))))
    }

    fn is_in_environment(&self, span: Span) -> bool {
        self.tree.get("environments").is_some_and(|section| section.span.start <= span.start && span.end <= section.span.end)
    }

    fn missing_key(&self, at: &Pointer, key: &str, rule: &Json) -> (Diagnostic, Option<Repair>) {
        let property = rule.get("properties").and_then(|properties| properties.get(key));
        let what = property.and_then(|property| property.get("description")).and_then(Json::as_str).unwrap_or("");
        let place = if at.as_str().is_empty() { Place::File } else { Place::Key(at.clone()) };
        let help = match key {
            "blueprint" => "begin the file with `blueprint: v1`".to_owned(),
            "component" => {
                format!("write `component:` with {}", one_of(property.into_iter().flat_map(allowed)))
            }
            _ => format!("add `{key}:` {}", what.split('.').next().map(lower_first).map(|what| format!("({what})")).unwrap_or_default())
                .trim()
                .to_owned(),
        };
        let fault = Diagnostic::new(&code::MISSING_KEY, place, format!("the key `{key}` is missing")).help(help);
        let repair = match (at.as_str(), key) {
            ("", "blueprint") => Repair::Add("blueprint", Value::String("v1".to_owned())),
            ("", "name") => Repair::Add("name", Value::String("blueprint".to_owned())),
            ("", _) => Repair::Add("services", Value::Map(std::sync::Arc::default())),
            _ => Repair::Remove(at.clone()),
        };
        (fault, Some(repair))
    }

    fn value(&self, at: &Pointer, keyword: &str, rule: &Json) -> Diagnostic {
        let found = self.tree.at(at).map(|found| found.value);
        let place = Place::Value(at.clone());
        let text = found.and_then(Node::as_str);
        match keyword {
            "type" => self.wrong_type(at, found, rule),
            "enum" | "const" if is_component(at) => unknown_component(text.unwrap_or_default(), rule, place),
            "enum" | "const" => not_one_of(text, rule, place),
            // Where a number is wanted, the pattern is that of a parameter.
            "pattern" if types(rule).contains(&"integer") && !text.unwrap_or_default().contains("${") => self.wrong_type(at, found, rule),
            "pattern" => bad_text(text.unwrap_or_default(), rule, place),
            "uniqueItems" => twice(at, found),
            "minimum" | "maximum" if title(rule).is_none() => {
                let range = range(rule);
                Diagnostic::new(&code::BAD_VALUE, place, format!("expected a whole number{range}")).help(format!("write one{range}"))
            }
            _ => {
                let title = title(rule).unwrap_or("another value");
                Diagnostic::new(&code::BAD_VALUE, place, format!("expected {title}")).help(example(rule))
            }
        }
    }

    fn wrong_type(&self, at: &Pointer, found: Option<&Node>, rule: &Json) -> Diagnostic {
        let expected = types(rule);
        let kind = found.map_or("nothing", |node| node.value.kind());
        let wanted = wanted(rule);
        if found.and_then(Node::as_str).is_some_and(|text| text.contains("${")) {
            let fault = Diagnostic::new(&code::REFERENCE_NOT_ALLOWED, Place::Value(at.clone()), "no `${...}` is allowed here");
            return fault.help(format!("write {wanted}"));
        }
        let fault = Diagnostic::new(&code::WRONG_TYPE, Place::Value(at.clone()), format!("expected {wanted}, found {kind}"));
        let raw = found.map(|node| self.source.slice(node.span)).unwrap_or_default();
        let secret = at.last().is_some_and(|key| secret_literals::is_secret_key(&key) || secret_literals::is_nearly_secret_key(&key));
        match found.map(|node| &node.value) {
            Some(Value::Number(_) | Value::Bool(_)) if expected.contains(&"string") && !secret && fits(raw, rule) => {
                fault.help(format!("quote it: `\"{raw}\"`"))
            }
            Some(Value::Number(_) | Value::Bool(_)) if expected.contains(&"string") && !secret => fault.help(example(rule)),
            Some(Value::Number(_) | Value::Bool(_)) if expected.contains(&"string") => fault.help("quote it"),
            Some(Value::String(_) | Value::Number(_)) if is_credential(at) => fault.help(format!("write `{{}}`: {SECRETS_COME_FROM}")),
            _ if at.as_str().is_empty() => fault.help("begin the file with `blueprint: v1`, and write each key on a line of its own"),
            Some(Value::Null) if rule.get("required").is_some() => {
                let first = rule.get("required").and_then(|keys| keys.get(0)).and_then(Json::as_str).unwrap_or_default();
                fault.help(format!("write a map that begins with `{first}: ...`, or remove the key"))
            }
            Some(Value::Null) if expected.contains(&"object") => fault.help("write `{}`, or remove the key"),
            Some(Value::Null) => fault.help("write a value, or remove the key"),
            Some(Value::String(text)) if expected.contains(&"integer") && text.parse::<u64>().is_ok() && !secret => {
                fault.help(format!("write the number without quotes: `{text}`"))
            }
            Some(Value::String(text)) if expected == ["array"] && is_command(at) => fault.help(as_words(text)),
            Some(Value::String(_)) if expected == ["array"] && !secret => fault.help(format!("write `[{raw}]`")),
            _ => fault.help(example(rule)),
        }
    }
}

/// Whether a text has the form that is wanted here.
fn fits(text: &str, rule: &Json) -> bool {
    let pattern = rule.get("pattern").and_then(Json::as_str).and_then(|pattern| Regex::new(pattern).ok());
    pattern.is_none_or(|pattern| pattern.is_match(text))
}

fn is_command(at: &Pointer) -> bool {
    at.last().is_some_and(|key| key == "command" || key == "entrypoint")
}

/// A line of a shell as the list that a command is: its words, or the line for a shell where there is more in it.
fn as_words(line: &str) -> String {
    let simple = line.chars().all(|c| c.is_alphanumeric() || " -_./:=@,+%".contains(c));
    let words: Vec<&str> = if simple { line.split_whitespace().collect() } else { vec!["sh", "-c", line] };
    if secret_literals::may_show(&words) {
        format!("write `{}`", yaml::write("", &Doc::words(words.into_iter().map(str::to_owned))).trim_end())
    } else {
        "write a list of its words".to_owned()
    }
}

/// What Compose and others call a key, and what it is called here.
const ALIASES: &[(&str, &str)] = &[
    ("args", "command"),
    ("cmd", "command"),
    ("depends_on", "uses"),
    ("deploy", "resources"),
    ("env", "environment"),
    ("expose", "ports"),
    ("healthcheck", "health"),
    ("links", "uses"),
];

/// The names, or as many as one reads.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 24;
    let listed = one_of(names.iter().copied().take(MOST));
    if names.len() > MOST { format!("{listed}, ...") } else { listed }
}

/// For who writes a secret into a credential.
const SECRETS_COME_FROM: &str = "a secret never stands here, `pipegen secrets init` makes it or leaves it to be filled in";

fn no_such_key(at: &Pointer, key: &str) -> Diagnostic {
    let key_named = if secret_literals::holds_secret(key) { "such key".to_owned() } else { format!("key `{key}`") };
    Diagnostic::new(&code::UNKNOWN_KEY, Place::Key(at.key(key)), format!("there is no {key_named} here"))
}

fn is_credential(at: &Pointer) -> bool {
    at.parent() == Pointer::root().key("credentials")
}

fn misspelt_key(at: &Pointer, key: &str, right: &str) -> (Diagnostic, Option<Repair>) {
    (no_such_key(at, key).help(format!("write `{right}`")), Some(Repair::Rename(at.key(key), right.to_owned())))
}

fn is_component(at: &Pointer) -> bool {
    let segments: Vec<String> = at.segments().collect();
    matches!(segments.as_slice(), [section, _, key] if section == "services" && key == "component")
}

fn unknown_component(name: &str, rule: &Json, place: Place) -> Diagnostic {
    let fault = Diagnostic::new(&code::UNKNOWN_COMPONENT, place, format!("there is no component `{name}`"));
    fault.help(write_instead(name, allowed(rule)))
}

fn not_one_of(text: Option<&str>, rule: &Json, place: Place) -> Diagnostic {
    let list = one_of(allowed(rule));
    let fault = Diagnostic::new(&code::BAD_VALUE, place, format!("expected {list}"));
    fault.help(text.map_or_else(|| format!("write {list}"), |text| write_instead(text, allowed(rule))))
}

fn allowed(rule: &Json) -> impl Iterator<Item = &str> + Clone {
    rule.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// A text that does not match its pattern: a reference that is not allowed here or cannot be read, or a wrong form.
fn bad_text(text: &str, rule: &Json, place: Place) -> Diagnostic {
    let class = match rule.get(CLASS_KEY).and_then(Json::as_str) {
        Some("parametric") => Some(Class::Parametric),
        Some("deployable") => Some(Class::Deployable),
        Some("text") => Some(Class::Text),
        _ => None,
    };
    let title = title(rule).unwrap_or("another text");
    if !text.contains("${") {
        return Diagnostic::new(&code::BAD_VALUE, place, format!("expected {title}")).help(example(rule));
    }
    let parts = match parse_text(text) {
        Ok(parts) => parts,
        Err(error) => {
            let place = part(place, error.hole);
            return Diagnostic::new(&code::BAD_REFERENCE, place, "a reference that cannot be read").help(error.help);
        }
    };
    let too_much = parts.iter().find_map(|part| match part {
        TextPart::Reference(reference) if class.is_none_or(|class| reference.class() > class) => Some(reference),
        _ => None,
    });
    match too_much {
        Some(_) if class.is_none() => {
            Diagnostic::new(&code::REFERENCE_NOT_ALLOWED, place, "no `${...}` is allowed here").help(format!("write {title}"))
        }
        Some(reference) => {
            let place = part(place, reference.to_string());
            Diagnostic::new(&code::REFERENCE_NOT_ALLOWED, place, "this `${...}` is not allowed here").help(format!("write {title}"))
        }
        None => Diagnostic::new(&code::BAD_REFERENCE, place, "a reference that cannot be read").help(format!("write {title}")),
    }
}

/// An element that stands in its list before.
fn twice(at: &Pointer, list: Option<&Node>) -> Diagnostic {
    let values: Vec<&Value> = list.map(Node::elements).unwrap_or_default().iter().map(|node| &node.value).collect();
    let pair = (0..values.len()).find_map(|second| Some((values[..second].iter().position(|value| *value == values[second])?, second)));
    let (first, second) = pair.unwrap_or_default();
    Diagnostic::new(&code::BAD_VALUE, Place::Value(at.index(second)), "the same entry twice in one list")
        .related(Place::Value(at.index(first)), "first here")
        .help("remove one of them")
}

/// A part of the value at a place.
fn part(place: Place, text: String) -> Place {
    match place {
        Place::Value(pointer) => Place::Part(pointer, text),
        other => other,
    }
}

/// What the schema wants, in words.
fn wanted(rule: &Json) -> String {
    // The title of the whole is the language's name.
    match title(rule).filter(|_| !std::ptr::eq(rule, &*SCHEMA)) {
        Some(title) => title.to_owned(),
        None => types(rule).iter().map(|name| type_name(name)).collect::<Vec<_>>().join(" or "),
    }
}

/// Between which numbers one must be.
fn range(rule: &Json) -> String {
    let limit = |key: &str| rule.get(key).and_then(Json::as_u64);
    match (limit("minimum"), limit("maximum")) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}

fn title(rule: &Json) -> Option<&str> {
    rule.get("title").and_then(Json::as_str)
}

fn example(rule: &Json) -> String {
    let example = rule.get("examples").and_then(|examples| examples.get(0));
    match example {
        // Quoted where YAML would not take it for text.
        Some(Json::String(text)) => format!("write for example `{}`", yaml::write("", &Doc::from(text.as_str())).trim_end()),
        Some(other) => format!("write for example `{other}`"),
        None if types(rule) == ["object"] => "write a map: `NAME: ...` on each line".to_owned(),
        None => format!("write {}", types(rule).iter().map(|name| type_name(name)).collect::<Vec<_>>().join(" or ")),
    }
}

fn types(rule: &Json) -> Vec<&str> {
    match rule.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn type_name(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The part of the schema that a pointer names; `$ref`s on the way are followed.
fn resolve(pointer: &str) -> &'static Json {
    let mut at: &'static Json = &SCHEMA;
    for segment in Pointer::parse(pointer.to_owned()).segments() {
        at = if segment == "$ref" { follow(at) } else { child(follow(at), &segment) };
    }
    follow(at)
}

fn child(at: &'static Json, segment: &str) -> &'static Json {
    segment.parse::<usize>().ok().and_then(|index| at.get(index)).or_else(|| at.get(segment)).unwrap_or(&Json::Null)
}

fn follow(at: &'static Json) -> &'static Json {
    match at.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => SCHEMA.pointer(pointer).unwrap_or(&Json::Null),
        None => at,
    }
}
