//! The directories and the registries agree. Where they do not, the failure says which line is missing.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pipegen::components::{COMPONENTS, Component};
use pipegen::diagnostic::CODES;
use pipegen::rules::RULES;
use pipegen::targets::TARGETS;

/// What every component's text has, in this order.
const HEADINGS: [&str; 3] = ["## What it makes", "## What others get", "## Example"];

/// The modules directly below a folder of `src/` whose text has `mark`.
fn modules(folder: &str, mark: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(support::repository().join("src").join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path()).filter(|path| !path.ends_with("mod.rs"));
    let file = |path: &Path| if path.is_dir() { path.join("mod.rs") } else { path.to_owned() };
    let marked = paths.filter(|path| fs::read_to_string(file(path)).is_ok_and(|text| text.contains(mark)));
    marked.map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned()).collect()
}

/// The lines that a registry lacks, as `line` writes them for a module, and what it has too much, twice or unsorted.
fn faults(registry: &str, registered: &[&str], modules: &BTreeSet<String>, line: fn(&str) -> String) -> Vec<String> {
    let names: Vec<String> = registered.iter().map(|name| name.replace('-', "_")).collect();
    let missing = modules.iter().filter(|module| !names.contains(module));
    let mut faults: Vec<String> = missing.map(|module| format!("add to {registry}:\n{}", line(module))).collect();
    let foreign = names.iter().filter(|name| !modules.contains(*name));
    faults.extend(foreign.map(|name| format!("{registry} has `{name}`, which no file of that name defines")));
    for pair in names.windows(2).filter(|pair| pair[0] >= pair[1]) {
        faults.push(format!("{registry}: `{}` must stand before `{}`", pair[1], pair[0]));
    }
    faults
}

fn names_of_components() -> Vec<&'static str> {
    COMPONENTS.iter().map(|component| component.name).collect()
}

#[test]
fn every_component_is_registered() {
    let line = |module: &str| format!("mod {module};\n    &{module}::COMPONENT,");
    let found = faults("src/components/mod.rs", &names_of_components(), &modules("components", "static COMPONENT: Component"), line);
    assert_eq!(found.join("\n"), "");
}

#[test]
fn every_target_is_registered() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let line = |module: &str| format!("pub mod {module};\n    &{module}::TARGET,");
    let found = faults("src/targets/mod.rs", &names, &modules("targets", "static TARGET: Target"), line);
    assert_eq!(found.join("\n"), "");
    assert_eq!(pipegen::blueprint::TARGETS, names, "what `overrides` may name is in src/blueprint/service.rs");
}

#[test]
fn every_rule_is_registered() {
    let names: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
    let line = |module: &str| format!("mod {module};\n    (\"{module}\", {module}::check),");
    let found = faults("src/rules/mod.rs", &names, &modules("rules", "fn check("), line);
    assert_eq!(found.join("\n"), "");
}

#[test]
fn every_code_is_reported_somewhere() {
    let sources = support::files_below(&support::repository().join("src"));
    let text: String = sources.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).map(|path| read(path)).collect();
    for code in CODES {
        let constant = code.name.replace('-', "_").to_uppercase();
        let reported = text.contains(&format!("code::{constant}")) || text.contains(&format!("&{constant}"));
        assert!(reported, "nothing reports `{}`: remove it from src/diagnostic/codes.rs, and its text", code.name);
    }
}

#[test]
fn every_template_is_rendered_somewhere() {
    let root = support::repository().join("templates");
    let templates = support::files_below(&root);
    let sources = support::files_below(&support::repository().join("src"));
    let text: String = sources.iter().chain(&templates).map(|path| read(path)).collect();
    for path in templates {
        let file = path.strip_prefix(&root).expect("it lies there").to_string_lossy().into_owned();
        let named = [format!("\"{file}\""), format!("templates/{file}\"")];
        assert!(named.iter().any(|name| text.contains(name)), "nothing renders templates/{file}: remove it");
    }
}

#[test]
fn every_component_says_what_it_is() {
    for component in COMPONENTS {
        let Component { name, summary, doc, .. } = component;
        assert!(!summary.is_empty() && !summary.ends_with('.'), "the summary of `{name}` is a phrase");
        let headings: Vec<&str> = doc.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, HEADINGS, "the headings of `{name}`");
        let sections: Vec<&str> = doc.split("\n## ").collect();
        assert!(sections.iter().all(|section| section.trim().lines().count() > 1), "an empty section in the text of `{name}`");
        assert!(doc.contains("```yaml\nblueprint: v1\n"), "the text of `{name}` has no whole blueprint");
        assert!(doc.contains(&format!("component: {name}")), "the example of `{name}` lacks it");
        let versions = component.series();
        let others = versions.get(1..).unwrap_or_default();
        let newest_first = others.windows(2).all(|pair| number(pair[0]) > number(pair[1]));
        assert!(
            newest_first && !others.contains(&versions.first().copied().unwrap_or_default()),
            "`{name}` lists its default version first, then the newest first, each once: {versions:?}"
        );
    }
}

/// `4.10` as `[4, 10]`.
fn number(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("`{version}` is not made of numbers"))).collect()
}

#[test]
fn every_target_says_what_it_is() {
    for target in TARGETS {
        assert!(!target.summary.is_empty() && !target.summary.ends_with('.'), "the summary of `{}` is a phrase", target.name);
        assert!(target.doc.trim().lines().count() > 2, "`{}` has no text", target.name);
    }
}

#[test]
fn the_texts_of_codes_name_components_that_exist() {
    // `unknown-component` shows one that does not.
    for code in CODES.iter().filter(|code| code.name != "unknown-component") {
        for rest in code.doc.split("component: ").skip(1) {
            let name = rest.split([',', ' ', '\n', '}']).next().expect("a first part");
            assert!(names_of_components().contains(&name), "the text of `{}` shows the component `{name}`", code.name);
        }
    }
}

#[test]
fn every_component_is_used_by_an_example() {
    let used: BTreeSet<String> = examples().iter().flat_map(|path| components_of(&read(path))).collect();
    for name in names_of_components() {
        assert!(used.contains(name), "no blueprint in blueprints/ or tests/blueprints/ has `component: {name}`: add it to one");
    }
}

fn examples() -> Vec<PathBuf> {
    let folders = ["blueprints", "tests/blueprints"].map(|folder| support::repository().join(folder));
    let files = folders.iter().flat_map(|folder| support::files_below(folder));
    files.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect()
}

fn components_of(blueprint: &str) -> Vec<String> {
    let document: serde_yaml::Value = serde_yaml::from_str(blueprint).expect("a blueprint is YAML");
    let services = document.get("services").and_then(|services| services.as_mapping()).into_iter().flatten();
    services.filter_map(|(_, service)| Some(service.get("component")?.as_str()?.to_owned())).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_missing_a_foreign_and_an_unsorted_entry_are_seen() {
    let modules = ["kafka", "object_store"].map(str::to_owned).into();
    let line = |module: &str| format!("mod {module};");
    assert_eq!(faults("r", &["kafka", "object-store"], &modules, line), [""; 0]);
    assert_eq!(faults("r", &["kafka"], &modules, line), ["add to r:\nmod object_store;"]);
    assert_eq!(faults("r", &["kafka", "mysql", "object-store"], &modules, line), ["r has `mysql`, which no file of that name defines"]);
    assert_eq!(faults("r", &["object-store", "kafka"], &modules, line), ["r: `kafka` must stand before `object_store`"]);
    assert_eq!(faults("r", &["kafka", "kafka", "object-store"], &modules, line).len(), 1);
}
