//! Tables of keys, read from the JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::code;
use crate::schema::schema;
use crate::yaml::{self, Doc};

type Keys = Map<String, Value>;

/// A Markdown table.
pub(super) fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    let mut text = line(&header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    text.push_str(&format!("|{}\n", "---|".repeat(header.len())));
    text.extend(rows.map(|row| line(&row)));
    text
}

/// The keys at the top of a blueprint, or everything below one of them.
pub(super) fn of_blueprint(key: Option<&str>) -> Option<String> {
    let schema = schema();
    let reader = Reader { definitions: schema.get("definitions")?.as_object()? };
    let mut rows = Rows::default();
    match key {
        None => reader.list(schema.as_object()?, "", &mut rows, false),
        Some("services") => {
            // What the definition itself says (`component`), and the keys that all its branches share.
            let mut service = reader.definitions.get("Service")?.as_object()?.clone();
            let properties = service.get_mut("properties")?.as_object_mut()?;
            let services = reader.services();
            for (key, schema) in services.first()?.iter().filter(|(key, _)| services.iter().all(|keys| keys.contains_key(*key))) {
                properties.entry(key).or_insert_with(|| schema.clone());
            }
            reader.list(&service, "", &mut rows, true);
        }
        Some(key) => {
            let property = reader.resolve(schema.get("properties")?.get(key)?);
            reader.below(property, "", &mut rows);
        }
    }
    Some(rows.table())
}

/// The keys that one component has beside the common ones; empty if there are none.
pub(super) fn of_component(name: &str) -> String {
    let schema = schema();
    let Some(definitions) = schema.get("definitions").and_then(Value::as_object) else { return String::new() };
    let reader = Reader { definitions };
    let services = reader.services();
    let common = |key: &str| services.iter().all(|keys| keys.contains_key(key));
    let Some(mut branch) = reader.branch(name).cloned() else { return String::new() };
    if let Some(keys) = branch.get_mut("properties").and_then(Value::as_object_mut) {
        keys.retain(|key, _| !common(key));
    }
    let mut rows = Rows::default();
    reader.list(&branch, "", &mut rows, true);
    if rows.rows.is_empty() { String::new() } else { rows.table() }
}

/// The kinds of values that have a name of their own.
pub(super) fn values() -> String {
    let schema = schema();
    let definitions = schema.get("definitions").and_then(Value::as_object).cloned().unwrap_or_default();
    let rows = definitions.iter().filter(|(_, definition)| is_value(definition)).map(|(name, definition)| {
        let examples = definition.get("examples").and_then(Value::as_array).into_iter().flatten();
        vec![code(name), text(definition, "title"), examples.map(|example| code(&as_written(example))).collect::<Vec<_>>().join(", ")]
    });
    table(&["kind", "what it is", "examples"], rows)
}

/// A scalar with a form of its own, which tables call by its name.
fn is_value(definition: &Value) -> bool {
    definition.get("title").is_some() && ["enum", "properties", "additionalProperties"].iter().all(|key| definition.get(key).is_none())
}

#[derive(Default)]
struct Rows {
    rows: Vec<Vec<String>>,
    /// Where a definition was listed first: a second time it is only referred to.
    listed: BTreeMap<String, String>,
}

impl Rows {
    fn table(self) -> String {
        table(&["key", "value", "default", "meaning"], self.rows.into_iter())
    }
}

struct Reader<'a> {
    definitions: &'a Keys,
}

impl<'a> Reader<'a> {
    /// The keys of the services of every component that runs.
    fn services(&self) -> Vec<Keys> {
        crate::components::COMPONENTS
            .iter()
            .filter(|component| component.runs)
            .filter_map(|component| self.branch(component.name)?.get("properties")?.as_object().cloned())
            .collect()
    }

