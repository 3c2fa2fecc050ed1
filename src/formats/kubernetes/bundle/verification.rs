//! What `verify-network.sh` has to know of a cluster beside what it knows everywhere.

use crate::formats::kubernetes::{Exposure, Scope, StackManifests, selector, written_selector};
use crate::formats::verification::{self, is_asked};
use crate::platform::{Platform, Workload};

/// The facts of [`verification::facts`], and where the cluster has each workload: `pods WORKLOAD NAMESPACE SELECTOR` and
/// `service WORKLOAD PORT SERVICE.NAMESPACE SERVICE-PORT`. What a chart does without has neither.
pub fn facts(platform: &Platform, scope: &Scope<'_>, stacks: &[StackManifests<'_>]) -> Vec<String> {
    let all = || stacks.iter().flat_map(|stack| stack.workloads.iter().map(move |one| (stack.namespace.as_str(), one.workload)));
    let found: Vec<(&str, &Workload, String)> = all()
        .filter(|(_, workload)| is_asked(workload))
        .filter_map(|(namespace, workload)| Some((namespace, workload, pods(scope, workload)?)))
        .collect();
    let workloads: Vec<&Workload> = found.iter().map(|(_, workload, _)| *workload).collect();
    let mut facts = verification::facts(platform, &scope.index, &workloads, scope.exposure != Exposure::Forwarded);
    for (namespace, workload, pods) in found {
        facts.push(format!("pods {} {namespace} {pods}", workload.name));
        for endpoint in workload.endpoints.iter().filter(|endpoint| !endpoint.protocol.is_udp()) {
            if let Some((service, port)) = scope.replaced.service(workload, endpoint) {
                facts.push(format!("service {} {} {service}.{namespace} {port}", workload.name, endpoint.port));
            }
        }
    }
    facts
}

/// What selects the pods of a workload, whoever makes them.
fn pods(scope: &Scope<'_>, workload: &Workload) -> Option<String> {
    let labels: Vec<(String, String)> = match scope.replaced.by(&workload.name) {
        None => selector(&scope.platform.name, &workload.name).into_iter().collect(),
        Some(realization) => realization.pods.iter().find(|pods| pods.workload == workload.name)?.selector.clone(),
    };
    Some(written_selector(&labels))
}
