//! Networks as policies: what shares a network may talk, and nothing else may.
//!
//! Both ends are closed by default, so both say who: the way out names the members of a network and the ports on which
//! any of them listens, the way in the members of the workload's networks and its own ports.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    Egress, Expression, Ingress, IpBlock, Metadata, NetworkPolicy, Object, Peer, PolicyPort, Selector, Spec, Words, doc, transport,
};
use super::realizations::Replaced;
use super::scope::{Exposure, Scope};
use super::{any_of, labels, network_label, platform_labels};
use crate::formats::said_elsewhere;
use crate::platform::realization::Operator;
use crate::platform::relation::reaches_internet;
use crate::platform::{Endpoint, External, Network, Opening, Platform, Service, Workload};
use crate::yaml::Doc;

/// What is not the internet: private, shared, loopback, link-local, multicast and reserved ranges (RFC 6890). The
/// addresses of pods and services are in them in every usual cluster.
const NOT_INTERNET_4: [&str; 8] =
    ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"];
const NOT_INTERNET_6: [&str; 4] = ["::/127", "fc00::/7", "fe80::/10", "ff00::/8"];

/// Where nodes, and an API server that only they see, have their addresses (RFC 1918, RFC 6598, RFC 4193).
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// The label with its name that every namespace has.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// The policies of a namespace as a whole.
pub fn of_stack(scope: &mut Scope<'_>, stack: usize) -> Vec<Doc> {
    let namespace = scope.namespaces.get(stack).cloned().unwrap_or_default();
    let mut docs = vec![closed(scope, &namespace), names(scope, &namespace)];
    docs.extend(to_cluster(scope, stack, &namespace));
    docs.extend(to_elsewhere(scope, stack, &namespace));
    docs.extend(within_realizations(scope, stack, &namespace));
    docs.extend(visits(scope, stack, &namespace));
    for network in &scope.platform.networks {
        let Network { name, internal, owner, description, origin } = network;
        // A network is made by its label, whoever owns it.
        said_elsewhere((owner, description, origin));
        if let Some(members) = scope.members.get(name.as_str()).filter(|members| members.stacks.contains(&stack)) {
            docs.push(way_out(scope, &namespace, name, members, !internal));
        }
    }
    docs
}

/// Who is on a network.
#[derive(Debug, Default)]
pub struct Members {
    stacks: BTreeSet<usize>,
    ports: BTreeSet<PolicyPort>,
}

/// Who is on each network that has members.
pub fn members<'a>(platform: &'a Platform, replaced: &Replaced<'_>) -> BTreeMap<&'a str, Members> {
    let mut all: BTreeMap<&str, Members> = BTreeMap::new();
    for workload in &platform.workloads {
        for network in &workload.networks {
            let members = all.entry(network).or_default();
            members.stacks.insert(workload.stack);
            members.ports.extend(ports(replaced, workload));
        }
    }
    all
}

/// Where a workload listens.
fn ports(replaced: &Replaced<'_>, workload: &Workload) -> Vec<PolicyPort> {
    if workload.kind.ends() {
        return Vec::new();
    }
    workload.endpoints.iter().filter(|endpoint| replaced.listens(workload, endpoint)).map(policy_port).collect()
}

fn policy_port(endpoint: &Endpoint) -> PolicyPort {
    PolicyPort { protocol: transport(endpoint.protocol), port: endpoint.port }
}

fn tcp(ports: &[u16]) -> Vec<PolicyPort> {
    ports.iter().map(|port| PolicyPort { protocol: "TCP", port: *port }).collect()
}

/// A policy that belongs to no workload.
fn of_platform(scope: &Scope<'_>, namespace: &str, name: String, spec: NetworkPolicy) -> Doc {
    policy(namespace, name, platform_labels(&scope.platform.name), spec)
}

fn policy(namespace: &str, name: String, labels: Words, spec: NetworkPolicy) -> Doc {
    let metadata = Metadata { name: Some(name), namespace: Some(namespace.to_owned()), labels, ..Metadata::default() };
    doc(&Object { api_version: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, content: Spec { spec } })
}

