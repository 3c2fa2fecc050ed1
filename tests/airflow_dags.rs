//! DAGs from Git and logs on the host, in Compose: what fetches, who reads, and who may write.

mod support;

use std::sync::LazyLock;

use serde_json::{Value, json};
use support::compose::Folder;
use support::rendered::{Rendered, keys};

const BLUEPRINT: &str = r#"
blueprint: v1
name: nightly
credentials: { git_login: { type: basic, username: robot } }
services:
  postgres: { component: postgres, version: "17", databases: [airflow] }
  redis: { component: redis }
  airflow:
    component: airflow
    version: "3.0"
    executor: celery
    database: postgres/airflow
    broker: redis
    dags: { git: "https://example.com/dags.git", ref: v1.4.0, path: /pipelines/, credential: git_login }
    logs: { path: logs, size: 2Gi }
    roles: { worker: { replicas: 2 } }
"#;

static RENDERED: LazyLock<Rendered> = LazyLock::new(|| Rendered::text(BLUEPRINT, &[]));
static FILE: LazyLock<Value> = LazyLock::new(|| RENDERED.yaml("docker-compose.yml"));

fn service(name: &str) -> &'static Value {
    &FILE["services"][name]
}

/// The services that mount a volume or a folder of the host, each with where and how, if the file says that in short.
fn mounters(what: &str) -> Vec<(&'static str, &'static str)> {
    let mounts = |name: &'static str| {
        let all = service(name)["volumes"].as_array().into_iter().flatten();
        all.filter_map(move |mount| match mount.as_str() {
            Some(short) => short.strip_prefix(what)?.strip_prefix(':').map(|rest| (name, rest)),
            None => (mount["source"] == what).then(|| (name, mount["target"].as_str().expect("a path"))),
        })
    };
    keys(&FILE["services"]).into_iter().flat_map(mounts).collect()
}

#[test]
fn git_sync_fetches_a_tag_with_the_login() {
    let sync = service("airflow-git-sync");
    let environment = &sync["environment"];
    assert_eq!(environment["GITSYNC_REPO"], "https://example.com/dags.git");
    assert_eq!(environment["GITSYNC_REF"], "v1.4.0");
    assert_eq!(environment["GITSYNC_USERNAME"], "robot");
    assert_eq!(environment["GITSYNC_PASSWORD"], "${GIT_LOGIN_PASSWORD:?run pipegen secrets init}");
    assert_eq!(sync["healthcheck"]["test"], json!(["CMD", "test", "-d", "/git/repo/pipelines"]), "a wrong path shows");
    assert_eq!(sync["restart"], "unless-stopped");
    assert_eq!(sync["volumes"], json!(["airflow-dags:/git"]));
}

#[test]
fn who_reads_dags_waits_for_them_and_cannot_write_them() {
    for role in ["airflow-dag-processor", "airflow-triggerer", "airflow-worker"] {
        assert_eq!(service(role)["depends_on"]["airflow-git-sync"]["condition"], "service_healthy", "{role}");
        assert_eq!(service(role)["environment"]["AIRFLOW__CORE__DAGS_FOLDER"], "/git/repo/pipelines", "{role}");
    }
    let readers = ["airflow-dag-processor", "airflow-triggerer", "airflow-worker"].map(|role| (role, "/git:ro"));
    assert_eq!(mounters("airflow-dags"), [&readers[..], &[("airflow-git-sync", "/git")]].concat());
}

/// A folder of the host belongs to root when Docker makes it.
#[test]
fn every_role_may_write_its_logs_into_the_folder_of_the_host() {
    let folder = "../../../logs";
    let job = service("airflow-logs-group");
    assert_eq!(job["command"], json!(["sh", "-c", "chgrp 0 /volume && chmod 2775 /volume"]));
    assert!(mounters(folder).contains(&("airflow-logs-group", "/volume")), "{:?}", job["volumes"]);
    for role in ["apiserver", "scheduler", "dag-processor", "triggerer", "worker"].map(|role| format!("airflow-{role}")) {
        assert!(mounters(folder).contains(&(role.as_str(), "/opt/airflow/logs")), "{role}");
        assert_eq!(service(&role)["depends_on"]["airflow-logs-group"]["condition"], "service_completed_successfully", "{role}");
    }
}

#[test]
fn nothing_that_the_service_uses_reaches_git_sync() {
    let with = BLUEPRINT.replace(
        "    broker: redis\n",
        "    broker: redis\n    uses: [redis]\n    environment: { SECRET: \"${credentials.git_login.password}\" }\n",
    );
    let file = Rendered::text(&with, &[]).yaml("docker-compose.yml");
    let names = keys(&file["services"]["airflow-git-sync"]["environment"]);
    assert!(names.iter().all(|name| name.starts_with("GITSYNC_")), "{names:?}");
    assert!(file["services"]["airflow-worker"]["environment"]["REDIS_HOST"].is_string());
}

#[test]
fn compose_takes_the_files() {
    let Some(compose) = support::tool("compose") else { return };
    let folder = Folder::read(&RENDERED.folder);
    assert_eq!(folder.refused(&compose), [""; 0]);
    assert_eq!(folder.against_schema(), [""; 0]);
}
