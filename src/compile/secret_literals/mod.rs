//! Secrets that the user wrote into the blueprint by mistake: a fault of their own, and never shown by any renderer.

mod forms;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::{Source, Span};
use crate::yaml::{Node, Value};

pub(super) use forms::{holds_secret, is_nearly_secret_key, is_secret_key};

/// Where names are declared: below them the first keys are names, and a credential may well be called `api_token`.
const NAMES_BELOW: usize = 2;

/// What a credential says that is no secret.
const OF_CREDENTIALS: &[&str] = &["type", "username", "env"];

/// Reports every literal secret.
pub(super) fn check(tree: &Node) -> Vec<Diagnostic> {
    let Found { certain, given, .. } = find(tree);
    let literal = certain.into_iter().map(|span| {
        Diagnostic::new(&code::LITERAL_SECRET, Place::Span(span), "a secret stands in the blueprint")
            .help("declare a credential and read it: `${credentials.NAME.password}`; or leave it to the deployer: `${env.NAME}`; and change the secret, it is known now")
    });
    let given = given.into_iter().map(|span| {
        Diagnostic::new(&code::LITERAL_SECRET, Place::Span(span), "a secret comes from a parameter, and so stands in all that is rendered")
            .help("declare a credential and read it: `${credentials.NAME.password}`; or leave it to the deployer: `${env.NAME}`")
    });
    literal.chain(given).collect()
}

/// What no message may show: the literal secrets of a tree, what is wrongly written in the place of one, and comments.
pub(super) fn in_tree(source: &Source, tree: &Node) -> Vec<Span> {
    let Found { mut certain, possible, given: _ } = find(tree);
    certain.extend(possible);
    certain.extend(in_credentials(tree));
    certain.extend(below_misspelt(tree));
    certain.extend(in_comments(source.text()));
    certain
}

/// All that stands in a credential and is not what may stand there, in the blueprint and in its environments.
fn in_credentials(tree: &Node) -> Vec<Span> {
    let environments = tree.get("environments").map(Node::entries).unwrap_or_default();
    let parts = std::iter::once(tree).chain(environments.iter().map(|entry| &entry.value));
    let credentials = parts.flat_map(|part| part.get("credentials").map(Node::entries).unwrap_or_default());
    let values = credentials.flat_map(|credential| match &credential.value.value {
        Value::Map(keys) => keys.iter().filter(|key| !OF_CREDENTIALS.contains(&key.key.as_str())).map(|key| key.value.span).collect(),
        _ => vec![credential.value.span],
    });
    values.collect()
}

/// The values of keys that are nearly the name of a secret: nobody knows yet that they hold one.
fn below_misspelt(tree: &Node) -> Vec<Span> {
    let mut spans = Vec::new();
    collect_misspelt(tree, &mut HashMap::new(), &mut spans);
    spans
}

/// `judged` has the keys that were seen: there are few, each is there often, and to compare one takes its time.
fn collect_misspelt<'a>(node: &'a Node, judged: &mut HashMap<&'a str, bool>, spans: &mut Vec<Span>) {
    for entry in node.entries() {
        let is_text = matches!(entry.value.value, Value::String(_) | Value::Number(_));
        if is_text && *judged.entry(&entry.key).or_insert_with(|| forms::is_nearly_secret_key(&entry.key)) {
            spans.push(entry.value.span);
        }
        collect_misspelt(&entry.value, judged, spans);
    }
    for element in node.elements() {
        collect_misspelt(element, judged, spans);
    }
}

/// A `#` inside a text counts as well: too much is hidden rather than too little.
fn in_comments(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(hash) = line.find('#') {
            let at = start + hash;
            spans.extend(forms::unread(&line[hash..]).into_iter().map(|span| Span::new(at + span.start, at + span.end)));
        }
        start += line.len();
    }
    spans
}

/// The same for a file that cannot be parsed.
pub(super) fn in_text(source: &Source) -> Vec<Span> {
    forms::unread(source.text())
}

/// Whether the words of a command hold nothing that no message may show.
pub(super) fn may_show(words: &[&str]) -> bool {
    let words = words.iter().map(|word| Node::new(Span::default(), Value::String((*word).to_owned()))).collect();
    let Found { certain, possible, given: _ } = find(&Node::new(Span::default(), Value::List(Arc::new(words))));
    certain.is_empty() && possible.is_empty()
}

#[derive(Default)]
struct Found {
    /// They are reported.
    certain: Vec<Span>,
    /// They are reported: what `--set` gives is committed like what stands in the blueprint.
    given: Vec<Span>,
    /// They are hidden only: a text that cannot be read, a list where a text belongs.
    possible: Vec<Span>,
}

/// What encloses a value.
#[derive(Clone, Copy)]
struct Around<'a> {
    key: &'a str,
    /// The key names a secret.
    secret: bool,
    /// Some key around it names a secret.
    below_secret: bool,
    depth: usize,
}

fn find(tree: &Node) -> Found {
    let mut found = Found::default();
    walk(tree, Around { key: "", secret: false, below_secret: false, depth: 0 }, &mut found);
    found
}

fn walk(node: &Node, around: Around<'_>, found: &mut Found) {
    match &node.value {
        Value::String(text) => match judge(text, around) {
            Some(Judged::Literal) => found.certain.push(node.span),
            Some(Judged::Given) => found.given.push(node.span),
            Some(Judged::Possible) => found.possible.push(node.span),
            None => {}
        },
        // A number may be a password as well.
        Value::Number(_) if around.secret => found.certain.push(node.span),
        Value::Number(_) if around.below_secret => found.possible.push(node.span),
        Value::List(nodes) => {
            // `--password`, and its value as the next word
            let mut around_one = around;
            for node in nodes.iter() {
                walk(node, around_one, found);
                let option = node.as_str().and_then(|text| text.strip_prefix('-')).map(|text| text.trim_start_matches('-'));
                around_one = option.map_or(around, |key| Around { key, secret: is_secret_key(key), ..around });
            }
        }
        Value::Map(entries) => {
            for entry in entries.iter() {
                if forms::holds_secret(&entry.key) {
                    found.possible.push(entry.key_span);
                }
                // The default of a parameter is a secret if the parameter's name says so.
                let key = if entry.key == "default" && !around.key.is_empty() { around.key } else { &entry.key };
                let (secret, depth) = (is_secret_key(key), around.depth + 1);
                let below_secret = around.below_secret || depth > NAMES_BELOW && secret;
                walk(&entry.value, Around { key, secret, below_secret, depth }, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a text is.
enum Judged {
    /// A secret.
    Literal,
    /// One that a parameter gives.
    Given,
    /// Perhaps one.
    Possible,
}

fn judge(text: &str, around: Around<'_>) -> Option<Judged> {
    let in_file = around.key == "text" && forms::sets_secret(text);
    let literal = around.secret && forms::is_literal(text) || in_file || forms::holds_secret(text) || forms::authorizes(around.key, text);
    if literal {
        return Some(Judged::Literal);
    }
    if forms::reads_secret_parameter(text, around.secret) {
        return Some(Judged::Given);
    }
    // The login of what should be the name of a host.
    let login = around.key == "host" && text.contains('@') || forms::is_login(text);
    let may_be = (around.secret || around.below_secret) && forms::may_be_literal(text);
    (login || may_be || forms::passes_secret(text)).then_some(Judged::Possible)
}
