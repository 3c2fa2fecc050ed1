//! A real Airflow reads the DAGs of the examples, each with the variables that the blueprint gives it.

mod support;

use std::path::Path;

use serde_json::{Value, json};

/// Prints what Airflow finds in a folder: errors of import, and of each DAG its tasks and the assets that it waits for.
const READ: &str = r#"
import json, sys
from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1], include_examples=False)
waits = lambda dag: sorted(asset.uri for _, asset in dag.timetable.asset_condition.iter_assets())
print(json.dumps({
    "errors": list(bag.import_errors.values()),
    "dags": {name: {"tasks": dag.task_ids, "waits": waits(dag)} for name, dag in sorted(bag.dags.items())},
    "outlets": sorted(outlet.uri for dag in bag.dags.values() for task in dag.tasks for outlet in task.outlets),
}))
"#;

/// `None` where Airflow is not installed.
fn read(folder: &Path, environment: &[(&str, &str)]) -> Option<Value> {
    // Asked for first: any machine may have a `python`, which would say nothing of Airflow.
    support::tool("airflow")?;
    let home = tempfile::tempdir().expect("a folder");
    let mut python = support::command(&support::tool("airflow-python")?);
    python.args(["-c", READ]).arg(folder).env("AIRFLOW_HOME", home.path()).env("HOME", home.path());
    // A busy machine takes longer than the 30 s that Airflow allows.
    python.env("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "600");
    // The folder is the repository's own.
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    let printed = support::run(python.envs(environment.iter().copied())).unwrap_or_else(|error| panic!("{error}"));
    Some(serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON"))
}

#[test]
fn capstone() {
    let Some(found) = read(&support::repository().join("blueprints/capstone/dags"), &[]) else { return };
    let dags = json!({ "batch_data_ingestion": { "tasks": ["summarize_day"], "waits": [] } });
    assert_eq!((&found["errors"], &found["dags"]), (&json!([]), &dags));
}

#[test]
fn stackexchange() {
    let folder = support::repository().join("blueprints/stackexchange/dags");
    let Some(found) = read(&folder, &[("LAKE_BUCKET", "lake"), ("DATABRICKS_JOB_ID", "7")]) else { return };
    let assets = json!(["s3://lake/raw/Posts.xml", "s3://lake/raw/Users.xml"]);
    let expected = json!({
        "errors": [],
        "dags": {
            "produce_data_asset": { "tasks": ["upload_raw_data"], "waits": [] },
            "trigger_databricks_workflow_dag": { "tasks": ["run_databricks_workflow"], "waits": assets },
        },
        "outlets": assets,
    });
    assert_eq!(found, expected);
}
