//! PgBouncer in front of the server: many clients share few connections.

use super::{Address, Owned, Postgres, of_owner};
use crate::components::Build;
use crate::diagnostic::Place;
use crate::platform::{
    Body, Check, Endpoint, EndpointRef, File, Health, Image, Login, Protocol, PublicText, Readiness, Text, TextTree, Workload,
};
use crate::value::Duration;

/// The one that the chart of Airflow uses: PgBouncer itself and Alpine's tools, nothing else.
const IMAGE: &str = "apache/airflow:airflow-pgbouncer-2025.03.05-1.23.1";
const PORT: u16 = 6432;
/// `nobody`: PgBouncer refuses to run as root.
const USER: (u32, u32) = (65534, 65534);
/// The role's name.
pub(super) const ROLE: &str = "pool";

/// What others connect to.
pub(super) fn endpoint(service: &str) -> EndpointRef {
    EndpointRef::new(format!("{service}-pool"), "postgres")
}

impl Postgres {
    /// The pool.
    pub(super) fn pool(&self, cx: &mut Build<'_>) -> Workload {
        let endpoint = endpoint(cx.name);
        let mut pool = cx.server_beside(&endpoint.workload, Some(ROLE), Image::Pulled { reference: IMAGE.into() });
        pool.entrypoint = Some(vec!["sh".into(), "/pipegen/pool.sh".into()]);
        pool.start_as(USER);
        pool.scratch = vec!["/tmp".to_owned()];
        self.give_passwords(&mut pool);
        pool.files = self.pool_files(cx);
        pool.endpoints = vec![Endpoint::new(endpoint.endpoint.clone(), PORT, Protocol::Tcp)];
        pool.health = Some(health(&endpoint));
        // What the service may use of the machine is said of its server.
        pool.resources = Default::default();
        if self.managed {
            cx.needs_way_out("the server", Place::Key(cx.at.key("managed")));
        } else {
            pool.waits = self.surface.ready.iter().filter(|(name, _)| *name != endpoint.workload).cloned().collect();
        }
        pool
    }

    fn pool_files(&self, cx: &Build<'_>) -> Vec<File> {
        let owner = |owner: &Login| {
            TextTree::map([("name", TextTree::from(owner.username.as_str())), ("variable", TextTree::from(of_owner(&owner.variable)))])
        };
        let context = TextTree::map([("owners", TextTree::List(self.owners().into_iter().map(owner).collect()))]);
        let file = |mount, body| File::new(mount, body, cx.at.key("pool"));
        vec![
            file("/pipegen/pool.sh", Body::Template { name: "postgres/pool.sh", context }),
            file("/pipegen/pgbouncer.ini", Body::Text(settings(&self.server, &self.databases))),
        ]
    }
}

/// A connection is given back after each transaction; statements that a client prepares are prepared again where they are
/// needed (since PgBouncer 1.21). JDBC sends `extra_float_digits` with every login.
fn settings(server: &Address, databases: &[Owned]) -> Text {
    let mut text = Text::literal("; Written by pipegen from the blueprint.\n[databases]\n");
    for database in databases {
        let name = database.name.as_str();
        text = text.then(format!("{name} = host=")).then(server.host.clone());
        text = text.then(" port=").then(server.port.clone()).then(format!(" dbname={name}\n"));
    }
    text = text.then(format!(
        "\n[pgbouncer]\nlisten_addr = *\nlisten_port = {PORT}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = /tmp/users.txt\n\
         pool_mode = transaction\nmax_prepared_statements = 200\nmax_client_conn = 1000\ndefault_pool_size = 20\n\
         ignore_startup_parameters = extra_float_digits\n"
    ));
    if let Some(sslmode) = server.sslmode {
        text = text.then(format!("server_tls_sslmode = {sslmode}\n"));
    }
    if server.sslmode == Some("verify-full") {
        text = text.then("server_tls_ca_file = /etc/ssl/certs/ca-certificates.crt\n");
    }
    text
}

/// The image has no program that speaks PostgreSQL; that the port takes connections has to do.
fn health(endpoint: &EndpointRef) -> Health {
    let ask = |host: PublicText| Check::Exec(vec!["nc".into(), "-z".into(), host, PublicText::port(endpoint)]);
    Health {
        interval: Duration::seconds(5),
        retries: 12,
        ..Health::new(ask("127.0.0.1".into()), Some(ask(PublicText::host(endpoint)).into()))
    }
}

/// What a pool waits for is what is ready before it.
pub(super) fn ready(service: &str) -> (String, Readiness) {
    (endpoint(service).workload, Readiness::Ready)
}
