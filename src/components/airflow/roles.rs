//! The roles of Airflow: what each one runs, listens on, and how it shows that it is well.

use super::spec::Executor;
use crate::components::checks::curl;
use crate::platform::{Check, Endpoint, Health, Protocol, PublicText, Published, RemoteCheck, Text, Workload, WorkloadKind};
use crate::value::Duration;

/// A role.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Its key under `roles:`.
    pub key: &'static str,
    suffix: &'static str,
    command: &'static [&'static str],
}

pub(super) static API_SERVER: Role = Role { key: "api_server", suffix: "apiserver", command: &["api-server"] };
pub(super) static SCHEDULER: Role = Role { key: "scheduler", suffix: "scheduler", command: &["scheduler"] };
pub(super) static DAG_PROCESSOR: Role = Role { key: "dag_processor", suffix: "dag-processor", command: &["dag-processor"] };
pub(super) static TRIGGERER: Role = Role { key: "triggerer", suffix: "triggerer", command: &["triggerer"] };
pub(super) static WORKER: Role = Role { key: "worker", suffix: "worker", command: &["celery", "worker"] };

/// What the scheduler starts for each task. It says itself which program runs there.
pub(super) static TASK: Role = Role { key: "task", suffix: "task", command: &[] };

/// The roles that an executor needs.
pub(super) fn of(executor: Executor) -> impl Iterator<Item = &'static Role> {
    let worker = executor.has_queue().then_some(&WORKER);
    let task = executor.makes_pods().then_some(&TASK);
    [&API_SERVER, &SCHEDULER, &DAG_PROCESSOR, &TRIGGERER].into_iter().chain(worker).chain(task)
}

impl Role {
    /// The name of the workload.
    pub(super) fn workload(&self, service: &str) -> String {
        format!("{service}-{}", self.suffix)
    }

    /// Whether it runs the tasks of users: workers and pods of tasks, the triggerer with their deferred halves, and the
    /// scheduler where it is the executor itself.
    pub(super) fn runs_tasks(&self, executor: Executor) -> bool {
        match self.key {
            "worker" | "triggerer" | "task" => true,
            "scheduler" => executor == Executor::Local,
            _ => false,
        }
    }

    /// Whether it reads the files of DAGs: whoever runs tasks, and the one that finds out which there are.
    pub(super) fn reads_dags(&self, executor: Executor) -> bool {
        self.key == DAG_PROCESSOR.key || self.runs_tasks(executor)
    }

    /// Whether it talks to the API server.
    pub(super) fn needs_api(&self) -> bool {
        matches!(self.key, "worker" | "triggerer" | "scheduler")
    }

    /// Fills in what the role runs.
    pub(super) fn configure(&self, server: &mut Workload, published: Option<&Published>) {
        if self.command.is_empty() {
            server.kind = WorkloadKind::Template { instead: "write `executor: celery` or `executor: local`" };
            server.origin = server.origin.key("executor");
            return;
        }
        server.command = Some(self.command.iter().map(|word| PublicText::from(*word)).collect());
        let http = |name, port| vec![Endpoint::new(name, port, Protocol::Http)];
        match self.key {
            "api_server" => {
                // Before 3.1 it is 4, under a supervisor that kills whoever needs more than 5 s to import Airflow: on a busy
                // machine all of them, for ever (apache/airflow#52270; 1 is the default since apache/airflow#55707).
                server.environment.push(("AIRFLOW__API__WORKERS".to_owned(), "1".into()));
                server.endpoints = vec![Endpoint::new("web", 8080, Protocol::Http).published(published.cloned())];
                let url = PublicText::from("http://").then(PublicText::host_and_port(&server.endpoint_ref("web")));
                server.health = Some(http_health("http://localhost:8080/api/v2/version".into(), Some(url.then("/api/v2/version"))));
            }
            "scheduler" => {
                server.environment.push(("AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK".to_owned(), "true".into()));
                server.endpoints = http("health", 8974);
                server.health = Some(http_health("http://localhost:8974/health".into(), None));
            }
            "worker" => {
                // A warm shutdown: the signal goes to the Celery parent alone, which lets tasks end (airflow docker-stack docs).
                server.environment.push(("DUMB_INIT_SETSID".to_owned(), "0".into()));
                server.endpoints = http("logs", 8793);
                // Without `--app` Celery does not load Airflow, which costs a quarter of the processor time (measured, 3.0.4).
                let ping = "CELERY_BROKER_URL=\"$AIRFLOW__CELERY__BROKER_URL\" celery inspect ping -d \"celery@${HOSTNAME}\"";
                server.health = Some(shell_health(ping.to_owned()));
                server.stop_grace = Some(Duration::seconds(120));
            }
            "triggerer" => {
                server.endpoints = http("logs", 8794);
                server.health = Some(shell_health(alive("TriggererJob")));
            }
            _ => server.health = Some(shell_health(alive("DagProcessorJob"))),
        }
    }
}

fn alive(job: &str) -> String {
    format!("airflow jobs check --job-type {job} --hostname \"${{HOSTNAME}}\"")
}

fn http_health(url: PublicText, remote: Option<PublicText>) -> Health {
    Health {
        timeout: Duration::seconds(10),
        start_period: Duration::seconds(60),
        ..Health::new(curl(url), remote.map(|url| curl(url).into()))
    }
}

/// These start a whole Airflow (several seconds of processor time), hence the long interval.
fn shell_health(line: String) -> Health {
    Health {
        interval: Duration::seconds(60),
        timeout: Duration::seconds(30),
        retries: 3,
        start_period: Duration::seconds(90),
        start_interval: Some(Duration::seconds(10)),
        ..Health::new(Check::Shell(line.into()), None)
    }
}

/// A job whose evidence is that the database has this version's schema.
pub(super) fn migrated(environment: &[(String, Text)]) -> WorkloadKind {
    let words = ["airflow", "db", "check-migrations", "--migration-wait-timeout", "0"].map(PublicText::from);
    // The auth manager has tables of its own: without its name half of the schema is not looked at.
    let read = ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__AUTH_MANAGER"];
    let environment = environment.iter().filter(|(name, _)| read.contains(&name.as_str())).cloned().collect();
    WorkloadKind::Job { evidence: Some(RemoteCheck { environment, ..Check::Exec(words.into()).into() }) }
}
