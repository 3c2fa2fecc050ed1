//! Who may talk to whom on which port: once after the networks of a platform, once after rendered policies.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use pipegen::platform::{Endpoint, External, Opening, Platform, Realization, Service, Workload, WorkloadKind};
use serde_json::{Value, json};

use super::evaluator::{Cluster, End, Pod, Port};
use super::operators;

/// An address that is in no range of a cluster and in no private one (RFC 5737).
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// An address of the surroundings: not the internet, no pod and no node.
const PRIVATE: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
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
    let made = operators::made_of(objects);
    let cluster = Cluster::new(objects.iter().chain(&made));
    let ports = ports(platform);
    let (meant, allowed) = (meant(platform, &ports, published), allowed(&cluster, &ports));
    let missing = meant.difference(&allowed).map(|arrow| format!("denied: {arrow}"));
    let added = allowed.difference(&meant).map(|arrow| format!("allowed: {arrow}"));
    missing.chain(added).chain(lost_endpoints(platform, &cluster)).collect()
}

/// Every port that anything listens on, and some that nothing does.
fn ports(platform: &Platform) -> BTreeSet<Port> {
    let endpoints = platform.workloads.iter().flat_map(|workload| &workload.endpoints);
    let openings = operated(platform).flat_map(|realization| &realization.openings).flat_map(|opening| &opening.ports);
    let always = [Port::tcp(443), Port::udp(443), Port::tcp(9153)];
    let elsewhere = platform.services.iter().filter_map(elsewhere).filter_map(|external| external.port).map(Port::tcp);
    endpoints.map(port_of).chain(elsewhere).chain(openings.copied().map(Port::tcp)).chain(DNS).chain(always).collect()
}

/// What a service is, or stands before, that runs elsewhere.
fn elsewhere(service: &Service) -> Option<&External> {
    service.external.as_ref().or(service.upstream.as_ref())
}

/// Whether a workload connects to what a service is, or stands before, that runs elsewhere.
fn leaves_for(platform: &Platform, workload: &Workload, service: &Service) -> bool {
    let to_it = platform.edges.iter().any(|edge| edge.to == service.name && edge.workloads.contains(&workload.name));
    (service.external.is_some() && to_it) || workload.service == service.name
}

