//! Lays one tree over another, before the schema sees either.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::{Entry, Node, Value};

/// Maps are merged by key; everything else is replaced whole, also where only one side is a map.
///
/// Every node and key keeps its own place, so an error in what the overlay says points into the overlay. Entries stand
/// in the order of the base, new ones behind them.
#[must_use]
pub fn merge(base: &Node, overlay: &Node) -> Node {
    let (Value::Map(old), Value::Map(new)) = (&base.value, &overlay.value) else {
        return overlay.clone();
    };
    let mut changes: BTreeMap<&str, &Entry> = new.iter().map(|entry| (entry.key.as_str(), entry)).collect();
    let mut entries: Vec<Entry> = old
        .iter()
        .map(|entry| match changes.remove(entry.key.as_str()) {
            Some(change) => merge_entry(entry, change),
            None => entry.clone(),
        })
        .collect();
    entries.extend(new.iter().filter(|entry| changes.contains_key(entry.key.as_str())).cloned());
    Node { value: Value::Map(Arc::new(entries)), ..base.clone() }
}

/// A map that is only added to stays where the base has it.
fn merge_entry(base: &Entry, change: &Entry) -> Entry {
    let value = merge(&base.value, &change.value);
    let key_span = if value.span == base.value.span { base.key_span } else { change.key_span };
    Entry { key: base.key.clone(), key_span, value }
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::source::{Pointer, Source};
    use crate::yaml::read;

    #[test]
    fn maps_are_merged_and_all_else_is_replaced_with_its_places() {
        let source = Source::new(
            "a.yml",
            "base: {a: {x: 1, y: 2}, l: [1, 2], m: {k: 1}, s: [3]}\nover: {a: {y: 3, z: 4}, l: [9], s: {k: 1}, m: [], n: ~}\n",
        );
        let root = read(&source).unwrap();
        let merged = merge(root.get("base").unwrap(), root.get("over").unwrap());
        assert_eq!(merged.to_json().to_string(), r#"{"a":{"x":1,"y":3,"z":4},"l":[9],"m":[],"s":{"k":1},"n":null}"#);

        let lines = |path: &str| {
            let found = merged.at(&Pointer::parse(path)).unwrap();
            (source.position(found.key_span.unwrap().start).line, source.position(found.value.span.start).line)
        };
        for path in ["/a", "/a/x"] {
            assert_eq!(lines(path), (1, 1), "{path}");
        }
        for path in ["/a/y", "/a/z", "/l", "/m", "/s", "/n"] {
            assert_eq!(lines(path), (2, 2), "{path}");
        }
    }
}
