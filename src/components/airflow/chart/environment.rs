//! Variables and connections: what is known stands in the values, the rest in secret objects that they name.

use super::{Chart, Section, from_key};
use crate::components::airflow::jobs;
use crate::components::airflow::spec::Dags;
use crate::platform::{Body, PublicText, SecretObject, Text, TextTree, Value, Workload};

/// The variables that the chart sets itself, by values of their own or always.
const OF_THE_CHART: [&str; 11] = [
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__RESULT_BACKEND",
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__LOAD_EXAMPLES",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "DUMB_INIT_SETSID",
];

/// The variables that only who makes pods has to know.
pub(super) const OF_THE_EXECUTOR: &str = "AIRFLOW__KUBERNETES_EXECUTOR__";

/// A variable.
type Entry = (String, Text);

impl Chart<'_> {
    /// What all roles have is in `env` and `secret`, the rest in the sections of the roles.
    pub(super) fn environment(&mut self) {
        let in_all = |entry: &&Entry| self.roles.iter().all(|(_, workload)| workload.environment.contains(entry));
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
        for (section, workload) in self.roles.clone() {
            let rest: Vec<Entry> = self.own(workload).filter(|entry| !common.contains(entry)).cloned().collect();
            for entry in &rest {
                let entry = role_entry(section, entry, &object, &mut hidden);
                // Workers and the pods of tasks share a section, and mostly what stands there.
                let known = matches!(self.values.get(&[section.values, "env"]), Some(Value::List(known)) if known.contains(&entry));
                if !known {
                    self.values.append(&[section.values, "env"], vec![entry]);
                }
            }
        }
        if !hidden.is_empty() {
            self.secrets.push(SecretObject::opaque(object, hidden));
        }
    }

    /// The variables of a workload that the chart does not set itself.
    fn own<'w>(&self, workload: &'w Workload) -> impl Iterator<Item = &'w Entry> + use<'w> {
        let fetched = matches!(self.airflow.spec.dags, Some(Dags::Git(_)));
        workload.environment.iter().filter(move |(name, _)| {
            let of_the_chart = OF_THE_CHART.contains(&name.as_str()) || name.starts_with(OF_THE_EXECUTOR);
            !(of_the_chart || fetched && name == "AIRFLOW__CORE__DAGS_FOLDER")
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

/// The value of a variable, if it is known now.
fn known(text: &Text) -> Option<Value> {
    let text = PublicText::try_from(text.clone()).ok().filter(|_| !text.is_deploy_time())?;
    Some(Value::InContainer(text))
}

/// An entry of `secret:`.
fn from_secret(variable: &str, object: &str, key: &str) -> Value {
    Value::map([("envName", Value::from(variable)), ("secretName", Value::Secret(object.to_owned())), ("secretKey", key.into())])
}

/// An entry of a role's `env:`; what is known only when deploying comes from the secret object.
fn role_entry(section: &Section, (name, text): &Entry, object: &str, hidden: &mut Vec<(String, Body)>) -> Value {
    if let Some(value) = known(text) {
        return Value::map([("name", Value::from(name.as_str())), ("value", value)]);
    }
    let key = format!("{}.{name}", section.role);
    let entry = from_key(name, Value::Secret(object.to_owned()), &key);
    hidden.push((key, Body::Text(text.clone())));
    entry
}
