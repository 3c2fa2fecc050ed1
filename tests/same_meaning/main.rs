//! The same blueprint, rendered to Compose and to Kubernetes, means the same. Both outputs are read back, and each becomes
//! plain facts: an address is the name of its workload, a host path or claim the name of its volume, a secret and a value
//! of the deployer the name of its variable. Then the facts have to be equal.

#[path = "../support/mod.rs"]
mod support;

mod compose;
mod kubernetes;

use std::collections::BTreeMap;

use pipegen::compile::{Options, compile};
use pipegen::fileset::FileSet;
use pipegen::formats::Layout;
use pipegen::source::Source;
use pipegen::targets::TARGETS;

/// `workload: what it is about`, and what holds.
pub type Facts = BTreeMap<String, String>;

/// What a target makes of a blueprint that lies beside its artifacts.
fn files(text: &str, target: &str) -> FileSet {
    let compiled = compile(&Source::new("blueprint.yml", text), &Options::default());
    let platform = compiled.platform.unwrap_or_else(|| panic!("the blueprint has faults:\n{text}"));
    let target = TARGETS.iter().find(|candidate| candidate.name == target).expect("the target is registered");
    let layout = Layout { blueprint: "blueprint.yml".to_owned(), base: ".".to_owned(), parameters: Vec::new() };
    let rendered = target.render(&platform, &layout).unwrap_or_else(|error| panic!("{error}"));
    let errors: Vec<_> = rendered.diagnostics.iter().filter(|one| one.code.severity == pipegen::diagnostic::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    rendered.files
}

/// A name as any cluster takes it: volumes may have `_`, paths anything.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Where the Compose files of one blueprint and the manifests of another differ.
fn differences(compose: &str, kubernetes: &str) -> Vec<String> {
    let (compose, kubernetes) = (compose::facts(&files(compose, "compose")), kubernetes::facts(&files(kubernetes, "kubernetes")));
    let said = compose.iter().filter(|(key, value)| kubernetes.get(*key) != Some(value));
    let said = said.map(|(key, value)| format!("{key}: Compose {value:?}, Kubernetes {:?}", kubernetes.get(key)));
    // Where Compose leaves the user to the image, Kubernetes has to say it.
    let added = kubernetes.iter().filter(|(key, _)| !compose.contains_key(*key) && !key.ends_with(": user"));
    said.chain(added.map(|(key, value)| format!("{key}: Compose nothing, Kubernetes {value:?}"))).collect()
}

#[test]
fn every_example_means_the_same() {
    for name in ["blueprints/capstone.yml", "blueprints/networking.yml", "tests/blueprints/shop.yml"] {
        let text = std::fs::read_to_string(support::repository().join(name)).expect("the blueprint is there");
        let faults = differences(&text, &text);
        assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
    }
}

#[test]
fn texts_that_mean_something_to_a_target_mean_the_same() {
    let texts = r#"{ A: "$(A)$${B}$$$${C}{{ D }}%(e)s'\"\n", B: "$", C: "5$ ", D: "$$(X)$(A)", E: "${credentials.c.password}$(A)${credentials.c.password}$" }"#;
    let service = |name: &str, rest: &str| format!("  {name}: {{ component: container, image: \"web:1\", environment: {texts}{rest} }}\n");
    let command = r#", command: [echo, "$(A)", "$$(A)", "$", "'\"\n"]"#;
    let health = r#", health: { command: [test, "$(A)$", "$$HOME"] }"#;
    let services = service("a", "") + &service("b", command) + &service("c", health);
    let text = format!("blueprint: v1\nname: shop\ncredentials: {{ c: {{ username: x }} }}\nservices:\n{services}");
    assert_eq!(differences(&text, &text), [""; 0]);
}

#[test]
fn each_difference_is_seen() {
    let text = std::fs::read_to_string(support::repository().join("tests/blueprints/shop.yml")).expect("the blueprint is there");
    for (from, to, about) in [
        ("image: python:3.12-slim", "image: python:3.13-slim", "probe: image"),
        ("user: \"1000:1000\"", "user: \"1001:1000\"", "backend: user"),
        ("working_dir: /srv", "working_dir: /src", "backend: folder"),
        ("[python, -m, backend,", "[python, -m, front,", "backend: command"),
        ("[/usr/bin/env]", "[/bin/env]", "backend: entry point"),
        ("admin: { port: 9100 }", "admin: { port: 9101 }", "backend: published 9100"),
        ("with: python, interval: 5s", "with: python, interval: 6s", "backend: health, period"),
        ("http: /health", "http: /live", "backend: health"),
        ("memory: 512Mi", "memory: 511Mi", "backend: memory"),
        ("profiles: [selling]", "profiles: [buying]", "backend: profiles"),
        ("mount: /uploads, read_only: true", "mount: /uploads", "backend: storage /uploads"),
        ("{ path: shop/backend, mount", "{ path: shop/backed, mount", "backend: storage /code"),
        ("OWNER: \"${credentials.orders_owner.username}\"", "OWNER: me", "backend: variable OWNER"),
        ("SECRET: \"${credentials.orders_owner.password}\"", "SECRET: \"${credentials.manager.password}\"", "backend: variable SECRET"),
        ("season: \"${parameters.season}\" } }", "season: none } }", "backend: file /etc/backend.properties"),
        ("labels: { \"shop.season\": \"${parameters.season}\" }", "labels: { shop.season: none }", "backend: label shop.season"),
        ("once: true\n", "\n", "import: kind"),
        ("uses: { events: { ready: started } }", "uses: [events]", "browser: waits for events-1, browser: waits for events-topics"),
    ] {
        assert!(text.contains(from), "nothing to change: {from}");
        let faults = differences(&text, &text.replacen(from, to, 1));
        let seen: Vec<&str> = faults.iter().filter_map(|fault| fault.split(": Compose").next()).collect();
        assert_eq!(seen.join(", "), about, "{faults:?}");
    }
}
