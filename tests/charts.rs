//! `schema/charts/*.tsv` against the chart that it was read from: every path that the chart's values can have *and that a
//! template reads*, its types, and whether it passes through `tpl`, which evaluates it as a template.
//!
//! And which options of Airflow are no longer read, as Airflow itself says.
//!
//! The chart itself is no part of the repository: `PIPEGEN_AIRFLOW_CHART` names its folder, and without it the check is
//! skipped. `PIPEGEN_WRITE_CHARTS=1` writes the table, for a new version
//! of the chart.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

const HEADER: &str = "path\ttype\ttpl";

#[test]
fn the_table_says_what_the_chart_reads() {
    let Some(chart) = support::airflow_chart() else { return };
    compare("schema/charts/airflow-1.18.0.tsv", &table(&chart));
}

fn compare(path: &str, now: &str) {
    let file = support::repository().join(path);
    if std::env::var_os("PIPEGEN_WRITE_CHARTS").is_some() {
        fs::write(&file, now).expect("the table can be written");
    }
    let committed = fs::read_to_string(&file).expect("the table");
    assert!(committed == now, "{path} is stale: PIPEGEN_WRITE_CHARTS=1 cargo test --test charts");
}

/// What `airflow config lint` says of options that are no longer read, as paths of the chart's values.
const GONE: &str = r#"
from airflow.cli.commands.config_command import CONFIGS_CHANGES as changes

gone = {}
for change in changes:
    # The others are gone only with a certain value, or have another default.
    if change.was_removed and not change.remove_if_equals:
        now = change.renamed_to
        gone[f"config.{change.config.section}.{change.config.option}"] = f"config.{now.section}.{now.option}" if now else ""
# The lint does not know it: the section is no longer mapped (`deprecated_sections` is empty since Airflow 3.0), and the
# provider reads `[kubernetes_executor]` alone.
gone["config.kubernetes.*"] = "config.kubernetes_executor.*"
print("path\tnow")
for path, now in sorted(gone.items()):
    print(f"{path}\t{now}")
"#;

#[test]
fn what_is_gone_is_what_airflow_says() {
    let Some(python) = support::tool("airflow-python") else { return };
    let home = tempfile::tempdir().expect("a folder");
    let said = support::run(support::command(&python).env("AIRFLOW_HOME", home.path()).args(["-W", "ignore", "-c", GONE]));
    compare("schema/charts/airflow-1.18.0-gone.tsv", &said.expect("Airflow can be imported"));
}

fn table(chart: &Path) -> String {
    let schema = fs::read_to_string(chart.join("values.schema.json")).expect("the chart's schema");
    let templates = Templates::of(chart);
    let mut rows = BTreeMap::new();
    Schema(serde_json::from_str(&schema).expect("JSON")).rows(&mut rows);
    // The schema leaves its root and some objects open, and templates read there what it does not name.
    for path in &templates.read {
        if !rows.keys().any(|known| starts_with(known, path) || starts_with(path, fixed(known)) && known != fixed(known)) {
            rows.insert(path.clone(), "any".to_owned());
        }
    }
    let evaluated = |path: &str| templates.evaluated.iter().any(|above| starts_with(path, above));
    let rows = rows.iter().filter(|(path, _)| templates.reads(path));
    let lines = rows.map(|(path, types)| format!("{path}\t{types}\t{}\n", if evaluated(path) { "tpl" } else { "" }));
    format!("{HEADER}\n{}", lines.collect::<String>())
}

