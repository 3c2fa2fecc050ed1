//! Variables and connections: what is known stands in the values, the rest in secret objects that they name.

use super::{Chart, JOBS, NAME, Section, VERSION, WORKERS, from_key};
use crate::charts;
use crate::components::airflow::jobs;
use crate::platform::{Body, Gap, PublicText, SecretObject, Text, TextTree, Value, Workload};

/// The variables that the chart gives to all roles alike, from the secret objects that the values name.
const FROM_SECRETS: [&str; 4] =
    ["AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"];
const FROM_SECRETS_WITH_QUEUE: [&str; 2] = ["AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND"];

/// The chart sets it, and mounts the configuration there.
const AIRFLOW_HOME: &str = "AIRFLOW_HOME";

/// What the chart gives to workers, as the component does.
const WARM_SHUTDOWN: (&str, &str) = ("DUMB_INIT_SETSID", "0");

/// A variable.
type Entry = (String, Text);

impl Chart<'_> {
    /// What all roles have is in `env` and `secret`, the rest in the sections of the roles.
    pub(super) fn environment(&mut self) {
        let in_all = |entry: &&Entry| self.roles.iter().all(|(_, workload)| self.own(workload).any(|own| own == *entry));
        let common: Vec<Entry> = self.own(self.main).filter(in_all).cloned().collect();
        let object = format!("{}-environment", self.name());
        let mut hidden = Vec::new();
        for (name, text) in &common {
            let (path, entry) = match known(text) {
                Some(value) => ("env", Value::map([("name", Value::from(name.as_str())), ("value", value)])),
                None => {
                    hidden.push((name.clone(), Body::Text(text.clone())));
                    ("secret", from_secret(name, &object, name))
                }
            };
            self.values.append(&[path], vec![entry]);
        }
        for (index, (section, workload)) in self.roles.clone().into_iter().enumerate() {
            // Workers and the pods of tasks share a section, and what stands there.
            let before = self.roles[..index].iter().filter(|(before, _)| before.values == section.values);
            let written: Vec<&Entry> = common.iter().chain(before.flat_map(|(_, workload)| self.own(workload))).collect();
            let rest: Vec<Entry> = self.own(workload).filter(|entry| !written.contains(entry)).cloned().collect();
            let entries = rest.iter().map(|entry| own_entry(section.role, entry, &object, &mut hidden)).collect();
            self.values.append(&[section.values, "env"], entries);
        }
        // The jobs have what the service says, whatever a role says over it.
        let of_service = |entry: &&Entry| !common.contains(entry) && self.main.environment.iter().any(|(name, _)| *name == entry.0);
        let rest: Vec<Entry> = self.own(self.init).filter(of_service).cloned().collect();
        let entries: Vec<Value> = rest.iter().map(|entry| own_entry(jobs::INIT, entry, &object, &mut hidden)).collect();
        for (section, _) in JOBS {
            self.values.append(&[section, "env"], entries.clone());
        }
        if !hidden.is_empty() {
            self.secrets.push(SecretObject::opaque(object, hidden));
        }
    }

    /// The variables that do not reach the roles for which they are written.
    pub(super) fn lost_variables(&self) -> Vec<Gap> {
        let of_service = self.init.environment.iter().map(|entry| (None, entry));
        let of_roles = self.roles.iter().flat_map(|(section, workload)| self.of_role(workload).map(|entry| (Some(*section), entry)));
        let gap = |(section, entry): (Option<&Section>, &Entry)| {
            let (message, help) = self.fault(section, entry)?;
            let at = section.map_or_else(|| self.airflow.at(), |section| self.at_role(section));
            Some(Gap { origin: at.key("environment").key(&entry.0), message, help })
        };
        of_service.chain(of_roles).filter_map(gap).collect()
    }

    /// What is wrong with a variable of the service, or of a role alone.
    fn fault(&self, section: Option<&Section>, (name, text): &Entry) -> Option<(String, String)> {
        let of_workers = section.is_none_or(|section| section.values == WORKERS) && self.airflow.spec.executor.has_queue();
        if name == AIRFLOW_HOME || of_workers && name == WARM_SHUTDOWN.0 && text.as_literal() != Some(WARM_SHUTDOWN.1) {
            return Some((format!("the chart of Airflow sets `{name}` itself"), "leave it out".to_owned()));
        }
        if section.is_some() && self.is_from_secret(name) {
            let message = format!("the chart of Airflow gives all roles the same `{name}`");
            return Some((message, "write it under `environment` of the service".to_owned()));
        }
        // As an option of `config` it would be refused, too.
        let now = charts::gone(NAME, VERSION, &path(name)?)?;
        let help = if now.is_empty() { "leave it out".to_owned() } else { format!("write `{}`", variable(now)) };
        Some((format!("what the chart runs no longer reads `{name}`"), help))
    }

    /// What a role has and the service does not say for all.
    fn of_role<'w>(&self, workload: &'w Workload) -> impl Iterator<Item = &'w Entry> {
        workload.environment.iter().filter(|entry| !self.init.environment.contains(entry))
    }

    /// Whether the chart takes a variable from a secret object that the values name.
    fn is_from_secret(&self, name: &str) -> bool {
        FROM_SECRETS.contains(&name) || FROM_SECRETS_WITH_QUEUE.contains(&name) && self.airflow.spec.executor.has_queue()
    }

    /// The variables of a role that the values do not say already. What the user writes over one of the component's is among
    /// them: a variable wins over the configuration that the chart makes.
    pub(super) fn own<'w>(&self, workload: &'w Workload) -> impl Iterator<Item = &'w Entry> {
        let of_workers = matches!(workload.role.as_deref(), Some("worker" | "task")) && self.airflow.spec.executor.has_queue();
        workload.environment.iter().filter(move |entry| {
            let name = entry.0.as_str();
            !(self.is_from_secret(name) || of_workers && name == WARM_SHUTDOWN.0 || self.configured.contains(entry))
        })
    }

    /// Connections as variables, which Airflow reads before its database: nothing has to be written there, and nothing of a
    /// removed connection stays there.
    pub(super) fn connections(&mut self) {
        let files = self.workloads.iter().filter(|workload| workload.role.as_deref() == Some(jobs::CONNECTIONS)).flat_map(|job| &job.files);
        let entries = files.filter_map(|file| match &file.body {
            Body::Document { format, tree: TextTree::Map(entries) } => Some((format, entries)),
            _ => None,
        });
        let bodies: Vec<(String, Body)> = entries
            .flat_map(|(format, entries)| {
                entries.iter().map(|(name, tree)| (name.clone(), Body::Document { format: *format, tree: tree.clone() }))
            })
            .collect();
        if bodies.is_empty() {
            return;
        }
        let object = format!("{}-connections", self.name());
        let variables = bodies.iter().map(|(name, _)| from_secret(&format!("AIRFLOW_CONN_{}", name.to_uppercase()), &object, name));
        let variables: Vec<Value> = variables.collect();
        self.values.append(&["secret"], variables);
        self.secrets.push(SecretObject::opaque(object, bodies));
    }
}

