//! Environments and parameters: what is merged, what is replaced, what is refused, and where it is said.

mod support;

use std::path::Path;
use std::process::Output;

use pipegen::compile::{Compiled, Options, compile};
use pipegen::platform::{Platform, Text};
use pipegen::source::Source;
use serde_json::Value as Json;

const BASE: &str = r#"blueprint: v1
name: shop
parameters:
  tier: { default: silver, pattern: "^[a-z]+$" }
  count: { default: 3 }
  owner: { description: who answers for it }
services:
  db: { component: postgres, version: "17", databases: [orders, films], publish: 5432 }
  api:
    component: container
    image: "python:3.12-${env.FLAVOUR}"
    command: [serve, "${parameters.tier}"]
    environment: { TIER: "${parameters.tier}", COUNT: "${parameters.count}", KEEP: base }
    labels: { tier: "${parameters.tier}" }
    files: { /etc/api.json: { json: { count: "${parameters.count}", tier: "a-${parameters.tier}" } } }
    uses: [db/orders]
environments:
  production:
    services:
"#;

fn given(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The base, or its environment `production` with these lines below its `services:`.
fn with_overlay(overlay: &str, parameters: &[(&str, &str)]) -> (Source, Compiled) {
    let source = Source::new("shop.yml", format!("{BASE}{overlay}"));
    let compiled = compile(&source, &Options { environment: Some("production"), parameters: &given(parameters), ..Options::default() });
    (source, compiled)
}

/// Code, line and help of everything that is said.
fn said(source: &Source, compiled: &Compiled) -> Vec<(String, usize, String)> {
    let said = compiled.diagnostics.iter().map(|located| {
        let line = located.span.map_or(0, |span| source.position(span.start).line);
        (located.diagnostic.code.name.to_owned(), line, located.diagnostic.help.clone().unwrap_or_default())
    });
    said.collect()
}

fn platform(overlay: &str, parameters: &[(&str, &str)]) -> Platform {
    let (source, compiled) = with_overlay(overlay, parameters);
    let said = said(&source, &compiled);
    compiled.platform.unwrap_or_else(|| panic!("{said:?}"))
}

fn environment(platform: &Platform, name: &str) -> Option<String> {
    let api = workload(platform, "api").expect("the service is there");
    let text = api.environment.iter().find(|(known, _)| known == name).map(|(_, text)| text)?;
    text.as_literal().map(str::to_owned)
}

/// The one thing that is said of an overlay.
fn fault(overlay: &str) -> (String, usize, String) {
    let (source, compiled) = with_overlay(overlay, &[]);
    let said = said(&source, &compiled);
    assert_eq!(said.len(), 1, "{said:?}");
    said.into_iter().next().expect("one")
}

/// The line of the first line of an overlay.
fn first_line() -> usize {
    BASE.lines().count() + 1
}

fn workload<'a>(platform: &'a pipegen::platform::Platform, name: &str) -> Option<&'a pipegen::platform::Workload> {
    platform.workloads.iter().find(|workload| workload.name == name)
}

#[test]
fn maps_are_merged_by_key_and_a_list_is_replaced_whole() {
    let merged = platform("      api: { environment: { TIER: gold, NEW: more }, command: [run] }\n", &[]);
    assert_eq!(environment(&merged, "TIER").as_deref(), Some("gold"));
    assert_eq!(environment(&merged, "NEW").as_deref(), Some("more"));
    assert_eq!(environment(&merged, "KEEP").as_deref(), Some("base"));
    let command = workload(&merged, "api").expect("there").command.clone().expect("a command");
    assert_eq!(command.iter().map(|word| word.text().as_literal()).collect::<Vec<_>>(), [Some("run")]);
}

#[test]
fn a_map_replaces_a_list_and_a_list_replaces_a_map() {
    let map = platform("      api: { uses: { db/films: { as: FILMS } } }\n", &[]);
    assert_eq!(environment(&map, "FILMS_NAME").as_deref(), Some("films"));
    assert_eq!(environment(&map, "POSTGRES_DB"), None, "the list of the base is gone");
    let list = platform("      db: { databases: { orders: {}, films: {} } }\n      api: { uses: [db/films] }\n", &[]);
    assert_eq!(environment(&list, "POSTGRES_DB").as_deref(), Some("films"));
}

