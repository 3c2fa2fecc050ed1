//! The catalog: what a service can be. One file per component; none knows a target. Layer 3.
//!
//! A component works in two steps. *Declare* says what others may see of the service: its endpoints, resources,
//! properties, and the variables that it offers. *Build* makes its workloads, when everything that it refers to is known.

mod build;
mod checks;
mod common;
mod credentials;
mod declare;
mod image_login;

mod airflow;
mod container;
mod databricks;
mod external;
mod kafdrop;
mod kafka;
mod nginx;
mod postgres;
mod redis;
mod s3;

pub use build::{Build, Built, OwnVolume, Resolved, Scope, set};
pub use common::common_schema;
pub use declare::{Declare, Reference, Resource, SecretDeclaration, SettingRead, Surface, Topic};

use schemars::{Schema, SchemaGenerator};

use crate::platform::{Realization, Workload};

/// An entry of the catalog.
pub struct Component {
    /// What `component:` says.
    pub name: &'static str,
    /// One phrase for lists.
    pub summary: &'static str,
    /// Markdown for `pipegen explain`.
    pub doc: &'static str,
    /// The series that `version:` may name, each with the tag of its image: the default first, then the newest first; empty
    /// where there is no such key.
    pub versions: &'static [(&'static str, &'static str)],
    /// Whether its services run here; one that runs nothing has its own fields only.
    pub runs: bool,
    /// The kinds of datasets that may be in it: `object`, `table`, `topic`. One at a `path` is in a volume.
    pub holds: &'static [&'static str],
    /// The schema of the component's own fields, beside the common ones.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads the service and says what others may see of it. `None`: a fault was reported.
    pub declare: fn(&mut Declare<'_>) -> Option<Box<dyn Instance>>,
}

impl Component {
    /// The series of its versions, the default first.
    pub fn series(&self) -> Vec<&'static str> {
        self.versions.iter().map(|(series, _)| *series).collect()
    }
}

/// A service of a component, between the two steps.
pub trait Instance {
    /// What others may see of it.
    fn surface(&self) -> &Surface;

    /// The services that the component's own keys name.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// The components that `uses` may name; empty: any.
    fn uses(&self) -> &'static [&'static str] {
        &[]
    }

    /// The workloads that get what the service connects to; `None`: all but the jobs that set it up.
    fn consumers(&self) -> Option<Vec<String>> {
        None
    }

    /// Whether the variables that `uses` gives belong into its environment.
    fn takes_variables(&self) -> bool {
        true
    }

    /// Makes the workloads.
    fn build(&self, cx: &mut Build<'_>) -> Built;

    /// What can stand in for its workloads in some targets, or look after them; they are as they will run, with the variables
    /// of all connections.
    fn realizations(&self, _workloads: &[&Workload]) -> Vec<Realization> {
        Vec::new()
    }
}

/// Every component, sorted by name.
// One a line, so that a new component is one line of a change.
#[rustfmt::skip]
pub static COMPONENTS: &[&Component] = &[
    &airflow::COMPONENT,
    &container::COMPONENT,
    &databricks::COMPONENT,
    &external::COMPONENT,
    &kafdrop::COMPONENT,
    &kafka::COMPONENT,
    &nginx::COMPONENT,
    &postgres::COMPONENT,
    &redis::COMPONENT,
    &s3::COMPONENT,
];

/// A component by name.
pub fn component(name: &str) -> Option<&'static Component> {
    COMPONENTS.iter().find(|component| component.name == name).copied()
}

/// The `version:` of a component: text, because `3.10` as a number would be 3.1.
struct Version;

impl schemars::JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "title": "a quoted version", "pattern": "^[0-9]+(\\.[0-9A-Za-z-]+)*$" })
    }
}
