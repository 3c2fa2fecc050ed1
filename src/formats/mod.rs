//! What several targets have in common: texts whose addresses are known, bodies of files, and formats that more than
//! one of them writes. Knows neither components nor the blueprint. Layer 4.

pub mod body;
pub mod document;
pub mod kubernetes;
mod marks;
mod output;
mod properties;
pub mod text;
pub mod variables;
pub mod verification;

pub use output::{Layout, Rendered, Writer, command};

/// Takes the fields that a format does not say, because another file, a script or another target does. They are named
/// where a struct is taken apart, so that a new field is not forgotten.
pub fn said_elsewhere<T>(_fields: T) {}
