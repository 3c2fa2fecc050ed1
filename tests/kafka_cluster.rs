//! Kafka of several brokers: as containers, and as what Strimzi is asked for.

mod support;

use serde_json::{Value, json};
use support::manifests;
use support::rendered::Rendered;

fn blueprint(words: &str) -> String {
    let topics = "{ orders: { partitions: 3, retention: 7d }, Scratch_1: { replicas: 1 } }";
    format!(
        "blueprint: v1\nname: shop\nservices:\n  bus: {{ component: kafka, publish: 9092, topics: {topics}{words} }}\n  \
         app: {{ component: container, image: \"app:1\", uses: [bus], environment: {{ ONE: \"${{bus.host}}:${{bus.port}}\" }} }}\n"
    )
}

fn objects(words: &str, target: &str) -> Vec<Value> {
    manifests::below(&Rendered::text_to(target, &blueprint(words), &[]).folder)
}

fn compose(words: &str) -> Value {
    let rendered = Rendered::text(&blueprint(words), &[]);
    let text = std::fs::read_to_string(rendered.folder.join("docker-compose.yml")).expect("a Compose file");
    manifests::documents(&text).remove(0)
}

/// The object of this kind and name.
fn object<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// The variables of the container `app`.
fn variables(objects: &[Value]) -> Value {
    let app = object(objects, "Deployment", "app");
    let variables = app["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("variables").iter();
    variables.map(|one| (one["name"].as_str().expect("a name").to_owned(), one["value"].clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn the_first_three_of_several_brokers_vote() {
    let services = compose(", brokers: 5")["services"].clone();
    for (id, roles) in (1..=5).zip(["broker,controller", "broker,controller", "broker,controller", "broker", "broker"]) {
        let broker = &services[format!("bus-{id}")];
        let environment = &broker["environment"];
        assert_eq!(environment["KAFKA_NODE_ID"], id.to_string());
        assert_eq!(environment["KAFKA_PROCESS_ROLES"], roles);
        assert_eq!(environment["KAFKA_CONTROLLER_QUORUM_VOTERS"], "1@bus-1:9093,2@bus-2:9093,3@bus-3:9093");
        let port = 9091 + id;
        assert_eq!(environment["KAFKA_ADVERTISED_LISTENERS"], format!("INTERNAL://bus-{id}:9092,EXTERNAL://localhost:{port}"));
        assert_eq!(broker["ports"], json!([format!("127.0.0.1:{port}:19092")]));
        assert_eq!(broker["volumes"], json!([format!("bus-{id}-data:/var/lib/kafka/data")]));
        for (setting, value) in
            [("DEFAULT_REPLICATION_FACTOR", "3"), ("MIN_INSYNC_REPLICAS", "2"), ("OFFSETS_TOPIC_REPLICATION_FACTOR", "3")]
        {
            assert_eq!(environment[format!("KAFKA_{setting}")], value, "{setting}");
        }
    }
    let all = "bus-1:9092,bus-2:9092,bus-3:9092,bus-4:9092,bus-5:9092";
    assert_eq!(services["app"]["environment"], json!({ "ONE": "bus-1:9092", "KAFKA_BOOTSTRAP_SERVERS": all }));
    // Topics with three copies need three brokers; whoever starts later must not wait for one that is lost.
    assert_eq!(services["bus-topics"]["depends_on"].as_object().map(serde_json::Map::len), Some(5));
    let waits: Vec<&String> = services["app"]["depends_on"].as_object().expect("it waits").keys().collect();
    assert_eq!(waits, ["bus-1", "bus-topics"]);
}

#[test]
fn one_broker_is_the_same_with_and_without_the_word() {
    assert_eq!(compose(", brokers: 1"), compose(""));
    assert_eq!(compose(", brokers: 1, operator: strimzi"), compose(""));
}

#[test]
fn whoever_starts_asks_any_of_the_brokers() {
    let objects = objects(", brokers: 3", "kubernetes");
    let app = object(&objects, "Deployment", "app");
    let steps = app["spec"]["template"]["spec"]["initContainers"].as_array().expect("it waits");
    assert_eq!(steps.len(), 2);
    for step in steps {
        let asked = step["args"].to_string();
        assert!(asked.contains("bus-1:9092,bus-2:9092,bus-3:9092"), "{asked}");
    }
}

#[test]
fn brokers_are_on_different_nodes_and_leave_one_at_a_time() {
    let selector = json!({
        "matchLabels": { "app.kubernetes.io/part-of": "shop" },
        "matchExpressions": [{ "key": "app.kubernetes.io/name", "operator": "In", "values": ["bus-1", "bus-2", "bus-3"] }],
    });
    let several = objects(", brokers: 3", "kubernetes");
    let budgets: Vec<&Value> = several.iter().filter(|object| object["kind"] == "PodDisruptionBudget").collect();
    assert_eq!(budgets.len(), 1);
    assert_eq!(budgets[0]["spec"], json!({ "maxUnavailable": 1, "selector": selector }));
    for id in 1..=3 {
        let spread = &object(&several, "StatefulSet", &format!("bus-{id}"))["spec"]["template"]["spec"]["topologySpreadConstraints"];
        assert_eq!((&spread[0]["topologyKey"], &spread[0]["labelSelector"]), (&json!("kubernetes.io/hostname"), &selector));
    }
    let operated = objects(", brokers: 3, operator: strimzi", "kubernetes");
    let pool = &object(&operated, "KafkaNodePool", "bus")["spec"]["template"]["pod"];
    let of_pool = json!({ "matchLabels": { "strimzi.io/cluster": "bus", "strimzi.io/name": "bus-kafka" } });
    assert_eq!(pool["topologySpreadConstraints"][0]["labelSelector"], of_pool);
    let one = objects("", "kubernetes");
    assert!(!one.iter().any(|object| object["kind"] == "PodDisruptionBudget"));
    assert_eq!(object(&one, "StatefulSet", "bus")["spec"]["template"]["spec"]["topologySpreadConstraints"], Value::Null);
}

#[test]
fn strimzi_is_asked_for_what_its_definitions_allow() {
    for words in [
        ", operator: strimzi",
        ", brokers: 3, operator: strimzi",
        ", brokers: 5, operator: strimzi, resources: { memory: 2Gi }, storage: 50Gi",
    ] {
        for target in ["kubernetes", "kind", "helm"] {
            let objects = objects(words, target);
            let custom: Vec<&Value> = objects.iter().filter(|object| object["apiVersion"] == "kafka.strimzi.io/v1").collect();
            assert!(custom.len() >= 4, "{words}");
            for object in custom {
                let kind = object["kind"].as_str().expect("a kind").to_lowercase();
                let file = support::repository().join(format!("tests/schemas/operators/kafka.strimzi.io/{kind}_v1.json"));
                let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("a schema")).expect("JSON");
                let faults: Vec<String> = jsonschema::draft7::new(&schema)
                    .expect("a schema")
                    .iter_errors(object)
                    .map(|fault| format!("{}: {fault}", fault.instance_path()))
                    .collect();
                assert_eq!(faults, [""; 0], "{words}: {}", manifests::id(object));
            }
            assert!(!objects.iter().any(|object| object["kind"] == "StatefulSet" || object["kind"] == "Job"), "{words}");
        }
    }
}

#[test]
fn a_pool_holds_those_that_vote_and_another_one_the_rest() {
    let objects = objects(", brokers: 5, operator: strimzi, storage: 50Gi", "kubernetes");
    for (name, roles, count, ids) in [("bus", json!(["controller", "broker"]), 3, "[1-3]"), ("bus-more", json!(["broker"]), 2, "[4-5]")] {
        let pool = object(&objects, "KafkaNodePool", name);
        assert_eq!((&pool["spec"]["roles"], &pool["spec"]["replicas"]), (&roles, &json!(count)));
        assert_eq!(pool["metadata"]["labels"]["strimzi.io/cluster"], "bus");
        assert_eq!(pool["metadata"]["annotations"]["strimzi.io/next-node-ids"], ids);
        let disk = &pool["spec"]["storage"]["volumes"][0];
        assert_eq!((&disk["size"], &disk["deleteClaim"]), (&json!("50Gi"), &json!(false)));
    }
    let kafka = &object(&objects, "Kafka", "bus")["spec"]["kafka"];
    assert_eq!((&kafka["version"], &kafka["metadataVersion"]), (&json!("4.3.1"), &json!("4.3-IV0")));
    assert_eq!((&kafka["config"]["default.replication.factor"], &kafka["config"]["min.insync.replicas"]), (&json!(3), &json!(2)));
    let advertised = kafka["listeners"][1]["configuration"]["brokers"].as_array().expect("brokers").iter();
    let ports: Vec<Value> = advertised.map(|one| one["advertisedPort"].clone()).collect();
    assert_eq!(ports, [9092, 9093, 9094, 9095, 9096].map(Value::from));
    let topic = |name| object(&objects, "KafkaTopic", name)["spec"].clone();
    assert_eq!(
        topic("bus-orders"),
        json!({ "topicName": "orders", "partitions": 3, "replicas": 3, "config": { "retention.ms": 604_800_000 } })
    );
    let scratch = json!({ "topicName": "Scratch_1", "partitions": 1, "replicas": 1, "config": { "min.insync.replicas": 1 } });
    assert_eq!(topic("bus-scratch-1"), scratch);
}

#[test]
fn consumers_find_the_service_of_the_cluster_and_the_host_each_broker() {
    let forwarded = Rendered::text_to("kubernetes", &blueprint(", brokers: 3, operator: strimzi"), &[]);
    let address = "bus-kafka-bootstrap:9092";
    assert_eq!(variables(&manifests::below(&forwarded.folder)), json!({ "ONE": address, "KAFKA_BOOTSTRAP_SERVERS": address }));
    let script = std::fs::read_to_string(forwarded.folder.join("forward.sh")).expect("a script");
    let objects = objects(", brokers: 3, operator: strimzi", "kind");
    for id in 1..=3 {
        let line = format!("forward shop bus-bus-external-{id} 127.0.0.1 {} 19092", 9091 + id);
        assert!(script.contains(&line), "{line}:\n{script}");
        let service = &object(&objects, "Service", &format!("bus-{id}-published"))["spec"];
        assert_eq!((&service["type"], &service["ports"][0]["targetPort"]), (&json!("NodePort"), &json!(19092)));
        let selector =
            json!({ "strimzi.io/cluster": "bus", "strimzi.io/name": "bus-kafka", "strimzi.io/pod-name": format!("bus-bus-{id}") });
        assert_eq!(service["selector"], selector);
    }
}

#[test]
fn removing_everything_keeps_what_the_cluster_knows_of_its_data() {
    let rendered = Rendered::text_to("kubernetes", &blueprint(", brokers: 3, operator: strimzi"), &[]);
    let script = |name| std::fs::read_to_string(rendered.folder.join(name)).expect("a script");
    let pause = "keep shop kafkas.kafka.strimzi.io bus 'strimzi.io/pause-reconciliation=true' \
                 strimzipodsets.core.strimzi.io,deployments.apps 'strimzi.io/cluster=bus'\n";
    let uninstall = script("uninstall.sh");
    for line in [pause, "keep shop kafkanodepools.kafka.strimzi.io bus\n", "keep shop kafkatopics.kafka.strimzi.io bus-orders\n"] {
        assert!(uninstall.contains(line), "{line}:\n{uninstall}");
    }
    assert!(
        script("install.sh").contains("kubectl annotate kafkas.kafka.strimzi.io bus --namespace shop strimzi.io/pause-reconciliation- ")
    );
}
