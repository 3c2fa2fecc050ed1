//! What a chart or an operator that stands in for workloads needs beside its own objects: the secret objects that it
//! reads, addresses for those that look for the replaced workloads, and a word where it cannot keep a promise.

use std::collections::{BTreeMap, BTreeSet};

use super::files::fill;
use super::model::Words;
use super::scope::{FilledObject, Scope};
use super::{MANAGED_BY, labels, network_label};
use crate::diagnostic::Place;
use crate::formats::body::{self, Content};
use crate::formats::said_elsewhere;
use crate::formats::text::{Piece, Reader};
use crate::platform::realization::{Operator, Pods};
use crate::platform::{Endpoint, EndpointRef, File, Gap, Opening, Platform, Realization, SecretKind, SecretObject, Service, Workload};

/// What stands in for each workload in a target, and what looks after it.
#[derive(Debug)]
pub struct Replaced<'a> {
    by_workload: BTreeMap<&'a str, &'a Realization>,
    /// What looks after a workload without taking its place.
    beside: BTreeMap<&'a str, Vec<&'a Realization>>,
    /// All that count in the target, in the order of the services.
    all: Vec<&'a Realization>,
}

impl<'a> Replaced<'a> {
    /// The realizations that count in a target.
    pub fn new(platform: &'a Platform, target: &str) -> Self {
        let all: Vec<&Realization> = platform.services.iter().flat_map(|service| of_service(service, target)).collect();
        let replaced = all.iter().flat_map(|realization| realization.replaces.iter().map(|name| (name.as_str(), *realization)));
        let by_workload = replaced.collect();
        let mut beside: BTreeMap<&str, Vec<&Realization>> = BTreeMap::new();
        for realization in &all {
            looked_after(realization).into_iter().for_each(|name| beside.entry(name).or_default().push(realization));
        }
        Self { by_workload, beside, all }
    }

    /// What selects the pods of a workload. Those of a chart have our labels, if the chart can add them to these pods alone; an
    /// operator names its pods itself.
    pub fn selector(&self, blueprint: &str, workload: &str) -> Words {
        let of = |realization: &'a Realization| realization.pods.iter().find(|pods| pods.workload == workload);
        let named = |realization: &'a Realization| of(realization).filter(|pods| realization.operator().is_some() || pods.shared);
        let pods = self.by(workload).and_then(named);
        pods.map_or_else(|| super::selector(blueprint, workload), |pods| pods.selector.iter().cloned().collect())
    }

    /// What selects the pods that answer at an endpoint.
    pub fn answering(&self, blueprint: &str, workload: &Workload, endpoint: &Endpoint) -> Words {
        let found = self.operated(&workload.name).and_then(|realization| realization.endpoint(&workload.endpoint_ref(&endpoint.name)));
        found.map_or_else(|| super::selector(blueprint, &workload.name), |found| found.selector.iter().cloned().collect())
    }

    /// Whether a workload listens at its endpoint: the pods of an operator do so where something leads to them.
    pub fn listens(&self, workload: &Workload, endpoint: &Endpoint) -> bool {
        self.operated(&workload.name).is_none_or(|realization| realization.endpoint(&workload.endpoint_ref(&endpoint.name)).is_some())
    }

    /// Whether a workload is the first of those that the same pods take the place of.
    pub fn speaks_for_its_pods(&self, workload: &str) -> bool {
        let Some(realization) = self.operated(workload) else { return true };
        let own = realization.pods.iter().find(|pods| pods.workload == workload);
        let first = realization.pods.iter().find(|pods| own.is_some_and(|own| own.selector == pods.selector));
        first.is_some_and(|first| first.workload == workload)
    }

    /// What is open beside the networks, in the order of the workloads to which it is.
    pub fn openings(&self) -> Vec<(&'a Realization, &'a Opening)> {
        let of = |realization: &'a Realization| realization.openings.iter().map(move |opening| (realization, opening));
        let mut openings: Vec<_> = self.all.iter().copied().flat_map(of).collect();
        openings.sort_by_key(|(_, opening)| &opening.to);
        openings
    }

    /// The operators that connect to endpoints of other services, each with the endpoint.
    pub fn visits(&self) -> impl Iterator<Item = (&'a Operator, &'a EndpointRef)> {
        let of = |realization: &'a Realization| realization.visits.iter().filter_map(|visit| Some((realization.operator()?, visit)));
        self.all.iter().copied().flat_map(of)
    }

