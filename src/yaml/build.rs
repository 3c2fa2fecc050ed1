//! Puts nodes together: open lists and maps on a stack, keys, duplicate keys, merge keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::read::MAX_FAULTS;
use super::tree::{Entry, Node, Value};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Span;

/// A finished node with what its parent and its aliases need to know.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) node: Node,
    /// Where it ends in the file: for an alias the alias, not its anchor's content.
    pub(super) end: usize,
    /// How many nodes it is made of.
    pub(super) weight: usize,
    /// How many lists and maps it nests.
    pub(super) height: usize,
}

/// The lists and maps that are still open.
#[derive(Debug, Default)]
pub(super) struct Builder {
    frames: Vec<Frame>,
    root: Option<Node>,
}

#[derive(Debug)]
struct Frame {
    start: usize,
    /// The opening bracket, in flow style.
    flow: Option<Span>,
    anchor: usize,
    content: Content,
    end: usize,
    weight: usize,
    height: usize,
}

#[derive(Debug)]
enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Key>, merges: Vec<Node> },
}

/// A key that waits for its value.
#[derive(Debug)]
enum Key {
    Text(String, Span),
    Merge,
    /// Reported already; its value is dropped.
    Unusable,
}

impl Builder {
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn take_root(&mut self) -> Option<Node> {
        self.root.take()
    }

    /// The bracket that encloses what is read now.
    pub(super) fn open_flow(&self) -> Option<Span> {
        self.frames.iter().rev().find_map(|frame| frame.flow.filter(|span| span.end > span.start))
    }

    /// Whether the next node is the key of a map.
    pub(super) fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { content: Content::Map { key: None, .. }, .. }))
    }

    /// Takes a plain `<<` as the key.
    pub(super) fn merge_key(&mut self) {
        if let Some(Frame { content: Content::Map { key, .. }, .. }) = self.frames.last_mut() {
            *key = Some(Key::Merge);
        }
    }

    pub(super) fn open_list(&mut self, span: Span, flow: Option<Span>, anchor: usize) {
        self.open(span, flow, anchor, Content::List(Vec::new()));
    }

    pub(super) fn open_map(&mut self, span: Span, flow: Option<Span>, anchor: usize) {
        self.open(span, flow, anchor, Content::Map { entries: Vec::new(), key: None, merges: Vec::new() });
    }

    fn open(&mut self, span: Span, flow: Option<Span>, anchor: usize, content: Content) {
        self.frames.push(Frame { start: span.start, flow, anchor, content, end: span.end, weight: 1, height: 0 });
    }

    /// Closes the innermost list or map; gives it and its anchor.
    pub(super) fn close(&mut self, end: Span, faults: &mut Vec<Diagnostic>) -> Option<(Built, usize)> {
        let frame = self.frames.pop()?;
        // The parser ends a block at the next token, we end it with its last child.
        let end = if frame.flow.is_some() { end.end.max(frame.end) } else { frame.end };
        let value = match frame.content {
            Content::List(nodes) => Value::List(Arc::new(nodes)),
            Content::Map { entries, merges, .. } => {
                Value::Map(Arc::new(expand_merges(without_duplicates(entries, faults), &merges, faults)))
            }
        };
        let node = Node::new(Span::new(frame.start, end), value);
        Some((Built { node, end, weight: frame.weight, height: frame.height + 1 }, frame.anchor))
    }

    /// Puts a node where it belongs: a key, a value, an element, the root.
    pub(super) fn attach(&mut self, built: Built, faults: &mut Vec<Diagnostic>) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(built.node);
            return;
        };
        frame.end = built.end;
        frame.weight = frame.weight.saturating_add(built.weight);
        frame.height = frame.height.max(built.height);
        match &mut frame.content {
            Content::List(nodes) => nodes.push(built.node),
            Content::Map { entries, key, merges } => match key.take() {
                None => *key = Some(key_of(built.node, faults)),
                Some(Key::Text(key, key_span)) => entries.push(Entry { key, key_span, value: built.node }),
                Some(Key::Merge) => merges.push(built.node),
                Some(Key::Unusable) => {}
            },
        }
    }
}

