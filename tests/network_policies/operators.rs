//! What operators make of the resources that are rendered for them, as far as policies see it: the labels of the pods and the
//! Services in front of them.

use serde_json::{Value, json};

/// The pods and Services that come of these objects.
pub fn made_of(objects: &[Value]) -> Vec<Value> {
    let kind = |object: &&Value, api: &str, kind: &str| object["apiVersion"] == api && object["kind"] == kind;
    let clusters = objects.iter().filter(|object| kind(object, "postgresql.cnpg.io/v1", "Cluster"));
    clusters.flat_map(postgres).collect()
}

/// One of the equal pods of a cluster of CloudNativePG, and its Service for those who write
/// (<https://cloudnative-pg.io/docs/1.30/labels_annotations/>). The operator's own label of the name of the application is
/// left out: it is the same for all, and the evaluator calls pods by it.
fn postgres(cluster: &Value) -> [Value; 2] {
    let (name, namespace) = (&cluster["metadata"]["name"], &cluster["metadata"]["namespace"]);
    let role = json!({ "cnpg.io/cluster": name, "cnpg.io/instanceRole": "primary" });
    let mut labels = cluster["spec"]["inheritedMetadata"]["labels"].clone();
    for (key, value) in role.as_object().expect("a map") {
        labels[key] = value.clone();
    }
    let service = format!("{}-rw", name.as_str().expect("a name"));
    [
        json!({
            "kind": "Pod",
            "metadata": { "name": name, "namespace": namespace, "labels": labels },
            "spec": { "containers": [{ "name": "postgres" }] },
        }),
        json!({
            "kind": "Service",
            "metadata": { "name": service, "namespace": namespace },
            "spec": { "selector": role, "ports": [{ "port": 5432 }] },
        }),
    ]
}
