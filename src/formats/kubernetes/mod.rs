//! Kubernetes objects and how a platform becomes them: shared by every target that writes manifests.

mod bundle;
mod cluster;
mod containers;
mod controllers;
mod custom;
mod environment;
mod external_secrets;
mod files;
pub mod model;
mod names;
mod operators;
mod pods;
mod policies;
mod probes;
mod pulls;
mod realizations;
mod scope;
mod storage;
mod together;
mod waits;
mod workloads;

pub use bundle::{ReleaseRow, Releases, bundle, cluster_alone};
pub use cluster::{POD_SUBNET, files as cluster_files};
pub use custom::{image_part, plain};
pub use files::local_object;
pub use names::check_objects;
pub use operators::{OperatorRow, operators};
pub use pulls::object as pull_secret;
pub use realizations::{of_service as realizations_of, pod_labels};
pub use scope::{Exposure, FilledObject, LocalFile, Reads, Scope, namespaces, secret_object, settings_object};
pub use storage::{ClaimPlan, claim_name, claims_of_stack};
pub use workloads::{Awaited, SERVICE_ACCOUNT, StackManifests, WorkloadManifests, stack};

use model::{Expression, Selector, Words};

use crate::platform::{Platform, Workload, WorkloadKind};

/// The prefix of every label and annotation of ours.
pub const PREFIX: &str = "pipegen.io";

/// The annotation whose value the install script fills in with the hash of `.env`, so that a changed value makes new pods.
pub const ENV_ANNOTATION: &str = "pipegen.io/env";

/// The label that selects the pods of a workload.
pub const WORKLOAD_LABEL: &str = "app.kubernetes.io/name";

/// The label with the program that writes an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The label of a job by which its older runs are found.
pub const JOB_LABEL: &str = "pipegen.io/job";

/// What selects the pods of a workload. Never changes: a controller's selector is immutable.
pub fn selector(blueprint: &str, workload: &str) -> Words {
    Words::from([(WORKLOAD_LABEL.to_owned(), workload.to_owned()), part_of(blueprint)])
}

/// What selects the pods of any of several workloads.
fn any_of<'w>(blueprint: &str, workloads: impl IntoIterator<Item = &'w str>) -> Selector {
    let values = workloads.into_iter().map(str::to_owned).collect();
    let named = Expression { key: WORKLOAD_LABEL.to_owned(), operator: "In", values };
    Selector { match_labels: Words::from([part_of(blueprint)]), match_expressions: vec![named] }
}

/// A selector as `kubectl` reads it.
pub fn written_selector(labels: &[(String, String)]) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// The label of all objects of a blueprint.
fn part_of(blueprint: &str) -> (String, String) {
    ("app.kubernetes.io/part-of".to_owned(), blueprint.to_owned())
}

/// The label of the pods on a network. Each network has its own, because a pod may be on several.
pub fn network_label(network: &str) -> (String, String) {
    (format!("net.{PREFIX}/{network}"), "member".to_owned())
}

/// The labels of a workload's objects.
pub fn labels(blueprint: &str, workload: &Workload) -> Words {
    let mut labels = platform_labels(blueprint);
    labels.insert(WORKLOAD_LABEL.to_owned(), workload.name.clone());
    labels.insert("app.kubernetes.io/component".to_owned(), workload.role.clone().unwrap_or_else(|| workload.service.clone()));
    labels
}

/// The labels of objects that are no workload's.
fn platform_labels(blueprint: &str) -> Words {
    Words::from([part_of(blueprint), (MANAGED_BY.to_owned(), "pipegen".to_owned())])
}

/// Why plain manifests are not enough for a platform: whatever makes pods needs permissions of the cluster, which a chart
/// brings.
pub fn without_permission(platform: &Platform) -> Option<String> {
    platform.workloads.iter().find(|workload| matches!(workload.kind, WorkloadKind::Template { .. })).map(made_by_program)
}

fn made_by_program(template: &Workload) -> String {
    format!("the pods of `{}` are made by a program that needs the cluster's permission", template.service)
}