/// After the networks: whoever shares one talks, to the ports that the other listens on; whoever is on one that is not
/// internal reaches the internet; everyone asks the name server. Whoever uses a system elsewhere reaches its port wherever it
/// is.
fn meant(platform: &Platform, ports: &BTreeSet<Port>, published: bool) -> Relation {
    let internal = |name: &String| platform.networks.iter().any(|network| network.name == *name && network.internal);
    let mut meant = Relation::new();
    for one in running(platform) {
        for other in running(platform).filter(|other| other.name != one.name) {
            if one.networks.iter().any(|network| other.networks.contains(network)) {
                let there = other.endpoints.iter().filter(|endpoint| is_endpoint(platform, &other.name, endpoint.port));
                meant.extend(there.map(|endpoint| arrow(&one.name, &other.name, port_of(endpoint))));
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
    for service in &platform.services {
        let Some(External { port, .. }) = elsewhere(service) else { continue };
        for one in running(platform).filter(|workload| leaves_for(platform, workload, service)) {
            for port in ports.iter().filter(|known| port.is_none_or(|port| **known == Port::tcp(port))) {
                meant.extend(["private", "internet"].map(|to| arrow(&one.name, to, *port)));
                // Only where the cluster is made along with it the range of its pods is known.
                meant.extend((!published).then(|| arrow(&one.name, "coredns", *port)));
            }
        }
    }
    // Who calls the API server may call whatever has an address where that could have one, unless it is closed itself.
    for realization in realized(platform) {
        for caller in realization.callers.iter().flat_map(|caller| same_pods(realization, caller)) {
            meant.extend(["coredns", "private"].map(|to| arrow(caller, to, Port::tcp(443))));
        }
        for Opening { from, to, ports } in &realization.openings {
            for from in from.iter().flat_map(|from| same_pods(realization, from)) {
                let others = same_pods(realization, to).into_iter().filter(|to| *to != from);
                meant.extend(others.flat_map(|to| ports.iter().map(move |port| arrow(from, to, Port::tcp(*port)))));
            }
        }
    }
    meant
}

fn port_of(endpoint: &Endpoint) -> Port {
    if endpoint.protocol.is_udp() { Port::udp(endpoint.port) } else { Port::tcp(endpoint.port) }
}

fn running(platform: &Platform) -> impl Iterator<Item = &Workload> {
    // What runs before another one is in the pod of that.
    let has_own = |workload: &Workload| workload.before.is_none() && !matches!(workload.kind, WorkloadKind::Template { .. });
    let runs = move |workload: &&Workload| match realization_of(platform, workload) {
        Some(realization) => has_pods(realization, workload),
        None => has_own(workload),
    };
    platform.workloads.iter().filter(runs)
}

/// What stands in for workloads.
fn realized(platform: &Platform) -> impl Iterator<Item = &Realization> {
    platform.services.iter().flat_map(|service| &service.realizations)
}

fn realization_of<'a>(platform: &'a Platform, workload: &Workload) -> Option<&'a Realization> {
    realized(platform).find(|realization| realization.replaces.contains(&workload.name))
}

/// What operators run in the place of workloads.
fn operated(platform: &Platform) -> impl Iterator<Item = &Realization> {
    realized(platform).filter(|realization| realization.operator().is_some())
}

/// The workloads whose pods are selected as those of this one are.
fn same_pods<'a>(realization: &'a Realization, workload: &str) -> Vec<&'a str> {
    let own = realization.pods.iter().find(|pods| pods.workload == workload).expect("it has pods");
    realization.pods.iter().filter(|pods| pods.selector == own.selector).map(|pods| pods.workload.as_str()).collect()
}

fn operator_of<'a>(platform: &'a Platform, workload: &Workload) -> Option<&'a Realization> {
    realization_of(platform, workload).filter(|realization| realization.operator().is_some())
}

fn has_pods(realization: &Realization, workload: &Workload) -> bool {
    realization.pods.iter().any(|pods| pods.workload == workload.name)
}

/// What the operator and the pods of its resources need among themselves, and no more than that: the faults.
pub fn within_operators(platform: &Platform, objects: &[Value]) -> Vec<String> {
    let made = operators::made_of(objects);
    let mut faults = Vec::new();
    for realization in operated(platform) {
        let operator = realization.operator().expect("it is one");
        let labels: BTreeMap<_, _> = operator.selector.iter().copied().collect();
        let pod = |name: &str, namespace: &str| {
            json!({
                "kind": "Pod", "metadata": { "name": name, "namespace": namespace, "labels": labels }, "spec": { "containers": [{}] },
            })
        };
        let beside = [pod("the operator", operator.namespace), pod("a stranger", "elsewhere")];
        let cluster = Cluster::new(objects.iter().chain(&made).chain(&beside));
        let in_namespace = |name: &str| cluster.pods.iter().find(|pod| pod.namespace == name).expect("it is there");
        let opened = |from: &Option<String>, to: &str, port: u16| {
            let from_is = |wanted: &Option<String>| match (wanted, from) {
                (Some(wanted), Some(from)) => same_pods(realization, wanted).contains(&from.as_str()),
                (wanted, from) => wanted.is_none() && from.is_none(),
            };
            let mut openings = realization.openings.iter().filter(|opening| from_is(&opening.from));
            openings.any(|opening| same_pods(realization, &opening.to).contains(&to) && opening.ports.contains(&port))
        };
        faults.extend(visits(platform, realization, &cluster, in_namespace(operator.namespace)));
        for pods in &realization.pods {
            let to = cluster.pod(&pods.workload);
            let peers = realization.pods.iter().map(|pods| (Some(pods.workload.clone()), cluster.pod(&pods.workload)));
            let from = [(None, in_namespace(operator.namespace)), (Some("a stranger".to_owned()), in_namespace("elsewhere"))];
            for (name, from) in peers.chain(from) {
                for port in ports(platform).into_iter().filter(|port| port.protocol == "TCP" && port.number != 53) {
                    let allowed = cluster.allows(End::Pod(from), End::Pod(to), port);
                    // Its own network lets one pod of it through to another as well.
                    let shared =
                        name.as_ref().is_some_and(|name| *name != "a stranger") && is_endpoint(platform, &pods.workload, port.number);
                    if allowed != (opened(&name, &pods.workload, port.number) || shared) {
                        faults.push(format!("{name:?} -> {}:{}: {allowed}", pods.workload, port.number));
                    }
                }
            }
        }
        for caller in &realization.callers {
            let api = End::Outside(Ipv4Addr::new(10, 96, 0, 1));
            if !cluster.allows(End::Pod(cluster.pod(caller)), api, Port::tcp(443)) {
                faults.push(format!("{caller} does not reach the API server"));
            }
        }
    }
    faults
}

