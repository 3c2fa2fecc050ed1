//! The official Helm chart in place of the roles, made from the very workloads that it replaces.
//!
//! <https://airflow.apache.org/docs/helm-chart/1.18.0/>; every path that is written here stands in the table of
//! `schema/charts/`, and the tests of the target `helm` render the chart with it.

mod environment;
mod values;

use std::collections::BTreeSet;

use super::{Airflow, git, jobs, metrics, roles};
use crate::blueprint::Role;
use crate::platform::realization::Pods;
use crate::platform::{Body, Gap, Realization, Realizer, ReplacedEndpoint, SecretObject, Text, Value, Workload};
use crate::source::Pointer;

const TARGET: &str = "helm";
const NAME: &str = "airflow";
const VERSION: &str = "1.18.0";

/// What the chart calls a role: in its values, in the label `component`, and its Service with the endpoint that it leads to.
struct Section {
    role: &'static str,
    values: &'static str,
    component: &'static str,
    service: Option<(&'static str, &'static str, u16)>,
}

/// The section of the workers, and of the pods of tasks.
const WORKERS: &str = "workers";

const SECTIONS: [Section; 6] = [
    Section { role: "api_server", values: "apiServer", component: "api-server", service: Some(("web", "api-server", 8080)) },
    Section { role: "scheduler", values: "scheduler", component: "scheduler", service: None },
    Section { role: "dag_processor", values: "dagProcessor", component: "dag-processor", service: None },
    Section { role: "triggerer", values: "triggerer", component: "triggerer", service: Some(("logs", "triggerer", 8794)) },
    Section { role: "worker", values: WORKERS, component: "worker", service: Some(("logs", "worker", 8793)) },
    Section { role: "task", values: WORKERS, component: "worker", service: None },
];

/// The jobs that take the place of `<service>-init`.
const JOBS: [(&str, &str); 2] = [("migrateDatabaseJob", "run-airflow-migrations"), ("createUserJob", "create-user-job")];

/// The chart that can stand in for a service's workloads.
pub(super) fn realization(airflow: &Airflow, workloads: &[&Workload]) -> Option<Realization> {
    // The chart has an exporter of its own; this one is the same in every target, where Prometheus looks for it.
    let workloads: Vec<&Workload> = workloads.iter().copied().filter(|workload| workload.role.as_deref() != Some(metrics::ROLE)).collect();
    let mut chart = Chart::new(airflow, &workloads)?;
    chart.versions();
    chart.keys();
    chart.connections_to_servers();
    chart.parts();
    chart.roles();
    chart.jobs();
    chart.storage();
    chart.git();
    chart.kept_pods();
    chart.environment();
    chart.connections();
    Some(Realization {
        targets: &[TARGET],
        replaces: workloads.iter().map(|workload| workload.name.clone()).collect(),
        endpoints: chart.endpoints(),
        pods: chart.pods(),
        callers: chart.callers(),
        openings: Vec::new(),
        visits: Vec::new(),
        gaps: chart.gaps(),
        secrets: chart.secrets,
        by: Realizer::Chart { repository: "https://airflow.apache.org", name: NAME, version: VERSION, values: chart.values },
    })
}

/// The values as far as they are made.
struct Chart<'a> {
    airflow: &'a Airflow,
    workloads: &'a [&'a Workload],
    /// The roles with their sections.
    roles: Vec<(&'static Section, &'a Workload)>,
    /// The API server, which has what all roles have.
    main: &'a Workload,
    /// The job that sets Airflow up: its variables are those of the service, and of no role.
    init: &'a Workload,
    /// The variables of the component that the values say in another way, or the chart by itself.
    configured: Vec<(String, Text)>,
    values: Value,
    secrets: Vec<SecretObject>,
}

impl<'a> Chart<'a> {
    fn new(airflow: &'a Airflow, workloads: &'a [&'a Workload]) -> Option<Self> {
        let section = |workload: &&'a Workload| {
            let role = workload.role.as_deref()?;
            Some((SECTIONS.iter().find(|section| section.role == role)?, *workload))
        };
        let roles: Vec<_> = workloads.iter().filter_map(section).collect();
        let main = roles.iter().find(|(section, _)| section.role == roles::API_SERVER.key)?.1;
        let init = *workloads.iter().find(|workload| workload.role.as_deref() == Some(jobs::INIT))?;
        let configured = airflow.core()?.into_iter().chain(airflow.kept_pods()).chain(airflow.dags_folder()).collect();
        Some(Self { airflow, workloads, roles, main, init, configured, values: Value::Map(Vec::new()), secrets: Vec::new() })
    }

    fn set(&mut self, path: &str, value: impl Into<Value>) {
        self.values.set(&path.split('.').collect::<Vec<_>>(), value.into());
    }

