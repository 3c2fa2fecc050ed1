//! Workers whose number follows the load: KEDA asks the metadata database how many are needed.
//!
//! <https://keda.sh/docs/2.20/scalers/postgresql/>; the fields are those of its definitions, which the tests check. In place
//! of manifests the chart writes the same, of the same question.

use super::roles::WORKER;
use super::spec::Executor;
use crate::platform::realization::Operator;
use crate::platform::{
    Body, CustomResource, Gap, Realization, Realizer, Removal, SecretObject, State, Text, Value, Workload, WorkloadKind,
};
use crate::value::Replicas;

const API: &str = "keda.sh/v1alpha1";
/// How many tasks a worker runs at a time, and what it is unless that says so (the provider of Celery).
const TASKS: &str = "AIRFLOW__CELERY__WORKER_CONCURRENCY";
const USUAL_TASKS: u16 = 16;
/// The address of the metadata database, with the scheme of the library with which Airflow asks it.
const DATABASE: (&str, &str) = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://");
/// The key of the secret object under which that address is.
pub(super) const KEY: &str = "connection";

/// The workers, and the limits of their number.
pub(super) struct Load<'a> {
    worker: &'a Workload,
    executor: Executor,
    pub min: u16,
    pub max: u16,
}

/// Who makes the workers as many as are needed, if their number follows the load.
pub(super) fn realization(executor: Executor, workloads: &[&Workload]) -> Option<Realization> {
    let load = Load::of(executor, workloads)?;
    let connection = load.connection();
    Some(Realization {
        targets: &["helm", "kind", "kubernetes"],
        replaces: Vec::new(),
        endpoints: Vec::new(),
        pods: Vec::new(),
        callers: Vec::new(),
        openings: Vec::new(),
        // Its host and its port are those of one endpoint.
        visits: connection.iter().flat_map(Text::endpoints).take(1).cloned().collect(),
        gaps: load.gaps(),
        secrets: connection.map(|text| SecretObject::opaque(load.secret(), vec![(KEY.to_owned(), Body::Text(text))])).into_iter().collect(),
        by: Realizer::Operator(Operator {
            name: "KEDA",
            version: "2.20.2",
            repository: "https://kedacore.github.io/charts",
            chart: "keda",
            chart_version: "2.20.2",
            namespace: "keda",
            settings: &[],
            selector: &[("app", "keda-operator")],
            resources: vec![load.login(), load.scaling()],
        }),
    })
}

impl<'a> Load<'a> {
    /// The workers, if their number follows the load.
    pub(super) fn of(executor: Executor, workloads: &[&'a Workload]) -> Option<Self> {
        let worker = *workloads.iter().find(|workload| workload.role.as_deref() == Some(WORKER.key))?;
        let WorkloadKind::Server { replicas: Replicas::Range { min, max }, .. } = worker.kind else { return None };
        Some(Self { worker, executor, min, max })
    }

    /// The secret object with the address of the database.
    pub(super) fn secret(&self) -> String {
        format!("{}-load", self.worker.name)
    }

    /// The question whose answer is the number of workers: for how many there are tasks, running or about to.
    pub(super) fn query(&self) -> String {
        let tasks = self.tasks().unwrap_or(USUAL_TASKS);
        // Without a name it is the first executor that runs a task; its name may be that of its class with the module.
        let of_workers =
            if self.executor.makes_pods() { " AND (executor IS NULL OR executor LIKE '%CeleryExecutor')" } else { Default::default() };
        format!("SELECT ceil(COUNT(*)::decimal / {tasks}) FROM task_instance WHERE state IN ('queued', 'running'){of_workers}")
    }

    /// How many tasks a worker runs at a time; nothing if that is not known now.
    fn tasks(&self) -> Option<u16> {
        let Some(text) = self.worker.variable(TASKS) else { return Some(USUAL_TASKS) };
        text.as_literal()?.parse().ok().filter(|count| *count > 0)
    }

    /// The operator is in a namespace of its own, so it needs whole names.
    fn connection(&self) -> Option<Text> {
        let (variable, scheme) = DATABASE;
        let rest = self.worker.variable(variable)?.strip_prefix(scheme)?;
        Some(Text::literal("postgresql://").then(rest).looked_up())
    }

    fn resource(&self, kind: &'static str, plural: &'static str, spec: Value, ready: Option<State>) -> CustomResource {
        CustomResource {
            workload: self.worker.name.clone(),
            api_version: API,
            kind,
            plural,
            name: self.worker.name.clone(),
            labels: Vec::new(),
            annotations: Vec::new(),
            spec,
            ready,
            removal: Removal::Delete,
        }
    }

    fn login(&self) -> CustomResource {
        let entry = [("parameter", Value::from("connection")), ("name", Value::Secret(self.secret())), ("key", KEY.into())];
        let spec = Value::map([("secretTargetRef", Value::List(vec![Value::map(entry)]))]);
        self.resource("TriggerAuthentication", "triggerauthentications", spec, None)
    }

    /// It asks every 5 s, and takes the last worker away when there was nothing to do for 30 s: the values of Airflow's chart.
    fn scaling(&self) -> CustomResource {
        let trigger = Value::map([
            ("type", Value::from("postgresql")),
            ("metadata", Value::map([("targetQueryValue", Value::from("1")), ("query", self.query().into())])),
            ("authenticationRef", Value::map([("name", self.worker.name.as_str().into())])),
        ]);
        let spec = Value::map([
            ("scaleTargetRef", Value::Controller(self.worker.name.clone())),
            ("pollingInterval", Value::Int(5)),
            ("cooldownPeriod", Value::Int(30)),
            ("minReplicaCount", Value::Int(self.min.into())),
            ("maxReplicaCount", Value::Int(self.max.into())),
            ("triggers", Value::List(vec![trigger])),
        ]);
        self.resource("ScaledObject", "scaledobjects", spec, Some(State::Condition("Ready")))
    }

    fn gaps(&self) -> Vec<Gap> {
        let gap = |message: String, help: &str| Gap { origin: self.worker.own_origin().key("replicas"), message, help: help.to_owned() };
        let tasks = self.tasks().is_none().then(|| {
            let message = format!("how many workers are needed cannot be told: `{TASKS}` is no number here");
            gap(message, "write the number of tasks itself there, or a number of workers here")
        });
        let address = self.connection().is_none().then(|| {
            let message = format!("nobody can be asked how many workers are needed: `{}` is not the address of `database`", DATABASE.0);
            gap(message, "leave that variable out, or write a number of workers here")
        });
        tasks.into_iter().chain(address).collect()
    }
}
