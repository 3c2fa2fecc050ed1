//! A port of the host can be published once, over all stacks.

use std::collections::BTreeMap;

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::Published;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<u16, Vec<&Published>> = BTreeMap::new();
    let mut found = Vec::new();
    for published in
        context.platform.workloads.iter().flat_map(|workload| &workload.endpoints).filter_map(|endpoint| endpoint.published.as_ref())
    {
        let others = taken.entry(published.port).or_default();
        let clash = others
            .iter()
            .find(|other| other.address == published.address || other.address.is_unspecified() || published.address.is_unspecified());
        if let Some(first) = clash {
            let fault = Diagnostic::new(
                &code::PORT_TAKEN,
                Place::Value(published.origin.clone()),
                format!("the host port {} is published twice", published.port),
            );
            found.push(
                fault.related(Place::Value(first.origin.clone()), "published here first").help("choose another host port for one of them"),
            );
        }
        others.push(published);
    }
    found
}
