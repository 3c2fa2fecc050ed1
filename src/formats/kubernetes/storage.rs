//! Claims of storage, and where pods mount them.
//!
//! A manifest only claims. Where a claim of a host path gets its content from is the cluster's: it has the class
//! `manual`, which no provisioner serves.

use std::collections::BTreeMap;

use super::model::{Claim, Metadata, Object, Resources, Source, Spec, Volume, VolumeMount, Words, doc};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::formats::said_elsewhere;
use crate::platform::{self, Mount, MountSource, PathRef, Workload};
use crate::value::object_name;
use crate::yaml::Doc;

/// What a volume without a `size` claims: provisioners want to know, and most can grow one later.
const DEFAULT_SIZE: &str = "10Gi";

/// The class of claims that nothing provisions.
pub const MANUAL: &str = "manual";

/// The longest name of a volume of a pod, which is called as its claim.
const LONGEST_NAME: usize = 63;

const OTHER_NAME: &str = "give it another name; a path gets one as a volume: `volumes: { NAME: { path: ... } }`";

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPlan {
    /// Its name.
    pub name: String,
    /// The volume that it stands for, if it has a name in the blueprint.
    pub volume: Option<String>,
    /// The host path that it stands for, from the blueprint's folder.
    pub path: Option<String>,
    /// How much it claims.
    pub size: String,
    /// Whether pods of several workloads mount it.
    pub shared: bool,
    /// Whether all of them only read it.
    pub read_only: bool,
}

impl ClaimPlan {
    /// Whether something other than the cluster's default class provides it.
    pub fn is_manual(&self, own_cluster: bool) -> bool {
        // The default class of a cluster on one machine serves no storage that is shared.
        self.path.is_some() || (own_cluster && self.access_mode() != "ReadWriteOnce")
    }

    /// What it holds: a host path, or the volume that the cluster makes.
    fn content(&self) -> &str {
        self.path.as_ref().or(self.volume.as_ref()).unwrap_or(&self.name)
    }

    /// The way in which it is mounted.
    pub const fn access_mode(&self) -> &'static str {
        match (self.read_only, self.shared) {
            (true, _) => "ReadOnlyMany",
            (false, true) => "ReadWriteMany",
            (false, false) => "ReadWriteOnce",
        }
    }
}

/// The claim behind a mount.
pub fn claim_name(source: &MountSource) -> String {
    let name = match source {
        MountSource::Volume(name) => name.clone(),
        MountSource::Path(path) => path.path.clone(),
    };
    let name = object_name(&name);
    if name.is_empty() { "files".to_owned() } else { name }
}

/// The claims of a stack, for those who write nothing else of it.
pub fn claims_of_stack(scope: &mut Scope<'_>, stack: usize) -> Vec<ClaimPlan> {
    let workloads = scope.workloads_in(stack);
    claims(scope, &workloads)
}

/// The claims of a stack's workloads, sorted by name.
pub fn claims(scope: &mut Scope<'_>, workloads: &[&Workload]) -> Vec<ClaimPlan> {
    let mut claims: BTreeMap<String, ClaimPlan> = BTreeMap::new();
    // A step mounts what the workload before which it runs mounts.
    for workload in workloads.iter().filter(|workload| workload.before.is_none()) {
        // What stands in for a workload may keep its files somewhere else.
        let realization = scope.replaced.by(&workload.name);
        for mount in workload.mounts.iter().filter(|mount| realization.is_none_or(|realization| realization.claims(&mount.source))) {
            let claim = claim(scope, workload, mount);
            match claims.get_mut(&claim.name) {
                Some(known) => {
                    if known.content() != claim.content() {
                        let message = format!("`{}` and `{}` would be one claim, `{}`", known.content(), claim.content(), claim.name);
                        scope.resolver.refuse(&Place::Value(mount.origin.clone()), message, OTHER_NAME);
                    }
                    known.shared = true;
                    known.read_only &= claim.read_only;
                }
                None => {
                    if claim.name.len() > LONGEST_NAME {
                        let message = format!("the claim `{}` would have a name of more than {LONGEST_NAME} characters", claim.name);
                        scope.resolver.refuse(&Place::Value(mount.origin.clone()), message, OTHER_NAME);
                    }
                    warn_of_path(scope, &claim, mount);
                    claims.insert(claim.name.clone(), claim);
                }
            }
        }
    }
    claims.into_values().collect()
}

