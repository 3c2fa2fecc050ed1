//! The rendered folders on the API server: their own scripts bring them there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::kube_api::KubeApi;
use crate::support::manifests::{self, Role};
use crate::support::program;
use crate::support::rendered::Rendered;
use crate::{definitions, faults_of_applying, references, subset};

/// A value for every variable, none of them kind to what carries it; but a part of the name of an image cannot hold
/// just anything.
pub fn nasty(rendered: &Rendered) -> BTreeMap<String, String> {
    let install = rendered.read("install.sh");
    let of_images = install.lines().find_map(|line| line.strip_prefix("image_settings=")).unwrap_or_default().trim_matches('\'');
    let value = |name: &str| match of_images.split(' ').any(|of_image| of_image == name) {
        true => format!("{}.v1", name.to_lowercase()),
        false => {
            format!("{name} 'it''s' \"q\" $HOME ${{{name}}} $(id) `id` \\n \\ #1 %41 {{{{ D }}}} ü\nREDIS_PASSWORD_BASE64=\"eA==\"\n# end ")
        }
    };
    let given = rendered.variables().into_iter().filter(|name| !name.ends_with("_URI") && !name.ends_with("_JSON"));
    given.map(|name| (name.clone(), value(&name))).collect()
}

/// A folder with a `helm` that does as if every release were ready, and with programs that do as if they made a cluster:
/// the charts themselves are no part of this, and the cluster is there. Of what a chart makes, only that is there for which
/// `install.sh` waits by itself.
fn without_charts(rendered: &Rendered) -> PathBuf {
    let folder = rendered.home.path().join("programs");
    std::fs::create_dir_all(&folder).expect("the folder is writable");
    for name in ["helm", "kind", "docker"] {
        program::write(&folder.join(name), "#!/bin/sh\n");
    }
    let install = rendered.read("install.sh");
    let (_, after) = install.split_once("\n./releases.sh ").unwrap_or_default();
    let waits = after.lines().filter_map(|line| line.strip_prefix("ready ")).map(|line| line.split(' ').collect::<Vec<_>>());
    for words in waits.filter(|words| words[1] == "scaledobjects.keda.sh") {
        let (namespace, name) = (words[0], words[2]);
        std::fs::write(folder.join("asked.yaml"), scaled_object(namespace, name)).expect("the folder is writable");
        // Operators are installed without values.
        let script = "#!/bin/sh\ncase \"$*\" in 'upgrade '*' --values '*) kubectl apply --filename \"${0%/*}/asked.yaml\" ;; esac\n";
        program::write(&folder.join("helm"), script);
    }
    folder
}

fn scaled_object(namespace: &str, name: &str) -> String {
    let metadata = format!("{{ namespace: {namespace}, name: {name} }}");
    let spec = format!("{{ scaleTargetRef: {{ name: {name} }}, triggers: [{{ type: postgresql, metadata: {{}} }}] }}");
    format!("{{ apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {metadata}, spec: {spec} }}\n")
}

/// Runs `install.sh` to its end, with every profile; `programs` come before all others.
pub fn install(api: &KubeApi, rendered: &Rendered, programs: &Path) {
    let mut script = api.script(&rendered.folder.join("install.sh"), programs);
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
        let pods = if object["kind"] == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
        if let Some(annotation) = object.pointer_mut(&format!("{pods}/metadata/annotations/pipegen.io~1env")) {
            *annotation = annotation.as_str().expect("text").replace("${PIPEGEN_ENV_SHA256}", hash).into();
        }
        for containers in ["initContainers", "containers"] {
            for container in object.pointer_mut(&format!("{pods}/spec/{containers}")).and_then(Value::as_array_mut).into_iter().flatten() {
                let image = container["image"].as_str().expect("text").to_owned();
                let fill = |image: String, (name, value): (&String, &String)| image.replace(&format!("${{pipegen:{name}}}"), value);
                container["image"] = values.iter().fold(image, fill).into();
            }
        }
    }
    objects.into_values().collect()
}

