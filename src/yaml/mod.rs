//! YAML in both directions: a tree with places for what people wrote, and a writer for what we generate.
//!
//! This is the only module that names the YAML crate. Layer 1: uses only `source` and `diagnostic`.
//!
//! [`decode`] and [`read`] turn bytes into a [`Node`], within limits against hostile input; [`merge`] lays an
//! overlay over one; a `&Node` is a serde deserializer. [`to_doc`] turns anything serializable into a [`Doc`]
//! and [`write()`] turns that into text that YAML 1.1 and 1.2 readers understand alike.

mod build;
mod de;
mod decode;
mod doc;
mod overlay;
mod read;
mod scalar;
mod ser;
mod syntax;
mod text;
mod tree;
mod write;

pub use de::DeserializeError;
pub use decode::{MAX_BYTES, decode};
pub use doc::{Doc, Item};
pub use overlay::merge;
pub use read::read;
pub use ser::{SerializeError, to_doc};
pub use tree::{Entry, Found, Node, Value};
pub use write::write;
