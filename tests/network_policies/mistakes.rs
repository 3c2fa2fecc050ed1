//! The evaluator on policies written by hand: what the reference says, and the classic mistakes.

use std::net::Ipv4Addr;

use super::evaluator::{Cluster, End, Port};
use crate::support::manifests;

/// Two namespaces; `api` and `web` in `shop`, `job` in `lab`; everything listens on 80 under the name `http`.
const PODS: &str = "
{ kind: Namespace, metadata: { name: shop, labels: { team: sales } } }
---
{ kind: Namespace, metadata: { name: lab, labels: { team: research } } }
---
{ kind: Pod, metadata: { name: api, namespace: shop, labels: { app: api } }, spec: { containers: [{ ports: [{ name: http, containerPort: 80 }] }] } }
---
{ kind: Pod, metadata: { name: web, namespace: shop, labels: { app: web } }, spec: { containers: [{ ports: [{ name: http, containerPort: 8080 }] }] } }
---
{ kind: Pod, metadata: { name: job, namespace: lab, labels: { app: job } }, spec: { containers: [{}] } }
---
{ kind: Service, metadata: { name: api, namespace: shop }, spec: { selector: { app: api }, ports: [{ port: 8000, targetPort: http }, { port: 81 }] } }
";
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

/// The pods above under policies given as the namespace and the `spec` of each.
fn cluster(policies: &[(&str, &str)]) -> Cluster {
    let policies = policies.iter().enumerate().map(|(index, (namespace, spec))| {
        format!("---\n{{ kind: NetworkPolicy, metadata: {{ name: p{index}, namespace: {namespace} }}, spec: {spec} }}\n")
    });
    Cluster::new(&manifests::documents(&(PODS.to_owned() + &policies.collect::<String>())))
}

/// Who of `web`, `job`, and an address of the internet connects to `api` on port 80, and to whom of them
/// `api` connects there: `> web` is the connection from `api` to `web`.
fn relation(cluster: &Cluster) -> String {
    let api = End::Pod(cluster.pod("api"));
    let mut allowed = Vec::new();
    for name in ["web", "job", "internet"] {
        let other = if name == "internet" { End::Outside(INTERNET) } else { End::Pod(cluster.pod(name)) };
        if cluster.allows(other, api, Port::tcp(80)) {
            allowed.push(format!("< {name}"));
        }
        if cluster.allows(api, other, Port::tcp(80)) {
            allowed.push(format!("> {name}"));
        }
    }
    allowed.join(", ")
}

fn of(policies: &[(&str, &str)]) -> String {
    relation(&cluster(policies))
}

#[test]
fn without_a_policy_everything_is_allowed() {
    assert_eq!(of(&[]), "< web, > web, < job, > job, < internet, > internet");
}

#[test]
fn a_policy_for_both_directions_without_rules_denies_everything() {
    assert_eq!(of(&[("shop", "{ podSelector: {}, policyTypes: [Ingress, Egress] }")]), "");
}

#[test]
fn a_policy_of_another_namespace_changes_nothing() {
    assert_eq!(of(&[("kitchen", "{ podSelector: {}, policyTypes: [Ingress, Egress] }")]), of(&[]));
}

#[test]
fn without_policy_types_only_ingress_is_denied_even_with_an_empty_list_of_egress() {
    for spec in ["{ podSelector: {} }", "{ podSelector: {}, egress: [] }", "{ podSelector: {}, policyTypes: [] }"] {
        assert_eq!(of(&[("shop", spec)]), "> job, > internet", "{spec}");
    }
}

#[test]
fn rules_for_egress_without_policy_types_isolate_egress_too() {
    assert_eq!(of(&[("shop", "{ podSelector: { matchLabels: { app: api } }, egress: [{ to: [{ podSelector: {} }] }] }")]), "> web");
}

#[test]
fn ingress_alone_does_not_suffice_where_the_other_side_may_not_leave() {
    let deny = ("shop", "{ podSelector: {}, policyTypes: [Ingress, Egress] }");
    let ingress = ("shop", "{ podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ podSelector: {} }] }] }");
    let egress = ("shop", "{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{ to: [{ podSelector: {} }] }] }");
    assert_eq!(of(&[deny, ingress]), "");
    assert_eq!(of(&[deny, egress]), "");
    assert_eq!(of(&[deny, ingress, egress]), "< web");
}

#[test]
fn a_peer_without_a_namespace_selector_is_looked_for_in_the_policys_own_namespace() {
    let ingress =
        |peer: &str| of(&[("shop", &format!("{{ podSelector: {{}}, policyTypes: [Ingress], ingress: [{{ from: [{peer}] }}] }}"))]);
    assert_eq!(ingress("{ podSelector: { matchLabels: { app: job } } }"), "> job, > internet", "the job is elsewhere");
    assert_eq!(ingress("{ podSelector: { matchLabels: { app: job } }, namespaceSelector: {} }"), "< job, > job, > internet");
    let lab = "namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: lab } }";
    assert_eq!(ingress(&format!("{{ podSelector: {{ matchLabels: {{ app: job }} }}, {lab} }}")), "< job, > job, > internet");
    assert_eq!(ingress(&format!("{{ podSelector: {{ matchLabels: {{ app: web }} }}, {lab} }}")), "> job, > internet", "both must fit");
    assert_eq!(
        ingress(&format!("{{ podSelector: {{ matchLabels: {{ app: none }} }} }}, {{ {lab} }}")),
        "< job, > job, > internet",
        "either fits"
    );
    assert_eq!(ingress("{ namespaceSelector: { matchLabels: { team: sales } } }"), "< web, > web, > job, > internet");
}

