//! The operator CloudNativePG in place of the server and of the job that makes roles and databases.
//!
//! <https://cloudnative-pg.io/docs/1.30/>; the fields are those of its definitions, which the tests check.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Owned, Postgres, SERVER_PORT, SUPERUSER, Spec, init};
use crate::components::Declare;
use crate::diagnostic::code;
use crate::platform::realization::{self, Pods};
use crate::platform::{
    Body, CustomResource, Gap, Login, Opening, Realization, Realizer, Removal, ReplacedEndpoint, SecretKind, SecretObject, State, Text,
    Value, Workload,
};
use crate::value::object_name;

/// Who runs the servers in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operator {
    /// CloudNativePG.
    CloudnativePg,
}

/// One that writes and one that takes over: with fewer there is no reason for an operator.
const INSTANCES: u16 = 2;
/// The longest name of a cluster: the operator makes others from it.
const LONGEST_NAME: usize = 50;

const API: &str = "postgresql.cnpg.io/v1";
/// The label of all pods of a cluster.
const CLUSTER: &str = "cnpg.io/cluster";
/// Where the program that runs each instance tells the operator how it is.
const STATUS_PORT: u16 = 8000;
/// Without it a changed password stays unnoticed.
const RELOAD: (&str, &str) = ("cnpg.io/reload", "true");

/// How many servers the operator runs, if there is one.
pub(super) fn instances(cx: &mut Declare<'_>, spec: &Spec) -> Option<u16> {
    match (spec.operator, spec.instances) {
        (Some(Operator::CloudnativePg), instances) => Some(instances.unwrap_or(INSTANCES)),
        (None, Some(_)) => {
            let message = "several servers of one database need an operator that keeps them the same";
            cx.fault(&code::BAD_VALUE, "instances", message, "write `operator: cloudnative_pg` too, or leave `instances` out");
            None
        }
        (None, None) => None,
    }
}

/// What stands in for a service's workloads in a cluster.
pub(super) fn realization(postgres: &Postgres, instances: u16, workloads: &[&Workload]) -> Option<Realization> {
    let server = workloads.iter().find(|workload| workload.role.is_none())?;
    let cluster = Cluster { postgres, instances, server };
    let name = &server.name;
    Some(Realization {
        targets: &["helm", "kind", "kubernetes"],
        replaces: workloads
            .iter()
            .filter(|workload| matches!(workload.role.as_deref(), None | Some("init")))
            .map(|one| one.name.clone())
            .collect(),
        endpoints: vec![ReplacedEndpoint {
            endpoint: server.endpoint_ref("postgres"),
            service: format!("{name}-rw"),
            port: SERVER_PORT,
            selector: vec![(CLUSTER.to_owned(), name.clone()), ("cnpg.io/instanceRole".to_owned(), "primary".to_owned())],
        }],
        pods: vec![Pods {
            workload: name.clone(),
            selector: vec![(CLUSTER.to_owned(), name.clone())],
            labels: vec!["inheritedMetadata".to_owned(), "labels".to_owned()],
            resource: 0,
            shared: false,
        }],
        secrets: cluster.secrets(),
        // Each instance reads what it is to be.
        callers: vec![name.clone()],
        openings: [None, Some(name.clone())].map(|from| Opening { from, to: name.clone(), ports: vec![SERVER_PORT, STATUS_PORT] }).into(),
        visits: Vec::new(),
        gaps: cluster.gaps(),
        by: Realizer::Operator(realization::Operator {
            name: "CloudNativePG",
            version: "1.30.0",
            repository: "https://cloudnative-pg.github.io/charts",
            chart: "cloudnative-pg",
            chart_version: "0.29.0",
            namespace: "cnpg-system",
            settings: &[],
            selector: &[("app.kubernetes.io/name", "cloudnative-pg")],
            resources: std::iter::once(cluster.server()).chain(cluster.databases()).collect(),
        }),
    })
}

struct Cluster<'a> {
    postgres: &'a Postgres,
    instances: u16,
    server: &'a Workload,
}

impl<'a> Cluster<'a> {
    fn server(&self) -> CustomResource {
        let name = &self.server.name;
        let mut spec = Value::map([
            ("instances", Value::Int(self.instances.into())),
            ("imageName", self.image().into()),
            ("enableSuperuserAccess", true.into()),
            ("superuserSecret", named(Value::Secret(self.superuser()))),
            ("storage", Value::map([("size", Value::Size(self.postgres.volume.clone()))])),
            ("resources", Value::Resources(name.clone())),
        ]);
        if let Some(first) = self.postgres.databases.first() {
            let initdb = [
                ("database", first.name.as_str().into()),
                ("owner", first.owner.username.as_str().into()),
                ("secret", named(Value::Secret(self.login(&first.owner)))),
            ];
            spec.set(&["bootstrap", "initdb"], Value::map(initdb));
            spec.set(&["postgresql", "pg_hba"], Value::List(self.postgres.databases.iter().flat_map(only_its_owner).collect()));
        }
        spec.append(&["managed", "roles"], self.postgres.owners().iter().skip(1).map(|owner| self.role(owner)).collect());
        if !self.server.labels.is_empty() {
            let words = self.server.labels.iter().map(|(key, text)| (key.clone(), Value::Text(text.clone())));
            spec.set(&["inheritedMetadata", "annotations"], Value::map(words));
        }
        CustomResource {
            workload: name.clone(),
            api_version: API,
            kind: "Cluster",
            plural: "clusters",
            name: name.clone(),
            labels: Vec::new(),
            annotations: Vec::new(),
            spec,
            ready: Some(State::Condition("Ready")),
            // The claims of a cluster are deleted with it.
            removal: Removal::Pause("cnpg.io/hibernation", "on"),
        }
    }

