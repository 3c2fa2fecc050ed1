//! What makes the pods of a workload: a Deployment, a StatefulSet, a Job or a CronJob.

use sha2::{Digest, Sha256};

use super::model::{Controller, ControllerRef, CronJob, Job, Metadata, Object, PodTemplate, Selector, Spec, doc};
use super::scope::Scope;
use super::workloads::with_overrides;
use super::{JOB_LABEL, made_by_program, selector, storage};
use crate::diagnostic::Place;
use crate::formats::{body, said_elsewhere};
use crate::platform::{Workload, WorkloadKind};
use crate::value::Replicas;
use crate::yaml::Doc;

/// What makes the pods of a workload: its kind for `kubectl`, its name, and the object with its overrides.
pub fn controller(
    scope: &mut Scope<'_>,
    metadata: Metadata,
    workload: &Workload,
    template: PodTemplate,
    place: &Place,
) -> Option<(&'static str, String, Doc)> {
    match &workload.kind {
        WorkloadKind::Server { replicas, keep_running } => {
            // A pod that ended is always started again.
            said_elsewhere(keep_running);
            Some(server(scope, metadata, workload, *replicas, template, place))
        }
        WorkloadKind::Job { evidence } => {
            // The init steps of others ask for it.
            said_elsewhere(evidence);
            let (name, object) = job(scope, metadata, workload, template, place);
            Some(("job", name, object))
        }
        WorkloadKind::Scheduled { schedule } => {
            let object = cron_job(metadata, schedule, template);
            Some(("cronjob", workload.name.clone(), with_overrides(scope, object, workload, place)))
        }
        WorkloadKind::Template { instead } => {
            said_elsewhere(instead);
            scope.resolver.refuse(
                place,
                made_by_program(workload),
                "render the target `helm`, whose chart brings it, or choose another executor",
            );
            None
        }
    }
}

fn server(
    scope: &mut Scope<'_>,
    metadata: Metadata,
    workload: &Workload,
    replicas: Replicas,
    template: PodTemplate,
    place: &Place,
) -> (&'static str, String, Doc) {
    let state = storage::has_state(scope, workload);
    if state && replicas.max() > 1 {
        let message = format!("{} pods of `{}` would share one storage", replicas.max(), workload.name);
        scope.resolver.refuse(place, message, "leave `replicas` at 1, or mount no volume");
    }
    let replicas = match replicas {
        Replicas::Count(count) => Some(count),
        Replicas::Range { .. } => None,
    };
    let selector = Selector { match_labels: selector(&scope.platform.name, &workload.name), ..Selector::default() };
    let content = Controller { replicas, service_name: state.then(|| workload.name.clone()), selector, template };
    let ControllerRef { api_version, kind, name } = controller_of(scope, workload);
    let object = doc(&Object { api_version, kind, metadata, content: Spec { spec: content } });
    (if state { "statefulset" } else { "deployment" }, name, with_overrides(scope, object, workload, place))
}

/// A job cannot be changed, so another content is another job; the install script removes the older ones.
fn job(scope: &mut Scope<'_>, mut metadata: Metadata, workload: &Workload, template: PodTemplate, place: &Place) -> (String, Doc) {
    metadata.labels.insert(JOB_LABEL.to_owned(), workload.name.clone());
    let content = Spec { spec: Job { backoff_limit: 20, template } };
    let object = doc(&Object { api_version: "batch/v1", kind: "Job", metadata, content });
    let mut object = with_overrides(scope, object, workload, place);
    let name = format!("{}-{}", short(&workload.name), hash(object.get("spec")));
    if let Some(known) = object.item_mut("metadata").and_then(|metadata| metadata.value.item_mut("name")) {
        known.value = Doc::from(name.as_str());
    }
    (name, object)
}

fn cron_job(metadata: Metadata, schedule: &str, template: PodTemplate) -> Doc {
    let content = CronJob {
        schedule: schedule.to_owned(),
        time_zone: "Etc/UTC",
        concurrency_policy: "Forbid",
        successful_jobs_history_limit: 3,
        failed_jobs_history_limit: 3,
        job_template: Spec { spec: Job { backoff_limit: 3, template } },
    };
    doc(&Object { api_version: "batch/v1", kind: "CronJob", metadata, content: Spec { spec: content } })
}

/// What makes the pods of a server.
pub fn controller_of(scope: &Scope<'_>, workload: &Workload) -> ControllerRef {
    let kind = if storage::has_state(scope, workload) { "StatefulSet" } else { "Deployment" };
    ControllerRef { api_version: "apps/v1", kind, name: workload.name.clone() }
}

/// Names of pods end in a hash of their own, and are labels: 63 characters.
fn short(name: &str) -> &str {
    name.get(..40).unwrap_or(name).trim_end_matches('-')
}

fn hash(content: Option<&Doc>) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&content).expect("a document has text for keys"));
    body::short_hash(hash)[..8].to_owned()
}
