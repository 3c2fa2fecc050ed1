//! The rendered folders on the API server: their own scripts bring them there.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::kube_api::KubeApi;
use crate::support::manifests;
use crate::support::rendered::Rendered;
use crate::{faults_of_applying, references, subset};

/// A value for every variable, none of them kind to what carries it.
pub fn nasty(rendered: &Rendered) -> BTreeMap<String, String> {
    let value = |name: &str| {
        format!("{name} 'it''s' \"q\" $HOME ${{{name}}} $(id) `id` \\n \\ #1 %41 {{{{ D }}}} ü\nREDIS_PASSWORD_BASE64=\"eA==\"\n# end ")
    };
    let given = rendered.variables().into_iter().filter(|name| !name.ends_with("_URI") && !name.ends_with("_JSON"));
    given.map(|name| (name.clone(), value(&name))).collect()
}

/// Runs `install.sh` to its end, with every profile; `tools` come before all others.
pub fn install(api: &KubeApi, rendered: &Rendered, tools: Option<&Path>) {
    let mut script = api.script_with(&rendered.folder.join("install.sh"), tools);
    for profile in std::fs::read_dir(rendered.folder.join("profiles")).into_iter().flatten() {
        script.arg("--profile").arg(profile.expect("it can be read").file_name());
    }
    let mut running = script.args(["--timeout", "60"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the script runs");
    while running.try_wait().expect("it can be asked").is_none() {
        api.pretend_ready();
        std::thread::sleep(Duration::from_millis(200));
    }
    let output = running.wait_with_output().expect("it has ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Everything is ready."));
}

/// Every object that was rendered, once, with the hash that `install.sh` fills in.
fn written(rendered: &Rendered) -> Vec<Value> {
    let env = rendered.read(".env");
    let hash = env.lines().rev().find_map(|line| line.strip_prefix("PIPEGEN_ENV_SHA256=")).expect("the last line").trim_matches('"');
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    for object in manifests::below(&rendered.folder) {
        objects.insert(manifests::id(&object), filled(object, hash));
    }
    objects.into_values().collect()
}

fn filled(mut object: Value, hash: &str) -> Value {
    if let Some(annotation) = object.pointer_mut("/spec/template/metadata/annotations/pipegen.io~1env") {
        *annotation = annotation.as_str().expect("text").replace("${PIPEGEN_ENV_SHA256}", hash).into();
    }
    object
}

/// A stream of YAML documents; a first line makes sure that it is not taken for JSON.
pub fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// Every example that is rendered, and a blueprint that goes to the limits of the language.
fn blueprints() -> Vec<String> {
    let name = |folder: &std::path::PathBuf| {
        folder.parent().and_then(|folder| folder.file_name()).expect("a folder").to_string_lossy().into_owned()
    };
    let examples = manifests::golden(&["kubernetes"]);
    examples.iter().map(|folder| format!("blueprints/{}.yml", name(folder))).chain(["tests/kube_api/limits.yml".to_owned()]).collect()
}

#[test]
fn every_example_is_installed_kept_and_not_changed_the_second_time() {
    for name in blueprints() {
        let Some(api) = KubeApi::start() else {
            return;
        };
        let rendered = Rendered::to("kubernetes", &name);
        let values = nasty(&rendered);
        let rendered = rendered.with_secrets(&values);

        install(&api, &rendered, None);
        let objects = written(&rendered);
        let stored = api.stored(&stream(&objects)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (object, stored) in objects.iter().zip(&stored) {
            assert_eq!(subset::lost(object, stored), [""; 0], "{name}: {}", manifests::id(object));
        }
        assert_eq!(references::dangling(&objects, &api.all("secrets,configmaps")), [""; 0], "{name}");
        assert_eq!(faults_of_applying(&api, &stream(&objects)), [""; 0], "{name}");
        secrets_are_exact(&api, &values);
        let everything = || (api.all("secrets,configmaps"), api.stored(&stream(&objects)));
        let before = everything();
        install(&api, &rendered, None);
        assert_eq!(before, everything(), "{name}: installing it again changed something");
    }
}

/// Every key of every secret holds its variable's value, or a form of it that reads as it; files hold it in their syntax.
fn secrets_are_exact(api: &KubeApi, values: &BTreeMap<String, String>) {
    let mut seen = std::collections::BTreeSet::new();
    for secret in api.all("secrets") {
        for (key, data) in secret["data"].as_object().into_iter().flatten() {
            let text = String::from_utf8(base64(data.as_str().expect("text"))).expect("UTF-8");
            let form = |end: &str| key.strip_suffix(end).and_then(|name| values.get(name));
            if let Some(value) = values.get(key) {
                assert_eq!(&text, value, "{key}");
                seen.insert(key.clone());
            } else if let Some(value) = form("_URI") {
                assert_eq!(&percent_decoded(&text), value, "{key}");
            } else if let Some(value) = form("_JSON") {
                assert_eq!(&serde_json::from_str::<String>(&text).expect("JSON"), value, "{key}");
            } else if key.ends_with(".json") {
                assert!(holds_a_value(&serde_json::from_str(&text).expect("JSON"), values), "{key}");
            } else {
                assert!(values.values().any(|value| text.contains(&Value::from(value.as_str()).to_string())), "{key}");
            }
        }
    }
    assert_eq!(seen, values.keys().cloned().collect(), "secrets that no object holds");
}

fn holds_a_value(json: &Value, values: &BTreeMap<String, String>) -> bool {
    match json {
        Value::Object(map) => map.values().any(|json| holds_a_value(json, values)),
        Value::Array(list) => list.iter().any(|json| holds_a_value(json, values)),
        Value::String(text) => values.values().any(|value| value == text),
        _ => false,
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|one| *one == c);
    let bits = text.bytes().filter_map(digit).flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1));
    bits.collect::<Vec<_>>()
        .chunks_exact(8)
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::try_from(*bit).expect("a bit")))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().expect("two digits")).to_digit(16).expect("a digit");
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).expect("a byte") } else { byte });
    }
    String::from_utf8(bytes).expect("UTF-8")
}
