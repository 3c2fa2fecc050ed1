//! Who may talk to whom on which port: once after the networks of a platform, once after rendered policies.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use pipegen::platform::{Endpoint, Platform, Workload, WorkloadKind};
use serde_json::Value;

use super::evaluator::{Cluster, End, Pod, Port};

/// An address that is in no range of a cluster and in no private one (RFC 5737).
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// A node, as Kind's network for nodes has them; what comes in through a published port comes from there.
const NODE: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);
/// What the name server answers.
const DNS: [Port; 2] = [Port { number: 53, protocol: "UDP" }, Port { number: 53, protocol: "TCP" }];

/// `one -> other:port/protocol`.
type Relation = BTreeSet<String>;

fn arrow(from: &str, to: &str, port: Port) -> String {
    format!("{from} -> {to}:{}/{}", port.number, port.protocol)
}

/// Where the two relations differ. `published` says whether published ports are open to whoever is outside.
pub fn differences(platform: &Platform, objects: &[Value], published: bool) -> Vec<String> {
    let cluster = Cluster::new(objects);
    let ports = ports(platform);
    let (meant, allowed) = (meant(platform, &ports, published), allowed(&cluster, &ports));
    let missing = meant.difference(&allowed).map(|arrow| format!("denied: {arrow}"));
    let added = allowed.difference(&meant).map(|arrow| format!("allowed: {arrow}"));
    missing.chain(added).chain(lost_endpoints(platform, &cluster)).collect()
}

/// Every port that anything listens on, and some that nothing does.
fn ports(platform: &Platform) -> BTreeSet<Port> {
    let endpoints = platform.workloads.iter().flat_map(|workload| &workload.endpoints);
    endpoints.map(port_of).chain(DNS).chain([Port::tcp(443), Port::udp(443), Port::tcp(9153)]).collect()
}

/// After the networks: whoever shares one talks, to the ports that the other listens on; whoever is on one that is not
/// internal reaches the internet; everyone asks the name server.
fn meant(platform: &Platform, ports: &BTreeSet<Port>, published: bool) -> Relation {
    let internal = |name: &String| platform.networks.iter().any(|network| network.name == *name && network.internal);
    let mut meant = Relation::new();
    for one in running(platform) {
        for other in running(platform).filter(|other| other.name != one.name) {
            if one.networks.iter().any(|network| other.networks.contains(network)) {
                meant.extend(other.endpoints.iter().map(|endpoint| arrow(&one.name, &other.name, port_of(endpoint))));
            }
        }
        if !one.networks.iter().all(internal) {
            meant.extend(ports.iter().map(|port| arrow(&one.name, "internet", *port)));
        }
        meant.extend(DNS.map(|port| arrow(&one.name, "coredns", port)));
        for endpoint in one.endpoints.iter().filter(|endpoint| published && endpoint.published.is_some()) {
            let port = port_of(endpoint);
            meant.extend(["internet", "node"].map(|outside| arrow(outside, &one.name, port)));
        }
    }
    meant
}

fn port_of(endpoint: &Endpoint) -> Port {
    if endpoint.protocol.is_udp() { Port::udp(endpoint.port) } else { Port::tcp(endpoint.port) }
}

fn running(platform: &Platform) -> impl Iterator<Item = &Workload> {
    platform.workloads.iter().filter(|workload| !matches!(workload.kind, WorkloadKind::Template { .. }))
}

/// After the policies.
fn allowed(cluster: &Cluster, ports: &BTreeSet<Port>) -> Relation {
    let ours = || cluster.pods.iter().filter(|pod| pod.namespace != "kube-system");
    let mut allowed = Relation::new();
    for port in ports {
        let mut ask = |(from, one): (&str, End<'_>), (to, other): (&str, End<'_>)| {
            if cluster.allows(one, other, *port) {
                allowed.insert(arrow(from, to, *port));
            }
        };
        for one in ours() {
            for other in cluster.pods.iter().filter(|other| other.name != one.name) {
                ask(pod(one), pod(other));
            }
            ask(pod(one), ("internet", End::Outside(INTERNET)));
            ask(("internet", End::Outside(INTERNET)), pod(one));
            ask(("node", End::Outside(NODE)), pod(one));
            ask(("another namespace", pod(cluster.pod("coredns")).1), pod(one));
        }
    }
    allowed
}

fn pod(pod: &Pod) -> (&str, End<'_>) {
    (&pod.name, End::Pod(pod))
}

/// The endpoints that the service of their workload does not lead to.
fn lost_endpoints(platform: &Platform, cluster: &Cluster) -> Vec<String> {
    let mut lost = Vec::new();
    for workload in running(platform) {
        let pod = cluster.pod(&workload.name);
        for endpoint in &workload.endpoints {
            let behind = cluster.behind(&pod.namespace, &workload.name, endpoint.port);
            let found: Vec<_> = behind.iter().map(|(pod, port)| (pod.name.as_str(), *port)).collect();
            if found != [(workload.name.as_str(), port_of(endpoint))] {
                lost.push(format!("the service {}:{} leads to {found:?}", workload.name, endpoint.port));
            }
        }
    }
    lost
}
