//! Logs: a volume that all roles share, and a store elsewhere that keeps them after it.

use super::{Airflow, connection, roles};
use crate::components::{Build, Reference};
use crate::platform::Text;
use crate::value::variable_of;

impl Airflow {
    /// Where the logs of tasks are kept, if that is elsewhere.
    pub(super) fn log_store(&self) -> Option<Reference> {
        let target = self.spec.logs.to.clone()?;
        let users = roles::of(self.spec.executor).filter(|role| self.needs_log_store(role));
        Some(Reference {
            key: "logs",
            target,
            at: self.at().key("logs").key("to"),
            accepts: &["s3"],
            workloads: Some(users.map(|role| role.workload(&self.spec.name)).collect()),
            waits: None,
        })
    }

    /// Who runs tasks writes their logs there, and the API server shows them.
    pub(super) fn needs_log_store(&self, role: &roles::Role) -> bool {
        self.spec.logs.to.is_some() && (role.runs_tasks(self.spec.executor) || *role == roles::API_SERVER)
    }

    /// The settings of the store. Its connection is a variable: whoever writes a log has no other way to read one.
    pub(super) fn log_settings(&self, cx: &Build<'_>) -> Option<Vec<(String, Text)>> {
        let Some(to) = &self.spec.logs.to else { return Some(Vec::new()) };
        let store = cx.scope.resolve(to)?;
        let connection = variable_of(&self.logs_name());
        let setting = |name: &str, text: Text| (format!("AIRFLOW__LOGGING__REMOTE_{name}"), text);
        Some(vec![
            setting("LOGGING", "true".into()),
            setting("BASE_LOG_FOLDER", store.get("url")?.then(format!("/logs/{}", self.spec.name))),
            setting("LOG_CONN_ID", connection.to_lowercase().into()),
            (format!("AIRFLOW_CONN_{connection}"), connection::uri(&store)),
        ])
    }
}
