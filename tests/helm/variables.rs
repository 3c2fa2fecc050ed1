//! The variables that a blueprint gives to Airflow and to its roles, as they arrive in the pods of the chart.

use serde_json::{Value, json};

use super::chart::{Release, task_pod, tools, variable};
use super::overrides::errors;
use super::small;
use super::support::rendered::Rendered;

/// The variables of the container that does the work of a pod, each with what it is made of; no name stands there twice.
fn variables(release: &Release, name: &str) -> std::collections::BTreeMap<String, Value> {
    let pods = release.pods();
    let (_, pod) = pods.iter().find(|(known, _)| *known == name).expect("a pod");
    let works = pod["spec"]["containers"][0]["env"].as_array().expect("variables");
    let mut found = std::collections::BTreeMap::new();
    for entry in works {
        let known = found.insert(entry["name"].as_str().expect("a name").to_owned(), entry.clone());
        assert_eq!(known, None, "{name} has {entry} twice");
    }
    found
}

const JOBS: [&str; 2] = ["airflow-create-user", "airflow-run-airflow-migrations"];
const SERVERS: [&str; 4] = ["airflow-api-server", "airflow-dag-processor", "airflow-scheduler", "airflow-triggerer"];

#[test]
fn what_the_service_says_wins_over_the_chart() {
    let Some(tools) = tools() else { return };
    let blueprint = small(
        r#"    executor: kubernetes
    environment:
      AIRFLOW__CORE__AUTH_MANAGER: my.Manager
      AIRFLOW__CORE__LOAD_EXAMPLES: "true"
      AIRFLOW__CORE__EXECUTION_API_SERVER_URL: http://proxy/execution/
      AIRFLOW__CORE__FERNET_KEY: "${env.FERNET}"
      AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_QUEUED_CHECK_INTERVAL: "5"
      AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE: "${env.NAMESPACE}"
      PLACE: anywhere
      GREETING: "${postgres/sales.password}"
    roles:
      scheduler: { environment: { AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE: "16", PLACE: here, GREETING: none } }
"#,
    );
    let rendered = Rendered::text_to("helm", &blueprint, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "small");
    let said = [
        ("AIRFLOW__CORE__AUTH_MANAGER", "my.Manager"),
        ("AIRFLOW__CORE__LOAD_EXAMPLES", "true"),
        ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://proxy/execution/"),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_QUEUED_CHECK_INTERVAL", "5"),
    ];
    for server in SERVERS {
        let variables = variables(&release, server);
        for (name, value) in said {
            assert_eq!(variables[name]["value"], value, "{name} of {server}");
        }
        let namespace = &variables["AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE"]["valueFrom"]["secretKeyRef"]["name"];
        assert_eq!(namespace, "airflow-environment", "{server}");
    }
    for job in JOBS {
        let variables = variables(&release, job);
        assert_eq!(variables["AIRFLOW__CORE__AUTH_MANAGER"]["value"], "my.Manager", "{job} makes its tables");
        assert_eq!(variables["PLACE"]["value"], "anywhere", "{job}");
        assert_eq!(
            variables["GREETING"]["valueFrom"]["secretKeyRef"],
            json!({ "name": "airflow-environment", "key": "init.GREETING" }),
            "{job}"
        );
    }
    let size = "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE";
    assert_eq!(variables(&release, "airflow-scheduler")[size]["value"], "16");
    assert!(!variables(&release, "airflow-triggerer").contains_key(size));
    let keys = rendered.read("secrets.sh");
    let (before, _) = keys.split_once("| secret small airflow-keys\n").expect("the object");
    let (_, object) = before.rsplit_once("printf '%s ' fernet-key\n").expect("the key");
    assert!(object.contains("FERNET") && !object.contains("AIRFLOW_FERNET_KEY"), "{object}");
}

