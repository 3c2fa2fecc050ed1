//! Edits of a tree: what cannot be understood is taken out or renamed, so that the rest can be checked all the same.

use std::sync::Arc;

use crate::source::{Pointer, Span};
use crate::yaml::{Entry, Node, Value};

/// The node that a pointer names, for a change in place.
fn find<'a>(tree: &'a mut Node, pointer: &Pointer) -> Option<&'a mut Node> {
    pointer.segments().try_fold(tree, |node, segment| match &mut node.value {
        Value::Map(entries) => Arc::make_mut(entries).iter_mut().find(|entry| entry.key == segment).map(|entry| &mut entry.value),
        Value::List(nodes) => Arc::make_mut(nodes).get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Takes an entry or an element out.
pub(super) fn remove(tree: &mut Node, pointer: &Pointer) {
    let Some(last) = pointer.last() else { return };
    match find(tree, &pointer.parent()).map(|parent| &mut parent.value) {
        Some(Value::Map(entries)) => Arc::make_mut(entries).retain(|entry| entry.key != last),
        Some(Value::List(nodes)) => {
            if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < nodes.len()) {
                Arc::make_mut(nodes).remove(index);
            }
        }
        _ => {}
    }
}

/// Gives an entry another key, unless that key is there already.
pub(super) fn rename(tree: &mut Node, pointer: &Pointer, key: &str) {
    let Some(last) = pointer.last() else { return };
    if let Some(Value::Map(entries)) = find(tree, &pointer.parent()).map(|parent| &mut parent.value) {
        if entries.iter().any(|entry| entry.key == key) {
            return;
        }
        for entry in Arc::make_mut(entries).iter_mut().filter(|entry| entry.key == last) {
            key.clone_into(&mut entry.key);
        }
    }
}

/// Puts a text in the place of a value.
pub(super) fn replace(tree: &mut Node, pointer: &Pointer, text: &str) {
    if let Some(node) = find(tree, pointer) {
        node.value = Value::String(text.to_owned());
    }
}

/// Adds an entry at the end of a map.
pub(super) fn add(tree: &mut Node, map: &Pointer, key: &str, value: Value) {
    if let Some(Value::Map(entries)) = find(tree, map).map(|node| &mut node.value) {
        Arc::make_mut(entries).push(Entry { key: key.to_owned(), key_span: Span::default(), value: Node::new(Span::default(), value) });
    }
}

/// A map without one of its keys.
pub(super) fn without_key(node: &Node, key: &str) -> Node {
    let mut node = node.clone();
    if let Value::Map(entries) = &mut node.value {
        Arc::make_mut(entries).retain(|entry| entry.key != key);
    }
    node
}
