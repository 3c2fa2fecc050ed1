//! Workers of Airflow whose number follows the load: what KEDA is asked for, what it may reach, and what the others make of
//! a number that nobody knows beforehand.

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::manifests;
use support::rendered::{Rendered, pipegen};
use support::secrets_script::made_by_script;

/// An Airflow whose workers follow the load; `words` say more of its worker, and of the service, and of the database.
fn blueprint(worker: &str, airflow: &str, postgres: &str) -> String {
    format!(
        "blueprint: v1
name: shop
credentials: {{ metadata: {{ type: basic, username: air flow }} }}
services:
  postgres: {{ component: postgres, databases: {{ airflow: metadata }}{postgres} }}
  redis: {{ component: redis }}
  airflow:
    component: airflow
    executor: celery
    database: postgres/airflow
    broker: redis
    roles: {{ worker: {{ replicas: {{ min: 0, max: 5 }}{worker} }} }}
{airflow}"
    )
}

fn usual() -> String {
    blueprint("", "", "")
}

fn rendered(target: &str, blueprint: &str) -> Rendered {
    Rendered::text_to(target, blueprint, &[])
}

fn objects(target: &str, blueprint: &str) -> Vec<Value> {
    manifests::below(&rendered(target, blueprint).folder)
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

fn scaling(blueprint: &str) -> Value {
    let objects = objects("kubernetes", blueprint);
    find(&objects, "ScaledObject", "airflow-worker").expect("workers follow the load")["spec"].clone()
}

fn query(blueprint: &str) -> String {
    scaling(blueprint)["triggers"][0]["metadata"]["query"].as_str().expect("a question").to_owned()
}

#[test]
fn keda_is_asked_for_what_its_definitions_allow() {
    for target in ["kubernetes", "kind"] {
        let objects = objects(target, &usual());
        let custom: Vec<&Value> = objects.iter().filter(|object| object["apiVersion"] == "keda.sh/v1alpha1").collect();
        assert_eq!(custom.len(), 2, "{target}");
        for object in custom {
            let kind = object["kind"].as_str().expect("a kind").to_lowercase();
            let file = support::repository().join(format!("tests/schemas/operators/keda.sh/{kind}_v1alpha1.json"));
            let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("a schema")).expect("JSON");
            let schema = jsonschema::draft7::new(&schema).expect("a schema");
            let faults: Vec<String> = schema.iter_errors(object).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
            assert_eq!(faults, [""; 0], "{}", manifests::id(object));
        }
    }
}

#[test]
fn the_number_of_workers_is_between_the_limits_and_set_by_nobody_else() {
    let objects = objects("kubernetes", &usual());
    let scaling = &find(&objects, "ScaledObject", "airflow-worker").expect("it is there")["spec"];
    assert_eq!(scaling["scaleTargetRef"], json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "airflow-worker" }));
    assert_eq!((&scaling["minReplicaCount"], &scaling["maxReplicaCount"]), (&json!(0), &json!(5)));
    let workers = &find(&objects, "Deployment", "airflow-worker").expect("it is there")["spec"];
    assert_eq!(workers.get("replicas"), None);
    assert!(find(&objects, "PodDisruptionBudget", "airflow-worker").is_some(), "there may be several");
    let fixed = usual().replace("{ min: 0, max: 5 }", "2");
    let objects = manifests::below(&rendered("kubernetes", &fixed).folder);
    assert_eq!(find(&objects, "Deployment", "airflow-worker").expect("it is there")["spec"]["replicas"], 2);
    assert!(!objects.iter().any(|object| object.to_string().contains("keda")), "a number needs no operator");
}

#[test]
fn without_a_lower_limit_one_worker_stays() {
    assert_eq!(scaling(&usual().replace("min: 0, ", ""))["minReplicaCount"], 1);
}

#[test]
fn the_question_counts_the_tasks_that_are_for_workers_and_those_of_a_worker() {
    assert_eq!(query(&usual()), "SELECT ceil(COUNT(*)::decimal / 16) FROM task_instance WHERE state IN ('queued', 'running')");
    let tasks = ", environment: { AIRFLOW__CELERY__WORKER_CONCURRENCY: \"4\" }";
    assert!(query(&blueprint(tasks, "", "")).starts_with("SELECT ceil(COUNT(*)::decimal / 4) FROM"));
    let of_all = "    environment: { AIRFLOW__CELERY__WORKER_CONCURRENCY: \"3\" }\n";
    assert!(query(&blueprint("", of_all, "")).starts_with("SELECT ceil(COUNT(*)::decimal / 3) FROM"));
    let both = rendered("helm", &usual().replace("executor: celery", "executor: celery_kubernetes")).yaml("airflow.values.yaml");
    let asked = both["workers"]["keda"]["query"].as_str().expect("a question");
    assert!(asked.ends_with(" AND (executor IS NULL OR executor LIKE '%CeleryExecutor')"), "{asked}");
}

/// What a URL and a shell might read as something else.
const PASSWORD: &str = "p@/:%#?\"'$\\ é";

