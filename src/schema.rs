//! The JSON Schema of a blueprint, from the types and the catalog. Layer 4.
//!
//! Draft-07, which editors read best. Every union is one schema whose keywords apply to disjoint types, and every
//! component has one closed definition chosen by `component`: a mistake gives one error, at its own place.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::blueprint::Blueprint;
use crate::components::{COMPONENTS, common_schema};

/// The schema as text, as `pipegen schema` prints it and `schema/blueprint.schema.json` holds it.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema.
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft07());
    let mut root = <Blueprint as schemars::JsonSchema>::json_schema(&mut generator);
    let service = service(&mut generator);
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Service".to_owned(), service);
    definitions.sort_keys();
    root.insert("definitions".to_owned(), Value::Object(definitions));
    RecursiveTransform(tidy).transform(&mut root);
    let mut document = Map::from_iter([
        ("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#")),
        ("title".to_owned(), json!("pipegen blueprint")),
    ]);
    if let Value::Object(root) = root.to_value() {
        document.extend(root);
    }
    Value::Object(document)
}

/// A service: an `enum` on the tag and one `if`/`then` per component. The `if` needs `required` beside the `const`:
/// without it a missing tag would match every branch.
fn service(generator: &mut SchemaGenerator) -> Value {
    let names: Vec<&str> = COMPONENTS.iter().map(|component| component.name).collect();
    let branches: Vec<Value> = COMPONENTS
        .iter()
        .map(|component| {
            json!({
                "if": { "properties": { "component": { "const": component.name } }, "required": ["component"] },
                "then": common_schema(component, generator).to_value(),
            })
        })
        .collect();
    let descriptions: Vec<&str> = COMPONENTS.iter().map(|component| component.summary).collect();
    json!({
        "type": "object",
        "required": ["component"],
        "properties": { "component": { "type": "string", "enum": names, "enumDescriptions": descriptions, "title": "a component of the catalog", "description": "What it is: an entry of the catalog (`pipegen components`)." } },
        "allOf": branches,
    })
}

/// What `schemars` writes for Rust, rewritten for people and editors.
fn tidy(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    strip_null(object);
    flatten_enum(object);
    object.remove("format");
    if object.get("default").is_some_and(|default| default.is_null() || *default == json!({}) || *default == json!([])) {
        object.remove("default");
    }
}

/// `Option<T>` means that a key may be left out, not that it may be empty: editors would insert `null`.
fn strip_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
        alternatives.retain(|alternative| alternative.get("type") != Some(&json!("null")));
        if let [Value::Object(only)] = alternatives.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Documented unit enums become `oneOf` of constants, which gives one error per alternative; an `enum` gives one.
fn flatten_enum(object: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = object.get("oneOf") else { return };
    let constants: Option<Vec<(Value, Value)>> = alternatives
        .iter()
        .map(|alternative| Some((alternative.get("const")?.clone(), alternative.get("description").cloned().unwrap_or(json!("")))))
        .collect();
    let Some(constants) = constants else { return };
    let (values, descriptions): (Vec<Value>, Vec<Value>) = constants.into_iter().unzip();
    object.remove("oneOf");
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), Value::Array(values));
    object.insert("enumDescriptions".to_owned(), Value::Array(descriptions));
}
