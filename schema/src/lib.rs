//! The blueprint's JSON Schema, compiled into code: nothing is parsed or built when pipegen starts.
//!
//! A crate of its own, because the macro makes much code and changes only with the language.

pub mod forms;

use serde_json::Value;

/// The committed schema as text.
pub const SCHEMA: &str = include_str!("../blueprint.schema.json");

// The validator that the macro makes from the schema as `build.rs` prepares it.
include!(concat!(env!("OUT_DIR"), "/blueprint.rs"));

/// One violation of the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// JSON pointer to the value that violates it.
    pub instance: String,
    /// JSON pointer to the keyword of the schema that is violated.
    pub keyword: String,
    /// What the keyword says.
    pub rule: Rule,
}

/// What is violated.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Keys that are not allowed here.
    UnknownKeys(Vec<String>),
    /// A key that is not there.
    MissingKey(String),
    /// A name that is not allowed as a key.
    KeyName(String),
    /// Anything else: the keyword.
    Value,
}

/// Every violation of the schema, in the validator's order.
pub fn violations(document: &Value) -> Vec<Violation> {
    use jsonschema::error::ValidationErrorKind as Kind;
    Blueprint::iter_errors(document)
        .map(|error| {
            let rule = match error.kind() {
                Kind::AdditionalProperties { unexpected } => Rule::UnknownKeys(unexpected.clone()),
                Kind::Required { property } => Rule::MissingKey(property.as_str().unwrap_or_default().to_owned()),
                _ => Rule::Value,
            };
            let (instance, mut keyword) = (error.instance_path().to_string(), error.schema_path().to_string());
            // The committed schema says it with a pattern.
            if let Some(parent) = keyword.strip_suffix("/format") {
                keyword = format!("{parent}/pattern");
            }
            // A fault of a key's name has the name as its instance and the map as its place: the only sign that it is one.
            let name = error.instance().as_str().filter(|_| document.pointer(&instance).is_some_and(Value::is_object));
            let rule = name.map_or(rule, |name| Rule::KeyName(name.to_owned()));
            Violation { instance, keyword, rule }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Rule, violations};
    use serde_json::json;

    #[test]
    fn one_mistake_is_one_violation() {
        let sound = json!({ "blueprint": "v1", "name": "a", "services": { "k": { "component": "kafka" } } });
        assert_eq!(violations(&sound), []);
        let unknown = json!({ "blueprint": "v1", "name": "a", "services": { "k": { "component": "kafka", "topix": {} } } });
        let found = violations(&unknown);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].rule, Rule::UnknownKeys(vec!["topix".to_owned()]));
        let named = violations(&json!({ "blueprint": "v1", "name": "a", "services": { "My_Service": { "component": "kafka" } } }));
        assert_eq!(named.len(), 1, "{named:?}");
        assert_eq!((named[0].instance.as_str(), &named[0].rule), ("/services", &Rule::KeyName("My_Service".to_owned())));
        let missing = violations(&json!({ "blueprint": "v1", "name": "a", "services": { "k": {} } }));
        assert_eq!(missing.len(), 1, "{missing:?}");
    }
}
