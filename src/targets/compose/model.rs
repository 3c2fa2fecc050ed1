//! The Compose format, as far as we write it: keys in the order in which people write them.
//!
//! <https://github.com/compose-spec/compose-spec/blob/main/spec.md>. No `version` (obsolete), no `container_name`
//! (it would forbid a second project), no anchors.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::yaml::{self, Doc, Item};

/// A map in the order of its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A Compose file. The sections are trees already, because comments and overrides are in them.
#[derive(Debug)]
pub struct Project {
    pub name: String,
    /// Each is a [`Service`] with its overrides.
    pub services: Vec<Item>,
    /// Each is [`Shared`].
    pub networks: Vec<Item>,
    /// Each is [`Shared`].
    pub volumes: Vec<Item>,
    /// Each is a [`Config`].
    pub configs: Vec<Item>,
}

impl From<Project> for Doc {
    fn from(project: Project) -> Self {
        let Project { name, services, networks, volumes, configs } = project;
        let sections = [("services", services), ("networks", networks), ("volumes", volumes), ("configs", configs)];
        let sections = sections.into_iter().filter(|(_, items)| !items.is_empty());
        Self::Map(
            std::iter::once(Item::new("name", name)).chain(sections.map(|(key, items)| Item::new(key, Self::Map(items)).apart())).collect(),
        )
    }
}

/// A service.
#[derive(Debug, Serialize)]
pub struct Service {
    pub image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_add: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub init: bool,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    pub environment: Entries<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tmpfs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configs: Vec<ConfigMount>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    pub depends_on: Entries<Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthCheck>,
    pub restart: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<String>,
    #[serde(skip_serializing_if = "Deploy::is_default")]
    pub deploy: Deploy,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    pub labels: Entries<String>,
}

/// How an image is built.
#[derive(Debug, Serialize)]
pub struct Build {
    pub context: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    pub args: Entries<String>,
}

/// Storage at a path of the container.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum VolumeMount {
    /// `volume:/path` or `volume:/path:ro`.
    Short(String),
    /// Anything else, and where a path has a colon.
    Long {
        #[serde(rename = "type")]
        kind: &'static str,
        source: String,
        target: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        read_only: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        bind: Option<Bind>,
    },
}

/// What only a bind mount has.
#[derive(Debug, Serialize)]
pub struct Bind {
    /// Whether Docker makes a missing folder, as root. Always written: the short syntax makes it, and a
    /// misspelt path would be an empty folder.
    pub create_host_path: bool,
}

/// A config at a path of the container.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigMount {
    pub source: String,
    pub target: String,
    /// Octal. Compose keeps to it for inline content alone and warns beside a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
}

/// A file for containers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Config {
    /// A file of the host, relative to the Compose file.
    File(String),
    /// What is in it, interpolated by Compose.
    Content(String),
}

/// When a dependency lets its dependents start.
#[derive(Debug, Serialize)]
pub struct Dependency {
    pub condition: &'static str,
}

/// A health check.
#[derive(Debug, Serialize)]
pub struct HealthCheck {
    pub test: Doc,
    pub interval: String,
    pub timeout: String,
    pub retries: u16,
    pub start_period: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<String>,
}

/// What `docker compose up` keeps to without a swarm.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Deploy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<DeployResources>,
}

impl Deploy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The machine's share.
#[derive(Debug, PartialEq, Serialize)]
pub struct DeployResources {
    pub limits: Limits,
}

/// The most that a container gets.
#[derive(Debug, PartialEq, Serialize)]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// A network or a volume under a name that does not depend on the project, so that other projects find it.
#[derive(Debug, Serialize)]
pub struct Shared {
    pub name: String,
    /// Another file makes it. Beside it only `name` is allowed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
}

/// A part of the model as a tree.
///
/// # Panics
/// Never: the writer refuses only keys that are no text and numbers that no type here can hold.
pub fn doc<T: Serialize>(part: &T) -> Doc {
    yaml::to_doc(part).expect("the model has text for keys and no 128-bit numbers")
}

/// How many nodes Docker Compose counts in a file: every value, keys not (`resolveReset` in compose-go,
/// `loader/reset.go`).
pub fn nodes(doc: &Doc) -> usize {
    1 + match doc {
        Doc::List(items) | Doc::Flow(items) => items.iter().map(nodes).sum(),
        Doc::Map(items) => items.iter().map(|item| nodes(&item.value)).sum(),
        Doc::Null | Doc::Bool(_) | Doc::Int(_) | Doc::Float(_) | Doc::Str(_) => 0,
    }
}
