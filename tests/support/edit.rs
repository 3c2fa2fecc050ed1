//! Edits of a blueprint's text at the spans of its tree, as a person would make them.

use pipegen::source::{Source, Span};
use pipegen::yaml::{Entry, Node, Value};

/// The text with another one in the place of a span.
pub fn replaced(text: &str, span: Span, new: &str) -> String {
    format!("{}{new}{}", &text[..span.start], &text[span.end..])
}

/// The text without an entry: its lines in block form, the entry and its comma between braces.
pub fn without(source: &Source, entry: &Entry) -> String {
    let text = source.text();
    let (start, end) = (entry.key_span.start, entry.value.span.end.max(entry.key_span.end));
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    if text[line..start].trim().is_empty() {
        let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        return replaced(text, Span::new(line, next), "");
    }
    let after = &text[end..];
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        return replaced(text, Span::new(start, text.len() - rest.trim_start().len()), "");
    }
    let before = text[..start].trim_end();
    replaced(text, Span::new(before.strip_suffix(',').unwrap_or(before).len(), end), "")
}

/// Every entry of a tree with the keys and indices that lead to it.
pub fn entries(tree: &Node) -> Vec<(Vec<String>, &Entry)> {
    let mut found = Vec::new();
    collect(tree, &mut Vec::new(), &mut found);
    found
}

fn collect<'a>(node: &'a Node, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, &'a Entry)>) {
    let children: Vec<(String, &Node, Option<&Entry>)> = match &node.value {
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), &entry.value, Some(entry))).collect(),
        Value::List(nodes) => nodes.iter().enumerate().map(|(index, node)| (index.to_string(), node, None)).collect(),
        _ => Vec::new(),
    };
    for (step, child, entry) in children {
        path.push(step);
        found.extend(entry.map(|entry| (path.clone(), entry)));
        collect(child, path, found);
        path.pop();
    }
}