#[test]
fn an_empty_selector_is_everyone_of_its_kind_and_an_empty_list_of_peers_is_everyone() {
    let ingress = |rule: &str| of(&[("shop", &format!("{{ podSelector: {{}}, ingress: [{rule}] }}"))]);
    assert_eq!(ingress("{ from: [{ podSelector: {} }] }"), "< web, > web, > job, > internet", "of this namespace");
    assert_eq!(ingress("{ from: [{ namespaceSelector: {} }] }"), "< web, > web, < job, > job, > internet", "of the cluster");
    for rule in ["{}", "{ from: [] }", "{ ports: [] }"] {
        assert_eq!(ingress(rule), of(&[]), "{rule}");
    }
}

#[test]
fn a_range_of_addresses_holds_pods_too_unless_they_are_excepted() {
    let egress = |block: &str| {
        of(&[("shop", &format!("{{ podSelector: {{}}, policyTypes: [Egress], egress: [{{ to: [{{ ipBlock: {block} }}] }}] }}"))])
    };
    assert_eq!(egress("{ cidr: 0.0.0.0/0 }"), "< web, > web, < job, > job, < internet, > internet");
    assert_eq!(egress("{ cidr: 0.0.0.0/0, except: [10.244.0.0/16] }"), "< job, < internet, > internet");
    assert_eq!(egress("{ cidr: 203.0.113.2/31 }"), "< job, < internet");
    assert_eq!(egress("{ cidr: 203.0.113.1/32 }"), "< job, < internet, > internet");
    assert_eq!(egress("{ cidr: \"::/0\" }"), "< job, < internet");
}

#[test]
fn ports_go_by_number_range_protocol_and_by_the_name_that_the_destination_gives_them() {
    let egress = |port: &str| {
        let spec = format!("{{ podSelector: {{}}, policyTypes: [Egress], egress: [{{ ports: [{port}] }}] }}");
        let cluster = cluster(&[("lab", &spec)]);
        let reaches = |name: &str, port| cluster.allows(End::Pod(cluster.pod("job")), End::Pod(cluster.pod(name)), port);
        let tries = [("api", Port::tcp(80)), ("web", Port::tcp(80)), ("web", Port::tcp(8080)), ("coredns", Port::udp(53))];
        let outside = cluster.allows(End::Pod(cluster.pod("job")), End::Outside(INTERNET), Port::tcp(80));
        (tries.map(|(name, port)| reaches(name, port)), outside)
    };
    assert_eq!(egress("{ port: 80 }"), ([true, true, false, false], true));
    assert_eq!(egress("{ port: 80, endPort: 8080 }"), ([true, true, true, false], true));
    assert_eq!(egress("{ port: 80, protocol: UDP }"), ([false; 4], false));
    assert_eq!(egress("{ protocol: UDP }"), ([false, false, false, true], false));
    assert_eq!(egress("{ port: http }"), ([true, false, true, false], false), "a name is the destination's, and the internet has none");
    assert_eq!(egress("{ port: dns, protocol: UDP }"), ([false, false, false, true], false));
    assert_eq!(egress("{ port: dns }"), ([false; 4], false), "the name belongs to another protocol");
}

#[test]
fn expressions_select_as_the_reference_says() {
    let ingress = |expression: &str| {
        let peer = format!("{{ podSelector: {{ matchExpressions: [{expression}] }}, namespaceSelector: {{}} }}");
        of(&[("shop", &format!("{{ podSelector: {{ matchLabels: {{ app: api }} }}, ingress: [{{ from: [{peer}] }}] }}"))])
    };
    let out = "> internet";
    assert_eq!(ingress("{ key: app, operator: In, values: [web, job] }"), format!("< web, > web, < job, > job, {out}"));
    assert_eq!(ingress("{ key: app, operator: NotIn, values: [web] }"), format!("> web, < job, > job, {out}"));
    assert_eq!(ingress("{ key: app, operator: Exists }"), format!("< web, > web, < job, > job, {out}"));
    assert_eq!(ingress("{ key: app, operator: DoesNotExist }"), format!("> web, > job, {out}"));
    assert_eq!(ingress("{ key: tier, operator: NotIn, values: [x] }"), format!("< web, > web, < job, > job, {out}"), "also without it");
}

#[test]
fn a_service_leads_to_the_ports_of_the_pods_that_it_selects() {
    let cluster = cluster(&[]);
    let behind = |namespace, port| {
        let found = cluster.behind(namespace, "api", port).into_iter();
        found.map(|(pod, port)| (pod.name.clone(), port.number)).collect::<Vec<_>>()
    };
    assert_eq!(behind("shop", 8000), [("api".to_owned(), 80)]);
    assert_eq!(behind("shop", 81), [("api".to_owned(), 81)]);
    assert_eq!(behind("shop", 80), []);
    assert_eq!(behind("lab", 8000), []);
}
