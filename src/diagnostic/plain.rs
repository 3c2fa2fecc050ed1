//! Diagnostics for people.
use super::Located;
use crate::source::Source;
/// x
pub fn render_plain(_source: &Source, _diagnostics: &[Located], _color: bool) -> String { String::new() }
/// x
pub fn printable(text: &str) -> String { text.to_owned() }
