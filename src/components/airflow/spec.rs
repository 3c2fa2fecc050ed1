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
    /// The folder of its DAGs, relative to the blueprint, or a Git repository from which they are fetched again and again.
    #[serde(default)]
    pub dags: Option<Dags>,
    /// Connections that its tasks use, by connection id.
    #[serde(default)]
    pub connections: Map<DatasetName, Connection>,
    /// What single roles say for themselves.
    #[serde(default)]
    pub roles: Roles,
    /// Python packages for an image of one's own, which gets them as the build argument `PYTHON_PACKAGES`.
    #[serde(default)]
    pub python: Vec<ParametricText>,
    /// Where logs are kept: the volume that all roles share.
    #[serde(default)]
    pub logs: Logs,
    /// The pods that run tasks under the executor `kubernetes`.
    #[serde(default)]
    pub task_pods: Option<TaskPods>,
    /// What collects its metrics.
    #[serde(default)]
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

impl Executor {
    /// Its name in a blueprint.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Celery => "celery",
            Self::Kubernetes => "kubernetes",
            Self::CeleryKubernetes => "celery_kubernetes",
        }
    }

    /// How Airflow calls it. Of two the first is the default; Airflow 3 has no class for the pair.
    pub(super) const fn setting(self) -> &'static str {
        match self {
            Self::Local => "LocalExecutor",
            Self::Celery => "CeleryExecutor",
            Self::Kubernetes => "KubernetesExecutor",
            Self::CeleryKubernetes => "CeleryExecutor,KubernetesExecutor",
        }
    }

    /// Whether workers take tasks from a queue.
    pub(super) const fn has_queue(self) -> bool {
        matches!(self, Self::Celery | Self::CeleryKubernetes)
    }

    /// Whether a task runs in a pod of its own.
    pub(super) const fn makes_pods(self) -> bool {
        matches!(self, Self::Kubernetes | Self::CeleryKubernetes)
    }
}

/// A folder of DAGs, or a Git repository with them.
#[derive(Debug)]
pub(super) enum Dags {
    /// Beside the blueprint.
    Folder(ParametricText),
    /// Fetched.
    Git(Git),
}

/// A Git repository with DAGs.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Git {
    /// The URL of the repository.
    pub git: ParametricText,
    /// The branch, tag or commit.
    #[serde(default, rename = "ref")]
    #[schemars(extend("default" = "HEAD"))]
    pub reference: Option<ParametricText>,
    /// The folder of the repository that holds the DAGs; without this key its root.
    #[serde(default)]
    pub path: Option<ParametricText>,
    /// The login for the repository; a public one needs none.
    #[serde(default)]
    pub credential: Option<NetworkName>,
}

impl From<Git> for Dags {
    fn from(git: Git) -> Self {
        Self::Git(git)
    }
}

text_or_map!(Dags, Git, "Dags", ParametricText, |path| Dags::Folder(path));

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
    /// The pods of the executor `kubernetes`, one for each task.
    #[serde(default)]
    task: Option<Role>,
}

impl Roles {
    pub(super) fn get(&self, key: &str) -> Option<&Role> {
        match key {
            "api_server" => self.api_server.as_ref(),
            "scheduler" => self.scheduler.as_ref(),
            "dag_processor" => self.dag_processor.as_ref(),
            "triggerer" => self.triggerer.as_ref(),
            "worker" => self.worker.as_ref(),
            "task" => self.task.as_ref(),
            _ => None,
        }
    }
}

/// Where logs are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Logs {
    /// How large they may become, where the target can say so.
    #[serde(default)]
    pub size: Option<Size>,
    /// A folder of the host instead of a managed volume, relative to the blueprint.
    #[serde(default)]
    pub path: Option<ParametricText>,
    /// The s3 service that keeps the logs of tasks as well.
    #[serde(default)]
    pub to: Option<ResourceRef>,
}

/// The pods that run tasks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TaskPods {
    /// Which ones stay after their task has ended.
    #[serde(default)]
    #[schemars(extend("default" = "never"))]
    pub keep: Keep,
}

/// Which pods stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Keep {
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
