//! The rendered folders on the API server: their own scripts bring them there.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::kube_api::KubeApi;
use crate::support::manifests;
use crate::support::rendered::Rendered;
use crate::{faults_of_applying, references, subset};

/// A value for every variable, none of them kind to what carries it.
fn nasty(rendered: &Rendered) -> BTreeMap<String, String> {
    let value = |name: &str| {
        format!("{name} 'it''s' \"q\" $HOME ${{{name}}} $(id) `id` \\n \\ #1 %41 {{{{ D }}}} ü\nREDIS_PASSWORD_BASE64=\"eA==\"\n# end ")
    };
    // A part of the name of an image cannot hold just anything.
    let value = |name: &str| if name.starts_with("TAG") { "v1.0".to_owned() } else { value(name) };
    let given = rendered.variables().into_iter().filter(|name| !name.ends_with("_URI") && !name.ends_with("_JSON"));
    given.map(|name| (name.clone(), value(&name))).collect()
}

/// Runs `install.sh` to its end, with every profile.
fn install(api: &KubeApi, rendered: &Rendered) {
    let mut script = api.script(&rendered.folder.join("install.sh"));
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

/// Every object that was rendered, once, with what `install.sh` fills in: the hash, and values in the names of images.
fn written(rendered: &Rendered, values: &BTreeMap<String, String>) -> Vec<Value> {
    let env = rendered.read(".env");
    let hash = env.lines().rev().find_map(|line| line.strip_prefix("PIPEGEN_ENV_SHA256=")).expect("the last line").trim_matches('"');
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    for object in manifests::below(&rendered.folder) {
        objects.insert(manifests::id(&object), object);
    }
    for object in objects.values_mut() {
        if let Some(annotation) = object.pointer_mut("/spec/template/metadata/annotations/pipegen.io~1env") {
            *annotation = annotation.as_str().expect("text").replace("${PIPEGEN_ENV_SHA256}", hash).into();
        }
        for containers in ["/spec/template/spec/initContainers", "/spec/template/spec/containers"] {
            for container in object.pointer_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
                let image = container["image"].as_str().expect("text").to_owned();
                let fill = |image: String, (name, value): (&String, &String)| image.replace(&format!("${{{name}}}"), value);
                container["image"] = values.iter().fold(image, fill).into();
            }
        }
    }
    objects.into_values().collect()
}

/// A stream of YAML documents; a first line makes sure that it is not taken for JSON.
fn stream(objects: &[Value]) -> String {
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
    std::thread::scope(|scope| {
        for name in blueprints() {
            scope.spawn(move || is_installed(&name));
        }
    });
}

fn is_installed(name: &str) {
    let Some(api) = KubeApi::start() else {
        return;
    };
    let rendered = Rendered::to("kubernetes", name);
    let values = nasty(&rendered);
    let rendered = rendered.with_secrets(&values);

    install(&api, &rendered);
    let objects = written(&rendered, &values);
    let stored = api.stored(&stream(&objects)).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (object, stored) in objects.iter().zip(&stored) {
        assert_eq!(subset::lost(object, stored), [""; 0], "{name}: {}", manifests::id(object));
    }
    assert_eq!(references::dangling(&objects, &api.all("secrets,configmaps")), [""; 0], "{name}");
    assert_eq!(faults_of_applying(&api, &stream(&objects)), [""; 0], "{name}");
    values_are_exact(&api, &values);

    let everything = || (api.all("secrets,configmaps"), api.stored(&stream(&objects)));
    let before = everything();
    install(&api, &rendered);
    assert_eq!(before, everything(), "{name}: installing it again changed something");
}

/// Every key of every secret, and of what holds the deployer's values, holds its variable's value, or a form of it that reads as it; files hold it in their syntax.
fn values_are_exact(api: &KubeApi, values: &BTreeMap<String, String>) {
    let mut seen = BTreeSet::new();
    for object in api.all("secrets,configmaps") {
        let secret = object["kind"] == "Secret";
        for (key, data) in object["data"].as_object().into_iter().flatten() {
            let data = data.as_str().expect("text");
            let text = if secret { String::from_utf8(base64(data)).expect("UTF-8") } else { data.to_owned() };
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
            } else if secret {
                assert!(values.values().any(|value| text.contains(&Value::from(value.as_str()).to_string())), "{key}");
            }
        }
    }
    assert_eq!(seen, values.keys().cloned().collect(), "values that no object holds");
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