/// Who may connect to some pods.
fn to_pods(pod_selector: Selector, ingress: Vec<Ingress>) -> NetworkPolicy {
    NetworkPolicy { pod_selector, policy_types: types(&["Ingress"]), ingress, egress: Vec::new() }
}

/// To whom some pods may connect.
fn from_pods(pod_selector: Selector, egress: Vec<Egress>) -> NetworkPolicy {
    NetworkPolicy { pod_selector, policy_types: types(&["Egress"]), ingress: Vec::new(), egress }
}

fn types(types: &[&str]) -> Doc {
    Doc::Flow(types.iter().map(|kind| Doc::from(*kind)).collect())
}

fn closed(scope: &Scope<'_>, namespace: &str) -> Doc {
    let both = types(&["Ingress", "Egress"]);
    let nobody = NetworkPolicy { policy_types: both, ..from_pods(Selector::default(), Vec::new()) };
    of_platform(scope, namespace, "closed-by-default".to_owned(), nobody)
}

/// Every pod may ask for names.
fn names(scope: &Scope<'_>, namespace: &str) -> Doc {
    let server = pods_in("kube-system", labelled("k8s-app", "kube-dns"));
    let port = |protocol| PolicyPort { protocol, port: 53 };
    let egress = vec![Egress { to: vec![server], ports: vec![port("UDP"), port("TCP")] }];
    of_platform(scope, namespace, "names".to_owned(), from_pods(Selector::default(), egress))
}

/// Pods that make others talk to the API server: as `kubernetes.default` on 443, behind which it has an address of a node,
/// or one of the provider's, and often the port 6443. Network plugins look at what is behind. An address of the internet
/// is not opened for it: on a network that is not internal it is open, and on an internal one it must not be.
fn to_cluster(scope: &Scope<'_>, stack: usize, namespace: &str) -> Vec<Doc> {
    let callers = |name: String, callers| {
        let egress = vec![Egress { to: PRIVATE.map(|range| addresses(range, &[])).into(), ports: tcp(&[443, 6443]) }];
        of_platform(scope, namespace, name, from_pods(callers, egress))
    };
    let selected = selected(scope, scope.replaced.callers().filter(|name| is_in(scope, name, stack)));
    selected.into_iter().map(|(suffix, pods)| callers(format!("out-to-cluster{suffix}"), pods)).collect()
}

/// What selects the pods of some workloads, and the end of the name of a policy for it: those with our labels together, and
/// each of the others by labels of its own.
fn selected<'w>(scope: &Scope<'_>, workloads: impl Iterator<Item = &'w str>) -> Vec<(String, Selector)> {
    let blueprint = &scope.platform.name;
    let has_ours = |name: &&str| scope.replaced.selector(blueprint, name) == super::selector(blueprint, name);
    let (ours, others): (Vec<&str>, Vec<&str>) = workloads.partition(has_ours);
    let named = (!ours.is_empty()).then(|| (String::new(), any_of(blueprint, ours)));
    named.into_iter().chain(others.into_iter().map(|name| (format!("-{name}"), pods_of(scope, name)))).collect()
}

/// What runs elsewhere is often at a private address, which the way to the internet leaves out: a database of the same
/// company, a store on the same machine. Nobody knows the address here, since a policy takes no names, so its port is open
/// to every address that is not a pod's. Where the range of the pods is not known, our own are still closed from within,
/// except to members of their networks.
fn to_elsewhere(scope: &Scope<'_>, stack: usize, namespace: &str) -> Vec<Doc> {
    let pods: Vec<&str> = match &scope.exposure {
        Exposure::Forwarded => Vec::new(),
        Exposure::NodePorts { pod_subnet } => vec![pod_subnet],
    };
    let mut docs = Vec::new();
    for service in &scope.platform.services {
        let Some(External { address, port }) = service.external.as_ref().or(service.upstream.as_ref()) else { continue };
        // What connects to it reads its properties.
        said_elsewhere(address);
        let ports = tcp(port.as_slice());
        let callers = connecting(scope, service).into_iter().filter(|name| is_in(scope, name, stack));
        docs.extend(selected(scope, callers).into_iter().map(|(suffix, pod_selector)| {
            let egress = vec![Egress { to: vec![addresses("0.0.0.0/0", &pods), addresses("::/0", &[])], ports: ports.clone() }];
            of_platform(scope, namespace, format!("elsewhere-{}{suffix}", service.name), from_pods(pod_selector, egress))
        }));
    }
    docs
}

