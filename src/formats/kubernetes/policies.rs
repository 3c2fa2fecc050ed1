//! Networks as policies: what shares a network may talk, and nothing else may.
//!
//! Both ends are closed by default, so both say who: the way out names the members of a network and the ports on which
//! any of them listens, the way in the members of the workload's networks and its own ports.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Egress, Expression, Ingress, IpBlock, Metadata, NetworkPolicy, Object, Peer, PolicyPort, Selector, Spec, Words, doc};
use super::realizations::Replaced;
use super::scope::{Exposure, Scope};
use super::{labels, network_label};
use crate::formats::said_elsewhere;
use crate::platform::realization::Operator;
use crate::platform::relation::reaches_internet;
use crate::platform::{Endpoint, External, Network, Opening, Platform, Service, Workload, WorkloadKind};
use crate::yaml::Doc;

/// What is not the internet: private, shared, loopback, link-local, multicast and reserved ranges (RFC 6890). The
/// addresses of pods and services are in them in every usual cluster.
const NOT_INTERNET_4: [&str; 8] =
    ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"];
const NOT_INTERNET_6: [&str; 4] = ["::/127", "fc00::/7", "fe80::/10", "ff00::/8"];

/// Where nodes, and an API server that only they see, have their addresses (RFC 1918, RFC 6598, RFC 4193).
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

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
    if matches!(workload.kind, WorkloadKind::Job { .. } | WorkloadKind::Scheduled { .. }) {
        return Vec::new();
    }
    workload.endpoints.iter().filter(|endpoint| replaced.listens(workload, endpoint)).map(policy_port).collect()
}

fn policy_port(endpoint: &Endpoint) -> PolicyPort {
    PolicyPort { protocol: if endpoint.protocol.is_udp() { "UDP" } else { "TCP" }, port: endpoint.port }
}

fn policy(scope: &Scope<'_>, namespace: &str, name: String, policy: NetworkPolicy) -> Doc {
    let labels = Words::from([
        ("app.kubernetes.io/part-of".to_owned(), scope.platform.name.clone()),
        ("app.kubernetes.io/managed-by".to_owned(), "pipegen".to_owned()),
    ]);
    let metadata = Metadata { name: Some(name), namespace: Some(namespace.to_owned()), labels, ..Metadata::default() };
    doc(&Object { api_version: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, content: Spec { spec: policy } })
}

fn types(types: &[&str]) -> Doc {
    Doc::Flow(types.iter().map(|kind| Doc::from(*kind)).collect())
}

fn closed(scope: &Scope<'_>, namespace: &str) -> Doc {
    let nobody = NetworkPolicy {
        pod_selector: Selector::default(),
        policy_types: types(&["Ingress", "Egress"]),
        ingress: Vec::new(),
        egress: Vec::new(),
    };
    policy(scope, namespace, "closed-by-default".to_owned(), nobody)
}

/// Every pod may ask for names.
fn names(scope: &Scope<'_>, namespace: &str) -> Doc {
    let server = Peer {
        namespace_selector: Some(labelled("kubernetes.io/metadata.name", "kube-system")),
        pod_selector: Some(labelled("k8s-app", "kube-dns")),
        ip_block: None,
    };
    let port = |protocol| PolicyPort { protocol, port: 53 };
    let egress = Egress { to: vec![server], ports: vec![port("UDP"), port("TCP")] };
    let anyone =
        NetworkPolicy { pod_selector: Selector::default(), policy_types: types(&["Egress"]), ingress: Vec::new(), egress: vec![egress] };
    policy(scope, namespace, "names".to_owned(), anyone)
}

