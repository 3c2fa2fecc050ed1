//! The tree that is written: values in the order and the style in which a person would write them, with comments.

use std::borrow::Cow;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Doc {
    /// Nothing: `key:` in a map, `null` elsewhere.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text, quoted or as a block where it must be.
    Str(Cow<'static, str>),
    /// A list with one element a line.
    List(Vec<Doc>),
    /// A list on one line, such as a command; with a list or a map in it it is written like [`Doc::List`].
    Flow(Vec<Doc>),
    /// A map, in this order.
    Map(Vec<Item>),
}

/// An entry of a [`Doc::Map`].
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The key, quoted where it must be.
    pub key: Cow<'static, str>,
    /// The value.
    pub value: Doc,
    /// Comment text for the end of the line; empty for none.
    pub beside: String,
    /// Whether a blank line sets it apart from what is above.
    pub apart: bool,
}

impl Item {
    /// An entry without a comment.
    pub fn new(key: impl Into<Cow<'static, str>>, value: impl Into<Doc>) -> Self {
        Self { key: key.into(), value: value.into(), beside: String::new(), apart: false }
    }

    /// Sets it apart by a blank line.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }
}

impl Doc {
    /// Words on one line, such as a command, unless one of them has lines of its own, which reads better as a block.
    pub fn words(words: impl IntoIterator<Item = String>) -> Self {
        let words: Vec<Self> = words.into_iter().map(Self::from).collect();
        let has_lines = words.iter().any(|word| matches!(word, Self::Str(text) if text.contains('\n')));
        if has_lines { Self::List(words) } else { Self::Flow(words) }
    }

    /// The value of a map's entry.
    pub fn get(&self, key: &str) -> Option<&Doc> {
        self.items().iter().find(|item| item.key == key).map(|item| &item.value)
    }

    /// The entry of a map, to change it or to add a comment.
    pub fn item_mut(&mut self, key: &str) -> Option<&mut Item> {
        match self {
            Self::Map(items) => items.iter_mut().find(|item| item.key == key),
            _ => None,
        }
    }

    /// The entries of a map; none for anything else.
    pub fn items(&self) -> &[Item] {
        match self {
            Self::Map(items) => items,
            _ => &[],
        }
    }
}

impl From<&str> for Doc {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned().into())
    }
}

impl From<String> for Doc {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Doc {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_integers {
    ($($type:ty)*) => {$(
        impl From<$type> for Doc {
            fn from(value: $type) -> Self {
                Self::Int(i128::from(value))
            }
        }
    )*};
}

from_integers!(u8 u16 u32 u64 i32 i64);

/// The name by which our serializer knows a [`Doc::Flow`]; other formats see only the list.
pub(super) const FLOW: &str = "pipegen::yaml::Flow";

/// As plain data: comments are left out, and only our own serializer sees which lists are on one line.
impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_u64(value),
                (_, Ok(value)) => serializer.serialize_i64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::List(docs) => serialize_list(docs, serializer),
            Self::Flow(docs) => serializer.serialize_newtype_struct(FLOW, &Elements(docs)),
            Self::Map(items) => {
                let mut map = serializer.serialize_map(Some(items.len()))?;
                for item in items {
                    map.serialize_entry(&item.key, &item.value)?;
                }
                map.end()
            }
        }
    }
}

struct Elements<'a>(&'a [Doc]);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_list(self.0, serializer)
    }
}

fn serialize_list<S: Serializer>(docs: &[Doc], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(docs.len()))?;
    for doc in docs {
        list.serialize_element(doc)?;
    }
    list.end()
}