#[test]
fn a_variable_that_a_role_alone_cannot_have_is_an_error() {
    let blueprint = small(
        r#"    executor: celery
    broker: redis
    environment: { AIRFLOW_HOME: /elsewhere }
    roles:
      scheduler:
        environment:
          AIRFLOW__CELERY__BROKER_URL: redis://elsewhere/0
      worker: { environment: { DUMB_INIT_SETSID: "1" } }
  redis: { component: redis }
"#,
    );
    let errors: Vec<(String, u64)> = errors(&blueprint).into_iter().map(|(message, line, _)| (message, line)).collect();
    let wanted = [
        ("the chart of Airflow sets `AIRFLOW_HOME` itself", 11),
        ("the chart of Airflow gives all roles the same `AIRFLOW__CELERY__BROKER_URL`", 15),
        ("the chart of Airflow sets `DUMB_INIT_SETSID` itself", 16),
    ];
    assert_eq!(errors, wanted.map(|(message, line)| (message.to_owned(), line)));
}

#[test]
fn a_variable_of_an_option_that_airflow_no_longer_reads_is_an_error() {
    let errors = errors(&small(
        r#"    executor: kubernetes
    environment: { AIRFLOW__KUBERNETES__DELETE_WORKER_PODS: "False", AIRFLOW__CORE__CHECK_SLAS: "True" }
    roles:
      api_server: { environment: { AIRFLOW__WEBSERVER__EXPOSE_CONFIG: "True" } }
"#,
    ));
    let wanted = [
        ("AIRFLOW__KUBERNETES__DELETE_WORKER_PODS", 10, "write `AIRFLOW__KUBERNETES_EXECUTOR__*`"),
        ("AIRFLOW__CORE__CHECK_SLAS", 10, "leave it out"),
        ("AIRFLOW__WEBSERVER__EXPOSE_CONFIG", 12, "write `AIRFLOW__API__EXPOSE_CONFIG`"),
    ];
    let wanted = wanted.map(|(name, line, help)| (format!("what the chart runs no longer reads `{name}`"), line, help.to_owned()));
    assert_eq!(errors, wanted);
}

/// An Airflow with workers and pods of tasks, whose roles say more.
fn with_both(roles: &str) -> String {
    small(&format!(
        "    executor: celery_kubernetes
    broker: redis
    roles:
{roles}
  redis: {{ component: redis }}
"
    ))
}

#[test]
fn what_workers_and_pods_of_tasks_both_have_stands_in_their_section_once() {
    let Some(tools) = tools() else { return };
    let role = r#"{ environment: { FOO: w, SECRET: "a${postgres/sales.password}" }, resources: { memory: 2Gi }, overrides: { helm: { safeToEvict: false } } }"#;
    let blueprint = with_both(&format!("      worker: {role}\n      task: {role}"));
    let rendered = Rendered::text_to("helm", &blueprint, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "small");
    let worker = variables(&release, "airflow-worker");
    assert_eq!(worker["FOO"]["value"], "w");
    let reference = json!({ "name": "airflow-environment", "key": "worker.SECRET" });
    for container in [&worker["SECRET"], variable(&task_pod(&release)["spec"]["containers"][0], "SECRET").expect("a variable")] {
        assert_eq!(container["valueFrom"]["secretKeyRef"], reference);
    }
}

#[test]
fn what_is_said_for_workers_and_not_for_pods_of_tasks_is_an_error() {
    let errors = errors(&with_both(
        r#"      worker:
        environment: { FOO: w, ONLY_W: "1" }
        resources: { memory: 2Gi }
      task:
        environment: { FOO: t, ONLY_T: "1" }
        overrides: { helm: { nodeSelector: { a: b } } }"#,
    ));
    let wanted = [("variable `ONLY_W`", 13), ("resources", 14), ("variable `FOO`", 16), ("variable `ONLY_T`", 16), ("overrides", 17)];
    let place = |what| format!("the chart of Airflow has one place for the {what} of the workers and of the pods of tasks");
    let errors: Vec<(String, u64)> = errors.into_iter().map(|(message, line, _)| (message, line)).collect();
    assert_eq!(errors, wanted.map(|(what, line)| (place(what), line)));
}
