//! What there will be before anything is written: projects, files, who makes what, where people find it.
//!
//! The Compose files, the scripts and the guide all read this, so that they agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::text::url_of;
use crate::platform::{Endpoint, Index, Platform, Stack, Workload};

/// The variable that changes whenever `.env` does.
pub(super) use crate::secrets::FINGERPRINT as ENV_HASH;

/// Everything that the files of a platform have in common.
#[derive(Debug)]
pub struct ComposePlan<'a> {
    /// The pieces of the platform by name.
    pub index: Index<'a>,
    /// The stacks that run something, in the order in which they start.
    pub stacks: Vec<StackPlan<'a>>,
    /// The index (into `platform.stacks`) of the stack whose file makes a network, by the network's name.
    pub network_makers: BTreeMap<&'a str, usize>,
    /// The index of the stack whose file makes a volume, by the volume's name.
    pub volume_makers: BTreeMap<&'a str, usize>,
    /// Every variable that the Compose files read, derived ones and [`ENV_HASH`] included. Known once they are lowered.
    pub variables: BTreeSet<String>,
}

/// One Compose project and its file.
#[derive(Debug)]
pub struct StackPlan<'a> {
    /// Its index in `platform.stacks`.
    pub index: usize,
    /// The stack.
    pub stack: &'a Stack,
    /// The project's name: `<blueprint>-<stack>`, or `<blueprint>` if there is only one.
    pub project: String,
    /// The file's name: `<stack>-docker-compose.yml` or `docker-compose.yml`.
    pub file: String,
    /// What runs in it, in the order of the platform.
    pub services: Vec<&'a Workload>,
    /// The ports of the host, in the order of the services.
    pub published: Vec<PublishedEndpoint<'a>>,
}

/// A port of the host that leads to a workload.
#[derive(Debug)]
pub struct PublishedEndpoint<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// Its endpoint.
    pub endpoint: &'a Endpoint,
    /// Where a person finds it.
    pub url: String,
}

impl<'a> ComposePlan<'a> {
    /// Plans a platform. Linear in its size.
    pub fn new(platform: &'a Platform) -> Self {
        let mut stacks: Vec<StackPlan<'a>> =
            platform.stacks.iter().enumerate().map(|(index, stack)| StackPlan::new(&platform.name, index, stack)).collect();
        for workload in &platform.workloads {
            if let Some(stack) = stacks.get_mut(workload.stack) {
                stack.push(workload);
            }
        }
        stacks.retain(|stack| !stack.services.is_empty());
        let network_makers = makers(&stacks, platform.networks.iter().map(|network| (network.name.as_str(), network.owner)), networks_of);
        let volume_makers = makers(&stacks, platform.volumes.iter().map(|volume| (volume.name.as_str(), volume.owner)), volumes_of);
        Self { index: Index::new(platform), stacks, network_makers, volume_makers, variables: BTreeSet::new() }
    }

    /// The stack in which a workload runs.
    pub fn stack_of(&self, workload: &str) -> Option<&StackPlan<'a>> {
        let stack = self.index.workload(workload)?.stack;
        self.stacks.iter().find(|plan| plan.index == stack)
    }
}

impl<'a> StackPlan<'a> {
    fn new(blueprint: &str, index: usize, stack: &'a Stack) -> Self {
        let (project, file) = match &stack.name {
            Some(name) => (format!("{blueprint}-{name}"), format!("{name}-docker-compose.yml")),
            None => (blueprint.to_owned(), "docker-compose.yml".to_owned()),
        };
        Self { index, stack, project, file, services: Vec::new(), published: Vec::new() }
    }

    fn push(&mut self, workload: &'a Workload) {
        self.services.push(workload);
        for endpoint in &workload.endpoints {
            if let Some(published) = &endpoint.published {
                self.published.push(PublishedEndpoint { workload, endpoint, url: url_of(endpoint.protocol, published) });
            }
        }
    }
}

/// The name that Docker knows a network or a volume by: it does not depend on the folder's name.
pub fn docker_name(platform: &Platform, name: &str) -> String {
    format!("{}_{name}", platform.name)
}

/// Whether a workload reads a file whose content depends on the deployer.
pub fn reads_deploy_time_file(workload: &Workload) -> bool {
    workload.files.iter().any(|file| file.body.is_deploy_time())
}

/// The networks of a workload.
pub fn networks_of(workload: &Workload) -> Vec<&str> {
    workload.networks.iter().map(String::as_str).collect()
}

/// The managed volumes and host paths with a name that a workload mounts.
pub fn volumes_of(workload: &Workload) -> Vec<&str> {
    workload.volumes().collect()
}

/// Who makes each thing: its owner, or the first stack to start that uses it if the owner's services do not,
/// because Compose makes only what a service of the file uses
/// (`WithoutUnnecessaryResources` in compose-go, `types/project.go`).
fn makers<'a>(
    stacks: &[StackPlan<'a>],
    things: impl Iterator<Item = (&'a str, usize)>,
    used_by: impl Fn(&'a Workload) -> Vec<&'a str>,
) -> BTreeMap<&'a str, usize> {
    let mut users: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for stack in stacks {
        for name in stack.services.iter().flat_map(|workload| used_by(workload)) {
            users.entry(name).or_default().insert(stack.index);
        }
    }
    let maker = |owner: usize, stacks: &BTreeSet<usize>| if stacks.contains(&owner) { Some(owner) } else { stacks.first().copied() };
    things.filter_map(|(name, owner)| Some((name, maker(owner, users.get(name)?)?))).collect()
}
