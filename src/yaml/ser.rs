//! From serializable types to a [`Doc`].

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};

use super::doc::{Doc, FLOW, Item};

/// Why a value cannot be a YAML tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerializeError(String);

type Result<T> = std::result::Result<T, SerializeError>;

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SerializeError {}

impl ser::Error for SerializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Turns a value into a tree, its fields in the order of their declaration. What must not be written, such as an
/// empty option, is left out by the type's own `skip_serializing_if`.
///
/// # Errors
/// A map key that is no text, number or boolean, a `u128` above `i128::MAX`, and what the type itself refuses.
pub fn to_doc<T: Serialize + ?Sized>(value: &T) -> Result<Doc> {
    value.serialize(ToDoc)
}

struct ToDoc;

macro_rules! integers {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<Doc> {
            Ok(Doc::Int(i128::from(value)))
        }
    )*};
}

impl ser::Serializer for ToDoc {
    type Ok = Doc;
    type Error = SerializeError;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Map;

    integers! {
        serialize_i8 i8 serialize_i16 i16 serialize_i32 i32 serialize_i64 i64 serialize_i128 i128
        serialize_u8 u8 serialize_u16 u16 serialize_u32 u32 serialize_u64 u64
    }

    fn serialize_u128(self, value: u128) -> Result<Doc> {
        i128::try_from(value).map(Doc::Int).map_err(ser::Error::custom)
    }

    fn serialize_bool(self, value: bool) -> Result<Doc> {
        Ok(Doc::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Doc> {
        Ok(Doc::Float(f64::from(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<Doc> {
        Ok(Doc::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<Doc> {
        Ok(Doc::from(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Doc> {
        Ok(Doc::from(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Doc> {
        Ok(Doc::List(value.iter().map(|&byte| Doc::from(byte)).collect()))
    }

    fn serialize_none(self) -> Result<Doc> {
        Ok(Doc::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Doc> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Doc> {
        Ok(Doc::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Doc> {
        Ok(Doc::Null)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Doc> {
        Ok(Doc::Str(variant.into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Doc> {
        match value.serialize(self)? {
            Doc::List(docs) if name == FLOW => Ok(Doc::Flow(docs)),
            doc => Ok(doc),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Doc> {
        Ok(Doc::Map(vec![Item::new(variant, value.serialize(self)?)]))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<List> {
        Ok(List::default())
    }

    fn serialize_tuple(self, _len: usize) -> Result<List> {
        Ok(List::default())
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<List> {
        Ok(List::default())
    }

    fn serialize_tuple_variant(self, _name: &'static str, _index: u32, variant: &'static str, _len: usize) -> Result<List> {
        Ok(List { variant: Some(variant), ..List::default() })
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Map> {
        Ok(Map::default())
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Map> {
        Ok(Map::default())
    }

    fn serialize_struct_variant(self, _name: &'static str, _index: u32, variant: &'static str, _len: usize) -> Result<Map> {
        Ok(Map { variant: Some(variant), ..Map::default() })
    }
}

/// A list under construction, inside the map that names its enum variant.
#[derive(Default)]
struct List {
    variant: Option<&'static str>,
    docs: Vec<Doc>,
}

/// A map under construction, inside the map that names its enum variant.
#[derive(Default)]
struct Map {
    variant: Option<&'static str>,
    key: Option<Cow<'static, str>>,
    items: Vec<Item>,
}

fn wrap(variant: Option<&'static str>, doc: Doc) -> Doc {
    match variant {
        Some(variant) => Doc::Map(vec![Item::new(variant, doc)]),
        None => doc,
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident)*) => {$(
        impl $trait for List {
            type Ok = Doc;
            type Error = SerializeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.docs.push(to_doc(value)?);
                Ok(())
            }

            fn end(self) -> Result<Doc> {
                Ok(wrap(self.variant, Doc::List(self.docs)))
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl $trait for Map {
            type Ok = Doc;
            type Error = SerializeError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
                self.items.push(Item::new(key, to_doc(value)?));
                Ok(())
            }

            fn end(self) -> Result<Doc> {
                Ok(wrap(self.variant, Doc::Map(self.items)))
            }
        }
    )*};
}

structs!(SerializeStruct SerializeStructVariant);

impl SerializeMap for Map {
    type Ok = Doc;
    type Error = SerializeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(match to_doc(key)? {
            Doc::Str(text) => text,
            Doc::Int(number) => number.to_string().into(),
            Doc::Bool(value) => value.to_string().into(),
            _ => {
                return Err(ser::Error::custom("a map key that is no text, number or boolean"));
            }
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take().ok_or_else(|| -> SerializeError { ser::Error::custom("a map value without a key") })?;
        self.items.push(Item::new(key, to_doc(value)?));
        Ok(())
    }

    fn end(self) -> Result<Doc> {
        Ok(Doc::Map(self.items))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;
    use crate::yaml::write;

    #[derive(Serialize)]
    struct Service {
        image: &'static str,
        command: Doc,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<u16>,
        replicas: Option<u64>,
        mode: Mode,
        shapes: Vec<Mode>,
        ports: BTreeMap<u16, f32>,
        pair: (i8, char),
        #[serde(flatten)]
        more: BTreeMap<&'static str, bool>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Plain,
        Sized(u8),
        Pair(u8, u8),
        Named { size: () },
    }

    #[test]
    fn derived_types_become_a_tree_in_their_own_order() {
        let service = Service {
            image: "a:1",
            command: Doc::words(["sh", "-c"].map(str::to_owned)),
            user: None,
            replicas: None,
            mode: Mode::Plain,
            shapes: vec![Mode::Sized(1), Mode::Pair(1, 2), Mode::Named { size: () }],
            ports: BTreeMap::from([(80, 0.5)]),
            pair: (-1, 'x'),
            more: BTreeMap::from([("tty", true)]),
        };
        let expected = "image: a:1\ncommand: [sh, -c]\nreplicas:\nmode: plain\nshapes:\n  - sized: 1\n  - pair:\n      - 1\n      - 2\n  - named:\n      size:\nports:\n  \"80\": 0.5\npair:\n  - -1\n  - x\ntty: true\n";
        assert_eq!(write("", &to_doc(&service).unwrap()), expected);
    }

    #[test]
    fn a_doc_survives_being_serialized_into_a_doc() {
        let doc = Doc::Map(vec![
            Item::new("a", Doc::Flow(vec![Doc::Int(-1), Doc::Float(0.5), Doc::Int(i128::from(u64::MAX))])),
            Item::new("b", Doc::List(vec![Doc::Null, Doc::Bool(true)])),
        ]);
        assert_eq!(to_doc(&doc).unwrap(), doc);
        assert_eq!(serde_json::to_string(&doc).unwrap(), r#"{"a":[-1,0.5,18446744073709551615],"b":[null,true]}"#);
    }

    #[test]
    fn a_list_is_no_key() {
        assert!(to_doc(&BTreeMap::from([(vec![1], 1)])).is_err());
        assert!(to_doc(&u128::MAX).is_err());
    }
}
