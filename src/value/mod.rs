//! Newtypes that parse strictly, each with its JSON Schema. Layer 1.

mod amount;
mod cron;
pub mod escape;
mod map;
mod name;
mod replicas;
pub mod secret;
mod text;

pub use amount::{Cpu, Duration, Port, Size};
pub use cron::is_cron;
pub use map::{Map, OneOrMany};
pub use name::{DatasetName, EnvName, Name, NetworkName, ResourceRef, User, VariableName, object_name, variable_of};
pub use replicas::Replicas;
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

/// Gives a type a short form: text alone, parsed as `$text`, means what `$short` makes of it; a map is `$long`, from
/// which the type is made.
macro_rules! text_or_map {
    ($type:ident, $long:ident, $name:literal, $text:ty, |$value:ident| $short:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl<'de> serde::de::Visitor<'de> for Either {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("text or a map")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        let $value = <$text as serde::Deserialize>::deserialize(serde::de::value::StrDeserializer::<E>::new(text))?;
                        Ok($short)
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<$type, A::Error> {
                        <$long as serde::Deserialize>::deserialize(serde::de::value::MapAccessDeserializer::new(access)).map($type::from)
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::value::either(
                    <$text as schemars::JsonSchema>::json_schema(generator),
                    <$long as schemars::JsonSchema>::json_schema(generator),
                )
            }
        }
    };
}
pub(crate) use text_or_map;
