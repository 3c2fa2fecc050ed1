//! The real chart with our values: what it makes of each of them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::support::rendered::{Rendered, keys, strings};
use super::support::{self, manifests};
use super::{VALUES, capstone, objects, small, value};

/// What the chart makes of values.
pub struct Release(Vec<Value>);

/// `helm` and the chart, where both can be had.
pub fn tools() -> Option<(PathBuf, PathBuf)> {
    Some((support::tool("helm")?, support::airflow_chart()?))
}

impl Release {
    pub fn of(tools: &(PathBuf, PathBuf), rendered: &Rendered, values: &str, namespace: &str) -> Self {
        let (helm, chart) = tools;
        let file = rendered.folder.join(values);
        let linted = support::run(at_home(helm, rendered).arg("lint").arg(chart).arg("--strict").arg("--values").arg(&file));
        linted.unwrap_or_else(|error| panic!("{error}"));
        let mut template = at_home(helm, rendered);
        template.args(["template", "airflow"]).arg(chart).args(["--namespace", namespace, "--values"]).arg(&file);
        let printed = support::run(&mut template).unwrap_or_else(|error| panic!("{error}"));
        Self(manifests::documents(&printed))
    }

    pub fn object(&self, kind: &str, name: &str) -> &Value {
        let found = self.0.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}: {:?}", self.0.iter().map(manifests::id).collect::<Vec<_>>()))
    }

    /// The pods of the servers and the jobs: name and pod.
    pub fn pods(&self) -> Vec<(&str, &Value)> {
        let is_controller = |object: &&Value| matches!(object["kind"].as_str(), Some("Deployment" | "StatefulSet" | "Job"));
        let named = |object| (value_str(object, "/metadata/name"), &object["spec"]["template"]);
        self.0.iter().filter(is_controller).map(named).collect()
    }

    pub fn configuration(&self) -> &str {
        value_str(self.object("ConfigMap", "airflow-config"), "/data/airflow.cfg")
    }
}

fn at_home(helm: &Path, rendered: &Rendered) -> std::process::Command {
    let mut command = support::command(helm);
    command.env("HOME", rendered.home.path());
    command
}

pub fn value_str<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} in {object:#}"))
}

pub fn containers(pod: &Value) -> Vec<&Value> {
    let list = |key: &str| pod["spec"][key].as_array().into_iter().flatten();
    list("initContainers").chain(list("containers")).collect()
}

pub fn variable<'a>(container: &'a Value, name: &str) -> Option<&'a Value> {
    container["env"].as_array()?.iter().find(|entry| entry["name"] == name)
}

#[test]
fn the_capstone_runs_on_celery_with_the_image_that_is_built() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    assert!(release.configuration().contains("executor = CeleryExecutor\n"));
    assert!(release.configuration().contains("auth_manager = airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager\n"));
    let mut names: Vec<&str> = release.pods().into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let jobs = ["airflow-create-user", "airflow-run-airflow-migrations"];
    let servers = ["airflow-api-server", "airflow-dag-processor", "airflow-scheduler", "airflow-triggerer", "airflow-worker"];
    let mut all = [&jobs[..], &servers[..]].concat();
    all.sort_unstable();
    assert_eq!(names, all, "and neither postgres nor redis nor statsd of the chart's");
    for (name, pod) in release.pods() {
        for container in containers(pod) {
            assert_eq!(container["image"], "capstone/airflow:local", "{name}");
        }
    }
}

#[test]
fn nothing_of_the_release_is_a_secret_or_a_hook() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    assert!(!release.0.iter().any(|object| object["kind"] == "Secret"), "the chart makes no secret of its own");
    for object in &release.0 {
        let annotations = &object["metadata"]["annotations"];
        assert!(!keys(annotations).iter().any(|key| key.starts_with("helm.sh/hook")), "{}", manifests::id(object));
    }
}

