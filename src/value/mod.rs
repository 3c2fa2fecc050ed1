//! Newtypes that parse strictly, each with its JSON Schema. Layer 1.

mod amount;
pub mod escape;
mod map;
mod name;
pub mod secret;
mod text;

pub use amount::{Cpu, Duration, Port, Size};
pub use map::{Map, OneOrMany};
pub use name::{DatasetName, EnvName, Name, NetworkName, ResourceRef, VariableName};
pub use text::{CLASS_KEY, Class, Deployable, ParametricText, Reference, ReferenceError, TextPart, TextSource, parse_text};

use schemars::Schema;

/// Merges two object-shaped schemas whose `type`s are disjoint into one, so that a value with a short and a
/// long form needs no `anyOf`: each keyword applies to its own type only, and a mistake gives one error.
pub fn either(short: Schema, long: Schema) -> Schema {
    let mut merged = serde_json::Map::new();
    let mut types = Vec::new();
    for schema in [short, long] {
        let serde_json::Value::Object(object) = schema.to_value() else { continue };
        for (key, value) in object {
            match (key.as_str(), value) {
                ("type", serde_json::Value::Array(several)) => types.extend(several),
                ("type", one) => types.push(one),
                (_, value) => {
                    merged.insert(key, value);
                }
            }
        }
    }
    merged.insert("type".to_owned(), serde_json::Value::Array(types));
    Schema::from(merged)
}
