//! What a blueprint says of Airflow.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::blueprint::Role;
use crate::value::{DatasetName, Map, NetworkName, ParametricText, ResourceRef, Size, text_or_map};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Spec {
    /// The service's name, filled in after reading.
    #[serde(skip)]
    #[schemars(skip)]
    pub name: String,
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<crate::components::Version>")]
    pub version: Option<String>,
    /// What runs the tasks.
    #[serde(default)]
    #[schemars(extend("default" = "local"))]
    pub executor: Executor,
    /// The database of its own metadata, of a postgres service: `SERVICE/DATABASE`.
    pub database: ResourceRef,
    /// The redis service with the queue of the executor `celery`.
    #[serde(default)]
    pub broker: Option<ResourceRef>,
    /// The credential of its administrator; without this key `admin` with a password of its own.
    #[serde(default)]
    pub admin: Option<NetworkName>,
    /// The folder of its DAGs, relative to the blueprint, or a Git repository with them.
    #[serde(default)]
    pub dags: Option<Dags>,
    /// Connections that its tasks use, by connection id.
    #[serde(default)]
    pub connections: Map<DatasetName, Connection>,
    /// What single roles say for themselves.
    #[serde(default)]
    pub roles: Roles,
    /// Python packages on top of the image's.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    pub python: Vec<ParametricText>,
    /// Where logs are kept in Kubernetes.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    pub logs: Option<Logs>,
    /// The pods that run tasks under the executor `kubernetes`.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    pub task_pods: Option<TaskPods>,
    /// What collects its metrics.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    pub metrics: Option<Metrics>,
}

/// What runs the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Executor {
    /// The scheduler itself.
    #[default]
    Local,
    /// Workers that take tasks from a queue.
    Celery,
    /// A pod for each task.
    Kubernetes,
    /// Workers, or a pod where a task asks for one.
    CeleryKubernetes,
}

/// A folder of DAGs, or a Git repository with them.
#[derive(Debug)]
pub(super) struct Dags {
    pub path: Option<ParametricText>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DagsLong {
    /// The repository.
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    git: ParametricText,
    /// The branch, tag or commit.
    #[serde(default, rename = "ref")]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    reference: Option<ParametricText>,
    /// The folder of the repository.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    path: Option<ParametricText>,
    /// Who may read the repository.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    credential: Option<NetworkName>,
}

impl From<DagsLong> for Dags {
    fn from(_: DagsLong) -> Self {
        Self { path: None }
    }
}

text_or_map!(Dags, DagsLong, "Dags", ParametricText, |path| Dags { path: Some(path) });

/// A connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Connection {
    /// The service, or `service/resource`, that it leads to.
    pub to: ResourceRef,
}

/// What single roles say for themselves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Roles {
    /// The API server, which also shows the pages.
    #[serde(default)]
    api_server: Option<Role>,
    /// The scheduler.
    #[serde(default)]
    scheduler: Option<Role>,
    /// The DAG processor.
    #[serde(default)]
    dag_processor: Option<Role>,
    /// The triggerer.
    #[serde(default)]
    triggerer: Option<Role>,
    /// The workers of the executor `celery`.
    #[serde(default)]
    worker: Option<Role>,
}

impl Roles {
    pub(super) fn get(&self, key: &str) -> Option<&Role> {
        match key {
            "api_server" => self.api_server.as_ref(),
            "scheduler" => self.scheduler.as_ref(),
            "dag_processor" => self.dag_processor.as_ref(),
            "triggerer" => self.triggerer.as_ref(),
            "worker" => self.worker.as_ref(),
            _ => None,
        }
    }
}

/// Where logs are kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Logs {
    /// How large they may become.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    size: Option<Size>,
    /// A folder of the host.
    #[serde(default)]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    path: Option<ParametricText>,
}

/// The pods that run tasks.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TaskPods {
    /// Which ones stay after their task has ended.
    #[serde(default)]
    #[schemars(extend("default" = "never"))]
    #[allow(dead_code, reason = "carried by the language; no target renders it yet")]
    keep: Keep,
}

/// Which pods stay.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Keep {
    /// None.
    #[default]
    Never,
    /// Those of failed tasks.
    Failed,
    /// All.
    Always,
}

/// What collects metrics.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Metrics {
    /// Prometheus, through a StatsD exporter.
    Prometheus,
}