fn key_of(node: Node, faults: &mut Vec<Diagnostic>) -> Key {
    let span = node.alias.unwrap_or(node.span);
    match node.value {
        Value::String(text) => Key::Text(text, span),
        Value::Null => Key::Text("null".to_owned(), span),
        Value::Bool(value) => Key::Text(value.to_string(), span),
        Value::Number(number) => Key::Text(number.to_string(), span),
        Value::List(_) | Value::Map(_) => {
            let message = format!("{} as a key", node.value.kind());
            faults.push(
                Diagnostic::new(&code::WRONG_TYPE, Place::Span(span), message)
                    .help("write text as the key; quote it if it starts with a bracket"),
            );
            Key::Unusable
        }
    }
}

/// Reports the keys that stand a second time, and keeps the first of each.
fn without_duplicates(mut entries: Vec<Entry>, faults: &mut Vec<Diagnostic>) -> Vec<Entry> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&index| entries[index].key.as_str());
    let mut repeated: Vec<(usize, usize)> = order
        .chunk_by(|&a, &b| entries[a].key == entries[b].key)
        .flat_map(|same| same[1..].iter().map(|&index| (index, same[0])))
        .collect();
    repeated.sort_unstable();
    for &(second, first) in repeated.iter().take(MAX_FAULTS) {
        faults.push(duplicate(&entries[first], &entries[second]));
    }
    let mut index = 0..;
    entries.retain(|_| {
        let index = index.next();
        repeated.binary_search_by_key(&index, |&(second, _)| Some(second)).is_err()
    });
    entries
}

fn duplicate(first: &Entry, second: &Entry) -> Diagnostic {
    // A key such as `DB_PASSWORD=...` may hold a secret.
    let is_name = second.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let key = if is_name { format!("the key `{}`", second.key) } else { "this key".to_owned() };
    Diagnostic::new(&code::DUPLICATE_KEY, Place::Span(second.key_span), format!("{key} stands twice in one map"))
        .related(Place::Span(first.key_span), "first here")
        .help("keep one of the two")
}

/// Puts the entries of `<<` in front. Keys of the map itself win over merged ones, and of several merged maps
/// the earlier one wins (<https://yaml.org/type/merge.html>).
fn expand_merges(own: Vec<Entry>, merges: &[Node], faults: &mut Vec<Diagnostic>) -> Vec<Entry> {
    if merges.is_empty() {
        return own;
    }
    let mut taken: BTreeSet<&str> = own.iter().map(|entry| entry.key.as_str()).collect();
    let mut merged = Vec::new();
    for (map, site) in merges.iter().flat_map(sources) {
        if !matches!(map.value, Value::Map(_)) {
            faults.push(not_mergeable(map));
        }
        for entry in map.entries() {
            if taken.insert(&entry.key) {
                let mut entry = entry.clone();
                entry.value.alias = entry.value.alias.or(site);
                merged.push(entry);
            }
        }
    }
    merged.extend(own.iter().cloned());
    merged
}

/// The maps that one `<<` names, each with the alias that stands for it.
fn sources(merge: &Node) -> Vec<(&Node, Option<Span>)> {
    match &merge.value {
        Value::List(maps) => maps.iter().map(|map| (map, map.alias.or(merge.alias))).collect(),
        _ => vec![(merge, merge.alias)],
    }
}

fn not_mergeable(node: &Node) -> Diagnostic {
    let span = node.alias.unwrap_or(node.span);
    Diagnostic::new(&code::WRONG_TYPE, Place::Span(span), format!("{} after `<<`, which takes a map or a list of maps", node.value.kind()))
        .help("write `<<: *anchor`, where the anchor stands at a map; quote `\"<<\"` for a key of that name")
}
