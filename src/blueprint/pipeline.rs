//! Pipelines: where data lives, and the steps that read and write it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::value::{DatasetName, Deployable, Duration, Map, Name, ParametricText, ResourceRef, VariableName};

/// Datasets and the steps between them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Pipeline {
    /// What the pipeline is for, in one sentence for the generated guide.
    #[serde(default)]
    pub description: Option<ParametricText>,
    /// Places of data, by name.
    #[serde(default)]
    pub datasets: Map<DatasetName, Dataset>,
    /// What reads and writes datasets, by name.
    #[serde(default)]
    pub steps: Map<DatasetName, Step>,
}

/// One place of data: exactly one of `table`, `topic`, `path` and `object` says what it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dataset {
    /// The service, `service/resource` or volume that holds it.
    #[serde(rename = "in")]
    pub location: ResourceRef,
    /// The table of a database.
    #[serde(default)]
    pub table: Option<ParametricText>,
    /// The topic of a Kafka, which makes it on start.
    #[serde(default)]
    pub topic: Option<ParametricText>,
    /// The folder of a volume.
    #[serde(default)]
    pub path: Option<ParametricText>,
    /// The object of a bucket.
    #[serde(default)]
    pub object: Option<ParametricText>,
    /// The format of the files.
    #[serde(default)]
    pub format: Option<ParametricText>,
    /// The number of the topic's partitions.
    #[serde(default)]
    #[schemars(extend("default" = 1, "minimum" = 1))]
    pub partitions: Option<u16>,
    /// The number of brokers that keep a copy of the topic; without this key 3, or 1 if there is one broker.
    #[serde(default)]
    pub replicas: Option<u16>,
    /// How long the topic keeps messages; without this key as long as the broker says.
    #[serde(default)]
    pub retention: Option<Duration>,
}

/// Something that reads or writes datasets.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// The service that runs it.
    pub on: Name,
    /// The file of the DAG in the service's `dags` folder.
    #[serde(default)]
    pub dag: Option<ParametricText>,
    /// The program that `spark-submit` runs.
    #[serde(default)]
    pub spark_submit: Option<ParametricText>,
    /// When it runs, for the guide; the DAG itself says it to Airflow.
    #[serde(default)]
    pub schedule: Option<ParametricText>,
    /// Datasets that it reads.
    #[serde(default)]
    pub reads: Vec<DatasetName>,
    /// Datasets that it writes.
    #[serde(default)]
    pub writes: Vec<DatasetName>,
    /// Datasets whose change starts it.
    #[serde(default)]
    pub after: Vec<DatasetName>,
    /// Connectors that the program needs.
    #[serde(default)]
    pub packages: Vec<ParametricText>,
    /// Where a stream keeps its progress.
    #[serde(default)]
    pub checkpoint: Option<ParametricText>,
    /// How often a stream makes a batch.
    #[serde(default)]
    pub batch_interval: Option<Duration>,
    /// A job elsewhere that it starts; the service that runs the step gets its id as `DATABRICKS_JOB_ID`.
    #[serde(default)]
    pub runs: Option<Runs>,
}

/// A job elsewhere that a step starts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Runs {
    /// The databricks service that it runs on.
    pub on: Name,
    /// The id of the job.
    pub databricks_job: Deployable,
    /// The beginning of the variable's name instead of `DATABRICKS`, where one service starts several jobs.
    #[serde(default, rename = "as")]
    pub prefix: Option<VariableName>,
}