/// The workloads that connect to what runs elsewhere: those of others to the service, and its own to what it stands before.
fn connecting<'a>(scope: &Scope<'a>, service: &'a Service) -> BTreeSet<&'a str> {
    let to_it = scope.platform.edges.iter().filter(|edge| service.external.is_some() && edge.to == service.name);
    let others = to_it.flat_map(|edge| &edge.workloads).map(String::as_str);
    let own = scope.index.workloads_of(&service.name).iter().filter(|workload| reaches_internet(&scope.index, workload));
    others.chain(own.map(|workload| workload.name.as_str())).collect()
}

fn is_in(scope: &Scope<'_>, workload: &str, stack: usize) -> bool {
    scope.index.workload(workload).is_some_and(|workload| workload.stack == stack)
}

/// What selects the pods of a workload.
fn pods_of(scope: &Scope<'_>, workload: &str) -> Selector {
    Selector { match_labels: scope.replaced.selector(&scope.platform.name, workload), ..Selector::default() }
}

fn pods(pod_selector: Selector) -> Peer {
    Peer { namespace_selector: None, pod_selector: Some(pod_selector), ip_block: None }
}

/// What pods of a realization need among themselves, and its operator of them. Both ends of it are in one namespace, or the
/// other end is not ours to close.
fn within_realizations(scope: &Scope<'_>, stack: usize, namespace: &str) -> Vec<Doc> {
    let mut docs = Vec::new();
    for (realization, Opening { from, to, ports }) in scope.replaced.openings() {
        if !is_in(scope, to, stack) {
            continue;
        }
        let (label, peer) = match (from, realization.operator()) {
            (Some(from), _) => (from.as_str(), pods(pods_of(scope, from))),
            (None, Some(operator)) => ("operator", operator_pods(operator)),
            (None, None) => continue,
        };
        let ingress = vec![Ingress { from: vec![peer], ports: tcp(ports) }];
        docs.push(of_platform(scope, namespace, format!("into-{to}-from-{label}"), to_pods(pods_of(scope, to), ingress)));
        if let Some(from) = from {
            let egress = vec![Egress { to: vec![pods(pods_of(scope, to))], ports: tcp(ports) }];
            docs.push(of_platform(scope, namespace, format!("out-of-{from}-to-{to}"), from_pods(pods_of(scope, from), egress)));
        }
    }
    docs
}

/// The operators that connect to workloads here. One may do so for several services.
fn visits(scope: &Scope<'_>, stack: usize, namespace: &str) -> Vec<Doc> {
    let mut found: BTreeMap<(&str, &str), (&Operator, BTreeSet<PolicyPort>)> = BTreeMap::new();
    for (operator, visited) in scope.replaced.visits().filter(|(_, visited)| is_in(scope, &visited.workload, stack)) {
        let Some(endpoint) = scope.index.endpoint(visited) else { continue };
        let (_, ports) = found.entry((&visited.workload, operator.chart)).or_insert_with(|| (operator, BTreeSet::new()));
        ports.insert(policy_port(endpoint));
    }
    let into = |((workload, chart), (operator, ports)): ((&str, &str), (&Operator, BTreeSet<PolicyPort>))| {
        let ingress = vec![Ingress { from: vec![operator_pods(operator)], ports: ports.into_iter().collect() }];
        of_platform(scope, namespace, format!("into-{workload}-from-operator-{chart}"), to_pods(pods_of(scope, workload), ingress))
    };
    found.into_iter().map(into).collect()
}

fn operator_pods(operator: &Operator) -> Peer {
    let match_labels = operator.selector.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    pods_in(operator.namespace, Selector { match_labels, ..Selector::default() })
}

