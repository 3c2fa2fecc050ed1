//! The schema of a service: the common fields and the component's own, closed together.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::Component;
use crate::blueprint::Service;

/// The closed schema of one component's services. One definition per component gives one precise error per fault:
/// `unevaluatedProperties` over several would give one per alternative.
pub fn common_schema(component: &Component, generator: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    let mut required = vec![json!("component")];
    let common = component.runs.then(|| <Service as schemars::JsonSchema>::json_schema(generator));
    for schema in common.into_iter().chain([(component.schema)(generator)]) {
        let Value::Object(mut object) = schema.to_value() else { continue };
        if let Some(Value::Object(own)) = object.remove("properties") {
            properties.extend(own);
        }
        if let Some(Value::Array(own)) = object.remove("required") {
            required.extend(own.into_iter().filter(|key| key != "component"));
        }
    }
    properties.insert("component".to_owned(), json!({ "const": component.name, "description": component.summary }));
    if let Some(version) = properties.get_mut("version").and_then(Value::as_object_mut) {
        version.insert("examples".to_owned(), json!(component.series()));
    }
    Schema::from(Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("description".to_owned(), json!(component.summary)),
        ("properties".to_owned(), Value::Object(properties)),
        ("required".to_owned(), Value::Array(required)),
        ("additionalProperties".to_owned(), json!(false)),
    ]))
}
