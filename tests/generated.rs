//! What is generated and committed is current and sound: the JSON Schema and what is under `golden/`.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pipegen::components::COMPONENTS;
use serde_json::{Map, Value, json};
use support::manifests;

const REMEDY: &str = "run `.ci/generate` and commit the result";

fn pipegen() -> std::process::Command {
    let mut command = support::command(Path::new(env!("CARGO_BIN_EXE_pipegen")));
    command.current_dir(support::repository());
    command
}

fn schema() -> Value {
    serde_json::from_str(pipegen_schema::SCHEMA).expect("the schema is JSON")
}

/// Every `blueprints/*.yml`.
fn blueprints() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(support::repository().join("blueprints")).expect("blueprints");
    let files = entries.map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no blueprints");
    files
}

#[test]
fn the_committed_schema_is_what_pipegen_prints() {
    let printed = support::run(pipegen().arg("schema")).expect("it prints the schema");
    assert!(printed == pipegen_schema::SCHEMA, "schema/blueprint.schema.json is out of date: {REMEDY}");
}

#[test]
fn every_golden_file_is_current() {
    for blueprint in blueprints() {
        let blueprint = blueprint.strip_prefix(support::repository()).expect("it lies there");
        let checked = support::run(pipegen().args(["render", "--check", "--out", "golden"]).arg(blueprint));
        assert!(checked.is_ok(), "{}: {REMEDY}\n{}", blueprint.display(), checked.unwrap_err());
    }
}

#[test]
fn every_golden_file_of_an_environment_is_current() {
    let folders = manifests::golden(&["compose", "helm", "kind", "kubernetes"]);
    for (folder, (blueprint, environment)) in folders.iter().map(|folder| (folder, manifests::origin(folder))) {
        let Some(environment) = environment else { continue };
        let target = folder.file_name().expect("a target's folder").to_string_lossy();
        let mut check = pipegen();
        check.args(["render", "--check", "--out", "golden", "--env", &environment, "--target", &target, &blueprint]);
        let checked = support::run(&mut check);
        assert!(checked.is_ok(), "{}: {REMEDY}\n{}", folder.display(), checked.unwrap_err());
    }
}

#[test]
fn the_schema_is_sound_draft_07() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let meta = jsonschema::draft7::meta::validator();
    let faults: Vec<String> = meta.iter_errors(&schema).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(faults, [""; 0]);
}

/// Every schema inside of a schema, with its pointer: values of instances (`enum`, `examples`, `const`) are none.
fn subschemas(pointer: &str, schema: &Value, visit: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    visit(pointer, object);
    for (keyword, value) in object {
        let below = format!("{pointer}/{keyword}");
        match keyword.as_str() {
            "properties" | "definitions" | "patternProperties" => {
                for (name, schema) in value.as_object().into_iter().flatten() {
                    subschemas(&format!("{below}/{name}"), schema, visit);
                }
            }
            "allOf" | "anyOf" | "oneOf" => {
                for (at, schema) in value.as_array().into_iter().flatten().enumerate() {
                    subschemas(&format!("{below}/{at}"), schema, visit);
                }
            }
            "items" | "additionalProperties" | "propertyNames" | "if" | "then" | "else" | "not" | "contains" => {
                subschemas(&below, value, visit);
            }
            _ => {}
        }
    }
}

/// The properties that an editor would show without a word; the conditions of `if` are never shown.
fn undescribed(schema: &Value) -> Vec<String> {
    let described = |property: &Value| property.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let mut found = Vec::new();
    subschemas("", schema, &mut |pointer, object| {
        let properties = object.get("properties").and_then(Value::as_object).into_iter().flatten();
        if !pointer.ends_with("/if") {
            found.extend(properties.filter(|(_, property)| !described(property)).map(|(name, _)| format!("{pointer}/properties/{name}")));
        }
    });
    found
}

#[test]
fn every_property_has_a_description() {
    assert_eq!(undescribed(&schema()), [""; 0], "write a doc comment on the field");
    let silent = json!({ "definitions": { "A": { "properties": { "said": { "description": "x" }, "unsaid": { "type": "null" } } } } });
    assert_eq!(undescribed(&silent), ["/definitions/A/properties/unsaid"]);
}

#[test]
fn every_component_has_one_closed_definition() {
    let schema = schema();
    let branches = schema["definitions"]["Service"]["allOf"].as_array().expect("one branch per component");
    for component in COMPONENTS {
        let is_its = |branch: &&Value| branch["if"]["properties"]["component"]["const"] == component.name;
        let own: Vec<&Value> = branches.iter().filter(is_its).map(|branch| &branch["then"]).collect();
        assert_eq!(own.len(), 1, "`{}` has {} definitions", component.name, own.len());
        let definition = match own[0]["$ref"].as_str() {
            Some(reference) => schema.pointer(reference.trim_start_matches('#')).expect("the definition is there"),
            None => own[0],
        };
        assert_eq!(definition["additionalProperties"], false, "the definition of `{}` is open", component.name);
    }
    assert_eq!(branches.len(), COMPONENTS.len());
}