/// Pods that make others talk to the API server: as `kubernetes.default` on 443, behind which it has an address of a node,
/// or one of the provider's, and often the port 6443. Network plugins look at what is behind. An address of the internet
/// is not opened for it: on a network that is not internal it is open, and on an internal one it must not be.
fn to_cluster(scope: &Scope<'_>, stack: usize, namespace: &str) -> Vec<Doc> {
    let port = |port| PolicyPort { protocol: "TCP", port };
    let callers = |name: String, pod_selector| {
        let egress = vec![Egress { to: PRIVATE.map(range).to_vec(), ports: vec![port(443), port(6443)] }];
        policy(scope, namespace, name, NetworkPolicy { pod_selector, policy_types: types(&["Egress"]), ingress: Vec::new(), egress })
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
    let named = (!ours.is_empty()).then(|| {
        let values = ours.into_iter().map(str::to_owned).collect();
        let named = Expression { key: super::WORKLOAD_LABEL.to_owned(), operator: "In", values };
        let part_of = Words::from([("app.kubernetes.io/part-of".to_owned(), blueprint.clone())]);
        (String::new(), Selector { match_labels: part_of, match_expressions: vec![named] })
    });
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
        let ports: Vec<PolicyPort> = port.iter().map(|port| PolicyPort { protocol: "TCP", port: *port }).collect();
        let callers = connecting(scope, service).into_iter().filter(|name| is_in(scope, name, stack));
        docs.extend(selected(scope, callers).into_iter().map(|(suffix, pod_selector)| {
            let egress = vec![Egress { to: vec![outside("0.0.0.0/0", &pods), range("::/0")], ports: ports.clone() }];
            let way_out = NetworkPolicy { pod_selector, policy_types: types(&["Egress"]), ingress: Vec::new(), egress };
            policy(scope, namespace, format!("elsewhere-{}{suffix}", service.name), way_out)
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

fn tcp(ports: &[u16]) -> Vec<PolicyPort> {
    ports.iter().map(|port| PolicyPort { protocol: "TCP", port: *port }).collect()
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
        let pod_selector = pods_of(scope, to);
        let ingress = vec![Ingress { from: vec![peer], ports: tcp(ports) }];
        let way_in = NetworkPolicy { pod_selector, policy_types: types(&["Ingress"]), ingress, egress: Vec::new() };
        docs.push(policy(scope, namespace, format!("into-{to}-from-{label}"), way_in));
        if let Some(from) = from {
            let egress = vec![Egress { to: vec![pods(pods_of(scope, to))], ports: tcp(ports) }];
            let way_out =
                NetworkPolicy { pod_selector: pods_of(scope, from), policy_types: types(&["Egress"]), ingress: Vec::new(), egress };
            docs.push(policy(scope, namespace, format!("out-of-{from}-to-{to}"), way_out));
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
        let way_in =
            NetworkPolicy { pod_selector: pods_of(scope, workload), policy_types: types(&["Ingress"]), ingress, egress: Vec::new() };
        policy(scope, namespace, format!("into-{workload}-from-operator-{chart}"), way_in)
    };
    found.into_iter().map(into).collect()
}

fn operator_pods(operator: &Operator) -> Peer {
    let labels = operator.selector.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Peer {
        namespace_selector: Some(labelled("kubernetes.io/metadata.name", operator.namespace)),
        pod_selector: Some(Selector { match_labels: labels, ..Selector::default() }),
        ip_block: None,
    }
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
    let namespaces = Expression { key: "kubernetes.io/metadata.name".to_owned(), operator: "In", values };
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
        egress.push(Egress { to: vec![outside("0.0.0.0/0", &NOT_INTERNET_4), outside("::/0", &NOT_INTERNET_6)], ports: Vec::new() });
    }
    let out = NetworkPolicy { pod_selector: on_network(network), policy_types: types(&["Egress"]), ingress: Vec::new(), egress };
    policy(scope, namespace, out_name(network), out)
}

fn range(cidr: &str) -> Peer {
    outside(cidr, &[])
}

fn outside(cidr: &str, except: &[&str]) -> Peer {
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
    let metadata = Metadata {
        name: Some(format!("into-{}", workload.name)),
        namespace: Some(namespace.to_owned()),
        labels: labels(&scope.platform.name, workload),
        ..Metadata::default()
    };
    let pod_selector = pods_of(scope, &workload.name);
    let policy = NetworkPolicy { pod_selector, policy_types: types(&["Ingress"]), ingress, egress: Vec::new() };
    Some(doc(&Object { api_version: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, content: Spec { spec: policy } }))
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
    (!ports.is_empty()).then(|| Ingress { from: vec![outside("0.0.0.0/0", &[pod_subnet.as_str()])], ports })
}
