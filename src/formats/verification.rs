//! What `verify-network.sh` compares with the world, and the probe that it runs inside, whatever the target.
//!
//! How it asks and judges is in `templates/network/`; each target adds how it finds what runs.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::fileset::FileSet;
use crate::platform::{Index, Platform, Published, Workload, WorkloadKind};
use crate::template::{self, Template, TemplateError};
use crate::value::Replicas;

#[derive(Template)]
#[template(path = "network/verify-network-probe.sh.j2", escape = "sh")]
struct Probe<'a> {
    header: &'a str,
}

/// Adds the script that `verify-network.sh` runs inside.
///
/// # Errors
/// The header cannot be written in a shell script.
pub fn probe(files: &mut FileSet, header: &str) -> Result<(), TemplateError> {
    files.insert_executable("verify-network-probe.sh", template::render("network/verify-network-probe.sh", &Probe { header })?);
    Ok(())
}

/// What the blueprint says of these workloads: one line per fact, words between spaces. Jobs are left out, because they
/// are not there to be asked. `on_host` says whether published ports are ports of this machine. Linear in the platform: the
/// pairs are made by the script.
pub fn facts(platform: &Platform, index: &Index<'_>, workloads: &[&Workload], on_host: bool) -> Vec<String> {
    let servers = || workloads.iter().filter(|workload| is_asked(workload));
    let names: BTreeSet<&str> = servers().map(|workload| workload.name.as_str()).collect();
    let mut facts = Vec::new();
    for workload in servers() {
        let when = if comes_and_goes(workload) { "sometimes" } else { "always" };
        facts.push(format!("runs {} {} {when}", workload.name, workload.networks.join(",")));
        // What takes single messages gives no answer by which a probe could tell that it is there.
        for endpoint in workload.endpoints.iter().filter(|endpoint| !endpoint.protocol.is_udp()) {
            facts.push(format!("listens {} {}", workload.name, endpoint.port));
            if let Some(published) = endpoint.published.as_ref().filter(|_| on_host) {
                let address = address_on_host(published);
                facts.push(format!("publishes {} {} {address} {}", workload.name, endpoint.port, published.port));
            }
        }
    }
    for edge in &platform.edges {
        let reached = edge.endpoints.iter().filter(|reference| names.contains(reference.workload.as_str()));
        let reached: Vec<_> = reached.filter_map(|reference| Some((reference, index.endpoint(reference)?))).collect();
        for consumer in edge.workloads.iter().filter(|name| names.contains(name.as_str())) {
            facts.extend(reached.iter().map(|(reference, endpoint)| format!("uses {consumer} {} {}", reference.workload, endpoint.port)));
        }
    }
    facts.extend(platform.networks.iter().filter(|network| network.internal).map(|network| format!("internal {}", network.name)));
    facts
}

fn comes_and_goes(workload: &Workload) -> bool {
    let none_needed = match workload.kind {
        WorkloadKind::Template { .. } => true,
        WorkloadKind::Server { replicas: Replicas::Range { min, .. }, .. } => min == 0,
        WorkloadKind::Server { .. } | WorkloadKind::Job { .. } | WorkloadKind::Scheduled { .. } => false,
    };
    none_needed || !workload.profiles.is_empty()
}

/// Whether a workload is there to be asked: a job has ended, and what runs at certain times is seldom there.
pub fn is_asked(workload: &Workload) -> bool {
    !matches!(workload.kind, WorkloadKind::Job { .. }) && !workload.is_timed()
}

/// An address of the host under which a published port answers: what is published everywhere answers on loopback.
fn address_on_host(published: &Published) -> IpAddr {
    match published.address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
