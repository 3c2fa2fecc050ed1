//! What the lowering of every workload needs to know of the rest, and what it finds out for the scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

use super::names;
use super::policies::{self, Members};
use super::realizations::Replaced;
use crate::diagnostic::Place;
use crate::formats::said_elsewhere;
use crate::formats::text::{Hole, Piece, Reader, Resolver};
use crate::platform::{Encoding, Endpoint, ImageLogin, Index, Platform, PublicText, SecretStore, Stack, Workload};

/// Where the names of services end in every cluster that was not told otherwise (`clusterDomain` of the kubelet).
const SERVICES: &str = "svc.cluster.local";

/// How published endpoints are reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exposure {
    /// By forwarding, which needs no way in.
    Forwarded,
    /// By a port of the node, open to all but the pods, whose addresses are in this range.
    NodePorts {
        /// The range of the pods' addresses.
        pod_subnet: String,
    },
}

/// A secret whose keys are filled in when deploying.
#[derive(Debug, Clone)]
pub struct FilledObject {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
    /// Labels beside ours.
    pub labels: &'static [(&'static str, &'static str)],
    /// Its keys, and what is in each.
    pub keys: Vec<(String, Vec<Piece>)>,
}

impl FilledObject {
    /// The type of a secret whose reader knows what its keys mean.
    pub const OPAQUE: &str = "Opaque";

    /// One without keys whose reader knows what they mean.
    pub const fn opaque(name: String) -> Self {
        Self { name, kind: Self::OPAQUE, labels: &[], keys: Vec::new() }
    }
}

/// A file of the user's that the secrets script puts into the cluster: a key of a config map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalFile {
    /// The config map.
    pub object: String,
    /// Its key.
    pub key: String,
    /// The path, from the blueprint's folder.
    pub path: String,
}

/// What the objects of one namespace read and no manifest holds.
#[derive(Debug, Default)]
pub struct Reads {
    /// Secrets, each in the forms in which it is read.
    pub secrets: BTreeMap<String, BTreeSet<Encoding>>,
    /// Values of the deployer, each in the forms in which it is read.
    pub settings: BTreeMap<String, BTreeSet<Encoding>>,
    /// Secrets to be filled in.
    pub filled: Vec<FilledObject>,
    /// Files of the user's.
    pub local: BTreeSet<LocalFile>,
}

/// Lookups into the platform, and what was found on the way.
#[derive(Debug)]
pub struct Scope<'a> {
    /// Texts.
    pub resolver: Resolver<'a>,
    /// The platform.
    pub platform: &'a Platform,
    /// Its pieces by name.
    pub index: Index<'a>,
    /// The target, whose overrides count.
    pub target: &'static str,
    /// How published endpoints are reached.
    pub exposure: Exposure,
    /// Whether the cluster is made along with it, so that its nodes have the folders of the machine.
    pub own_cluster: bool,
    /// The namespace of each stack.
    pub namespaces: Vec<String>,
    /// What stands in for workloads.
    pub replaced: Rc<Replaced<'a>>,
    /// By the index of a stack.
    pub reads: BTreeMap<usize, Reads>,
    /// Who is on each network.
    pub members: BTreeMap<&'a str, Members>,
    /// With what an image is pulled.
    pub logins: BTreeMap<&'a PublicText, &'a ImageLogin>,
    mounters: BTreeMap<&'a str, Vec<&'a Workload>>,
    node_ports: BTreeMap<(&'a str, &'a str), u16>,
}

/// The ports of a node that a service may have (the default of `--service-node-port-range`).
const NODE_PORTS: RangeInclusive<u16> = 30000..=32767;

/// The port of the node for each published endpoint, by workload and endpoint: numbered in the order of the platform.
fn node_ports(platform: &Platform) -> BTreeMap<(&str, &str), u16> {
    let all = platform.workloads.iter().flat_map(|workload| workload.endpoints.iter().map(move |endpoint| (workload, endpoint)));
    let published = all.filter(|(_, endpoint)| endpoint.published.is_some());
    published.zip(NODE_PORTS).map(|((workload, endpoint), port)| ((workload.name.as_str(), endpoint.name.as_str()), port)).collect()
}

/// The namespace of each stack, named as its project would be: `<blueprint>-<stack>`, or `<blueprint>` if there is only one.
pub fn namespaces(platform: &Platform) -> Vec<String> {
    let name = |Stack { name, description, origin }: &Stack| {
        said_elsewhere((description, origin));
        match name {
            Some(name) => format!("{}-{name}", platform.name),
            None => platform.name.clone(),
        }
    };
    platform.stacks.iter().map(name).collect()
}

