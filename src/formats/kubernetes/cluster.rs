//! A cluster on one machine, made by Kind: its configuration, the volumes behind folders of the machine, and the images
//! that have to be brought to its nodes.
//!
//! <https://kind.sigs.k8s.io/docs/user/configuration/>, `sigs.k8s.io/kind/pkg/apis/config/v1alpha4`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::bundle::Releases;
use super::model::{Metadata, Object, Spec, Words, doc, documents, transport};
use super::platform_labels;
use super::scope::{Exposure, Scope};
use super::storage::{ClaimPlan, MANUAL};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::fileset::FileSet;
use crate::formats::text::Piece;
use crate::formats::{Layout, said_elsewhere};
use crate::platform::{Build, Cluster, Image, Platform, PublicText, Published};
use crate::source::Pointer;
use crate::template::{self, Template, filters};
use crate::yaml::{self, Doc};

/// The range of the pods' addresses: Kind's default, written down because the policies of published ports name it.
pub const POD_SUBNET: &str = "10.244.0.0/16";

/// The file with the configuration.
pub const CONFIG: &str = "kind.yaml";

/// Where the nodes have the folders of the machine.
const ON_NODES: &str = "/var/local/pipegen";

/// The name of a node is a host name of at most 63 characters: this, and `-control-plane`.
const LONGEST_CLUSTER: usize = 49;

