//! Pods of which one may be lost, and not several at once: those of a workload with replicas, and those of the servers of a
//! service that are alike, such as the brokers of a cluster.

use super::model::{DisruptionBudget, Metadata, Object, Selector, Spec, Spread, doc};
use super::scope::Scope;
use super::{any_of, selector};
use crate::platform::{Workload, WorkloadKind};
use crate::yaml::Doc;

/// The servers of a service that are alike, in the platform's order.
fn alike<'a>(scope: &Scope<'a>, workload: &Workload) -> Vec<&'a Workload> {
    let is_server = |workload: &Workload| matches!(workload.kind, WorkloadKind::Server { .. });
    let of_service = scope.index.workloads_of(&workload.service).iter().copied();
    of_service.filter(|other| is_server(workload) && is_server(other) && other.role == workload.role).collect()
}

fn all_of(scope: &Scope<'_>, workloads: &[&Workload]) -> Selector {
    any_of(&scope.platform.name, workloads.iter().map(|workload| workload.name.as_str()))
}

/// Who empties a node takes one pod at a time. Of several workloads the first one has the object.
pub fn disruption_budget(scope: &Scope<'_>, metadata: Metadata, workload: &Workload) -> Option<Doc> {
    let alike = alike(scope, workload);
    let (metadata, selector) = match (&workload.kind, alike.as_slice()) {
        (_, [first, _, ..]) if first.name == workload.name => {
            (Metadata { name: Some(workload.service.clone()), ..metadata }, all_of(scope, &alike))
        }
        (WorkloadKind::Server { replicas, .. }, [_]) if replicas.max() > 1 => {
            (metadata, Selector { match_labels: selector(&scope.platform.name, &workload.name), ..Selector::default() })
        }
        _ => return None,
    };
    let content = Spec { spec: DisruptionBudget { max_unavailable: 1, selector } };
    Some(doc(&Object { api_version: "policy/v1", kind: "PodDisruptionBudget", metadata, content }))
}

/// Where there are several nodes, servers that are alike are on different ones.
pub fn spread(scope: &Scope<'_>, workload: &Workload) -> Vec<Spread> {
    let alike = alike(scope, workload);
    let spread = || Spread {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname",
        when_unsatisfiable: "ScheduleAnyway",
        label_selector: all_of(scope, &alike),
    };
    (alike.len() > 1).then(spread).into_iter().collect()
}
