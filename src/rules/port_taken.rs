//! A port of the host can be published once, over all stacks.

use std::collections::BTreeMap;

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::Published;
use crate::source::Pointer;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let endpoints = context.platform.workloads.iter().flat_map(|workload| &workload.endpoints);
    let all: Vec<&Published> = endpoints.filter_map(|endpoint| endpoint.published.as_ref()).collect();
    let ranges = ranges(&all);
    let mut taken: BTreeMap<u16, Vec<&Published>> = BTreeMap::new();
    let mut found = Vec::new();
    for published in all {
        let others = taken.entry(published.port).or_default();
        let clash = others
            .iter()
            .find(|other| other.address == published.address || other.address.is_unspecified() || published.address.is_unspecified());
        if let Some(first) = clash {
            let fault = Diagnostic::new(
                &code::PORT_TAKEN,
                Place::Value(published.origin.clone()),
                format!("the host port {} is published twice{}", published.port, among(&ranges, published)),
            );
            let label = format!("published here first{}", among(&ranges, first));
            found.push(fault.related(Place::Value(first.origin.clone()), label).help("choose another host port for one of them"));
        }
        others.push(published);
    }
    found
}

/// The first and the last port that each place of the blueprint publishes.
fn ranges<'a>(all: &[&'a Published]) -> BTreeMap<&'a Pointer, (u16, u16)> {
    let mut ranges: BTreeMap<&Pointer, (u16, u16)> = BTreeMap::new();
    for published in all {
        let (first, last) = ranges.entry(&published.origin).or_insert((published.port, published.port));
        (*first, *last) = ((*first).min(published.port), (*last).max(published.port));
    }
    ranges
}

/// What to add where a place publishes more ports than the one that is written there.
fn among(ranges: &BTreeMap<&Pointer, (u16, u16)>, published: &Published) -> String {
    match ranges.get(&published.origin) {
        Some((first, last)) if first < last => format!(", as one of {first} to {last}"),
        _ => String::new(),
    }
}