/// Where the chart's values have the option that a variable sets: `AIRFLOW__SECTION__OPTION` is `config.section.option`.
fn path(variable: &str) -> Option<String> {
    let (section, option) = variable.strip_prefix("AIRFLOW__")?.split_once("__")?;
    Some(format!("config.{section}.{option}").to_lowercase())
}

/// The variable that sets an option.
fn variable(path: &str) -> String {
    path.replacen("config", "AIRFLOW", 1).replace('.', "__").to_uppercase()
}

/// The value of a variable, if it is known now.
fn known(text: &Text) -> Option<Value> {
    let text = PublicText::try_from(text.clone()).ok().filter(|_| !text.is_deploy_time())?;
    Some(Value::InContainer(text))
}

/// An entry of `secret:`.
fn from_secret(variable: &str, object: &str, key: &str) -> Value {
    Value::map([("envName", Value::from(variable)), ("secretName", Value::Secret(object.to_owned())), ("secretKey", key.into())])
}

/// An entry of the `env:` of a role or of the jobs; what is known only when deploying comes from the secret object.
fn own_entry(role: &str, (name, text): &Entry, object: &str, hidden: &mut Vec<(String, Body)>) -> Value {
    if let Some(value) = known(text) {
        return Value::map([("name", Value::from(name.as_str())), ("value", value)]);
    }
    let key = format!("{role}.{name}");
    let entry = from_key(name, Value::Secret(object.to_owned()), &key);
    hidden.push((key, Body::Text(text.clone())));
    entry
}
