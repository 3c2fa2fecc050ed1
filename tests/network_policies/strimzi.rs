//! What stands in for Kafka when Strimzi runs it: its pods, and the policy that it writes itself, as 1.2.0 makes them
//! (`KafkaCluster.generateNetworkPolicy`). Both are policies to the cluster, and what one of them allows is allowed.

use std::net::Ipv4Addr;

use pipegen::targets::Target;
use serde_json::{Value, json};

use super::evaluator::{Cluster, End, Port};
use super::{objects, platform, targets};

const BLUEPRINT: &str = "
blueprint: v1
name: shop
networks: { bus: { internal: true }, outside: {}, web: {} }
stacks: { stream: { network: bus }, apps: { network: web } }
services:
  kafka: { component: kafka, stack: stream, networks: [bus, outside], brokers: 3, operator: strimzi, topics: [TOPICS], publish: 9092 }
  kafdrop: { component: kafdrop, stack: stream, uses: [kafka] }
  reader: { component: container, stack: apps, networks: [bus], image: \"a:1\", uses: [kafka] }
  stranger: { component: container, stack: apps, image: \"a:1\" }
";

const NODE: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);
const API_SERVER: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
const NAMESPACE: &str = "shop-stream";

fn pod(name: &str, namespace: &str, labels: Value, ours: &Value) -> Value {
    let mut labels = labels;
    labels.as_object_mut().expect("labels").extend(ours.as_object().cloned().unwrap_or_default());
    json!({ "kind": "Pod", "metadata": { "name": name, "namespace": namespace, "labels": labels }, "spec": { "containers": [] } })
}

fn find<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("there is no {kind}"))
}

/// The operator's own pod, and what it makes of the resources.
fn made(objects: &[Value]) -> Vec<Value> {
    let (kafka, pool) = (find(objects, "Kafka"), find(objects, "KafkaNodePool"));
    let labels = |name: &str| json!({ "strimzi.io/cluster": "kafka", "strimzi.io/name": name, "strimzi.io/kind": "Kafka" });
    let ours = &pool["spec"]["template"]["pod"]["metadata"]["labels"];
    let mut made: Vec<Value> = (1..=3).map(|id| pod(&format!("broker-{id}"), NAMESPACE, labels("kafka-kafka"), ours)).collect();
    let ours = &kafka["spec"]["entityOperator"]["template"]["pod"]["metadata"]["labels"];
    made.push(pod("topics", NAMESPACE, labels("kafka-entity-operator"), ours));
    made.push(pod("operator", "strimzi", json!({ "strimzi.io/kind": "cluster-operator" }), &Value::Null));
    made.push(policy(kafka));
    made
}

fn policy(kafka: &Value) -> Value {
    let peer = |labels: Value| json!({ "podSelector": { "matchLabels": labels } });
    let operator = json!({ "podSelector": { "matchLabels": { "strimzi.io/kind": "cluster-operator" } }, "namespaceSelector": {} });
    let brokers = peer(json!({ "strimzi.io/cluster": "kafka", "strimzi.io/name": "kafka-kafka", "strimzi.io/kind": "Kafka" }));
    let topics = peer(json!({ "strimzi.io/name": "kafka-entity-operator" }));
    let rule = |port: &Value, from: Value| json!({ "ports": [{ "port": port, "protocol": "TCP" }], "from": from });
    let own = [
        rule(&json!(9090), json!([brokers, operator])),
        rule(&json!(9091), json!([operator, brokers, topics])),
        rule(&json!(8443), json!([operator])),
    ];
    let listeners = kafka["spec"]["kafka"]["listeners"].as_array().expect("listeners").iter();
    let rules: Vec<Value> =
        own.into_iter().chain(listeners.map(|listener| rule(&listener["port"], listener["networkPolicyPeers"].clone()))).collect();
    json!({
        "kind": "NetworkPolicy", "metadata": { "name": "kafka-network-policy-kafka", "namespace": NAMESPACE },
        "spec": { "podSelector": { "matchLabels": { "strimzi.io/cluster": "kafka", "strimzi.io/name": "kafka-kafka" } }, "ingress": rules },
    })
}

/// Who reaches a port of the second broker.
fn reach(cluster: &Cluster, port: u16) -> Vec<&'static str> {
    let to = End::Pod(cluster.pod("broker-2"));
    let pods = ["broker-1", "topics", "operator", "kafdrop", "reader", "stranger", "coredns"];
    let mut found: Vec<&str> = pods.into_iter().filter(|name| cluster.allows(End::Pod(cluster.pod(name)), to, Port::tcp(port))).collect();
    found.extend(cluster.allows(End::Outside(NODE), to, Port::tcp(port)).then_some("node"));
    found
}

fn cluster(target: &Target, with_its_own: bool) -> Cluster {
    let objects = objects(&platform(&BLUEPRINT.replace("[TOPICS]", "{ orders: {} }")), target);
    let made = made(&objects);
    let made = made.iter().filter(|object| with_its_own || object["kind"] != "NetworkPolicy");
    Cluster::new(objects.iter().chain(made))
}

#[test]
fn what_strimzi_makes_is_reached_by_its_networks_and_by_its_own() {
    for (target, published) in targets() {
        for with_its_own in [true, false] {
            let cluster = cluster(target, with_its_own);
            let members = ["broker-1", "topics", "kafdrop", "reader"];
            assert_eq!(reach(&cluster, 9092), members, "{}", target.name);
            let outside = published.then_some("node");
            assert_eq!(reach(&cluster, 19092), members.into_iter().chain(outside).collect::<Vec<_>>(), "{}", target.name);
            assert_eq!(reach(&cluster, 9090), ["broker-1", "operator"], "{}", target.name);
            assert_eq!(reach(&cluster, 9091), ["broker-1", "topics", "operator"], "{}", target.name);
            assert_eq!(reach(&cluster, 8443), ["operator"], "{}", target.name);
            assert_eq!(reach(&cluster, 9093), [""; 0], "{}: nothing listens there", target.name);
        }
    }
}

#[test]
fn only_what_asks_the_api_server_reaches_it() {
    for (target, _) in targets() {
        let cluster = cluster(target, true);
        let asks = |name: &str| cluster.allows(End::Pod(cluster.pod(name)), End::Outside(API_SERVER), Port::tcp(443));
        assert_eq!(["broker-1", "topics", "kafdrop", "reader"].map(asks), [true, true, false, false], "{}", target.name);
    }
}
