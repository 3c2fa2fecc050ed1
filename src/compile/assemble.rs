//! Phase 9, second half: the platform made of all pieces, its stacks in the order in which they start.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::blueprint::Blueprint;
use crate::components::OwnVolume;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{
    Check, Cluster, Edge, Image, Mount, MountSource, PathRef, Platform, PublicText, Readiness, Realization, RemoteCheck, Service, Stack,
    Volume, Workload, WorkloadKind,
};
use crate::source::Pointer;

use super::build::BuiltAll;
use super::declare::Services;
use super::pipelines;
use super::places::Places;
use super::secret_store::secret_store;
use super::variables::variables;

#[allow(clippy::too_many_arguments, reason = "everything comes together here")]
pub(super) fn platform(
    blueprint: &Blueprint,
    environment: Option<&str>,
    services: Services<'_>,
    places: Places,
    mut built: BuiltAll,
    edges: Vec<Edge>,
    found: &mut Vec<Diagnostic>,
) -> Platform {
    let volumes = volumes(blueprint, &mut built);
    let mut realizations = realizations(&services, &built.workloads);
    let (secrets, settings) = variables(blueprint, &services, &built, &realizations, found);
    let order = start_order(&places, &edges, &built.workloads, found);
    let mut connections: HashMap<String, _> = built.connections.into_iter().collect();
    let list = services
        .list
        .iter()
        .map(|declared| {
            let surface = declared.instance.surface();
            let named: Vec<String> = surface.resources.iter().map(|resource| resource.name.clone()).collect();
            Service {
                name: declared.name.to_owned(),
                component: declared.component.name,
                login: surface.login.clone(),
                resources: if surface.default_resource.is_some() || named.is_empty() {
                    Vec::new()
                } else {
                    vec![(surface.resource_kind.to_owned(), named)]
                },
                connections: connections.remove(declared.name),
                external: surface.external.clone(),
                upstream: surface.upstream.clone(),
                realizations: realizations.remove(declared.name).unwrap_or_default(),
                origin: declared.at.clone(),
            }
        })
        .collect();
    let platform = Platform {
        name: blueprint.name.to_string(),
        description: blueprint.description.as_ref().map(|text| text.0.clone()),
        environment: environment.map(str::to_owned),
        stacks: places.stacks,
        networks: places.networks,
        volumes,
        secrets,
        cluster: blueprint.kind.as_ref().map(|kind| Cluster {
            version: kind.kubernetes.clone(),
            workers: kind.workers.unwrap_or(0),
            origin: Pointer::root().key("kind"),
        }),
        secret_store: secret_store(blueprint, found),
        image_logins: built.image_logins,
        settings,
        services: list,
        workloads: built.workloads,
        edges,
        pipelines: pipelines::guide(blueprint),
        expectations: Vec::new(),
    };
    reordered(platform, &order)
}

/// What can stand in for the workloads of services or look after them, by the service.
fn realizations<'s>(services: &'s Services<'_>, workloads: &[Workload]) -> HashMap<&'s str, Vec<Realization>> {
    let mut by_service: HashMap<&str, Vec<&Workload>> = HashMap::new();
    for workload in workloads {
        by_service.entry(&workload.service).or_default().push(workload);
    }
    let of_service = |name: &str| by_service.get(name).map(Vec::as_slice).unwrap_or_default();
    let all = services.list.iter().map(|declared| (declared.name, declared.instance.realizations(of_service(declared.name))));
    all.filter(|(_, realizations)| !realizations.is_empty()).collect()
}

/// Puts the stacks into the order in which they start, and rewrites every index.
fn reordered(mut platform: Platform, order: &[usize]) -> Platform {
    let mut new_index = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        new_index[*old] = new;
    }
    let mut stacks: Vec<Option<Stack>> = platform.stacks.into_iter().map(Some).collect();
    platform.stacks = order.iter().filter_map(|old| stacks[*old].take()).collect();
    for workload in &mut platform.workloads {
        workload.stack = new_index[workload.stack];
    }
    for network in &mut platform.networks {
        network.owner = new_index[network.owner];
    }
    for volume in &mut platform.volumes {
        volume.owner = new_index[volume.owner];
    }
    platform
}

/// The order in which stacks start: after those that they wait for, and after the owners of their networks.
fn start_order(places: &Places, edges: &[Edge], workloads: &[Workload], found: &mut Vec<Diagnostic>) -> Vec<usize> {
    let count = places.stacks.len();
    let stack_of: HashMap<&str, usize> = workloads.iter().map(|workload| (workload.name.as_str(), workload.stack)).collect();
    let owner_of: HashMap<&str, usize> = places.networks.iter().map(|network| (network.name.as_str(), network.owner)).collect();
    // before[a][b]: why a starts after b
    let mut after: Vec<BTreeMap<usize, Pointer>> = vec![BTreeMap::new(); count];
    for edge in edges {
        let providers = edge.waits.iter().filter_map(|(name, _)| stack_of.get(name.as_str()));
        for provider in providers {
            for consumer in edge.workloads.iter().filter_map(|name| stack_of.get(name.as_str())).filter(|consumer| *consumer != provider) {
                after[*consumer].entry(*provider).or_insert_with(|| edge.origin.clone());
            }
        }
    }
    for workload in workloads {
        for (index, name) in workload.networks.iter().enumerate() {
            if let Some(owner) = owner_of.get(name.as_str()).filter(|owner| **owner != workload.stack) {
                after[workload.stack].entry(*owner).or_insert_with(|| workload.origin.key("networks").index(index));
            }
        }
    }
    let mut order = Vec::new();
    while order.len() < count {
        let next = (0..count).find(|stack| !order.contains(stack) && after[*stack].keys().all(|before| order.contains(before)));
        match next {
            Some(stack) => order.push(stack),
            None => {
                report_stack_cycle(places, &after, &order, found);
                return (0..count).collect();
            }
        }
    }
    order
}