#[test]
fn the_servers_and_the_jobs_read_the_secrets_that_the_script_makes() {
    let Some(tools) = tools() else { return };
    let rendered = capstone();
    let release = Release::of(&tools, &rendered, VALUES, "capstone-airflow");
    let script = rendered.read("secrets.sh");
    let mut seen = 0;
    for (name, pod) in release.pods() {
        for container in containers(pod) {
            for entry in container["env"].as_array().into_iter().flatten() {
                let Some(reference) = entry.pointer("/valueFrom/secretKeyRef") else { continue };
                let (object, key) = (value_str(reference, "/name"), value_str(reference, "/key"));
                assert!(script.contains(&format!("| secret capstone-airflow {object}\n")), "{name} reads {object}");
                assert!(script.contains(&format!("printf '%s ' {key}\n")), "{name} reads {key} of {object}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
    let scheduler = &containers(release.object("Deployment", "airflow-scheduler").pointer("/spec/template").expect("a pod"))[1];
    assert!(variable(scheduler, "AIRFLOW_CONN_POSTGRES_KAFKA_DEFAULT").is_some());
    assert!(variable(scheduler, "AIRFLOW_CONN_AIRFLOW_DB").is_none(), "the metadata database is no connection of tasks");
}

#[test]
fn the_logs_and_the_dags_are_in_the_claims() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    let claims = |name: &str| -> Vec<String> {
        let volumes = value(release.object("Deployment", name), "/spec/template/spec/volumes");
        let claims = volumes.as_array().expect("a list").iter().filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName"));
        claims.map(|claim| claim.as_str().expect("a name").to_owned()).collect()
    };
    for reader in ["airflow-worker", "airflow-triggerer", "airflow-dag-processor"] {
        assert_eq!(claims(reader), ["capstone-dags", "airflow-logs"], "{reader}");
    }
    assert_eq!(claims("airflow-api-server"), ["airflow-logs"]);
    assert!(!release.0.iter().any(|object| object["kind"] == "PersistentVolumeClaim"), "all claims are ours");
}

#[test]
fn everything_waits_for_the_migration_and_the_administrator_too() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    for (name, pod) in release.pods().into_iter().filter(|(_, pod)| pod["spec"]["restartPolicy"] != "OnFailure") {
        let first = containers(pod)[0];
        assert_eq!(strings(&first["args"]), ["airflow", "db", "check-migrations", "--migration-wait-timeout=600"], "{name}");
    }
    let migration = release.object("Job", "airflow-run-airflow-migrations");
    assert!(value_str(migration, "/spec/template/spec/containers/0/args/2").contains("airflow db migrate"), "{migration:#}");
    let mounted = value(migration, "/spec/template/spec/containers/0/volumeMounts/0");
    assert_eq!((&mounted["mountPath"], &mounted["subPath"]), (&json!("/opt/airflow/airflow.cfg"), &json!("airflow.cfg")));
    let admin = release.object("Job", "airflow-create-user").pointer("/spec/template/spec/containers/0").expect("a container");
    assert_eq!(strings(&admin["args"])[3..], ["airflow", "db", "check-migrations", "--migration-wait-timeout=600"]);
    assert!(strings(&admin["args"])[2].contains("def set_administrator("), "the script arrives whole");
    assert_eq!(migration["spec"].get("ttlSecondsAfterFinished"), None, "who waits for its end still finds it");
}

/// The policies of the manifests select by these labels; the chart's own are off.
#[test]
fn the_policies_hold_for_the_pods_of_the_chart() {
    let Some(tools) = tools() else { return };
    let rendered = capstone();
    let release = Release::of(&tools, &rendered, VALUES, "capstone-airflow");
    assert!(!release.0.iter().any(|object| object["kind"] == "NetworkPolicy"));
    for (name, pod) in release.pods() {
        let labels = &pod["metadata"]["labels"];
        assert_eq!(labels["net.pipegen.io/airflow_network"], "member", "{name}");
        let runs_tasks = ["airflow-worker", "airflow-triggerer"].contains(&name);
        assert_eq!(labels.get("net.pipegen.io/kafka_network").is_some(), runs_tasks, "{name}");
    }
    let policies = objects(&rendered.folder, &["NetworkPolicy"]);
    let policy = policies.iter().find(|policy| policy["metadata"]["name"] == "into-airflow-apiserver").expect("a policy");
    let api = release.object("Deployment", "airflow-api-server").pointer("/spec/template/metadata/labels").expect("labels");
    for (key, wanted) in policy.pointer("/spec/podSelector/matchLabels").and_then(Value::as_object).expect("a selector") {
        assert_eq!(&api[key], wanted, "the policy is about the API server");
    }
    let from = value(policy, "/spec/ingress/0/from/0/podSelector/matchLabels");
    let worker = release.object("Deployment", "airflow-worker").pointer("/spec/template/metadata/labels").expect("labels");
    for (key, wanted) in from.as_object().expect("a selector") {
        assert_eq!(&worker[key], wanted, "a task reaches the API server, which gives it its work");
    }
    assert_eq!(value(policy, "/spec/ingress/0/ports"), json!([{ "protocol": "TCP", "port": 8080 }]));
}

#[test]
fn no_pod_runs_as_root_or_with_a_token() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    for (name, pod) in release.pods() {
        assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(pod["spec"]["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        let account = release.object("ServiceAccount", value_str(pod, "/spec/serviceAccountName"));
        assert_eq!(account["automountServiceAccountToken"], false, "{name}");
    }
}

#[test]
fn the_services_are_those_that_others_are_told() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &capstone(), VALUES, "capstone-airflow");
    assert_eq!(value(release.object("Service", "airflow-api-server"), "/spec/ports/0/port"), 8080);
    assert_eq!(value(release.object("Service", "airflow-triggerer"), "/spec/ports/0/port"), 8794);
    assert_eq!(value(release.object("Service", "airflow-worker"), "/spec/ports/0/port"), 8793);
    assert!(release.configuration().contains("execution_api_server_url = http://airflow-api-server:8080/execution/\n"));
}

#[test]
fn where_there_are_replicas_one_pod_may_be_missing() {
    let Some(tools) = tools() else { return };
    let blueprint = small("    roles: { scheduler: { replicas: 2 }, api_server: { replicas: 2 } }\n");
    let rendered = Rendered::text_to("helm", &blueprint, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "small");
    let manifests = Rendered::text_to("kubernetes", &blueprint, &[]);
    let ours = objects(&manifests.folder, &["PodDisruptionBudget"]);
    assert_eq!(ours.len(), 2);
    for budget in ours {
        let name = value_str(&budget, "/metadata/name").replace("apiserver", "api-server");
        let spec = &release.object("PodDisruptionBudget", &format!("{name}-pdb"))["spec"];
        assert_eq!(spec["maxUnavailable"], budget["spec"]["maxUnavailable"], "{name}");
        let pod = release.object("Deployment", &name).pointer("/spec/template/metadata/labels").expect("labels");
        let selector = spec.pointer("/selector/matchLabels").and_then(Value::as_object).expect("a selector");
        assert!(selector.iter().all(|(key, wanted)| pod[key] == *wanted), "{name}");
    }
}

/// The workers of the environment `scale`, which follow the load.
fn scaled() -> Rendered {
    Rendered::chosen("helm", "blueprints/capstone.yml", Some("scale"))
}

#[test]
fn the_chart_lets_the_operator_set_the_number_of_workers() {
    let Some(tools) = tools() else { return };
    let rendered = scaled();
    let release = Release::of(&tools, &rendered, VALUES, "capstone-airflow");
    let scaling = &release.object("ScaledObject", "airflow-worker")["spec"];
    assert_eq!((&scaling["minReplicaCount"], &scaling["maxReplicaCount"]), (&json!(0), &json!(8)));
    let worker = release.object("Deployment", "airflow-worker");
    assert_eq!(scaling["scaleTargetRef"], json!({ "kind": "Deployment", "name": "airflow-worker", "envSourceContainerName": "worker" }));
    assert_eq!(worker["spec"].get("replicas"), None, "nobody else sets it");
    // It asks what the manifests let it ask, and as often.
    let ours = Rendered::chosen("kubernetes", "blueprints/capstone.yml", Some("scale"));
    let ours = objects(&ours.folder, &["ScaledObject"]).remove(0);
    let (trigger, our_trigger) = (&scaling["triggers"][0], &ours["spec"]["triggers"][0]);
    assert_eq!(trigger["type"], our_trigger["type"]);
    for key in ["query", "targetQueryValue"] {
        assert_eq!(trigger["metadata"][key], our_trigger["metadata"][key]);
    }
    for key in ["pollingInterval", "cooldownPeriod", "minReplicaCount", "maxReplicaCount"] {
        assert_eq!(scaling[key], ours["spec"][key], "{key}");
    }
    // The address is in a variable of the container that it looks at, from a secret that the script makes.
    let name = value_str(trigger, "/metadata/connectionFromEnv");
    let container = containers(&worker["spec"]["template"]).into_iter().find(|container| container["name"] == "worker");
    let variable = variable(container.expect("the container"), name).unwrap_or_else(|| panic!("no {name}"));
    let reference = value(variable, "/valueFrom/secretKeyRef");
    assert_eq!(reference, json!({ "name": "airflow-worker-load", "key": "connection" }));
    assert!(rendered.read("secrets.sh").contains("| secret capstone-airflow airflow-worker-load\n"));
    assert!(release.0.iter().all(|object| object["kind"] != "NetworkPolicy"), "the ways in are ours");
}

#[test]
fn what_the_chart_asks_the_operator_for_is_what_its_definition_allows() {
    let Some(tools) = tools() else { return };
    let release = Release::of(&tools, &scaled(), VALUES, "capstone-airflow");
    let file = support::repository().join("tests/schemas/operators/keda.sh/scaledobject_v1alpha1.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("a schema")).expect("JSON");
    let schema = jsonschema::draft7::new(&schema).expect("a schema");
    let faults: Vec<String> = schema.iter_errors(release.object("ScaledObject", "airflow-worker")).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, [""; 0]);
}

/// Every character that means something to YAML, to Go templates, to Kubernetes or to Airflow's own configuration.
const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"\n";

#[test]
fn texts_reach_the_pods_as_they_were_written() {
    let Some(tools) = tools() else { return };
    let quoted = serde_json::to_string(&NASTY.replace("${B}", "$${B}").replace("$${C}", "$$$${C}")).expect("JSON");
    let blueprint = small(&format!(
        "    environment: {{ NASTY: {quoted} }}
    overrides: {{ helm: {{ migrateDatabaseJob: {{ env: [{{ name: NASTIER, value: {quoted} }}] }} }} }}\n"
    ));
    let rendered = Rendered::text_to("helm", &blueprint, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "small");
    let scheduler = value(release.object("Deployment", "airflow-scheduler"), "/spec/template/spec/containers/0");
    let meant = variable(&scheduler, "NASTY").and_then(|entry| entry["value"].as_str()).expect("a value");
    assert_eq!(expanded(meant), NASTY, "not evaluated by the chart");
    let migration = value(release.object("Job", "airflow-run-airflow-migrations"), "/spec/template/spec/containers/0");
    let meant = variable(&migration, "NASTIER").and_then(|entry| entry["value"].as_str()).expect("a value");
    assert_eq!(meant, NASTY, "evaluated by the chart");
}

/// What a container gets of a value in which no variable is defined.
fn expanded(value: &str) -> String {
    value.replace("$$", "$")
}

/// An Airflow that makes a pod for each task, with DAGs from Git.
const PODS: &str = r#"blueprint: v1
name: pods
credentials: { git: { type: basic, username: robot }, aws: { type: aws } }
services:
  postgres: { component: postgres, databases: [airflow] }
  airflow:
    component: airflow
    version: "3.0.2"
    executor: kubernetes
    database: postgres/airflow
    image: { repository: "registry.example/dags", tag: "20260106" }
    dags: { git: "https://github.com/example/dags.git", ref: v1.4.0, path: dags, credential: git }
    logs: { size: 5Gi }
    task_pods: { keep: always }
    environment: { BUCKET: "${lake.bucket}", PLAIN: a }
    roles: { task: { resources: { cpu: "1", memory: 2Gi } } }
    connections: { aws_conn: { to: lake } }
  lake: { component: s3, bucket: "${env.BUCKET}", region: us-east-1, credential: aws }
"#;

/// The pattern of the pods of tasks, which the chart puts into a config map.
pub fn task_pod(release: &Release) -> Value {
    let text = value_str(release.object("ConfigMap", "airflow-config"), "/data/pod_template_file.yaml");
    serde_yaml::from_str(text).expect("YAML")
}

#[test]
fn tasks_run_in_pods_of_the_same_image_with_the_same_variables() {
    let Some(tools) = tools() else { return };
    let rendered = Rendered::text_to("helm", PODS, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "pods");
    assert!(release.configuration().contains("executor = KubernetesExecutor\n"));
    let pod = task_pod(&release);
    let task = value(&pod, "/spec/containers/0");
    assert_eq!(task["image"], "registry.example/dags:20260106");
    assert_eq!(task["resources"]["limits"], json!({ "cpu": "1", "memory": "2Gi" }));
    assert_eq!(variable(&task, "PLAIN").expect("a variable")["value"], "a");
    for (name, object) in [("BUCKET", "airflow-environment"), ("AIRFLOW_CONN_AWS_CONN", "airflow-connections")] {
        assert_eq!(value_str(variable(&task, name).expect("a variable"), "/valueFrom/secretKeyRef/name"), object);
    }
    assert_eq!(value(&pod, "/metadata/labels/net.pipegen.io~1pods"), "member", "the policies hold for it");
    let logs = value(&pod, "/spec/volumes")
        .as_array()
        .expect("a list")
        .iter()
        .any(|volume| volume["persistentVolumeClaim"]["claimName"] == "airflow-logs");
    assert!(logs, "{pod:#}");
}

#[test]
fn pods_of_tasks_stay_as_the_blueprint_says() {
    let Some(tools) = tools() else { return };
    for (keep, ended, failed) in [("always", "false", "false"), ("failed", "true", "false"), ("never", "true", "true")] {
        let rendered = Rendered::text_to("helm", &PODS.replace("keep: always", &format!("keep: {keep}")), &[]);
        let release = Release::of(&tools, &rendered, "airflow.values.yaml", "pods");
        let (_, section) = release.configuration().split_once("[kubernetes_executor]\n").expect("a section");
        assert!(section.starts_with(&format!("delete_worker_pods = {ended}\ndelete_worker_pods_on_failure = {failed}\n")), "{section}");
    }
}

#[test]
fn dags_come_from_git_at_the_reference_of_the_blueprint() {
    let Some(tools) = tools() else { return };
    let rendered = Rendered::text_to("helm", PODS, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "pods");
    let processor = release.object("Deployment", "airflow-dag-processor").pointer("/spec/template").expect("a pod");
    let syncs: Vec<&Value> =
        containers(processor).into_iter().filter(|one| one["name"].as_str().is_some_and(|name| name.starts_with("git-sync"))).collect();
    assert_eq!(syncs.len(), 2, "once before the start, and from then on");
    for sync in syncs {
        for (name, wanted) in
            [("GITSYNC_REPO", "https://github.com/example/dags.git"), ("GITSYNC_REF", "v1.4.0"), ("GITSYNC_PERIOD", "60s")]
        {
            assert_eq!(variable(sync, name).expect("a variable")["value"], wanted);
        }
        for name in ["GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_USERNAME", "GITSYNC_PASSWORD"] {
            let reference = value(variable(sync, name).expect("a variable"), "/valueFrom/secretKeyRef");
            assert_eq!(reference, json!({ "name": "airflow-git", "key": name }));
            assert!(rendered.read("secrets.sh").contains(&format!("printf '%s ' {name}\n")), "the script makes it");
        }
    }
    assert!(release.configuration().contains("dags_folder = /opt/airflow/dags/repo/dags\n"));
    assert!(!rendered.read("storage.yaml").contains("airflow-dags"), "no claim for a folder that the chart does not mount");
}

#[test]
fn only_who_makes_pods_has_a_token_and_a_way_to_the_cluster() {
    let Some(tools) = tools() else { return };
    let rendered = Rendered::text_to("helm", PODS, &[]);
    let release = Release::of(&tools, &rendered, "airflow.values.yaml", "pods");
    let tokens: Vec<&str> = release
        .0
        .iter()
        .filter(|object| object["kind"] == "ServiceAccount" && object["automountServiceAccountToken"] != false)
        .map(|object| value_str(object, "/metadata/name"))
        .collect();
    assert_eq!(tokens, ["airflow-api-server", "airflow-scheduler", "airflow-triggerer"]);
    // The chart lets the pods of tasks make pods as well. Without a token they cannot.
    let bound = value(release.object("RoleBinding", "airflow-pod-launcher-rolebinding"), "/subjects");
    let names = bound.as_array().expect("a list").iter().map(|subject| value_str(subject, "/name"));
    assert_eq!(names.filter(|name| tokens.contains(name)).collect::<Vec<_>>(), ["airflow-scheduler"]);
    let policies = objects(&rendered.folder, &["NetworkPolicy"]);
    let policy = policies.iter().find(|policy| policy["metadata"]["name"] == "out-to-cluster").expect("a policy");
    let callers = value(policy, "/spec/podSelector/matchExpressions/0/values");
    assert_eq!(strings(&callers), ["airflow-apiserver", "airflow-scheduler", "airflow-triggerer"]);
}
