//! The tree that a YAML file becomes: values, each with the bytes that it was written with.

use std::sync::Arc;

use crate::source::{Pointer, Span};

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the content stands. For a node that came in by an alias that is the anchor's content.
    pub span: Span,
    /// The `*alias` that stands where this node is used, if it came in by one.
    pub alias: Option<Span>,
    /// The value.
    pub value: Value,
}

/// A YAML value. Lists and maps are shared, so that an alias costs nothing and a clone is cheap.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: an empty value, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number. How it was written is in the source, at the node's span.
    Number(serde_json::Number),
    /// A text.
    String(String),
    /// A list.
    List(Arc<Vec<Node>>),
    /// A map without duplicate keys, in the order of the file.
    Map(Arc<Vec<Entry>>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands, with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// What a pointer names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'a> {
    /// The key that leads to the value; the root and list elements have none.
    pub key_span: Option<Span>,
    /// The value.
    pub value: &'a Node,
}

impl Value {
    /// What this is, for messages: `text`, `a list`...
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "an empty value",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// A node that stands where it is used.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, alias: None, value }
    }

    /// The elements of a list; none for anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Value::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a map's entry.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// What the pointer names, if it is there.
    pub fn at(&self, pointer: &Pointer) -> Option<Found<'_>> {
        pointer.segments().try_fold(Found { key_span: None, value: self }, |found, segment| match &found.value.value {
            Value::Map(_) => {
                let entry = found.value.entry(&segment)?;
                Some(Found { key_span: Some(entry.key_span), value: &entry.value })
            }
            Value::List(nodes) => Some(Found { key_span: None, value: nodes.get(segment.parse::<usize>().ok()?)? }),
            _ => None,
        })
    }

    /// The same value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::{Pointer, Source};
    use crate::yaml::read;

    const TEXT: &str = "é: {a/b: [x, 3.10]}\nempty:\n";

    #[test]
    fn a_pointer_finds_key_and_value_after_non_ascii_text() {
        let source = Source::new("a.yml", TEXT);
        let root = read(&source).unwrap();
        let found = root.at(&Pointer::root().key("é").key("a/b")).unwrap();
        assert_eq!(source.slice(found.key_span.unwrap()), "a/b");
        assert_eq!(source.slice(found.value.span), "[x, 3.10]");
        assert_eq!(source.position(found.value.span.start).column, 10);
        let element = root.at(&Pointer::root().key("é").key("a/b").index(1)).unwrap();
        assert_eq!((element.key_span, source.slice(element.value.span)), (None, "3.10"));
        assert_eq!(root.at(&Pointer::root()).unwrap().value, &root);
    }

    #[test]
    fn a_pointer_to_nothing_finds_nothing() {
        let root = read(&Source::new("a.yml", TEXT)).unwrap();
        for path in ["/x", "/é/a~1b/2", "/é/a~1b/-1", "/é/a~1b/0/x", "/empty/x"] {
            assert_eq!(root.at(&Pointer::parse(path)), None, "{path}");
        }
    }

    #[test]
    fn json_keeps_the_order_of_the_file() {
        let root = read(&Source::new("a.yml", "b: [true, ~, -1]\na: {}\n")).unwrap();
        assert_eq!(root.to_json().to_string(), r#"{"b":[true,null,-1],"a":{}}"#);
        assert_eq!(root.get("b").unwrap().value.kind(), "a list");
    }
}
