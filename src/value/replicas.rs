//! How many there are of something that runs.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::either;

/// How many there are: a number, or as many as there is work for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicas {
    /// So many.
    Count(u16),
    /// Never fewer than `min` and never more than `max`, after the load.
    Range {
        /// The fewest.
        min: u16,
        /// The most.
        max: u16,
    },
}

impl Replicas {
    /// The most that there can be.
    pub const fn max(self) -> u16 {
        match self {
            Self::Count(count) => count,
            Self::Range { max, .. } => max,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Range {
    /// The fewest that run, however little there is to do; it may be 0.
    #[serde(default)]
    #[schemars(extend("default" = 1))]
    min: Option<u16>,
    /// The most that run, however much there is to do.
    #[schemars(extend("title" = "a number, 1 or more", "minimum" = 1))]
    max: u16,
}

impl<'de> Deserialize<'de> for Replicas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Replicas;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a map with `max`")
            }
            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Replicas, E> {
                u16::try_from(count).map(Replicas::Count).map_err(|_| E::custom("expected a number from 0 to 65535"))
            }
            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Replicas, E> {
                self.visit_u64(u64::try_from(count).unwrap_or(u64::MAX))
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Replicas, A::Error> {
                let Range { min, max } = Range::deserialize(de::value::MapAccessDeserializer::new(access))?;
                Ok(Replicas::Range { min: min.unwrap_or(1), max })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Replicas {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Replicas".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(u16::json_schema(generator), Range::json_schema(generator))
    }
}