    fn name(&self) -> &'a str {
        &self.airflow.spec.name
    }

    /// A secret object of the service, and its name as a value.
    fn secret(&mut self, suffix: &str, entries: Vec<(String, Body)>) -> Value {
        let name = format!("{}-{suffix}", self.name());
        self.secrets.push(SecretObject::opaque(name.clone(), entries));
        Value::Secret(name)
    }

    /// Where the blueprint says what holds for a role alone.
    fn at_role(&self, section: &Section) -> Pointer {
        self.airflow.at().key("roles").key(section.role)
    }

    /// The variable of the service.
    fn variable(&self, name: &str) -> Option<Text> {
        self.init.variable(name).cloned()
    }

    fn makes_pods(&self) -> bool {
        self.airflow.spec.executor.makes_pods()
    }

    /// Who makes pods, or reads the logs of those that run.
    fn calls_cluster(&self, section: &Section) -> bool {
        self.makes_pods() && matches!(section.role, "scheduler" | "api_server" | "triggerer")
    }

    fn callers(&self) -> Vec<String> {
        self.roles.iter().filter(|(section, _)| self.calls_cluster(section)).map(|(_, workload)| workload.name.clone()).collect()
    }

    /// The release has the service's name, and the chart names its Services after the release.
    fn endpoints(&self) -> Vec<ReplacedEndpoint> {
        let found = self.roles.iter().filter_map(|(section, workload)| {
            let (endpoint, suffix, port) = section.service?;
            let service = format!("{}-{suffix}", self.name());
            Some(ReplacedEndpoint { endpoint: workload.endpoint_ref(endpoint), service, port, selector: self.selector(section.component) })
        });
        found.collect()
    }

    fn selector(&self, component: &str) -> Vec<(String, String)> {
        [("tier", "airflow"), ("component", component), ("release", self.name())]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    fn pods(&self) -> Vec<Pods> {
        let pods = |workload: &Workload, section: &str, component: &str| {
            // The only role without labels of its own: it has those of everything.
            let shared = section == "dagProcessor";
            Pods {
                workload: workload.name.clone(),
                selector: self.selector(component),
                resource: 0,
                labels: (!shared).then_some(section).into_iter().chain(["labels"]).map(str::to_owned).collect(),
                shared,
            }
        };
        let servers = self.roles.iter().map(|(section, workload)| pods(workload, section.values, section.component));
        let jobs = JOBS.iter().map(|(section, component)| pods(self.init, section, component));
        servers.chain(jobs).collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if let Some(file) = self.main.files.first() {
            gaps.push(Gap {
                origin: file.origin.clone(),
                message: format!("the chart of Airflow cannot give the file `{}` to its pods", file.mount),
                help: self.or_manifests("put it into the image (`build:`)"),
            });
        }
        if !self.main.profiles.is_empty() {
            gaps.push(Gap {
                origin: self.main.origin.key("profiles"),
                message: "a Helm release has no profiles".to_owned(),
                help: self.or_manifests("leave `profiles` out"),
            });
        }
        gaps.extend(self.cut_off());
        gaps.extend(self.lost_variables());
        gaps.extend(self.mixed());
        gaps
    }

    /// What to write, or the target that has no chart, if it knows the executor.
    fn or_manifests(&self, help: &str) -> String {
        let other = if self.makes_pods() { "" } else { ", or use the target `kubernetes`, which needs no chart" };
        format!("{help}{other}")
    }

    /// The chart fetches DAGs in the pods that read them. Those of the DAG processor have no labels of their own, so they are on
    /// no network that not all roles are on.
    fn cut_off(&self) -> Option<Gap> {
        let (_, processor) = self.roles.iter().find(|(section, _)| section.role == roles::DAG_PROCESSOR.key)?;
        let sync = self.workloads.iter().find(|workload| workload.role.as_deref() == Some(git::ROLE))?;
        let has_way_out = |workload: &Workload| workload.networks.iter().any(|network| !self.airflow.internal.contains(network));
        (has_way_out(sync) && !has_way_out(processor)).then(|| Gap {
            origin: sync.origin.key("git"),
            message: format!(
                "the chart of Airflow fetches DAGs in the pods of `{}`, which are only on an internal network",
                processor.name
            ),
            help: format!("write a network that is not internal first in `networks` of `{}`", self.name()),
        })
    }

    /// Workers and the pods of tasks have one section: what is said for one of them alone would be the other's, too.
    fn mixed(&self) -> Vec<Gap> {
        let section: Vec<_> = self.roles.iter().filter(|(section, _)| section.values == WORKERS).collect();
        let [(worker, of_worker), (task, of_task)] = section.as_slice() else { return Vec::new() };
        let gap = |path: &[&str], what: &str, is_said: &dyn Fn(&Role) -> bool| {
            let role = if self.airflow.spec.roles.get(task.role).is_some_and(is_said) { task } else { worker };
            Gap {
                origin: path.iter().fold(self.at_role(role), |at, key| at.key(key)),
                message: format!("the chart of Airflow has one place for the {what} of the workers and of the pods of tasks"),
                help: "say the same for `worker` and `task`, or choose an executor that has only one of them".to_owned(),
            }
        };
        let variable = |workload, name: &str| self.own(workload).find(|(known, _)| known == name);
        let names: BTreeSet<&str> = self.own(of_worker).chain(self.own(of_task)).map(|(name, _)| name.as_str()).collect();
        let differing = names.into_iter().filter(|name| variable(of_worker, name) != variable(of_task, name));
        let mut gaps: Vec<Gap> = differing
            .map(|name| gap(&["environment", name], &format!("variable `{name}`"), &|role| role.environment.get(name).is_some()))
            .collect();
        if of_worker.resources != of_task.resources {
            gaps.push(gap(&["resources"], "resources", &|role| role.resources.is_some()));
        }
        let overrides = |workload: &'a Workload| workload.overrides.iter().filter(|(target, _)| target == TARGET);
        if !overrides(of_worker).eq(overrides(of_task)) {
            gaps.push(gap(&["overrides", TARGET], "overrides", &|role| role.overrides.get(TARGET).is_some()));
        }
        gaps
    }
}

/// A variable whose value is under a key of a secret object.
fn from_key(variable: &str, object: Value, key: &str) -> Value {
    let reference = Value::map([("name", object), ("key", key.into())]);
    Value::map([("name", Value::from(variable)), ("valueFrom", Value::map([("secretKeyRef", reference)]))])
}

fn secret_text(variable: &str) -> Body {
    Body::Text(Text::secret(variable))
}
