//! What pods refer to is there: secrets, settings, files, claims, accounts. The API server does not look: a pod with a
//! reference to nothing waits for it forever.

use std::collections::BTreeSet;

use serde_json::Value;

/// The references of the pods among these objects that lead to nothing. `stored` is everything that the server has.
pub fn dangling(objects: &[Value], stored: &[Value]) -> Vec<String> {
    let mut known = BTreeSet::new();
    for object in objects.iter().chain(stored) {
        let home = format!("{} {}", text(&object["metadata"]["namespace"]), text(&object["kind"]));
        let name = text(&object["metadata"]["name"]);
        for data in ["data", "binaryData", "stringData"] {
            known.extend(keys(&object[data]).map(|key| format!("{home} {name} {key}")));
        }
        known.insert(format!("{home} {name}"));
    }
    let mut faults = BTreeSet::new();
    for object in objects {
        if let Some(pod) = pod(object) {
            let home = text(&object["metadata"]["namespace"]);
            let missing = wanted(pod).into_iter().filter(|reference| !known.contains(&format!("{home} {reference}")));
            faults.extend(
                missing.map(|reference| format!("{} {home}/{}: {reference}", text(&object["kind"]), text(&object["metadata"]["name"]))),
            );
        }
    }
    faults.into_iter().collect()
}

fn pod(object: &Value) -> Option<&Value> {
    match text(&object["kind"]) {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => object.pointer("/spec/template/spec"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template/spec"),
        "Pod" => object.get("spec"),
        _ => None,
    }
}

/// `Kind name`, and for what has keys `Kind name key`.
fn wanted(pod: &Value) -> Vec<String> {
    let mut wanted: Vec<String> = pod.get("serviceAccountName").map(|name| format!("ServiceAccount {}", text(name))).into_iter().collect();
    wanted.extend(list(&pod["imagePullSecrets"]).map(|secret| format!("Secret {}", text(&secret["name"]))));
    for container in list(&pod["initContainers"]).chain(list(&pod["containers"])) {
        for variable in list(&container["env"]) {
            for (source, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
                let reference = variable["valueFrom"].get(source).filter(|reference| reference["optional"] != true);
                wanted.extend(reference.map(|reference| format!("{kind} {} {}", text(&reference["name"]), text(&reference["key"]))));
            }
        }
        for all in list(&container["envFrom"]) {
            wanted.extend(all.get("secretRef").map(|reference| format!("Secret {}", text(&reference["name"]))));
            wanted.extend(all.get("configMapRef").map(|reference| format!("ConfigMap {}", text(&reference["name"]))));
        }
    }
    for volume in list(&pod["volumes"]) {
        wanted.extend(volume.get("persistentVolumeClaim").map(|claim| format!("PersistentVolumeClaim {}", text(&claim["claimName"]))));
        let projected = list(&volume["projected"]["sources"]);
        for source in std::iter::once(volume).chain(projected) {
            wanted.extend(files("Secret", &source["secret"], "secretName"));
            wanted.extend(files("ConfigMap", &source["configMap"], "name"));
        }
    }
    wanted
}

/// The secrets that the values of a chart name and the server does not have, with their keys where they are named too.
pub fn missing_secrets(values: &Value, stored: &[Value]) -> Vec<String> {
    let mut wanted = Vec::new();
    named_secrets(values, &mut wanted);
    let is_there = |(name, key): &(String, Option<String>)| {
        let named = stored.iter().filter(|object| object["kind"] == "Secret" && text(&object["metadata"]["name"]) == name);
        named.into_iter().any(|secret| key.as_ref().is_none_or(|key| secret["data"].get(key).is_some()))
    };
    wanted.retain(|secret| !is_there(secret));
    wanted.into_iter().map(|(name, key)| format!("{name} {}", key.unwrap_or_default())).collect()
}

/// Charts spell it `secretKeyRef: { name, key }`, `secretName` with `secretKey`, or some key that ends in `SecretName`.
fn named_secrets(values: &Value, found: &mut Vec<(String, Option<String>)>) {
    for value in list(values) {
        named_secrets(value, found);
    }
    for (key, value) in values.as_object().into_iter().flatten() {
        let own_key = |key: &str| values.get(key).map(|key| text(key).to_owned());
        match (key.as_str(), value) {
            ("secretKeyRef", reference) => found.push((text(&reference["name"]).to_owned(), Some(text(&reference["key"]).to_owned()))),
            ("secretName", Value::String(name)) => found.push((name.clone(), own_key("secretKey"))),
            (key, Value::String(name)) if key.ends_with("SecretName") || key == "credentialsSecret" => found.push((name.clone(), None)),
            (_, inner) => named_secrets(inner, found),
        }
    }
}

/// The keys that a volume takes from an object, or the object where it takes them all.
fn files(kind: &str, source: &Value, name: &str) -> Vec<String> {
    let Some(name) = source.get(name).or_else(|| source.get("name")).map(text) else { return Vec::new() };
    let items: Vec<String> = list(&source["items"]).map(|item| format!("{kind} {name} {}", text(&item["key"]))).collect();
    if items.is_empty() { vec![format!("{kind} {name}")] } else { items }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn keys(map: &Value) -> impl Iterator<Item = &String> {
    map.as_object().into_iter().flatten().map(|(key, _)| key)
}