/// A stream of YAML documents; a first line makes sure that it is not taken for JSON.
pub fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// Every example that is rendered to a target for a cluster, with its environment, and a blueprint that goes to the limits
/// of the language.
fn examples() -> Vec<(&'static str, String, Option<String>)> {
    let mut examples = vec![("kubernetes", "tests/kube_api/limits.yml".to_owned(), None)];
    for target in ["kubernetes", "helm", "kind"] {
        // What only External Secrets could fill has a test of its own.
        let by_script = |folder: &std::path::PathBuf| !folder.join("external-secrets.yaml").exists();
        for folder in manifests::golden(&[target]).into_iter().filter(by_script) {
            let (blueprint, environment) = manifests::origin(&folder);
            examples.push((target, blueprint, environment));
        }
    }
    examples
}

#[test]
fn every_example_is_installed_kept_and_not_changed_the_second_time() {
    std::thread::scope(|scope| {
        for (target, blueprint, environment) in examples() {
            scope.spawn(move || is_installed(target, &blueprint, environment.as_deref()));
        }
    });
}

fn is_installed(target: &str, blueprint: &str, environment: Option<&str>) {
    let Some(api) = KubeApi::start() else {
        return;
    };
    definitions::install(&api);
    let name = format!("{blueprint} as {target}");
    let rendered = Rendered::chosen(target, blueprint, environment);
    let values = nasty(&rendered);
    let rendered = rendered.with_secrets(&values);

    install(&api, &rendered, &without_charts(&rendered));
    let objects = written(&rendered, &values);
    let stored = api.stored(&stream(&objects)).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (object, stored) in objects.iter().zip(&stored) {
        assert_eq!(subset::lost(object, stored), [""; 0], "{name}: {}", manifests::id(object));
    }
    assert_eq!(references::dangling(&objects, &api.all("secrets,configmaps")), [""; 0], "{name}");
    for file in manifests::files(&rendered.folder, Role::Values) {
        let values = &manifests::documents(&std::fs::read_to_string(&file).expect("the file is there"))[0];
        assert_eq!(references::missing_secrets(values, &api.all("secrets")), [""; 0], "{name}: {}", file.display());
    }
    assert_eq!(faults_of_applying(&api, &stream(&objects)), [""; 0], "{name}");
    values_are_exact(&api, &values);

    let everything = || (api.all("secrets,configmaps"), api.stored(&stream(&objects)));
    let before = everything();
    install(&api, &rendered, &without_charts(&rendered));
    assert_eq!(before, everything(), "{name}: installing it again changed something");
}

/// Every secret holds values as they are or written for their place, a key with the name of a variable exactly its value;
/// and every value is held.
fn values_are_exact(api: &KubeApi, values: &BTreeMap<String, String>) {
    let mut held = BTreeSet::new();
    for object in api.all("secrets,configmaps") {
        let name = manifests::id(&object);
        let mut found = BTreeSet::new();
        for (key, data) in object["data"].as_object().into_iter().flatten() {
            let data = data.as_str().expect("text");
            let text = if object["kind"] == "Secret" { String::from_utf8(base64(data)).expect("UTF-8") } else { data.to_owned() };
            assert!(values.get(key).is_none_or(|value| *value == text), "{key} of {name} holds another value");
            found.extend(values.iter().filter(|(_, value)| holds(&text, value)).map(|(name, _)| name));
        }
        assert!(object["kind"] != "Secret" || !found.is_empty(), "{name} holds no secret");
        held.append(&mut found);
    }
    let of_images = |name: &&String| values[*name].ends_with(".v1");
    let missing: Vec<&String> = values.keys().filter(|name| !of_images(name) && !held.contains(name)).collect();
    assert!(missing.is_empty(), "no object holds {missing:?}");
}

/// A text has a value as it is, is JSON with it, has it in the JSON form inside another syntax, or is a URL with it.
fn holds(text: &str, value: &str) -> bool {
    let json = serde_json::from_str(text).is_ok_and(|json| is_leaf(&json, value));
    let url = || text.split(['/', ':', '@']).any(|part| part.contains('%') && percent_decoded(part).is_some_and(|part| part == value));
    text.contains(value) || json || text.contains(&Value::from(value).to_string()) || url()
}

fn is_leaf(json: &Value, value: &str) -> bool {
    match json {
        Value::Object(map) => map.values().any(|json| is_leaf(json, value)),
        Value::Array(list) => list.iter().any(|json| is_leaf(json, value)),
        Value::String(text) => text == value,
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

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        bytes.push(if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}
