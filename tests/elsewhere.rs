//! Systems that run elsewhere: nothing runs for them, and whoever uses them gets their address and login.

mod support;

use std::sync::LazyLock;

use serde_json::{Value, json};
use support::rendered::{Rendered, keys, pipegen};

const BLUEPRINT: &str = r#"
blueprint: v1
name: outside
networks: { inner: { internal: true }, outer: {} }
stacks: { one: { network: inner }, two: { network: outer } }
credentials:
  erp_login: { type: basic, username: reader }
  lake_key: { type: aws }
  workspace: { type: token }
services:
  erp: { component: external, host: erp.example.com, port: 8443, protocol: https, credential: erp_login }
  queue: { component: external, host: "${env.QUEUE_HOST}", port: 5672, credential: workspace }
  lake: { component: s3, bucket: raw, region: eu-central-1, credential: lake_key }
  minio: { component: s3, bucket: "${env.BUCKET}", endpoint: "https://minio.example.com:9000" }
  databricks: { component: databricks, host: "${env.DATABRICKS_HOST}", credential: workspace }
  postgres: { component: postgres, stack: one, databases: [airflow] }
  airflow:
    component: airflow
    stack: one
    networks: [inner, outer]
    database: postgres/airflow
    connections: { aws_conn: { to: lake }, minio: { to: minio }, databricks_conn: { to: databricks }, erp: { to: erp }, queue: { to: queue } }
  sync:
    component: container
    stack: two
    image: python:3.12-slim
    uses: { erp: {}, queue: {}, lake: {}, minio: { as: MINIO }, databricks: {} }
expect:
  - { from: sync, reaches: lake }
  - { from: postgres, never_reaches: lake }
"#;

static RENDERED: LazyLock<Rendered> = LazyLock::new(|| Rendered::text(BLUEPRINT, &[]));

#[test]
fn nothing_runs_for_them() {
    let (one, two) = (RENDERED.yaml("one-docker-compose.yml"), RENDERED.yaml("two-docker-compose.yml"));
    for name in keys(&one["services"]).into_iter().chain(keys(&two["services"])) {
        assert!(name.starts_with("airflow-") || name.starts_with("postgres") || name == "sync", "{name}");
    }
}

#[test]
fn who_uses_them_gets_the_address_and_the_login() {
    let secret = |name: &str| format!("${{{name}:?run pipegen secrets init}}");
    assert_eq!(
        RENDERED.yaml("two-docker-compose.yml")["services"]["sync"]["environment"],
        json!({
            "ERP_HOST": "erp.example.com",
            "ERP_PORT": "8443",
            "ERP_URL": "https://erp.example.com:8443",
            "ERP_USER": "reader",
            "ERP_PASSWORD": secret("ERP_LOGIN_PASSWORD"),
            "QUEUE_HOST": "${QUEUE_HOST:?set it in .env}",
            "QUEUE_PORT": "5672",
            "QUEUE_TOKEN": secret("WORKSPACE_TOKEN"),
            "AWS_BUCKET": "raw",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": secret("LAKE_KEY_ACCESS_KEY_ID"),
            "AWS_SECRET_ACCESS_KEY": secret("LAKE_KEY_SECRET_ACCESS_KEY"),
            "MINIO_BUCKET": "${BUCKET:?set it in .env}",
            "MINIO_ENDPOINT_URL": "https://minio.example.com:9000",
            "DATABRICKS_HOST": "${DATABRICKS_HOST:?set it in .env}",
            "DATABRICKS_TOKEN": secret("WORKSPACE_TOKEN"),
        })
    );
}

#[test]
fn airflow_has_a_connection_of_the_type_that_their_hooks_read() {
    let configs = &RENDERED.yaml("one-docker-compose.yml")["configs"];
    let connections = configs["airflow.connections.json"]["content"].as_str().expect("it holds secrets");
    let connections: Value = serde_json::from_str(&unfilled(connections)).expect("JSON once it is filled in");
    assert_eq!(
        connections,
        json!({
            "aws_conn": { "conn_type": "aws", "login": "?", "password": "?", "extra": { "region_name": "eu-central-1" } },
            "minio": { "conn_type": "aws", "extra": { "endpoint_url": "https://minio.example.com:9000" } },
            "databricks_conn": { "conn_type": "databricks", "host": "?", "password": "?" },
            "erp": { "conn_type": "http", "host": "erp.example.com", "port": "8443", "login": "reader", "password": "?", "schema": "https" },
            "queue": { "conn_type": "generic", "host": "?", "port": "5672", "password": "?" },
        })
    );
}

/// With `"?"` for every variable: each holds a whole JSON string.
fn unfilled(text: &str) -> String {
    regex::Regex::new(r"\$\{[^}]*\}").expect("a pattern").replace_all(text, "\"?\"").into_owned()
}

#[test]
fn only_workloads_with_a_way_out_connect() {
    let guide = RENDERED.read("README.md");
    let row = guide.lines().find(|line| line.contains("| `lake` |") && line.contains("connections")).expect("a row");
    assert_eq!(row, "| airflow-scheduler, airflow-triggerer | `lake` | `s3.eu-central-1.amazonaws.com` | the internet | connections |");
    assert!(guide.contains("([\"lake\"])"), "the drawing shows what runs elsewhere");
}

#[test]
fn their_variables_are_asked_of_the_deployer_and_made_up_by_nobody() {
    let example = RENDERED.read(".env.example");
    for name in ["QUEUE_HOST", "BUCKET", "DATABRICKS_HOST", "ERP_LOGIN_PASSWORD", "LAKE_KEY_ACCESS_KEY_ID", "WORKSPACE_TOKEN"] {
        assert!(RENDERED.variables().iter().any(|known| known == name), "{name} is not in\n{example}");
    }
}

#[test]
fn check_has_nothing_to_say() {
    let file = RENDERED.home.path().join("blueprint.yml");
    let checked = pipegen().args(["check", "--format", "json"]).arg(file).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "");
}