/// Whether a path is another one or below it.
fn starts_with(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The path up to the first list or map whose keys are free.
fn fixed(path: &str) -> &str {
    path.split(['*', '[']).next().expect("a first part").trim_end_matches('.')
}

/// The chart's `values.schema.json`.
struct Schema(Value);

impl Schema {
    /// One row for each leaf: a scalar, an open object, or an object of Kubernetes by the name of its type.
    fn rows(&self, rows: &mut BTreeMap<String, String>) {
        self.walk(&self.0, "", rows);
    }

    fn walk(&self, node: &Value, path: &str, rows: &mut BTreeMap<String, String>) {
        if let Some(reference) = node["$ref"].as_str() {
            let name = reference.rsplit('/').next().expect("a name");
            if let Some((_, kubernetes)) = name.rsplit_once("api.") {
                rows.insert(path.to_owned(), kubernetes.to_owned());
                return;
            }
            return self.walk(&self.0["definitions"][name], path, rows);
        }
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let before = rows.len();
        for (key, child) in node["properties"].as_object().into_iter().flatten() {
            self.walk(child, &below(key), rows);
        }
        if node["additionalProperties"].is_object() {
            self.walk(&node["additionalProperties"], &below("*"), rows);
        }
        if node["items"].is_object() {
            self.walk(&node["items"], &format!("{path}[]"), rows);
        }
        if rows.len() == before {
            rows.insert(path.to_owned(), types(node));
        }
    }
}

/// `string|null`, in the order of the schema; `any` where it says nothing.
fn types(node: &Value) -> String {
    let listed = |value: &Value| match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let alternatives = ["anyOf", "oneOf"].into_iter().filter_map(|key| node[key].as_array()).flatten();
    let all: Vec<String> = listed(&node["type"]).into_iter().chain(alternatives.flat_map(|one| listed(&one["type"]))).collect();
    let unique: BTreeSet<&String> = all.iter().collect();
    let ordered: Vec<&str> = all.iter().filter(|one| unique.contains(one)).map(String::as_str).collect();
    if ordered.is_empty() { "any".to_owned() } else { ordered.join("|") }
}

/// What the chart's templates do with the values.
struct Templates {
    /// The paths that they name.
    read: BTreeSet<String>,
    /// What helpers read of an object that they are given: `securityContexts.pod`.
    read_below: BTreeSet<String>,
    /// The paths that go through `tpl`.
    evaluated: BTreeSet<String>,
}

impl Templates {
    fn of(chart: &Path) -> Self {
        let mut all = Self { read: BTreeSet::new(), read_below: BTreeSet::new(), evaluated: BTreeSet::new() };
        let comments = pattern(r"(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}");
        let read = pattern(r"\.Values\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)");
        let helper = pattern(r"(?:[\s(]|(\$sa))\.([a-z]\w*(?:\.[a-z]\w*)*)");
        for file in ["templates", "files"].into_iter().flat_map(|folder| support::files_below(&chart.join(folder))) {
            let text = comments.replace_all(&fs::read_to_string(&file).expect("a template"), "").into_owned();
            all.read.extend(read.captures_iter(&text).map(|found| found[1].to_owned()));
            if file.ends_with("_helpers.yaml") {
                all.read_below.extend(helper.captures_iter(&text).map(|found| match found.get(1) {
                    // `$sa` is the `serviceAccount` of whatever the helper is called for.
                    Some(_) => format!("serviceAccount.{}", &found[2]),
                    None => found[2].to_owned(),
                }));
            }
            all.evaluated.extend(evaluated(&file, &text));
        }
        all
    }

    /// Whether a template reads a path: itself, something below it, or all of what is above it.
    fn reads(&self, path: &str) -> bool {
        let fixed = fixed(path);
        self.read.iter().any(|read| starts_with(read, fixed) || starts_with(fixed, read) && self.is_read_by(fixed, read))
    }

    /// A template that names an object as a whole prints it, or hands it to a helper that reads certain keys of it.
    fn is_read_by(&self, path: &str, read: &str) -> bool {
        let below = path[read.len()..].trim_start_matches('.');
        let handed_over = self.read.iter().any(|other| other != read && starts_with(other, read));
        !handed_over || self.read_below.iter().any(|key| starts_with(below, key) || starts_with(key, below))
    }
}

/// The paths whose values a template evaluates. Panics where it cannot say which: a new version of the chart may have found
/// a new way.
fn evaluated(file: &Path, text: &str) -> Vec<String> {
    let call = pattern(r"[\s(]tpl (\([^()]*\)|[^\s()]+)");
    let named = pattern(r"\.Values\.([\w.]+)");
    let mut found = Vec::new();
    for captures in call.captures_iter(text) {
        let argument = &captures[1];
        if argument.contains(".Files.") {
            continue;
        }
        let direct: Vec<String> = named.captures_iter(argument).map(|found| found[1].to_owned()).collect();
        let before = &text[..captures.get(0).expect("the match itself").start()];
        let paths = if direct.is_empty() { behind(argument, before) } else { direct };
        assert!(!paths.is_empty(), "{}: what does `tpl {argument}` evaluate?", file.display());
        found.extend(paths);
    }
    found
}

/// The values behind a variable or the dot.
fn behind(argument: &str, before: &str) -> Vec<String> {
    let variable = argument.split(['(', ' ', ')']).find(|word| word.starts_with('$')).map(regex::escape);
    let either = |before: &str, text: &str| {
        let found = pattern(text).captures_iter(before).last();
        found.map(|found| found.iter().skip(1).flatten().map(|path| path.as_str().to_owned()).collect::<Vec<_>>())
    };
    if let Some(variable) = &variable {
        let assigned = either(before, &format!(r"{variable} := (?:or )?\.Values\.([\w.]+)(?: \.Values\.([\w.]+))?"));
        let hosts = || either(before, r"range \.Values\.([\w.]+) \| default \(list \.Values\.([\w.]+)\)");
        if let Some(paths) = assigned.or_else(|| if variable.ends_with("hostname") { hosts() } else { None }) {
            return paths;
        }
    }
    // The dot is what the nearest block is about, which may be a variable in turn: `with $content.data`.
    let around = pattern(r"(?:with|range|deepCopy)\s(?:[^}\n]*?\.Values\.([\w.]+)|(\$\w+)[^,\w])");
    let nearest = around.captures_iter(before).last();
    match nearest.as_ref().map(|found| (found.get(1), found.get(2))) {
        Some((Some(path), _)) => vec![path.as_str().to_owned()],
        Some((None, Some(variable))) => {
            let bound = format!(r"range [^}}\n]*{}\b[^}}\n]*\.Values\.([\w.]+)", regex::escape(variable.as_str()));
            either(before, &bound).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}