    /// The image of the operator's project for the version of ours: the official one lacks what the operator needs in it
    /// (<https://github.com/cloudnative-pg/postgres-containers>).
    fn image(&self) -> String {
        let tag = self.postgres.image.rsplit(':').next().unwrap_or_default();
        let version = tag.split('-').next().unwrap_or_default();
        format!("ghcr.io/cloudnative-pg/postgresql:{version}-standard-bookworm")
    }

    fn role(&self, owner: &Login) -> Value {
        Value::map([
            ("name", Value::from(owner.username.as_str())),
            ("ensure", "present".into()),
            ("login", true.into()),
            ("passwordSecret", named(Value::Secret(self.login(owner)))),
        ])
    }

    /// What the operator does is made sure again for the first database too, which the new server has already.
    fn databases(&self) -> impl Iterator<Item = CustomResource> {
        self.postgres.databases.iter().map(|database| CustomResource {
            workload: init::workload(&self.server.name),
            api_version: API,
            kind: "Database",
            plural: "databases",
            name: self.database(database),
            labels: Vec::new(),
            annotations: Vec::new(),
            spec: Value::map([
                ("name", Value::from(database.name.as_str())),
                ("owner", database.owner.username.as_str().into()),
                ("cluster", named(self.server.name.as_str().into())),
            ]),
            ready: Some(State::Field(".status.applied", "true")),
            // The database itself stays in the server.
            removal: Removal::Delete,
        })
    }

    fn database(&self, database: &Owned) -> String {
        object_name(&format!("{}-{}", self.server.name, database.name))
    }

    fn superuser(&self) -> String {
        format!("{}-superuser", self.server.name)
    }

    fn login(&self, owner: &Login) -> String {
        object_name(&format!("{}-login-{}", self.server.name, owner.username))
    }

    fn secrets(&self) -> Vec<SecretObject> {
        let secret = |name: String, username: &str, variable: &str| SecretObject {
            name,
            kind: SecretKind::Login,
            labels: &[RELOAD],
            entries: vec![
                ("username".to_owned(), Body::Text(username.into())),
                ("password".to_owned(), Body::Text(Text::secret(variable))),
            ],
        };
        let owners = self.postgres.owners().into_iter().map(|owner| secret(self.login(owner), &owner.username, &owner.variable));
        std::iter::once(secret(self.superuser(), SUPERUSER, &self.postgres.admin)).chain(owners).collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut gap = |origin, message: String, help: &str| gaps.push(Gap { origin, message, help: help.to_owned() });
        for path in self.postgres.databases.iter().flat_map(|database| &database.init) {
            gap(path.origin.clone(), format!("CloudNativePG runs no file such as `{}` in a database", path.path), NO_FILES);
        }
        for key in &self.postgres.ignored_keys {
            gap(self.server.origin.key(key), format!("CloudNativePG takes no `{key}` from here"), SETTINGS);
        }
        if self.server.name.len() > LONGEST_NAME {
            let message = format!("a cluster of CloudNativePG has a name of at most {LONGEST_NAME} characters");
            gap(self.server.origin.clone(), message, "choose a shorter name");
        }
        let databases = self.postgres.databases.iter().map(|database| (self.database(database), &database.origin));
        let owners = self.postgres.owners().into_iter().filter_map(|owner| {
            let owned = self.postgres.databases.iter().find(|database| database.owner.username == owner.username)?;
            Some((self.login(owner), &owned.origin))
        });
        let mut taken = BTreeSet::new();
        for (name, origin) in databases.chain(owners) {
            if !taken.insert(name.clone()) {
                gap(origin.clone(), format!("Kubernetes cannot tell it from another one: both are `{name}` there"), "rename one of them");
            }
        }
        gaps
    }
}

const NO_FILES: &str = "run it from a service of your own that `uses` the database, or leave `operator` out";
const SETTINGS: &str = "write its own fields: `overrides: { kubernetes: { spec: { ... } } }`, or leave `operator` out";

/// Only the owner of a database, and the superuser, may connect to it, as with the job. Whatever comes later in the file
/// lets everyone in.
fn only_its_owner(database: &Owned) -> Vec<Value> {
    let line = |user: &str, method: &str| Value::from(format!("host \"{}\" {user} all {method}", database.name));
    // Two quotes are one inside quotes (`next_token` in PostgreSQL's `hba.c`).
    let owner = database.owner.username.replace('"', "\"\"");
    vec![line(&format!("\"{owner}\""), "scram-sha-256"), line(SUPERUSER, "scram-sha-256"), line("all", "reject")]
}

fn named(name: Value) -> Value {
    Value::map([("name", name)])
}
