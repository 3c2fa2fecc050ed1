//! What may stand in for workloads of a service in some targets. The only file of the model that knows the words
//! chart and operator.

use super::{EndpointRef, Text, TextTree};

/// A chart or an operator that takes the place of some workloads and keeps their promises.
#[derive(Debug, Clone)]
pub struct Realization {
    /// The targets in which it stands in.
    pub targets: Vec<String>,
    /// What it is.
    pub by: Realizer,
    /// The workloads that it replaces.
    pub replaces: Vec<String>,
    /// For each replaced endpoint, the service name and port under which it is found.
    pub endpoints: Vec<(EndpointRef, String, u16)>,
    /// For each replaced workload, the labels that select its pods.
    pub selectors: Vec<(String, Vec<(String, String)>)>,
    /// The secret objects that it reads: object, key, value.
    pub secrets: Vec<(String, String, Text)>,
    /// The storage claims that it uses: claim and volume.
    pub claims: Vec<(String, String)>,
}

/// What stands in.
#[derive(Debug, Clone)]
pub enum Realizer {
    /// A Helm chart with values.
    Chart {
        /// The repository.
        repository: String,
        /// The chart.
        name: String,
        /// Its version.
        version: String,
        /// The values.
        values: TextTree,
    },
    /// An operator's custom resources.
    Operator {
        /// The operator.
        name: String,
        /// Its version.
        version: String,
        /// The resources.
        resources: Vec<TextTree>,
    },
}
