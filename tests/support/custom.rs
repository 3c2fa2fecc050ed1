//! Custom resources against the schemas of their operators, in `tests/schemas/custom`: one file per kind, with the fields
//! that we write.

use serde_json::{Value, json};

/// The file of a kind.
fn schema(object: &Value) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let path = super::repository().join(format!("tests/schemas/custom/{kind}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// What an object has against the schema of its kind; a field that it does not name is a fault.
pub fn faults(object: &Value) -> Vec<String> {
    let schema = schema(object);
    let version = format!("{}/{}", schema["group"].as_str().expect("text"), schema["version"].as_str().expect("text"));
    let mut spec = schema["spec"].clone();
    close(&mut spec);
    let whole = json!({ "properties": { "apiVersion": { "const": version }, "spec": spec }, "required": ["apiVersion", "spec"] });
    let validator = jsonschema::validator_for(&whole).expect("a schema");
    validator.iter_errors(object).map(|error| format!("{}: {error}", super::manifests::id(object))).collect()
}

/// The API server drops unknown fields; here they are refused.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.get("type").is_some_and(|kind| kind == "object") {
                map.insert("additionalProperties".to_owned(), false.into());
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

/// The definition of a kind, as an API server takes it.
pub fn definition(kind: &str) -> Value {
    let schema = schema(&json!({ "kind": kind }));
    let (group, plural) = (schema["group"].as_str().expect("text"), schema["plural"].as_str().expect("text"));
    let whole = json!({ "type": "object", "properties": { "spec": schema["spec"] } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List") },
            "scope": "Namespaced",
            "versions": [{ "name": schema["version"], "served": true, "storage": true, "schema": { "openAPIV3Schema": whole } }],
        },
    })
}