fn report_stack_cycle(places: &Places, after: &[BTreeMap<usize, Pointer>], done: &[usize], found: &mut Vec<Diagnostic>) {
    let name = |stack: usize| places.stacks[stack].name.clone().unwrap_or_default();
    let open = |stack: usize| after[stack].iter().find(|(before, _)| !done.contains(before));
    let mut seen = Vec::new();
    let mut at = (0..after.len()).find(|stack| !done.contains(stack)).unwrap_or(0);
    while !seen.contains(&at) {
        seen.push(at);
        match open(at) {
            Some((next, _)) => at = *next,
            None => return,
        }
    }
    let cycle = &seen[seen.iter().position(|stack| *stack == at).unwrap_or(0)..];
    let reasons: Vec<(usize, usize, &Pointer)> =
        cycle.iter().filter_map(|stack| open(*stack).map(|(before, why)| (*stack, *before, why))).collect();
    let [(first, second, place), others @ ..] = reasons.as_slice() else { return };
    let message = format!("the stack `{}` must start after `{}`, which must start after it", name(*first), name(*second));
    let mut fault = Diagnostic::new(&code::STACK_CYCLE, Place::Name((*place).clone()), message)
        .help("move one of the services to the other stack, take it off the other stack's network, or wait for nothing (`ready: none`)");
    for (stack, before, why) in others {
        fault = fault.related(Place::Name((*why).clone()), format!("`{}` after `{}`", name(*stack), name(*before)));
    }
    found.push(fault);
}

/// The volumes that something mounts: the blueprint's, and the services' own. A group's job is added to the workloads.
fn volumes(blueprint: &Blueprint, built: &mut BuiltAll) -> Vec<Volume> {
    let section = Pointer::root().key("volumes");
    let declared = blueprint.volumes.iter().map(|(name, volume)| {
        let origin = section.key(name.as_str());
        let path = volume.path.as_ref().map(|path| PathRef { path: path.0.clone(), origin: origin.key("path") });
        OwnVolume { name: name.to_string(), path, group: volume.group, size: volume.size, origin }
    });
    let own = std::mem::take(&mut built.volumes);
    let mut mounters = mounters(&built.workloads);
    let mut volumes = Vec::new();
    for OwnVolume { name, path, group, size, origin } in declared.chain(own) {
        let mounters = mounters.remove(&name).unwrap_or_default();
        let Some(owner) = mounters.iter().map(|position| built.workloads[*position].stack).min() else { continue };
        if let Some(group) = group {
            let job = group_job(&name, group, owner, &origin, mounters.first().map(|position| &built.workloads[*position]));
            for position in mounters {
                built.workloads[position].waits.push((job.name.clone(), Readiness::Completed));
            }
            built.workloads.push(job);
        }
        volumes.push(Volume { name, path, group, size, owner, origin });
    }
    volumes
}

/// The positions of the workloads that mount each volume, in order.
fn mounters(workloads: &[Workload]) -> BTreeMap<String, Vec<usize>> {
    let mut mounters: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, workload) in workloads.iter().enumerate() {
        let volumes: BTreeSet<&String> = workload
            .mounts
            .iter()
            .filter_map(|mount| match &mount.source {
                MountSource::Volume(name) => Some(name),
                MountSource::Path(_) => None,
            })
            .collect();
        for volume in volumes {
            mounters.entry(volume.clone()).or_default().push(position);
        }
    }
    mounters
}

/// Sets a volume's group, with the bit that hands the group on to what is made inside.
fn group_job(volume: &str, group: u32, stack: usize, origin: &Pointer, mounter: Option<&Workload>) -> Workload {
    let name = format!("{}-group", volume.replace('_', "-"));
    let script = format!("chgrp {group} /volume && chmod 2775 /volume");
    let mount = |read_only| Mount {
        source: MountSource::Volume(volume.to_owned()),
        target: "/volume".to_owned(),
        read_only,
        origin: origin.clone(),
    };
    let evidence = RemoteCheck { mounts: vec![mount(true)], ..Check::exec(["test", "-g", "/volume"]).into() };
    Workload {
        name,
        service: volume.to_owned(),
        role: None,
        stack,
        kind: WorkloadKind::Job { evidence: Some(evidence) },
        before: None,
        networks: mounter.map(|workload| workload.networks.iter().take(1).cloned().collect()).unwrap_or_default(),
        profiles: Vec::new(),
        image: Image::Pulled { reference: "busybox:1.37.0".into() },
        entrypoint: None,
        command: Some(["sh", "-c", script.as_str()].map(PublicText::from).into()),
        user: Some("0:0".to_owned()),
        runs_as: None,
        groups: Vec::new(),
        working_dir: None,
        environment: Vec::new(),
        files: Vec::new(),
        mounts: vec![mount(false)],
        scratch: Vec::new(),
        endpoints: Vec::new(),
        health: None,
        waits: Vec::new(),
        resources: crate::platform::Resources::default(),
        stop_grace: None,
        reaper: false,
        labels: Vec::new(),
        overrides: Vec::new(),
        origin: origin.clone(),
    }
}
