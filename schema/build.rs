//! Writes the validator's declaration: the committed schema, in which functions check what most patterns say. A pattern
//! that has no function stays, and is compiled when a blueprint first needs it.

#![allow(clippy::print_stdout, reason = "Cargo reads it")]

use std::path::Path;

use serde_json::Value;

include!("patterns.rs");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in ["blueprint.schema.json", "patterns.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let mut schema = serde_json::from_str(&std::fs::read_to_string("blueprint.schema.json")?)?;
    name_patterns(&mut schema);
    let formats: String = PATTERNS.iter().map(|(name, _)| format!("{name:?} => crate::forms::{name}, ")).collect();
    let declaration = format!(
        "#[jsonschema::validator(schema = r####\"{schema}\"####, draft = Draft7, formats = {{ {formats} }}, validate_formats = true, \
         methods = {{ is_valid = false, validate = false, iter_errors = true }})]\nstruct Blueprint;\n"
    );
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("blueprint.rs"), declaration)?;
    Ok(())
}

/// Turns each `pattern` that has a function into a `format`.
fn name_patterns(schema: &mut Value) {
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let known = pattern.and_then(|pattern| PATTERNS.iter().find(|(_, known)| *known == pattern));
    if let (Some((name, _)), Value::Object(map)) = (known, &mut *schema) {
        map.remove("pattern");
        map.insert("format".to_owned(), (*name).into());
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(name_patterns),
        Value::Array(items) => items.iter_mut().for_each(name_patterns),
        _ => {}
    }
}
