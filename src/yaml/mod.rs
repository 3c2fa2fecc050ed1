//! YAML: a tree with places for what people wrote.
//!
//! This is the only module that names the YAML crate. Layer 1: uses only `source` and `diagnostic`.
//!
//! [`decode`] and [`read`] turn bytes into a [`Node`], within limits against hostile input; [`merge`] lays an
//! overlay over one; a `&Node` is a serde deserializer.

mod build;
mod de;
mod decode;
mod overlay;
mod read;
mod scalar;
mod syntax;
mod text;
mod tree;

pub use de::DeserializeError;
pub use decode::{MAX_BYTES, decode};
pub use overlay::merge;
pub use read::read;
pub use tree::{Entry, Found, Node, Value};
