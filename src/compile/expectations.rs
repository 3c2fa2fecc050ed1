//! `expect:` against the platform: who must, and who must never, reach whom.

use std::collections::BTreeSet;

use crate::blueprint::Blueprint;
use crate::diagnostic::{Diagnostic, Faults, Place, code, near, quoted, unknown_name};
use crate::platform::relation::{listens, meetings, shared_networks};
use crate::platform::{Expectation, Index, Peer, Platform};
use crate::source::Pointer;
use crate::value::ResourceRef;

use super::wire::places_known;

pub(super) fn check(
    blueprint: &Blueprint,
    platform: &Platform,
    faults: &Faults,
    open: &BTreeSet<Pointer>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Expectation> {
    let section = Pointer::root().key("expect");
    let index = Index::new(platform);
    let peers = Peers { blueprint, index: &index, faults, open };
    let mut expectations = Vec::new();
    for (number, spec) in blueprint.expect.iter().enumerate() {
        let at = section.index(number);
        let (target, reaches, key) = match (&spec.reaches, &spec.never_reaches) {
            (Some(target), None) => (target, true, "reaches"),
            (None, Some(target)) => (target, false, "never_reaches"),
            _ => {
                if !faults.touches(&section) {
                    let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at), "an expectation says exactly one thing");
                    found.push(fault.help("write one of `reaches: NAME` and `never_reaches: NAME`"));
                }
                continue;
            }
        };
        let from = peers.find(&spec.from, &at.key("from"), found);
        let to = peers.find(target, &at.key(key), found);
        let (Some(from), Some(to)) = (from, to) else { continue };
        let expectation = Expectation { from, to, reaches, origin: at };
        found.extend(broken(platform, &index, &expectation));
        expectations.push(expectation);
    }
    expectations
}

struct Peers<'a> {
    blueprint: &'a Blueprint,
    index: &'a Index<'a>,
    faults: &'a Faults,
    /// The services that are somewhere unknown.
    open: &'a BTreeSet<Pointer>,
}

impl Peers<'_> {
    /// The peer that a name means; nothing if a fault was reported for it, now or before.
    fn find(&self, name: &ResourceRef, at: &Pointer, found: &mut Vec<Diagnostic>) -> Option<Peer> {
        match (name.service(), name.resource()) {
            ("internet", None) => return Some(Peer::Internet),
            ("host", None) => return Some(Peer::Host),
            _ => {}
        }
        let section = Pointer::root().key("services");
        let service = match self.index.service(name.service()) {
            Some(_) => name.service().to_owned(),
            None if self.faults.touches(&section.key(name.service())) => return None,
            None => {
                let known = self.blueprint.services.keys().map(crate::value::Name::as_str).chain(["host", "internet"]);
                found.push(unknown_name("service", name.service(), known, &section, at.clone()));
                return None;
            }
        };
        if self.index.service(&service).is_some_and(|service| service.external.is_some()) {
            return Some(Peer::Internet);
        }
        let at_service = section.key(&service);
        let published = ["publish", "ports"].into_iter().any(|key| self.faults.touches(&at_service.key(key)));
        if published || !places_known(self.faults, self.open, &at_service) {
            return None;
        }
        let workloads = self.index.workloads_of(&service);
        if workloads.is_empty() {
            return None;
        }
        let names = match name.resource() {
            None => workloads.iter().map(|workload| workload.name.clone()).collect(),
            Some(role) => {
                let matching: Vec<String> = workloads
                    .iter()
                    .filter(|workload| workload.role.as_deref() == Some(role))
                    .map(|workload| workload.name.clone())
                    .collect();
                if matching.is_empty() {
                    let roles: Vec<&str> = workloads.iter().filter_map(|workload| workload.role.as_deref()).collect();
                    let fault = Diagnostic::new(&code::UNKNOWN_NAME, Place::Value(at.clone()), format!("`{service}` has no role `{role}`"));
                    let help = match near(role, roles.iter().copied()) {
                        Some(right) => format!("write `{service}/{right}`"),
                        None if roles.is_empty() => format!("write `{service}`"),
                        None => format!(
                            "write one of {}",
                            roles.iter().map(|role| format!("`{service}/{role}`")).collect::<Vec<_>>().join(", ")
                        ),
                    };
                    found.push(fault.help(help));
                    return None;
                }
                matching
            }
        };
        Some(Peer::Workloads { label: name.to_string(), names })
    }
}