fn pods_in(namespace: &str, pods: Selector) -> Peer {
    Peer { namespace_selector: Some(labelled(NAMESPACE_LABEL, namespace)), pod_selector: Some(pods), ip_block: None }
}

fn labelled(key: &str, value: &str) -> Selector {
    Selector { match_labels: Words::from([(key.to_owned(), value.to_owned())]), ..Selector::default() }
}

fn on_network(network: &str) -> Selector {
    Selector { match_labels: Words::from([network_label(network)]), ..Selector::default() }
}

/// The members of a network, in all the namespaces where it has some.
fn peer(scope: &Scope<'_>, network: &str, stacks: &BTreeSet<usize>) -> Peer {
    let values = stacks.iter().filter_map(|stack| scope.namespaces.get(*stack)).cloned().collect();
    let namespaces = Expression { key: NAMESPACE_LABEL.to_owned(), operator: "In", values };
    Peer {
        namespace_selector: Some(Selector { match_expressions: vec![namespaces], ..Selector::default() }),
        pod_selector: Some(on_network(network)),
        ip_block: None,
    }
}

/// The policy that lets the members of a network out to each other.
pub fn out_name(network: &str) -> String {
    format!("out-to-{}", network.replace('_', "-"))
}

fn way_out(scope: &Scope<'_>, namespace: &str, network: &str, members: &Members, internet: bool) -> Doc {
    let mut egress = Vec::new();
    if !members.ports.is_empty() {
        egress.push(Egress { to: vec![peer(scope, network, &members.stacks)], ports: members.ports.iter().cloned().collect() });
    }
    if internet {
        egress.push(Egress { to: vec![addresses("0.0.0.0/0", &NOT_INTERNET_4), addresses("::/0", &NOT_INTERNET_6)], ports: Vec::new() });
    }
    of_platform(scope, namespace, out_name(network), from_pods(on_network(network), egress))
}

/// A range of addresses without others.
fn addresses(cidr: &str, except: &[&str]) -> Peer {
    let block = IpBlock { cidr: cidr.to_owned(), except: except.iter().map(|range| (*range).to_owned()).collect() };
    Peer { namespace_selector: None, pod_selector: None, ip_block: Some(block) }
}

/// The way into a workload that listens.
pub fn into(scope: &Scope<'_>, namespace: &str, workload: &Workload) -> Option<Doc> {
    let ports = ports(&scope.replaced, workload);
    if ports.is_empty() {
        return None;
    }
    let from = members_of_its_networks(scope, workload);
    let mut ingress = Vec::new();
    if !from.is_empty() {
        ingress.push(Ingress { from, ports });
    }
    ingress.extend(from_outside(scope, workload));
    let (name, labels) = (format!("into-{}", workload.name), labels(&scope.platform.name, workload));
    Some(policy(namespace, name, labels, to_pods(pods_of(scope, &workload.name), ingress)))
}

fn members_of_its_networks(scope: &Scope<'_>, workload: &Workload) -> Vec<Peer> {
    workload.networks.iter().filter_map(|network| Some(peer(scope, network, &scope.members.get(network.as_str())?.stacks))).collect()
}

/// Who may connect to an endpoint: the members of the workload's networks, and everyone outside if it is published so.
pub fn peers(scope: &Scope<'_>, workload: &Workload, endpoint: &str) -> Vec<Peer> {
    let published = workload.endpoint(endpoint).is_some_and(|endpoint| endpoint.published.is_some());
    let outside = from_outside(scope, workload).filter(|_| published);
    members_of_its_networks(scope, workload).into_iter().chain(outside.into_iter().flat_map(|ingress| ingress.from)).collect()
}

/// Everyone but the pods may come to a port of the node.
fn from_outside(scope: &Scope<'_>, workload: &Workload) -> Option<Ingress> {
    let Exposure::NodePorts { pod_subnet } = &scope.exposure else { return None };
    let published = workload.endpoints.iter().filter(|endpoint| endpoint.published.is_some());
    let ports: Vec<PolicyPort> = published.map(policy_port).collect();
    (!ports.is_empty()).then(|| Ingress { from: vec![addresses("0.0.0.0/0", &[pod_subnet.as_str()])], ports })
}
