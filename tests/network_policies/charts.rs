//! What charts make of the values that are rendered for them, as far as policies see it: the labels of the pods, and the
//! Services in front of them. That the real chart does so is for `tests/helm` to say.

use std::path::Path;

use pipegen::platform::realization::Pods;
use pipegen::platform::{Platform, Realization, Realizer};
use serde_json::{Value, json};

use crate::support::manifests::{self, Role};

/// The pods and Services of the releases in a folder.
pub fn made_of(platform: &Platform, folder: &Path) -> Vec<Value> {
    let mut made = Vec::new();
    for file in manifests::files(folder, Role::Values) {
        let values = manifests::documents(&std::fs::read_to_string(&file).expect("the file is there")).remove(0);
        let name = file.file_name().expect("a name").to_string_lossy().replace(".values.yaml", "");
        let service = platform.services.iter().find(|service| service.name == name).expect("a release is called as its service");
        let is_chart = |realization: &&Realization| matches!(realization.by, Realizer::Chart { .. });
        made.extend(release(platform, service.realizations.iter().find(is_chart).expect("it has a chart"), &values));
    }
    made
}

fn release(platform: &Platform, realization: &Realization, values: &Value) -> Vec<Value> {
    let mut made: Vec<Value> = Vec::new();
    for pods in &realization.pods {
        let workload = platform.workloads.iter().find(|workload| workload.name == pods.workload).expect("it is one of ours");
        let metadata = json!({ "name": pods.workload, "namespace": namespace(platform, workload.stack), "labels": labels(pods, values) });
        let pod = json!({ "kind": "Pod", "metadata": metadata, "spec": { "containers": [{}] } });
        // A job may have several, which are alike to policies.
        if made.iter().all(|known| known["metadata"]["name"] != pod["metadata"]["name"]) {
            made.push(pod);
        }
        for found in realization.endpoints.iter().filter(|found| found.endpoint.workload == pods.workload) {
            let selector: Value =
                pods.selector.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<serde_json::Map<_, _>>().into();
            made.push(json!({
                "kind": "Service",
                "metadata": { "name": found.service, "namespace": namespace(platform, workload.stack) },
                "spec": { "selector": selector, "ports": [{ "port": found.port }] },
            }));
        }
    }
    made
}

/// What the chart selects its pods by, the labels of all of them, and those of their section.
fn labels(pods: &Pods, values: &Value) -> Value {
    let own = pods.labels.iter().fold(values, |value, key| &value[key.as_str()]);
    let maps = [&values["labels"], own].into_iter().filter_map(Value::as_object).flatten();
    let selector = pods.selector.iter().map(|(key, value)| (key.clone(), json!(value)));
    Value::Object(maps.map(|(key, value)| (key.clone(), value.clone())).chain(selector).collect())
}

fn namespace(platform: &Platform, stack: usize) -> String {
    let name = platform.stacks[stack].name.as_ref();
    name.map_or_else(|| platform.name.clone(), |name| format!("{}-{name}", platform.name))
}