#[test]
fn a_fault_of_the_overlay_is_said_on_the_overlays_line() {
    let (code, line, help) = fault("      db:\n        publishh: 5433\n");
    assert_eq!((code.as_str(), line), ("unknown-key", first_line() + 1));
    assert!(help.starts_with("write `publish`"), "{help}");
    assert_eq!(fault("      api:\n        uses: [dbb/orders]\n"), ("unknown-name".to_owned(), first_line() + 1, "write `db`".to_owned()));
    assert_eq!(fault("      db:\n        publish: many\n").1, first_line() + 1);
}

#[test]
fn a_fault_of_the_overlay_is_none_of_the_base() {
    let source = Source::new("shop.yml", format!("{BASE}      db: {{ publishh: 5433 }}\n"));
    let compiled = compile(&source, &Options::default());
    assert_eq!(said(&source, &compiled), []);
}

#[test]
fn an_environment_cannot_change_what_a_service_is() {
    let (code, line, help) = fault("      db:\n        component: redis\n");
    assert_eq!((code.as_str(), line), ("component-changed", first_line() + 1));
    assert!(help.contains("remove: [db]"), "{help}");
    // Saying the same again changes nothing.
    platform("      db: { component: postgres }\n", &[]);
}

#[test]
fn an_environment_removes_and_adds_services() {
    let changed = platform("      api: { uses: [] }\n      cache: { component: redis }\n    remove: [db]\n", &[]);
    assert!(workload(&changed, "db").is_none() && workload(&changed, "db-init").is_none());
    assert!(workload(&changed, "cache").is_some());
}

#[test]
fn who_uses_a_removed_service_is_told_so() {
    let (code, line, _) = fault("      {}\n    remove: [db]\n");
    assert_eq!((code.as_str(), line), ("unknown-name", 16), "at the use");
}

#[test]
fn removing_what_is_not_there_names_the_near_service() {
    let (code, line, help) = fault("      {}\n    remove: [dbb]\n");
    assert_eq!((code.as_str(), line, help.as_str()), ("unknown-name", first_line() + 1, "write `db`"));
}

#[test]
fn values_on_the_command_line_have_types() {
    let set = platform("      {}\n", &[("tier", "gold"), ("count", "7")]);
    assert_eq!(environment(&set, "TIER").as_deref(), Some("gold"));
    assert_eq!(environment(&set, "COUNT").as_deref(), Some("7"));
    let file = &workload(&set, "api").expect("there").files[0].body;
    let shown = format!("{file:?}");
    assert!(shown.contains("Int(7)") && shown.contains("a-gold"), "{shown}");
}

#[test]
fn a_value_reaches_every_class_of_text() {
    let overlay = "      db: { publish: \"${parameters.count}\" }\n      api: { image: \"python:3.12-${parameters.tier}\", working_dir: \"/${parameters.tier}\" }\n";
    let set = platform(overlay, &[("tier", "gold")]);
    let api = workload(&set, "api").expect("there");
    assert_eq!(api.working_dir.as_deref(), Some("/gold"), "parametric");
    let db = workload(&set, "db").expect("there");
    assert_eq!(db.endpoints[0].published.as_ref().map(|published| published.port), Some(3), "a port");
    assert!(format!("{:?}", api.image).contains("python:3.12-gold"), "deployable");
    assert_eq!(environment(&set, "TIER").as_deref(), Some("gold"), "text");
    assert_eq!(api.labels[0].1.text(), &Text::literal("gold"));
}

#[test]
fn a_dollar_in_a_value_is_a_dollar() {
    for value in ["a$b", "${db.host}", "$$", "${env.HOME}", "$(id)"] {
        let overlay = "      api: { environment: { OWNER: \"<${parameters.owner}>\", ALONE: \"${parameters.owner}\" } }\n";
        let set = platform(overlay, &[("owner", value)]);
        assert_eq!(environment(&set, "OWNER"), Some(format!("<{value}>")));
        assert_eq!(environment(&set, "ALONE").as_deref(), Some(value));
    }
}

#[test]
fn a_parameter_in_a_literal_is_refused() {
    for (overlay, title) in [
        ("      db: { version: \"${parameters.tier}\" }\n", "write a quoted version"),
        ("      api: { ports: { http: 80 }, health: { http: /, retries: \"${parameters.count}\" } }\n", "write a whole number"),
        ("      api: { uses: [\"${parameters.tier}\"] }\n", "write a service"),
    ] {
        let (code, line, help) = fault(overlay);
        assert_eq!((code.as_str(), line), ("reference-not-allowed", first_line()), "{overlay}");
        assert!(help.starts_with(title), "{help}");
    }
}