/// The images of the nodes that Kind's releases name, newest first. A tag alone can be pushed again.
const NODES: [(&str, &str); 4] = [
    ("1.36", "kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"),
    ("1.35", "kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f"),
    ("1.34", "kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"),
    ("1.33", "kindest/node:v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    kind: &'static str,
    api_version: &'static str,
    name: &'a str,
    networking: Networking,
    nodes: Vec<Node>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Networking {
    pod_subnet: &'static str,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    role: &'static str,
    image: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_port_mappings: Vec<PortMapping>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_mounts: Vec<ExtraMount>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PortMapping {
    container_port: u16,
    host_port: u16,
    listen_address: String,
    protocol: &'static str,
}

/// A relative path is relative to where `kind` is called, which is this folder.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtraMount {
    host_path: String,
    container_path: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PersistentVolume {
    capacity: Words,
    access_modes: Doc,
    persistent_volume_reclaim_policy: &'static str,
    storage_class_name: &'static str,
    claim_ref: ClaimRef,
    host_path: HostPath,
}

#[derive(Serialize)]
struct ClaimRef {
    namespace: String,
    name: String,
}

#[derive(Serialize)]
struct HostPath {
    path: String,
}

#[derive(Template)]
#[template(path = "kind/cluster.sh.j2", escape = "sh")]
struct Script<'a> {
    header: String,
    cluster: &'a str,
    /// Folders of the machine that are made if they are missing, for what the pods write.
    folders: BTreeSet<String>,
    images: Vec<ImageRow>,
}

struct ImageRow {
    reference: Vec<Piece>,
    context: String,
    dockerfile: Option<String>,
    stage: Option<String>,
    args: Vec<(String, Vec<Piece>)>,
}

/// The folder of a claim on the machine, from the folder of the artifacts.
fn host_folder(layout: &Layout, namespace: &str, claim: &ClaimPlan) -> String {
    claim.path.as_ref().map_or_else(|| format!("./volumes/{namespace}/{}", claim.name), |path| layout.relative(path))
}

/// The folder of a claim on the nodes: each namespace has claims of its own, whatever they are called.
fn node_folder(namespace: &str, claim: &ClaimPlan) -> String {
    format!("{ON_NODES}/{namespace}/{}", claim.name)
}

/// Adds the cluster's configuration, its volumes and the script that makes it to what is released, for claims with their
/// namespaces. A version for which no node is known is reported.
pub fn files<'a, 'c>(
    platform: &'a Platform,
    layout: &Layout,
    scope: &mut Scope<'_>,
    claims: impl IntoIterator<Item = (&'c str, &'c ClaimPlan)>,
    releases: &mut Releases<'a>,
) {
    if platform.name.len() > LONGEST_CLUSTER {
        let message = format!("a Kind cluster called `{}` would have nodes with too long names", platform.name);
        let help = format!("choose a shorter name for the blueprint: at most {LONGEST_CLUSTER} characters");
        scope.resolver.refuse(&Place::Value(Pointer::root().key("name")), message, &help);
    }
    let header = layout.header();
    // Nothing else provisions these.
    let claims: Vec<(&str, &ClaimPlan)> = claims.into_iter().filter(|(_, claim)| claim.is_manual(scope.own_cluster)).collect();
    let config = config(platform, layout, scope, &claims);
    let volumes: Vec<Doc> = claims.iter().map(|(namespace, claim)| volume(platform, namespace, claim)).collect();
    let written = claims.iter().filter(|(_, claim)| !claim.read_only);
    let script = Script {
        header: header.clone(),
        cluster: &platform.name,
        folders: written.map(|(namespace, claim)| host_folder(layout, namespace, claim)).collect(),
        images: images(platform, layout, scope),
    };
    releases.cluster = true;
    releases.volumes = !volumes.is_empty();
    releases.files.push(Box::new(move || {
        let mut files = FileSet::new();
        files.insert(CONFIG, yaml::write(&header, &doc(&config)));
        if !volumes.is_empty() {
            files.insert("cluster/volumes.yaml", documents(&header, &volumes));
        }
        files.insert_executable("cluster.sh", template::render("kind/cluster.sh", &script)?);
        Ok(files)
    }));
}

fn config<'a>(platform: &'a Platform, layout: &Layout, scope: &mut Scope<'_>, claims: &[(&str, &ClaimPlan)]) -> Config<'a> {
    let image = node_image(scope, platform.cluster.as_ref());
    let extra_mounts: Vec<ExtraMount> = claims
        .iter()
        .map(|(namespace, claim)| ExtraMount {
            host_path: host_folder(layout, namespace, claim),
            container_path: node_folder(namespace, claim),
            read_only: claim.read_only,
        })
        .collect();
    let director = Node { role: "control-plane", image, extra_port_mappings: port_mappings(scope), extra_mounts: extra_mounts.clone() };
    let worker = Node { role: "worker", image, extra_port_mappings: Vec::new(), extra_mounts };
    let workers = platform.cluster.as_ref().map_or(0, |cluster| usize::from(cluster.workers));
    Config {
        kind: "Cluster",
        api_version: "kind.x-k8s.io/v1alpha4",
        name: &platform.name,
        networking: Networking { pod_subnet: POD_SUBNET },
        nodes: std::iter::once(director).chain(std::iter::repeat_n(worker, workers)).collect(),
    }
}

fn node_image(scope: &mut Scope<'_>, cluster: Option<&Cluster>) -> &'static str {
    let newest = NODES[0].1;
    let Some(Cluster { version: Some(version), origin, .. }) = cluster else { return newest };
    if let Some((_, image)) = NODES.iter().find(|(known, _)| known == version) {
        return image;
    }
    let message = format!("there is no node of Kubernetes `{version}`");
    let known = NODES.map(|(version, _)| format!("\"{version}\"")).join(", ");
    let fault = Diagnostic::new(&code::UNSUPPORTED_VERSION, Place::Value(origin.key("kubernetes")), message);
    scope.resolver.diagnostics.push(fault.help(format!("write one of {known}")));
    newest
}

/// What is published reaches a port of the node, and that a port of the machine.
fn port_mappings(scope: &Scope<'_>) -> Vec<PortMapping> {
    let mut mappings = Vec::new();
    if scope.exposure == Exposure::Forwarded {
        return mappings;
    }
    for workload in &scope.platform.workloads {
        for endpoint in &workload.endpoints {
            let (Some(published), Some(port)) = (&endpoint.published, scope.node_port(&workload.name, &endpoint.name)) else {
                continue;
            };
            let Published { port: host_port, address, origin } = published;
            said_elsewhere(origin);
            mappings.push(PortMapping {
                container_port: port,
                host_port: *host_port,
                listen_address: address.to_string(),
                protocol: transport(endpoint.protocol),
            });
        }
    }
    mappings
}

/// The volume behind a claim. It names the claim, so that no other one takes it.
fn volume(platform: &Platform, namespace: &str, claim: &ClaimPlan) -> Doc {
    let labels = platform_labels(&platform.name);
    doc(&Object {
        api_version: "v1",
        kind: "PersistentVolume",
        metadata: Metadata { name: Some(format!("{namespace}.{}", claim.name)), labels, ..Metadata::default() },
        content: Spec {
            spec: PersistentVolume {
                capacity: Words::from([("storage".to_owned(), claim.size.clone())]),
                access_modes: Doc::Flow(vec![Doc::from(claim.access_mode())]),
                persistent_volume_reclaim_policy: "Retain",
                storage_class_name: MANUAL,
                claim_ref: ClaimRef { namespace: namespace.to_owned(), name: claim.name.clone() },
                host_path: HostPath { path: node_folder(namespace, claim) },
            },
        },
    })
}

/// The images that are built here, in the order of the workloads, each once.
fn images(platform: &Platform, layout: &Layout, scope: &mut Scope<'_>) -> Vec<ImageRow> {
    let mut seen = Vec::new();
    let mut rows = Vec::new();
    for workload in &platform.workloads {
        let Image::Built { build, reference } = &workload.image else { continue };
        if seen.contains(&reference) {
            continue;
        }
        seen.push(reference);
        let Build { context, dockerfile, args, target } = build;
        let place = Place::Value(context.origin.clone());
        let mut pieces = |text: &PublicText| {
            let pieces = scope.resolver.pieces(text.text(), &place);
            for piece in &pieces {
                if let Piece::Hole(hole) = piece {
                    scope.needs(hole);
                }
            }
            pieces
        };
        rows.push(ImageRow {
            reference: pieces(reference),
            context: layout.relative(&context.path),
            dockerfile: dockerfile.clone(),
            stage: target.clone(),
            args: args.iter().map(|(name, text)| (name.clone(), pieces(text))).collect(),
        });
    }
    rows
}
