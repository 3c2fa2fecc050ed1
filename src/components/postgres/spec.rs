//! What a blueprint says of PostgreSQL.

use schemars::JsonSchema;
use serde::Deserialize;

use super::backup::Backup;
use super::managed::Managed;
use super::operator::Operator;
use crate::blueprint::Databases;
use crate::value::{NetworkName, ParametricText, Size, text_or_map};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<crate::components::Version>")]
    pub version: Option<String>,
    /// The credential that owns every database without an owner of its own; without this key the role `<service>_owner`.
    #[serde(default)]
    pub credential: Option<NetworkName>,
    /// Databases that are made on start: a list of names, or a map from name to owner.
    #[serde(default)]
    pub databases: Databases<Database>,
    /// A server that exists already, instead of one that runs here; its databases and their owners exist as well.
    #[serde(default)]
    pub managed: Option<Managed>,
    /// A pool of connections in front of it, to which everyone else then connects.
    #[serde(default)]
    pub pool: Option<Pool>,
    /// Who runs it in a cluster, instead of one pod with a volume; Compose has no such thing.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// How many servers the operator runs: one that writes, and those that take over.
    #[serde(default)]
    #[schemars(extend("default" = 2, "minimum" = 1))]
    pub instances: Option<u16>,
    /// How large its data may become, where storage is claimed by size.
    #[serde(default)]
    pub storage: Option<Size>,
    /// Copies of the databases.
    #[serde(default)]
    pub backup: Option<Backup>,
}

/// A pool of connections.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pool {
    /// PgBouncer.
    Pgbouncer,
}

/// A database: its owner, or a map.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub owner: Option<NetworkName>,
    pub init: Vec<ParametricText>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DatabaseLong {
    /// The credential that owns the database.
    #[serde(default)]
    owner: Option<NetworkName>,
    /// SQL files that are run once, as its owner, in one transaction.
    #[serde(default)]
    init: Vec<ParametricText>,
}

impl From<DatabaseLong> for Database {
    fn from(DatabaseLong { owner, init }: DatabaseLong) -> Self {
        Self { owner, init }
    }
}

text_or_map!(Database, DatabaseLong, "Database", NetworkName, |owner| Database { owner: Some(owner), init: Vec::new() });
