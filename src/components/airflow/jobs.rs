//! What sets Airflow up: its database and administrator, its connections.

use super::{Airflow, USER, connection, roles};
use crate::components::Build;
use crate::platform::{Body, ConnectionSetup, DocumentFormat, File, Image, Readiness, Text, TextTree, Workload};

pub(super) const INIT_PROGRAM: &str = include_str!("../../../templates/airflow/init.py");
const CONNECTIONS_PROGRAM: &str = include_str!("../../../templates/airflow/connections.py");
/// The roles of the jobs.
pub(super) const INIT: &str = "init";
pub(super) const CONNECTIONS: &str = "connections";

/// The name of a job.
pub(super) fn workload(service: &str, role: &str) -> String {
    format!("{service}-{role}")
}

impl Airflow {
    /// Prepares the metadata database.
    pub(super) fn init(&self, cx: &mut Build<'_>, image: Image, environment: &[(String, Text)]) -> Workload {
        let mut job = self.job(cx, INIT, image, environment, ("init.py", INIT_PROGRAM));
        job.environment.push(("ADMIN_USERNAME".to_owned(), self.admin.username.as_str().into()));
        job.environment.push(("ADMIN_PASSWORD".to_owned(), Text::secret(&self.admin.variable)));
        job.kind = roles::migrated(environment);
        job
    }

    /// Stores the connections, if there are any.
    pub(super) fn connections(&self, cx: &mut Build<'_>, image: Image, environment: &[(String, Text)]) -> Option<Workload> {
        if self.spec.connections.is_empty() {
            return None;
        }
        let mut job = self.job(cx, CONNECTIONS, image, environment, ("connections.py", CONNECTIONS_PROGRAM));
        if let Some(command) = &mut job.command {
            command.push("/pipegen/connections.json".into());
        }
        let entries = self
            .spec
            .connections
            .iter()
            .filter_map(|(name, connection)| Some((name.to_string(), connection::fields(&cx.scope.resolve(&connection.to)?))));
        let body = Body::Document { format: DocumentFormat::Json, tree: TextTree::Map(entries.collect()) };
        job.files.push(File::new("/pipegen/connections.json", body, cx.at.key("connections")));
        job.waits = vec![(self.init_name(), Readiness::Completed)];
        Some(job)
    }

    fn job(
        &self,
        cx: &mut Build<'_>,
        role: &str,
        image: Image,
        environment: &[(String, Text)],
        (file, program): (&str, &'static str),
    ) -> Workload {
        let mut job = cx.job(&workload(cx.name, role), Some(role), image);
        job.runs_as = Some(USER);
        job.networks.truncate(1);
        let mount = format!("/pipegen/{file}");
        job.command = Some(vec!["python".into(), mount.as_str().into()]);
        job.environment = environment.to_vec();
        job.files = vec![File::new(mount, Body::Text(Text::literal(program)), cx.at.clone())];
        cx.finish(&mut job);
        job
    }

    pub(super) fn connection_setup(&self, job: &str) -> ConnectionSetup {
        let inspect =
            self.task_roles().next().map_or_else(|| roles::SCHEDULER.workload(&self.spec.name), |role| role.workload(&self.spec.name));
        let connections = self.spec.connections.iter().map(|(name, connection)| (name.to_string(), connection.to.to_string())).collect();
        // Trying connections is off by default since Airflow 2.7; this turns it on for the one command alone.
        let test = ["env", "AIRFLOW__CORE__TEST_CONNECTION=Enabled", "airflow", "connections", "test"].map(str::to_owned).into();
        ConnectionSetup { job: job.to_owned(), inspect, test, connections }
    }
}
