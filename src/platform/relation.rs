//! Who can reach whom, computed from the networks and the published ports alone.
//!
//! The same relation is read back from what targets write, and the two must agree.

use super::{Index, Peer, Workload};

/// The networks that two workloads share, in the first one's order.
pub fn shared_networks<'a>(one: &'a Workload, other: &Workload) -> Vec<&'a str> {
    one.networks.iter().filter(|network| other.networks.contains(network)).map(String::as_str).collect()
}

/// Whether a workload listens on anything.
pub fn listens(workload: &Workload) -> bool {
    !workload.endpoints.is_empty() && !workload.kind.ends()
}

/// Whether a workload may open connections to the internet: it is on a network that is not internal.
pub fn reaches_internet(index: &Index<'_>, workload: &Workload) -> bool {
    workload.networks.iter().any(|name| index.network(name).is_some_and(|network| !network.internal))
}

/// The meetings of two peers: pairs of who connects and to whom, by label. Empty means that they never meet.
///
/// A workload meets another one that listens and shares a network with it; the host meets a workload with a published
/// port; a workload on a network that is not internal meets the internet. Nothing else meets.
pub fn meetings(index: &Index<'_>, from: &Peer, to: &Peer) -> Vec<(String, String)> {
    let workloads = |names: &[String]| names.iter().filter_map(|name| index.workload(name)).collect::<Vec<_>>();
    match (from, to) {
        (Peer::Workloads { names: from, .. }, Peer::Workloads { names: to, .. }) => {
            let providers = workloads(to);
            workloads(from)
                .iter()
                .flat_map(|one| providers.iter().map(move |other| (one, other)))
                .filter(|(one, other)| one.name != other.name && listens(other) && !shared_networks(one, other).is_empty())
                .map(|(one, other)| (one.name.clone(), other.name.clone()))
                .collect()
        }
        (Peer::Host, Peer::Workloads { names, .. }) => workloads(names)
            .iter()
            .filter(|workload| workload.endpoints.iter().any(|endpoint| endpoint.published.is_some()))
            .map(|workload| ("host".to_owned(), workload.name.clone()))
            .collect(),
        (Peer::Workloads { names, .. }, Peer::Internet) => workloads(names)
            .iter()
            .filter(|workload| reaches_internet(index, workload))
            .map(|workload| (workload.name.clone(), "internet".to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}