impl<'a> Scope<'a> {
    /// A scope for a platform.
    pub fn new(platform: &'a Platform, target: &'static str, exposure: Exposure) -> Self {
        let namespaces = namespaces(platform);
        let names = namespaces.clone();
        let replaced = Rc::new(Replaced::new(platform, target));
        let found = Rc::clone(&replaced);
        let spelling = move |workload: &'a Workload, endpoint: &'a Endpoint, reader| {
            let (service, port) = found.service(workload, endpoint)?;
            let host = match (reader, names.get(workload.stack)) {
                (Reader::InStack(stack), _) if stack == workload.stack => service.to_owned(),
                (Reader::Anyone, _) if names.len() == 1 => service.to_owned(),
                (Reader::NameServer, Some(namespace)) => format!("{service}.{namespace}.{SERVICES}"),
                (_, Some(namespace)) => format!("{service}.{namespace}"),
                (_, None) => service.to_owned(),
            };
            Some((host, port))
        };
        let Platform {
            name,
            description,
            environment,
            stacks,
            networks,
            volumes,
            secrets,
            secret_store,
            cluster,
            settings,
            image_logins,
            services,
            workloads,
            edges,
            pipelines,
            expectations,
        } = platform;
        // The policies say the networks, the claims the volumes, the objects of the stacks the services, ...
        said_elsewhere((name, stacks, networks, volumes, services));
        // ... the scripts, and the objects of a store, what they read, and the files of a cluster what it is made of.
        said_elsewhere((secrets, secret_store, settings, cluster));
        // The guide and the verification say the rest.
        said_elsewhere((description, environment, edges, pipelines, expectations));
        let mut mounters: BTreeMap<&str, Vec<&Workload>> = BTreeMap::new();
        for workload in workloads {
            for volume in workload.volumes() {
                mounters.entry(volume).or_default().push(workload);
            }
        }
        let mut scope = Self {
            resolver: Resolver::new(platform, "Kubernetes", Box::new(spelling)),
            platform,
            index: Index::new(platform),
            target,
            own_cluster: exposure != Exposure::Forwarded,
            exposure,
            namespaces,
            reads: BTreeMap::new(),
            mounters,
            members: policies::members(platform, &replaced),
            replaced,
            logins: image_logins.iter().map(|login| (&login.image, login)).collect(),
            node_ports: node_ports(platform),
        };
        names::check(&mut scope);
        scope.check_node_ports();
        scope
    }

    /// What is published beyond the ports of a node would be reached by nobody.
    fn check_node_ports(&mut self) {
        if self.exposure == Exposure::Forwarded {
            return;
        }
        for workload in &self.platform.workloads {
            let published = workload.endpoints.iter().filter_map(|endpoint| Some((endpoint, endpoint.published.as_ref()?)));
            for (endpoint, published) in published {
                if self.node_port(&workload.name, &endpoint.name).is_none() {
                    let message = format!("a node has no more than {} ports for what is published", NODE_PORTS.len());
                    self.resolver.refuse(&Place::Value(published.origin.clone()), message, "publish fewer endpoints");
                }
            }
        }
    }

    /// The workloads of a stack, in the platform's order.
    pub fn workloads_in(&self, stack: usize) -> Vec<&'a Workload> {
        self.platform.workloads.iter().filter(|workload| workload.stack == stack).collect()
    }

    /// The workloads that mount a volume.
    pub fn mounters(&self, volume: &str) -> &[&'a Workload] {
        self.mounters.get(volume).map_or(&[], Vec::as_slice)
    }

    /// The port of the node that leads to a published endpoint.
    pub fn node_port(&self, workload: &str, endpoint: &str) -> Option<u16> {
        self.node_ports.get(&(workload, endpoint)).copied()
    }

    /// Notes that the secrets script reads a variable. A secret that a store hands in is not in `.env`.
    pub fn needs(&mut self, hole: &Hole) {
        if hole.secret && self.platform.secret_store != SecretStore::Env {
            return;
        }
        self.resolver.uses(hole);
        // In this form the script reads it: nothing in it has to be quoted.
        self.resolver.uses(&Hole { encoding: Encoding::Base64, ..hole.clone() });
    }

    /// Notes that a pod of a stack reads a variable, which is then a key of an object there.
    pub fn reads_variable(&mut self, stack: usize, hole: &Hole) {
        self.needs(hole);
        let reads = self.reads.entry(stack).or_default();
        let of_kind = if hole.secret { &mut reads.secrets } else { &mut reads.settings };
        of_kind.entry(hole.variable.clone()).or_default().insert(hole.encoding);
    }
}

/// The object that holds a secret: one per secret, so that a namespace has what its own workloads read and no more.
pub fn secret_object(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', "-").trim_matches('-').to_owned()
}

/// The object that holds the values of the deployer.
pub fn settings_object(blueprint: &str) -> String {
    format!("{blueprint}-deploy")
}
