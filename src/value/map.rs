//! Containers that keep the order in which the user wrote.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::either;

/// A map in the order in which it was written. The reader refuses duplicate keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Map<K, V> {
    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, key: K, value: V) {
        self.0.push((key, value));
    }
}

impl<K: std::borrow::Borrow<str>, V> Map<K, V> {
    /// The value of a key: a scan, for the small maps that people write.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(name, _)| name.borrow() == key).map(|(_, value)| value)
    }
}

impl<K, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Map<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Map<K, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Map(entries))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Map::default())
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Map<K, V> {
    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}To{}", K::schema_name(), V::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<K>(),
            "additionalProperties": generator.subschema_for::<V>(),
        })
    }
}

/// A list of names, or a map when an entry needs more words: `[a, b]` means `{ a: {}, b: {} }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<K, V> {
    /// The entries in order.
    pub entries: Map<K, V>,
    /// Whether the short form was written: then an entry's pointer ends in its index, else in its key.
    pub short: bool,
}

impl<K, V> Default for OneOrMany<K, V> {
    fn default() -> Self {
        Self { entries: Map::default(), short: true }
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de> + Default> Deserialize<'de> for OneOrMany<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de> + Default> Visitor<'de> for Either<K, V> {
            type Value = OneOrMany<K, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or a map")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = Map::default();
                while let Some(key) = access.next_element()? {
                    entries.push(key, V::default());
                }
                Ok(OneOrMany { entries, short: true })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = Map::default();
                while let Some((key, value)) = access.next_entry::<K, Option<V>>()? {
                    entries.push(key, value.unwrap_or_default());
                }
                Ok(OneOrMany { entries, short: false })
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for OneOrMany<K, V> {
    fn schema_name() -> Cow<'static, str> {
        format!("ListOrMapOf{}To{}", K::schema_name(), V::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = json_schema!({ "type": "array", "items": generator.subschema_for::<K>(), "uniqueItems": true });
        either(list, Map::<K, V>::json_schema(generator))
    }
}
