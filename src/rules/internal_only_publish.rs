//! A service that has only internal networks has no way to the host: its published port would never answer.

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code, quoted};
use crate::platform::Index;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let platform = context.platform;
    let index = Index::new(platform);
    let internal = |name: &String| index.network(name).is_some_and(|network| network.internal);
    let mut found = Vec::new();
    for workload in platform.workloads.iter().filter(|workload| !workload.networks.is_empty()) {
        for published in workload.endpoints.iter().filter_map(|endpoint| endpoint.published.as_ref()) {
            if !workload.networks.iter().all(internal) {
                continue;
            }
            let list = quoted(workload.networks.iter().map(String::as_str));
            let fault = Diagnostic::new(
                &code::INTERNAL_ONLY_PUBLISH,
                Place::Value(published.origin.clone()),
                format!("`{}` is only on internal networks ({list}), so nothing can be published", workload.name),
            );
            // A component may leave the further networks of a service to those of its workloads that need them.
            let others = index.workloads_of(&workload.service).iter().flat_map(|other| &other.networks);
            let fault = fault.help(if others.into_iter().all(internal) {
                "remove `publish`, or put the service on a network that is not internal as well"
            } else {
                "remove `publish`, or put a network that is not internal first in `networks`"
            });
            found.push(match workload.networks.first().and_then(|name| index.network(name)) {
                Some(network) => fault.related(Place::Key(network.origin.clone()), "internal"),
                None => fault,
            });
        }
    }
    found
}