    fn branch(&self, component: &str) -> Option<&'a Keys> {
        let branches = self.definitions.get("Service")?.get("allOf")?.as_array()?;
        let branch = branches.iter().find(|branch| branch.pointer("/if/properties/component/const") == Some(&component.into()))?;
        branch.get("then")?.as_object()
    }

    /// Lists the keys of a map, and with `deep` the keys below them.
    fn list(&self, map: &Keys, prefix: &str, rows: &mut Rows, deep: bool) {
        let required = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for (key, schema) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{prefix}{key}");
            let default = match schema.get("default") {
                _ if required.contains(&key.as_str().into()) => "required".to_owned(),
                Some(default) => code(&plain(default)),
                None => String::new(),
            };
            let row = rows.rows.len();
            rows.rows.push(vec![code(&path), self.kind(schema), default, text(schema, "description")]);
            let first = if deep { self.deeper(schema, &path, rows) } else { None };
            if let Some(first) = first {
                rows.rows[row][3].push_str(&format!(" As `{first}`."));
            }
        }
    }

    /// Lists what is below a key; where it was listed already, returns where.
    fn deeper(&self, schema: &Value, path: &str, rows: &mut Rows) -> Option<String> {
        if let Some(name) = name(schema) {
            if let Some(first) = rows.listed.get(name) {
                return Some(first.clone());
            }
            if !is_value(self.resolve(schema)) && self.resolve(schema).get("properties").is_some() {
                rows.listed.insert(name.to_owned(), path.to_owned());
            }
        }
        self.below(self.resolve(schema), path, rows);
        None
    }

    fn below(&self, schema: &Value, path: &str, rows: &mut Rows) {
        let prefix = |step: &str| if path.is_empty() { String::new() } else { format!("{path}{step}.") };
        let inner = |key: &str| schema.get(key).filter(|inner| inner.is_object()).map(|inner| self.resolve(inner));
        if let Some(map) = schema.as_object().filter(|map| map.contains_key("properties")) {
            self.list(map, &prefix(""), rows, true);
        }
        for (inner, step) in [(inner("additionalProperties"), ".*"), (inner("items"), "[]")] {
            if let Some(map) = inner.and_then(Value::as_object) {
                self.list(map, &prefix(step), rows, true);
            }
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        name(schema).and_then(|name| self.definitions.get(name)).unwrap_or(schema)
    }

    /// What a value looks like, in words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(constant) = schema.get("const") {
            return code(&plain(constant));
        }
        let definition = name(schema).and_then(|name| Some((name, self.definitions.get(name)?)));
        if let Some((name, _)) = definition.filter(|(_, definition)| is_value(definition)) {
            return code(name);
        }
        let schema = definition.map_or(schema, |(_, definition)| definition);
        if let Some(Value::Array(values)) = schema.get("enum") {
            return alternatives(values.iter().map(|value| code(&plain(value))).collect());
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(only)) => vec![only],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return "anything".to_owned(),
        };
        // A number may also be written as `${parameters.x}`, which goes without saying.
        let number = types.contains(&"integer");
        alternatives(types.iter().filter(|kind| !(number && **kind == "string")).map(|kind| self.word(kind, schema)).collect())
    }

    fn word(&self, kind: &str, schema: &Value) -> String {
        let of = |key: &str| schema.get(key).filter(|inner| inner.is_object()).map(|inner| self.kind(inner));
        match kind {
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => of("items").map_or_else(|| "list".to_owned(), |item| format!("list of {item}")),
            _ => match (of("propertyNames"), of("additionalProperties")) {
                (Some(key), Some(value)) => format!("map of {key} to {value}"),
                (Some(key), None) => format!("map of {key} to anything"),
                _ => "map".to_owned(),
            },
        }
    }
}

/// The definition that a schema refers to: beside other keywords a required key has its reference in `allOf`.
fn name(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"))?;
    reference.as_str()?.rsplit('/').next()
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as a blueprint has it: text in quotes where YAML would take it for something else.
fn as_written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| yaml::write("", &Doc::from(text)).trim_end().to_owned())
}

fn alternatives(mut words: Vec<String>) -> String {
    let Some(last) = words.pop() else { return String::new() };
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}
