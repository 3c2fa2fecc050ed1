//! Names that the API server would refuse or take for each other, found at their lines.

use std::collections::BTreeMap;

use super::policies;
use super::scope::{Scope, secret_object};
use crate::diagnostic::Place;

/// A pod of a StatefulSet has the label `controller-revision-hash: <name>-<ten digits>`, and a label has 63 characters.
/// The longest name that we make, `wait-for-<name>` of a container, is within that too.
const LONGEST_WORKLOAD: usize = 52;

/// A namespace is part of host names (RFC 1123).
const LONGEST_NAMESPACE: usize = 63;

/// Checks every name of the platform.
pub fn check(scope: &mut Scope<'_>) {
    let platform = scope.platform;
    for workload in platform.workloads.iter().filter(|workload| workload.name.len() > LONGEST_WORKLOAD) {
        let message = format!("Kubernetes makes names of `{}` that are too long for it", workload.name);
        let help = format!("choose a shorter name: at most {LONGEST_WORKLOAD} characters with what is added to it");
        scope.resolver.refuse(&Place::Key(workload.origin.clone()), message, &help);
    }
    for (namespace, stack) in scope.namespaces.clone().iter().zip(&platform.stacks).filter(|(name, _)| name.len() > LONGEST_NAMESPACE) {
        let message = format!("its namespace `{namespace}` would have a name of more than {LONGEST_NAMESPACE} characters");
        scope.resolver.refuse(&Place::Key(stack.origin.clone()), message, "choose a shorter name for the stack or the blueprint");
    }
    distinct(
        scope,
        platform.networks.iter().map(|network| (&network.name, policies::out_name(&network.name), Place::Key(network.origin.clone()))),
    );
    distinct(
        scope,
        platform.secrets.iter().map(|secret| (&secret.variable, secret_object(&secret.variable), Place::Key(secret.origin.clone()))),
    );
}

/// Each name with the name of its object and its place: no two objects may have the same one.
fn distinct<'a>(scope: &mut Scope<'_>, names: impl Iterator<Item = (&'a String, String, Place)>) {
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for (name, object, place) in names {
        if let Some(other) = known.insert(object, name) {
            let message = format!("`{name}` and `{other}` are the same name in Kubernetes, which has no `_`");
            scope.resolver.refuse(&place, message, "rename one of them");
        }
    }
}