fn claim(scope: &mut Scope<'_>, workload: &Workload, mount: &Mount) -> ClaimPlan {
    let Mount { source, target, read_only, origin } = mount;
    said_elsewhere(target);
    let replicated = matches!(workload.kind, platform::WorkloadKind::Server { replicas, .. } if replicas.max() > 1);
    let (path, size) = match source {
        MountSource::Path(PathRef { path, origin }) => {
            said_elsewhere(origin);
            (Some(path.clone()), DEFAULT_SIZE.to_owned())
        }
        MountSource::Volume(name) => {
            let elsewhere = scope.mounters(name).iter().find(|other| other.stack != workload.stack);
            if let Some(other) = elsewhere {
                let message = format!("`{name}` is mounted in two stacks (`{}` too), and storage belongs to one namespace", other.name);
                scope.resolver.refuse(&Place::Value(origin.clone()), message, "put both services into one stack");
            }
            let path = scope.index.volume(name).and_then(|platform::Volume { name, path, group, size, owner, origin }| {
                // The pods get the group, and the claim has the size.
                said_elsewhere((name, group, size, owner, origin));
                path.as_ref()
            });
            (path.map(|path| path.path.clone()), size(scope, name))
        }
    };
    let volume = source.volume().map(str::to_owned);
    ClaimPlan { name: claim_name(source), volume, path, size, shared: replicated, read_only: *read_only }
}

/// How much a volume claims.
pub fn size(scope: &Scope<'_>, volume: &str) -> String {
    let size = scope.index.volume(volume).and_then(|volume| volume.size);
    size.map_or_else(|| DEFAULT_SIZE.to_owned(), |size| size.to_string())
}

fn warn_of_path(scope: &mut Scope<'_>, claim: &ClaimPlan, mount: &Mount) {
    let Some(path) = &claim.path else { return };
    // Where the cluster is ours, its nodes mount the folder.
    if scope.own_cluster {
        return;
    }
    let message = format!("Kubernetes takes `{path}` from a claim `{}` that something in the cluster must fill", claim.name);
    let help = "let the target `kind` mount it, put the files into the image, or read them from Git";
    scope.resolver.diagnostics.push(Diagnostic::new(&code::HOST_PATH, Place::Value(mount.origin.clone()), message).help(help));
}

/// The object of a claim.
pub fn object(namespace: &str, labels: Words, claim: &ClaimPlan, own_cluster: bool) -> Doc {
    doc(&Object {
        api_version: "v1",
        kind: "PersistentVolumeClaim",
        metadata: Metadata { name: Some(claim.name.clone()), namespace: Some(namespace.to_owned()), labels, ..Metadata::default() },
        content: Spec {
            spec: Claim {
                access_modes: Doc::Flow(vec![Doc::from(claim.access_mode())]),
                storage_class_name: claim.is_manual(own_cluster).then_some(MANUAL),
                resources: Resources { requests: Words::from([("storage".to_owned(), claim.size.clone())]), limits: Words::new() },
            },
        },
    })
}

/// The name of the scratch folder with this number.
fn scratch_name(index: usize) -> String {
    format!("scratch-{}", index + 1)
}

/// Where the container of a workload has its storage.
pub fn mounts(workload: &Workload) -> impl Iterator<Item = VolumeMount> {
    let claims = workload.mounts.iter().map(mount);
    let scratch = workload.scratch.iter().enumerate().map(|(index, path)| VolumeMount {
        name: scratch_name(index),
        mount_path: path.clone(),
        sub_path: None,
        read_only: false,
    });
    claims.chain(scratch)
}

/// Where a container has one piece of storage.
pub fn mount(mount: &Mount) -> VolumeMount {
    VolumeMount { name: claim_name(&mount.source), mount_path: mount.target.clone(), sub_path: None, read_only: mount.read_only }
}

/// The storage of a pod.
pub fn volumes(workload: &Workload) -> Vec<Volume> {
    let mut volumes: Vec<Volume> = Vec::new();
    for mount in &workload.mounts {
        let name = claim_name(&mount.source);
        if !volumes.iter().any(|volume| volume.name == name) {
            volumes.push(Volume { name: name.clone(), source: Source::PersistentVolumeClaim { claim_name: name, read_only: false } });
        }
    }
    let scratch = (0..workload.scratch.len()).map(|index| Volume { name: scratch_name(index), source: Source::EmptyDir {} });
    volumes.extend(scratch);
    volumes
}

/// Whether a workload keeps something that no other one has.
pub fn has_state(scope: &Scope<'_>, workload: &Workload) -> bool {
    let mut written = workload.mounts.iter().filter(|mount| !mount.read_only).filter_map(|mount| mount.source.volume());
    written.any(|volume| scope.mounters(volume).len() == 1)
}