/// Of what is not its own the operator reaches the endpoints that it visits, and nothing else.
fn visits(platform: &Platform, realization: &Realization, cluster: &Cluster, operator: &Pod) -> Vec<String> {
    let name = |realization: &Realization| realization.operator().map(|operator| operator.name);
    let own: Vec<&Realization> = operated(platform).filter(|other| name(other) == name(realization)).collect();
    let others = running(platform).filter(|workload| !own.iter().any(|realization| has_pods(realization, workload)));
    let visited = |workload: &Workload, port: Port| {
        let of_workload = own.iter().flat_map(|realization| &realization.visits).filter(|visit| visit.workload == workload.name);
        of_workload.filter_map(|visit| workload.endpoint(&visit.endpoint)).any(|endpoint| port_of(endpoint) == port)
    };
    let mut faults = Vec::new();
    for workload in others {
        for port in ports(platform) {
            let allowed = cluster.allows(End::Pod(operator), End::Pod(cluster.pod(&workload.name)), port);
            if allowed != visited(workload, port) {
                faults.push(format!("the operator in {} -> {}:{}: {allowed}", operator.namespace, workload.name, port.number));
            }
        }
    }
    faults
}

fn is_endpoint(platform: &Platform, workload: &str, port: u16) -> bool {
    let Some(workload) = platform.workloads.iter().find(|known| known.name == workload) else { return false };
    // An operator may do without some of the endpoints.
    let there = |name: &str| operator_of(platform, workload).is_none_or(|by| by.endpoint(&workload.endpoint_ref(name)).is_some());
    workload.endpoints.iter().any(|endpoint| endpoint.port == port && there(&endpoint.name))
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
            ask(pod(one), ("private", End::Outside(PRIVATE)));
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
        for endpoint in workload.endpoints.iter().filter(|endpoint| is_endpoint(platform, &workload.name, endpoint.port)) {
            let service = match realization_of(platform, workload) {
                Some(realization) => realization.endpoint(&workload.endpoint_ref(&endpoint.name)).map(|found| found.service.as_str()),
                None => Some(workload.name.as_str()),
            };
            // Nobody looks for what a chart has no Service for.
            let Some(service) = service else { continue };
            let behind = cluster.behind(&pod.namespace, service, endpoint.port);
            let found: Vec<_> = behind.iter().map(|(pod, port)| (pod.name.clone(), *port)).collect();
            let alone = || vec![workload.name.as_str()];
            let same = operator_of(platform, workload).map_or_else(alone, |by| same_pods(by, &workload.name));
            let wanted = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), port_of(endpoint))).collect::<Vec<_>>();
            if found != wanted(&[&workload.name]) && found != wanted(&same) {
                lost.push(format!("the service {}:{} leads to {found:?}", workload.name, endpoint.port));
            }
        }
    }
    lost
}