#[test]
fn a_value_that_does_not_match_its_pattern_is_refused_without_being_shown() {
    let (source, compiled) = with_overlay("      {}\n", &[("tier", "GOLD-1234")]);
    let said = said(&source, &compiled);
    assert!(matches!(said.as_slice(), [(code, 4, _)] if code == "bad-value"), "{said:?}");
    assert!(!format!("{:?}", compiled.diagnostics).contains("1234"));
}

#[test]
fn a_value_has_the_type_of_the_default() {
    let (source, compiled) = with_overlay("      {}\n", &[("count", "many")]);
    assert_eq!(said(&source, &compiled), [("wrong-type".to_owned(), 5, "give one that is with `--set`".to_owned())]);
    let text = platform("      api: { files: { /etc/api.json: { json: { tier: \"${parameters.owner}\" } } } }\n", &[("owner", "true")]);
    assert!(format!("{:?}", workload(&text, "api").expect("there").files).contains("Bool(true)"));
}

#[test]
fn a_parameter_without_a_value_is_said_once_with_what_it_is_for() {
    let (source, compiled) = with_overlay("      api: { environment: { A: \"${parameters.owner}\", B: \"${parameters.owner}\" } }\n", &[]);
    let help = "give one with `--set owner=VALUE` (who answers for it), or write a `default`".to_owned();
    assert_eq!(said(&source, &compiled), [("missing-parameter".to_owned(), 6, help)]);
}

/// Runs the program in a folder that holds the blueprint.
fn run(folder: &Path, overlay: &str, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("shop.yml"), format!("{BASE}{overlay}")).expect("the blueprint is written");
    let mut command = support::command(Path::new(env!("CARGO_BIN_EXE_pipegen")));
    command.current_dir(folder).args(arguments).output().expect("pipegen runs")
}

#[test]
fn wrong_choices_are_faults_of_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, help) in [
        (["render", "shop.yml", "--env", "prodution"].as_slice(), "--env production"),
        (&["render", "shop.yml", "--set", "teir=gold"], "--set tier=VALUE"),
        (&["check", "shop.yml", "--set", "teir=gold"], "--set tier=VALUE"),
        (&["render", "shop.yml", "--set", "tier"], "--set NAME=VALUE"),
    ] {
        let output = run(folder.path(), "      {}\n", arguments);
        let shown = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        assert!(shown.contains(help), "{arguments:?}: {shown}");
        assert!(!shown.contains("gold"), "a value is never repeated: {shown}");
        assert!(!folder.path().join("generated").exists());
    }
}

#[test]
fn an_environment_has_a_folder_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [["render", "shop.yml"].as_slice(), &["render", "shop.yml", "--env", "production"]] {
        let output = run(folder.path(), "      db: { publish: 5433 }\n", arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let published = |name: &str| {
        let file = folder.path().join("generated").join(name).join("compose/docker-compose.yml");
        std::fs::read_to_string(file).expect("it was rendered").contains(":5433:")
    };
    assert_eq!((published("shop"), published("shop@production")), (false, true));
}

#[test]
fn check_looks_at_the_base_and_every_environment_and_says_the_same_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let overlay = "      api: { metrics: /metrics }\n  staging:\n    services:\n      api: { commnd: [a] }\n";
    let base = BASE.replace("    uses: [db/orders]", "    uses: [db/orders]\n    volumes: [{ path: missing, mount: /m }]");
    std::fs::write(folder.path().join("shop.yml"), format!("{base}{overlay}")).expect("written");
    let mut command = support::command(Path::new(env!("CARGO_BIN_EXE_pipegen")));
    let output = command.current_dir(folder.path()).args(["check", "--format", "json", "shop.yml"]).output().expect("pipegen runs");
    let lines: Vec<Json> = String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let codes: Vec<&str> = lines.iter().filter_map(|line| line["code"].as_str()).collect();
    assert_eq!(codes, ["host-path", "path-not-found", "not-rendered-yet", "unknown-key"], "{lines:#?}");
    assert_eq!(output.status.code(), Some(1));
}
