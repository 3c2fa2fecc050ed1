//! What the job of the component `kafka` asks of the broker, with a stand-in that answers as a real one (4.1) does.

#[path = "support/program.rs"]
mod program;

use std::process::Command;

use pipegen::template;
use serde_json::{Value, json};
use tempfile::TempDir;

/// As `kafka-topics.sh --describe` prints it.
const THERE: &str = "Topic: orders\tTopicId: uqQGvZgNStOyNvkAgsCyOQ\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: min.insync.replicas=1,retention.ms=1000
\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: 
Topic: orders.v2\tTopicId: x\tPartitionCount: 9\tReplicationFactor: 1\tConfigs: \n";

/// Whether the job ends well, what it says, and what it asks of the broker after it has looked.
fn run(topics: Value) -> (bool, String, Vec<String>) {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let fake = format!(
        "#!/bin/sh\necho \"${{0##*/}} $*\" >> \"${{0%/*}}/calls\"\ncase $* in *--describe*) printf '%s' '{THERE}' ;; *fails*) exit 1 ;; esac\n"
    );
    program::write(&folder.path().join("kafka-topics.sh"), &fake);
    program::write(&folder.path().join("kafka-configs.sh"), &fake);
    let replicated = topics.as_array().is_some_and(|topics| topics.iter().any(|topic| topic["replicas"].is_number()));
    let script = template::fill("kafka/topics.sh", json!({ "topics": topics, "replicated": replicated })).expect("a script");
    let script = script.replace("bin=/opt/kafka/bin", &format!("bin={}", folder.path().display()));
    let output = Command::new("bash").args(["-c", &script]).env("BOOTSTRAP_SERVERS", "b:9092").output().expect("bash");
    let calls = std::fs::read_to_string(folder.path().join("calls")).expect("calls");
    let mut calls: Vec<String> = calls.lines().map(str::to_owned).collect();
    assert_eq!(calls.remove(0), "kafka-topics.sh --bootstrap-server b:9092 --describe --exclude-internal");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said, calls)
}

fn topic(name: &str, partitions: u32, retention_ms: Option<u64>) -> Value {
    json!({ "name": name, "partitions": partitions, "replicas": null, "in_sync": null, "retention_ms": retention_ms })
}

fn copied(name: &str, replicas: u32, in_sync: Option<u32>, retention_ms: Option<u64>) -> Value {
    json!({ "name": name, "partitions": 3, "replicas": replicas, "in_sync": in_sync, "retention_ms": retention_ms })
}

#[test]
fn what_is_right_is_left_alone() {
    for retention in [Some(1000), None] {
        let (ok, said, calls) = run(json!([topic("orders", 3, retention), topic("orders.v2", 9, None)]));
        assert!(ok, "{said}");
        assert_eq!(calls, Vec::<String>::new());
    }
}

#[test]
fn what_is_missing_is_made_and_what_differs_is_changed() {
    let (ok, said, calls) = run(json!([topic("new", 2, Some(5)), topic("orders", 4, Some(100)), topic("plain", 1, None)]));
    assert!(ok, "{said}");
    assert_eq!(
        calls,
        [
            "kafka-topics.sh --bootstrap-server b:9092 --create --if-not-exists --topic new --partitions 2 --config retention.ms=5",
            "kafka-topics.sh --bootstrap-server b:9092 --alter --topic orders --partitions 4",
            "kafka-configs.sh --bootstrap-server b:9092 --alter --entity-type topics --entity-name orders --add-config retention.ms=100",
            "kafka-topics.sh --bootstrap-server b:9092 --create --if-not-exists --topic plain --partitions 1",
        ]
    );
}

#[test]
fn partitions_are_never_removed() {
    let (ok, said, calls) = run(json!([topic("orders", 2, Some(5))]));
    assert!(!ok && calls.is_empty());
    assert!(said.contains("topic orders has 3 partitions, the blueprint says 2"), "{said}");
}

#[test]
fn a_refusal_of_the_broker_fails_the_job() {
    let (ok, _, calls) = run(json!([topic("fails", 2, None), topic("new", 1, None)]));
    assert!(!ok);
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_topic_has_the_copies_that_it_asks_for_and_the_others_what_the_brokers_say() {
    let (ok, said, calls) = run(json!([copied("pairs", 2, Some(1), Some(5)), copied("wide", 5, None, None), topic("plain", 1, None)]));
    assert!(ok, "{said}");
    assert_eq!(
        calls,
        [
            "kafka-topics.sh --bootstrap-server b:9092 --create --if-not-exists --topic pairs --partitions 3 --config retention.ms=5 --replication-factor 2 --config min.insync.replicas=1",
            "kafka-topics.sh --bootstrap-server b:9092 --create --if-not-exists --topic wide --partitions 3 --replication-factor 5",
            "kafka-topics.sh --bootstrap-server b:9092 --create --if-not-exists --topic plain --partitions 1",
        ]
    );
}

#[test]
fn copies_are_never_moved() {
    let (ok, said, calls) = run(json!([copied("orders", 1, Some(1), None), copied("orders", 2, Some(1), None)]));
    assert!(!ok && calls.is_empty(), "{said}");
    assert!(said.starts_with("topic orders is there\n"), "{said}");
    assert!(said.contains("topic orders has 1 copies, the blueprint says 2"), "{said}");
}