#[test]
fn the_operator_is_told_the_whole_name_of_the_database_by_a_secret() {
    let url = |host: &str| format!("postgresql://air%20flow:p%40%2F%3A%25%23%3F%22%27%24%5C%20%C3%A9@{host}:5432/airflow");
    for target in ["kubernetes", "helm"] {
        for (postgres, host) in [
            ("", "postgres.shop.svc.cluster.local"),
            (", operator: cloudnative_pg", "postgres-rw.shop.svc.cluster.local"),
            (", managed: { host: db.example }", "db.example"),
        ] {
            let rendered = rendered(target, &blueprint("", "", postgres));
            let rendered = rendered.with_secrets(&BTreeMap::from([("METADATA_PASSWORD".to_owned(), PASSWORD.to_owned())]));
            let made = made_by_script(&rendered);
            let connection = &made["Secret shop/airflow-worker-load"]["connection"];
            assert_eq!(connection.split('?').next(), Some(url(host).as_str()), "{target}: {host}");
        }
    }
    let objects = objects("kubernetes", &usual());
    let login = &find(&objects, "TriggerAuthentication", "airflow-worker").expect("it is there")["spec"];
    let entry = json!({ "parameter": "connection", "name": "airflow-worker-load", "key": "connection" });
    assert_eq!(login["secretTargetRef"], json!([entry]));
    assert_eq!(scaling(&usual())["triggers"][0]["authenticationRef"]["name"], "airflow-worker");
    let workers = find(&objects, "Deployment", "airflow-worker").expect("it is there");
    assert!(!workers.to_string().contains("airflow-worker-load"), "the workers do not need it");
}

/// The policies that let the operator in: the name, and the ports.
fn ways_in(blueprint: &str) -> Vec<(String, Value)> {
    let of_operator = |object: &&Value| object["kind"] == "NetworkPolicy" && object.to_string().contains("\"keda-operator\"");
    let objects = objects("kubernetes", blueprint);
    let ways = objects.iter().filter(of_operator);
    ways.map(|way| (manifests::id(way), way["spec"]["ingress"][0]["ports"].clone())).collect()
}

#[test]
fn the_operator_is_let_in_where_the_address_leads_and_nowhere_else() {
    let into = |workload: &str, port: u16| {
        (format!("NetworkPolicy shop/into-{workload}-from-operator-keda"), json!([{ "protocol": "TCP", "port": port }]))
    };
    assert_eq!(ways_in(&usual()), [into("postgres", 5432)]);
    assert_eq!(ways_in(&blueprint("", "", ", pool: pgbouncer")), [into("postgres-pool", 6432)]);
    assert_eq!(ways_in(&blueprint("", "", ", managed: { host: db.example }")), [], "it is not ours to open");
    let airflow = usual().split_once("  airflow:\n").expect("an Airflow").1.to_owned();
    assert_eq!(ways_in(&format!("{}  second:\n{airflow}", usual())), [into("postgres", 5432)], "one for all services");
}

#[test]
fn no_worker_is_not_a_fault() {
    let runs = |min: &str| rendered("kubernetes", &usual().replace("min: 0", min)).read("verify-network.sh");
    assert!(runs("min: 0").contains("\nruns airflow-worker shop sometimes\n"));
    assert!(runs("min: 1").contains("\nruns airflow-worker shop always\n"));
}

#[test]
fn the_scripts_wait_for_the_operator_and_remove_what_it_reads_before_the_rest() {
    let rendered = rendered("kubernetes", &usual());
    let install = rendered.read("install.sh");
    assert!(install.contains("\nready shop scaledobjects.keda.sh airflow-worker 'condition=Ready'\n"), "{install}");
    assert!(!install.contains("ready shop triggerauthentications"), "nobody says anything of it");
    let uninstall = rendered.read("uninstall.sh");
    let at = |line: &str| uninstall.find(line).unwrap_or_else(|| panic!("{line} in {uninstall}"));
    // The operator reads the one for as long as the other is there.
    assert!(at("remove shop scaledobjects.keda.sh airflow-worker\n") < at("remove shop triggerauthentications.keda.sh airflow-worker\n"));
    assert!(at("remove shop triggerauthentications") < at("kubectl delete \"$kinds\""));
    assert!(rendered.read("status.sh").contains("kubectl get scaledobjects.keda.sh --namespace shop\n"));
}

#[test]
fn the_chart_asks_the_same_by_itself() {
    let rendered = rendered("helm", &usual());
    let workers = &rendered.yaml("airflow.values.yaml")["workers"];
    let wanted = json!({ "enabled": true, "minReplicaCount": 0, "maxReplicaCount": 5, "query": query(&usual()) });
    assert_eq!(workers["keda"], wanted);
    assert_eq!(workers.get("replicas"), None);
    assert!(!manifests::below(&rendered.folder).iter().any(|object| object["apiVersion"] == "keda.sh/v1alpha1"), "the chart writes it");
    assert!(rendered.read("operators.sh").contains("\noperator keda keda scaledobjects.keda.sh "));
    let install = rendered.read("install.sh");
    let at = |line: &str| install.find(line).unwrap_or_else(|| panic!("{line} in {install}"));
    assert!(at("\n./operators.sh ") < at("\n./releases.sh "));
    assert!(at("\n./releases.sh ") < at("\nready shop scaledobjects.keda.sh airflow-worker 'condition=Ready'\n"));
    assert!(rendered.read("status.sh").contains("kubectl get scaledobjects.keda.sh --namespace shop\n"));
}

#[test]
fn compose_runs_a_fixed_number_and_says_so() {
    for (min, count) in [(0, None), (1, None), (3, Some(3))] {
        let home = tempfile::tempdir().expect("a temporary folder");
        let file = home.path().join("shop.yml");
        std::fs::write(&file, usual().replace("min: 0", &format!("min: {min}"))).expect("the folder is writable");
        let output = pipegen().args(["render", "--target", "compose", "--out"]).arg(home.path()).arg(&file).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let wanted = format!("Compose follows no load: it runs {} of `airflow-worker`", count.unwrap_or(1));
        assert!(said.contains("warning[load-not-followed]") && said.contains(&wanted), "{said}");
        let written = std::fs::read_to_string(home.path().join("shop/compose/docker-compose.yml")).expect("it was written");
        let compose: Value = serde_yaml::from_str(&written).expect("YAML");
        assert_eq!(compose["services"]["airflow-worker"].pointer("/deploy/replicas").and_then(Value::as_u64), count, "{min}");
    }
}
