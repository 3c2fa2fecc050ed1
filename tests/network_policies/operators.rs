//! What operators make of the resources that are rendered for them, as far as policies see it: the labels of the pods and the
//! Services in front of them.

use serde_json::{Value, json};

/// The pods and Services that come of these objects.
pub fn made_of(objects: &[Value]) -> Vec<Value> {
    let kind = |object: &&Value, api: &str, kind: &str| object["apiVersion"] == api && object["kind"] == kind;
    let clusters = objects.iter().filter(|object| kind(object, "postgresql.cnpg.io/v1", "Cluster"));
    clusters.flat_map(postgres).chain(kafka(objects)).collect()
}

/// The pods of a cluster of Strimzi, called as the workloads that they take the place of, and the Services that it makes
/// (`KafkaCluster`, `KafkaPool` in <https://github.com/strimzi/strimzi-kafka-operator>). Its usual labels are left out too.
fn kafka(objects: &[Value]) -> Vec<Value> {
    let kind = |wanted: &'static str| objects.iter().filter(move |object| object["kind"] == wanted && object["apiVersion"] == STRIMZI);
    let mut made = Vec::new();
    for cluster in kind("Kafka") {
        let (name, namespace) = (text(&cluster["metadata"]["name"]), &cluster["metadata"]["namespace"]);
        let pods = json!({ "strimzi.io/cluster": name, "strimzi.io/name": format!("{name}-kafka") });
        let pools = kind("KafkaNodePool").filter(|pool| pool["metadata"]["labels"]["strimzi.io/cluster"] == name.as_str());
        for pool in pools {
            let ids = text(&pool["metadata"]["annotations"]["strimzi.io/next-node-ids"]);
            let (first, last) = ids.trim_matches(['[', ']']).split_once('-').expect("a range");
            for id in first.parse::<u16>().expect("a number")..=last.parse().expect("a number") {
                let of_pool = format!("{name}-{}", text(&pool["metadata"]["name"]));
                let own = with(&pods, &json!({ "strimzi.io/pod-name": format!("{of_pool}-{id}") }));
                let labels = with(&own, &pool["spec"]["template"]["pod"]["metadata"]["labels"]);
                made.push(object("Pod", &format!("{name}-{id}"), namespace, &labels, json!({ "containers": [{}] })));
                let outside = json!({ "selector": own, "ports": [{ "port": 19092 }] });
                made.push(object("Service", &format!("{of_pool}-external-{id}"), namespace, &Value::Null, outside));
            }
        }
        let inside = json!({ "selector": pods, "ports": [{ "port": 9092 }] });
        made.push(object("Service", &format!("{name}-kafka-bootstrap"), namespace, &Value::Null, inside));
        if cluster["spec"]["entityOperator"].is_object() {
            let own = json!({ "strimzi.io/cluster": name, "strimzi.io/name": format!("{name}-entity-operator") });
            let labels = with(&own, &cluster["spec"]["entityOperator"]["template"]["pod"]["metadata"]["labels"]);
            made.push(object("Pod", &format!("{name}-topics"), namespace, &labels, json!({ "containers": [{}] })));
        }
    }
    made
}

const STRIMZI: &str = "kafka.strimzi.io/v1";

fn object(kind: &str, name: &str, namespace: &Value, labels: &Value, spec: Value) -> Value {
    json!({ "kind": kind, "metadata": { "name": name, "namespace": namespace, "labels": labels }, "spec": spec })
}

fn with(labels: &Value, more: &Value) -> Value {
    let both = [labels, more].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(both.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
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