/// An overlay is open: what it holds is checked after it was merged into the blueprint.
#[test]
fn every_object_with_properties_is_closed() {
    let mut open = Vec::new();
    subschemas("", &schema(), &mut |pointer, object| {
        let is_condition = pointer.ends_with("/if");
        let is_open = object.contains_key("allOf") || pointer == "/definitions/Overlay";
        if object.contains_key("properties") && !object.contains_key("additionalProperties") && !is_condition && !is_open {
            open.push(pointer.to_owned());
        }
    });
    assert_eq!(open, [""; 0], "write `#[schemars(deny_unknown_fields)]` on the type");
}

/// The violations as each validator sees them: the keyword's place in the schema, and the value's in the document.
fn compiled(document: &Value) -> BTreeSet<(String, String)> {
    pipegen_schema::violations(document).into_iter().map(|found| (found.keyword, found.instance)).collect()
}

fn interpreted(validator: &jsonschema::Validator, document: &Value) -> BTreeSet<(String, String)> {
    let place = |error: jsonschema::ValidationError<'_>| (error.schema_path().to_string(), error.instance_path().to_string());
    let found: BTreeSet<(String, String)> = validator.iter_errors(document).map(place).collect();
    // Beside an `enum` the macro leaves out the `type`, which says nothing that the `enum` does not.
    let said = |(keyword, instance): &(String, String)| {
        let enumeration = keyword.strip_suffix("/type").map(|schema| (format!("{schema}/enum"), instance.clone()));
        enumeration.is_some_and(|enumeration| found.contains(&enumeration))
    };
    found.iter().filter(|violation| !said(violation)).cloned().collect()
}

/// The macro that compiles the schema into code and the library that interprets it share little but their authors.
#[test]
fn the_compiled_validator_agrees_with_an_interpreter_of_the_schema() {
    let validator = jsonschema::draft7::new(&schema()).expect("the schema is valid");
    let (mut tried, mut faulty) = (0, 0);
    for path in blueprints() {
        let text = std::fs::read_to_string(&path).expect("readable");
        let document: Value = serde_yaml::from_str(&text).expect("a blueprint is YAML");
        assert_eq!(compiled(&document), BTreeSet::new(), "{} is valid", path.display());
        for (what, mutant) in mutants(&document) {
            let (ours, theirs) = (compiled(&mutant), interpreted(&validator, &mutant));
            assert_eq!(ours, theirs, "{}: {what}", path.display());
            tried += 1;
            faulty += usize::from(!ours.is_empty());
        }
    }
    assert!(tried >= 2000 && faulty * 2 > tried, "{tried} documents, {faulty} of them faulty: that proves little");
}

/// The document with one value replaced, taken out, or given a neighbour, at every place in turn.
fn mutants(document: &Value) -> Vec<(String, Value)> {
    let replacements = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("A b\n"),
        json!("latest"),
        json!("${env.X}"),
        json!([]),
        json!([7]),
        json!({}),
        json!({ "a": "b" }),
    ];
    let mut pointers = Vec::new();
    collect(document, String::new(), &mut pointers);
    let mut mutants = Vec::new();
    for pointer in &pointers {
        for replacement in &replacements {
            let mut mutant = document.clone();
            *mutant.pointer_mut(pointer).expect("it is there") = replacement.clone();
            mutants.push((format!("{pointer} becomes {replacement}"), mutant));
        }
        let mut mutant = document.clone();
        if let Some(Value::Object(map)) = mutant.pointer_mut(pointer) {
            map.insert("unheard_of".to_owned(), json!(1));
            mutants.push((format!("{pointer} gets a key"), mutant));
        }
        if let Some((parent, key)) = pointer.rsplit_once('/') {
            let mut mutant = document.clone();
            match mutant.pointer_mut(parent) {
                Some(Value::Object(map)) => drop(map.shift_remove(&key.replace("~1", "/").replace("~0", "~"))),
                Some(Value::Array(list)) => drop(list.remove(key.parse().expect("an index"))),
                _ => {}
            }
            mutants.push((format!("{pointer} is gone"), mutant));
        }
    }
    mutants
}

fn collect(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                collect(below, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(at, below)| collect(below, format!("{pointer}/{at}"), found)),
        _ => {}
    }
    found.push(pointer);
}
