//! The facts that Compose files state.

use std::sync::LazyLock;

use pipegen::fileset::FileSet;
use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::{Facts, slug};
use crate::support::rendered::strings;

static HOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-?][^}]*)?\}").expect("a pattern"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\d+)(h|m|s)").expect("a pattern"));

/// The facts of every `*docker-compose.yml`.
pub fn facts(files: &FileSet) -> Facts {
    let mut facts = Facts::new();
    for (_, file) in files.iter().filter(|(path, _)| path.as_str().ends_with("docker-compose.yml")) {
        let file: Value = serde_yaml::from_str(&file.text).expect("Compose files are YAML");
        for (name, service) in file["services"].as_object().into_iter().flatten() {
            let mut state = |about: &str, fact: String| drop(facts.insert(format!("{name}: {about}"), fact));
            runs(service, &mut state);
            environment(service, &mut state);
            storage(service, &mut state);
            configs(service, &file["configs"], files, &mut state);
            readiness(service, &mut state);
        }
    }
    facts
}

/// A text as the container sees it, with `‹NAME›` for a variable.
pub fn read(text: &str) -> String {
    let seen = HOLE.replace_all(text, |found: &Captures<'_>| found.get(1).map_or("$".to_owned(), |name| format!("‹{}›", name.as_str())));
    seen.into_owned()
}

fn words(list: &Value) -> String {
    Value::from(strings(list).into_iter().map(read).collect::<Vec<_>>()).to_string()
}

fn seconds(duration: &Value) -> String {
    let text = duration.as_str().expect("a duration");
    let unit = |unit: &str| match unit {
        "h" => 3600,
        "m" => 60,
        _ => 1,
    };
    let sum: u64 = DURATION.captures_iter(text).map(|part| part[1].parse::<u64>().expect("a number") * unit(&part[2])).sum();
    sum.to_string()
}

fn runs(service: &Value, state: &mut impl FnMut(&str, String)) {
    state("kind", if service["restart"] == "no" { "job" } else { "server" }.to_owned());
    state("image", read(service["image"].as_str().expect("an image")));
    state("replicas", service.pointer("/deploy/replicas").unwrap_or(&json!(1)).to_string());
    state("reaper", (service["init"] == true).to_string());
    for (key, about) in [("entrypoint", "entry point"), ("command", "command"), ("profiles", "profiles")] {
        if service[key].is_array() {
            state(about, words(&service[key]));
        }
    }
    for (pointer, about) in [("/user", "user"), ("/working_dir", "folder"), ("/deploy/resources/limits/cpus", "processors")] {
        service.pointer(pointer).into_iter().for_each(|value| state(about, read(value.as_str().expect("text"))));
    }
    if let Some(memory) = service.pointer("/deploy/resources/limits/memory") {
        state("memory", memory.as_str().expect("text").trim_end_matches('B').to_owned());
    }
    for port in strings(&service["ports"]) {
        let (host, port_inside) = port.rsplit_once(':').expect("a host port and a port");
        state(&format!("published {port_inside}"), host.to_owned());
    }
    for (key, text) in service["labels"].as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with("pipegen.")) {
        state(&format!("label {key}"), read(text.as_str().expect("text")));
    }
}

fn environment(service: &Value, state: &mut impl FnMut(&str, String)) {
    for (name, text) in service["environment"].as_object().into_iter().flatten() {
        state(&format!("variable {name}"), read(text.as_str().expect("text")));
    }
}

fn storage(service: &Value, state: &mut impl FnMut(&str, String)) {
    for mount in service["volumes"].as_array().into_iter().flatten() {
        let (source, target, read_only) = match mount.as_str() {
            Some(short) => {
                let parts: Vec<&str> = short.split(':').collect();
                (parts[0], parts[1], parts.get(2) == Some(&"ro"))
            }
            None => (mount["source"].as_str().expect("a path"), mount["target"].as_str().expect("a path"), mount["read_only"] == true),
        };
        state(&format!("storage {target}"), format!("{}{}", slug(source), if read_only { ", read only" } else { "" }));
    }
    for target in strings(&service["tmpfs"]) {
        state(&format!("storage {target}"), "scratch".to_owned());
    }
}

fn configs(service: &Value, configs: &Value, files: &FileSet, state: &mut impl FnMut(&str, String)) {
    for mount in service["configs"].as_array().into_iter().flatten() {
        let config = &configs[mount["source"].as_str().expect("a name")];
        let fact = match (config["content"].as_str(), config["file"].as_str()) {
            (Some(text), _) if read(text).contains('‹') => "filled in when it is deployed".to_owned(),
            (Some(text), _) => read(text),
            (None, path) => {
                let path = path.expect("a file").trim_start_matches("./");
                let ours = files.iter().find(|(known, _)| known.as_str() == path);
                ours.map_or("the user's".to_owned(), |(_, file)| file.text.clone())
            }
        };
        state(&format!("file {}", mount["target"].as_str().expect("a path")), fact);
    }
}

fn readiness(service: &Value, state: &mut impl FnMut(&str, String)) {
    for (provider, how) in service["depends_on"].as_object().into_iter().flatten() {
        match how["condition"].as_str() {
            Some("service_healthy") => state(&format!("waits for {provider}"), "ready".to_owned()),
            Some("service_completed_successfully") => state(&format!("waits for {provider}"), "done".to_owned()),
            _ => {}
        }
    }
    if let Some(grace) = service.get("stop_grace_period") {
        state("stops within", seconds(grace));
    }
    let Some(health) = service.get("healthcheck") else { return };
    let test = strings(&health["test"]);
    let argv: Vec<String> = match test.split_first() {
        Some((&"CMD-SHELL", line)) => ["sh", "-c"].iter().chain(line).map(|word| read(word)).collect(),
        Some((_, argv)) => argv.iter().map(|word| read(word)).collect(),
        None => Vec::new(),
    };
    state("health", Value::from(argv).to_string());
    state("health, period", seconds(&health["interval"]));
    state("health, timeout", seconds(&health["timeout"]));
    state("health, failures", health["retries"].to_string());
}
