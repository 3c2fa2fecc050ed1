//! What the target `helm` writes: the values of a chart, the scripts around its release, and nothing of what the chart replaces.
//! `chart` renders the real chart with them, where it can be had; `seed` has the defects of a hand-written installation of
//! the same system, of which none may come back.

#[path = "../support/mod.rs"]
mod support;

mod chart;
mod limits;
mod overrides;
mod scripts;
mod seed;
mod variables;

use std::path::Path;

use serde_json::Value;
use support::manifests;
use support::rendered::Rendered;

const VALUES: &str = "airflow/airflow.values.yaml";

fn capstone() -> Rendered {
    Rendered::to("helm", "blueprints/capstone.yml")
}

/// A small platform whose Airflow says more.
fn small(airflow: &str) -> String {
    format!(
        "blueprint: v1
name: small
services:
  postgres: {{ component: postgres, databases: [airflow, sales] }}
  airflow:
    component: airflow
    version: \"3.0\"
    database: postgres/airflow
{airflow}"
    )
}

/// The values, of which `pointer` names one.
fn value(values: &Value, pointer: &str) -> Value {
    values.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {values:#}")).clone()
}

#[test]
fn the_chart_stands_in_for_all_workloads_of_airflow_and_for_nothing_else() {
    let rendered = capstone();
    let controllers: Vec<String> = objects(&rendered.folder, &["Deployment", "StatefulSet", "Job"]).iter().map(manifests::id).collect();
    assert!(!controllers.iter().any(|id| id.contains("/airflow-apiserver") || id.contains("/airflow-init")), "{controllers:?}");
    for kept in ["StatefulSet capstone-airflow/airflow-postgres", "StatefulSet capstone-airflow/redis", "StatefulSet capstone-kafka/kafka"]
    {
        assert!(controllers.iter().any(|id| id == kept), "{kept} in {controllers:?}");
    }
    let services: Vec<String> = objects(&rendered.folder, &["Service"]).iter().map(manifests::id).collect();
    // The chart has Services of these names, or others in their place.
    assert!(!services.iter().any(|id| id.starts_with("Service capstone-airflow/airflow-") && !id.ends_with("-postgres")), "{services:?}");
}

#[test]
fn the_target_kubernetes_never_takes_a_chart() {
    let rendered = Rendered::to("kubernetes", "blueprints/capstone.yml");
    let controllers: Vec<String> = objects(&rendered.folder, &["Deployment"]).iter().map(manifests::id).collect();
    assert!(controllers.iter().any(|id| id == "Deployment capstone-airflow/airflow-apiserver"), "{controllers:?}");
    assert!(!rendered.folder.join("releases.sh").exists());
}

#[test]
fn what_the_roles_promised_the_manifests_keep() {
    let rendered = capstone();
    let values = rendered.yaml(VALUES);
    let claims: Vec<String> = objects(&rendered.folder, &["PersistentVolumeClaim"]).iter().map(manifests::id).collect();
    for pointer in ["/logs/persistence/existingClaim", "/dags/persistence/existingClaim"] {
        let claim = value(&values, pointer);
        let id = format!("PersistentVolumeClaim capstone-airflow/{}", claim.as_str().expect("a name"));
        assert!(claims.contains(&id), "{id} in {claims:?}");
    }
    let policies: Vec<String> = objects(&rendered.folder, &["NetworkPolicy"]).iter().map(manifests::id).collect();
    assert!(policies.contains(&"NetworkPolicy capstone-airflow/into-airflow-apiserver".to_owned()), "{policies:?}");
}

#[test]
fn every_secret_of_the_values_is_an_object_that_the_script_makes() {
    let rendered = capstone();
    let (values, secrets) = (rendered.read(VALUES), rendered.read("secrets.sh"));
    for object in ["keys", "metadata-connection", "result-backend-connection", "broker-connection", "admin", "connections"] {
        assert!(values.contains(&format!("airflow-{object}\n")), "airflow-{object}");
        assert!(secrets.contains(&format!("| secret capstone-airflow airflow-{object}\n")), "airflow-{object}");
    }
    assert_eq!(objects(&rendered.folder, &["Secret"]), Vec::<Value>::new());
}

#[test]
fn a_waiting_neighbour_finds_the_service_of_the_chart() {
    let blueprint = small("    publish: 8080\n  web: { component: container, image: \"web:1\", uses: [airflow] }\n");
    let rendered = Rendered::text_to("helm", &blueprint, &[]);
    let web = rendered.read("web.yaml");
    assert!(web.contains("http://airflow-api-server:8080"), "{web}");
    assert!(!web.contains("airflow-apiserver:"), "{web}");
    assert!(rendered.read("forward.sh").contains("forward small airflow-api-server 127.0.0.1 8080 8080 &"));
}

fn objects(folder: &Path, kinds: &[&str]) -> Vec<Value> {
    let mut all = manifests::below(folder);
    all.retain(|object| kinds.contains(&object["kind"].as_str().unwrap_or_default()));
    all
}