    /// What looks after a workload without taking its place.
    pub fn beside(&self, workload: &str) -> Vec<&'a Realization> {
        self.beside.get(workload).cloned().unwrap_or_default()
    }

    /// The workloads whose pods talk to the cluster itself.
    pub fn callers(&self) -> impl Iterator<Item = &'a str> {
        let callers: BTreeSet<&str> = self.all.iter().flat_map(|realization| &realization.callers).map(String::as_str).collect();
        callers.into_iter()
    }

    /// What stands in for a workload.
    pub fn by(&self, workload: &str) -> Option<&'a Realization> {
        self.by_workload.get(workload).copied()
    }

    /// What stands in for a workload, if that is an operator.
    pub fn operated(&self, workload: &str) -> Option<&'a Realization> {
        self.by(workload).filter(|realization| realization.operator().is_some())
    }

    /// The name and the port of the Service that leads to an endpoint; none if its workload is replaced by something that
    /// has no such Service.
    pub fn service<'w>(&'w self, workload: &'w Workload, endpoint: &Endpoint) -> Option<(&'w str, u16)> {
        match self.by(&workload.name) {
            None => Some((workload.name.as_str(), endpoint.port)),
            Some(realization) => {
                let found = realization.endpoint(&workload.endpoint_ref(&endpoint.name))?;
                Some((found.service.as_str(), found.port))
            }
        }
    }
}

/// The workloads that a realization is about and does not replace.
fn looked_after(realization: &Realization) -> BTreeSet<&str> {
    let replaced: BTreeSet<&str> = realization.replaces.iter().map(String::as_str).collect();
    realization.workloads().filter(|name| !replaced.contains(name)).collect()
}

/// What stands in for workloads of a service in a target, or looks after them.
pub fn of_service<'a>(service: &'a Service, target: &str) -> impl Iterator<Item = &'a Realization> {
    service.realizations.iter().filter(move |realization| realization.targets.contains(&target))
}

/// Notes the secret objects that the realizations of a stack read, and reports what they cannot keep.
pub fn of_stack(scope: &mut Scope<'_>, stack: usize) {
    let platform = scope.platform;
    for service in &platform.services {
        let Service { name, component, login, resources, connections, external, upstream, realizations, origin } = service;
        // The guide says what a service is, the policies and the workloads what runs of it.
        said_elsewhere((name, component, login, resources, connections, external, upstream, realizations, origin));
        for realization in of_service(service, scope.target) {
            of_realization(scope, stack, service, realization);
        }
    }
}

fn of_realization(scope: &mut Scope<'_>, stack: usize, service: &Service, realization: &Realization) {
    let Realization { targets, by, replaces, endpoints, pods, secrets, callers, openings, visits, gaps } = realization;
    // The policies say who calls and who else may come, and the workloads or the target the rest.
    said_elsewhere((targets, by, replaces, endpoints, pods, callers, openings, visits));
    let here = realization.workloads().filter_map(|name| scope.index.workload(name)).any(|workload| workload.stack == stack);
    if !here {
        return;
    }
    scope.resolver.reader = Reader::InStack(stack);
    for object in secrets {
        secret_object(scope, stack, service, object);
    }
    for Gap { origin, message, help } in gaps {
        scope.resolver.refuse(&Place::Value(origin.clone()), message, help);
    }
}

/// The labels by which the policies and the published ports find the pods of a workload.
pub fn pod_labels(scope: &Scope<'_>, realization: &Realization, pods: &Pods) -> Vec<(String, String)> {
    let of = |name: &str| -> Vec<(String, String)> {
        let Some(workload) = scope.index.workload(name) else { return Vec::new() };
        let networks = workload.networks.iter().map(|network| network_label(network));
        match realization.operator() {
            // An operator writes the usual labels itself.
            Some(_) => networks.collect(),
            None => labels(&scope.platform.name, workload).into_iter().chain(networks).collect(),
        }
    };
    let mut own = of(&pods.workload);
    if pods.shared {
        let others: Vec<_> = realization.pods.iter().map(|other| of(&other.workload)).collect();
        own.retain(|label| others.iter().all(|labels| labels.contains(label)));
    }
    // Charts put these labels on other objects as well, and there Helm writes its own name.
    own.retain(|(key, _)| key != MANAGED_BY);
    own
}

fn secret_object(scope: &mut Scope<'_>, stack: usize, service: &Service, object: &SecretObject) {
    let SecretObject { name, kind, labels, entries } = object;
    let kind = match kind {
        SecretKind::Opaque => FilledObject::OPAQUE,
        SecretKind::Login => "kubernetes.io/basic-auth",
    };
    let mut filled = FilledObject { name: name.clone(), kind, labels, keys: Vec::new() };
    for (key, body) in entries {
        let file = File { mount: format!("/{key}"), executable: false, body: body.clone(), origin: service.origin.clone() };
        let pieces = match body::content(&mut scope.resolver, &file) {
            Content::Known(text) => vec![Piece::Known(text)],
            Content::Filled(pieces) => pieces,
            Content::Theirs(path) => {
                let message = format!("the secret `{name}` cannot hold a file");
                scope.resolver.refuse(&Place::Value(path.origin), message, "write the text itself");
                continue;
            }
        };
        filled.keys.push((key.clone(), pieces));
    }
    fill(scope, stack, filled);
}