fn label(peer: &Peer) -> String {
    match peer {
        Peer::Internet => "the internet".to_owned(),
        Peer::Host => "the host".to_owned(),
        Peer::Workloads { label, .. } => format!("`{label}`"),
    }
}

fn broken(platform: &Platform, index: &Index<'_>, expectation: &Expectation) -> Option<Diagnostic> {
    let Expectation { from, to, reaches, origin } = expectation;
    let meet = meetings(index, from, to);
    if *reaches != meet.is_empty() {
        return None;
    }
    let place = Place::Value(origin.clone());
    if *reaches {
        let (why, help) = match (from, to) {
            (Peer::Workloads { .. } | Peer::Host, Peer::Workloads { label, names })
                if !names.iter().filter_map(|name| index.workload(name)).any(listens) =>
            {
                ("it listens on no port", format!("give `{label}` a port, or remove the expectation"))
            }
            _ => ("no network lets them meet", how_to_meet(index, from, to)),
        };
        let fault = Diagnostic::new(&code::BROKEN_EXPECTATION, place, format!("{} does not reach {}: {why}", label(from), label(to)));
        let fault = fault.help(help);
        return Some(
            [from, to]
                .into_iter()
                .filter_map(|peer| whereabouts(index, peer))
                .fold(fault, |fault, (place, label)| fault.related(place, label)),
        );
    }
    let (one, other) = meet.first()?;
    let fault = |message: String| Diagnostic::new(&code::BROKEN_EXPECTATION, place.clone(), message);
    Some(match (from, to) {
        (Peer::Host, _) => {
            let endpoint =
                index.workload(other).and_then(|workload| workload.endpoints.iter().find_map(|endpoint| endpoint.published.as_ref()));
            let fault = fault(format!("the host reaches `{other}`: its port is published"));
            let fault = fault.help("remove `publish` from the service, or the expectation");
            match endpoint {
                Some(published) => fault.related(Place::Value(published.origin.clone()), "published here"),
                None => fault,
            }
        }
        (_, Peer::Internet) => {
            let networks: Vec<_> = index.workload(one).map(|workload| workload.networks.clone()).unwrap_or_default();
            let open = platform.networks.iter().find(|network| networks.contains(&network.name) && !network.internal);
            let name = open.map_or("", |network| network.name.as_str());
            let fault = fault(format!("`{one}` reaches the internet, by the network `{name}`"))
                .help(format!("make the network internal (`networks: {{ {name}: {{ internal: true }} }}`), or take `{one}` off it"));
            match open {
                Some(network) => fault.related(Place::Key(network.origin.clone()), "not internal"),
                None => fault,
            }
        }
        _ => {
            let shared = index.workload(one).zip(index.workload(other)).map(|(one, other)| shared_networks(one, other)).unwrap_or_default();
            let name = shared.first().copied().unwrap_or_default();
            let fault = fault(format!("`{one}` reaches `{other}`: they meet on the network `{name}`"));
            let fault = fault.help(format!("take one of them off `{name}`, or remove the expectation"));
            match index.network(name) {
                Some(network) => fault.related(Place::Key(network.origin.clone()), "the network that lets them meet"),
                None => fault,
            }
        }
    })
}

/// Where a peer is, for the reader of an unmet expectation.
fn whereabouts(index: &Index<'_>, peer: &Peer) -> Option<(Place, String)> {
    let Peer::Workloads { names, .. } = peer else { return None };
    let workload = index.workload(names.first()?)?;
    let list = quoted(workload.networks.iter().map(String::as_str));
    Some((Place::Key(workload.origin.clone()), format!("it is on {list}")))
}

fn how_to_meet(index: &Index<'_>, from: &Peer, to: &Peer) -> String {
    match (from, to) {
        (Peer::Host, Peer::Workloads { label, .. }) => format!("publish a port of `{label}` (`publish: PORT`), or remove the expectation"),
        (Peer::Workloads { label, .. }, Peer::Internet) => {
            format!("put `{label}` on a network that is not internal, or remove the expectation")
        }
        (Peer::Workloads { label: from, .. }, Peer::Workloads { label: to, names }) => {
            let networks = names.iter().find_map(|name| index.workload(name)).map(|workload| workload.networks.clone()).unwrap_or_default();
            let list = networks.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            if list.is_empty() {
                format!("give `{from}` and `{to}` a network")
            } else {
                format!("put `{from}` on {list} as well (`{to}` is there), or remove the expectation")
            }
        }
        _ => "nothing connects to these peers; remove the expectation".to_owned(),
    }
}
