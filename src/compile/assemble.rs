//! Phase 9: where things are (stacks, networks, volumes), and the platform made of all pieces.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::Blueprint;
use crate::components::{SecretDeclaration, unknown_name};
use crate::diagnostic::{Diagnostic, Faults, Place, code, near};
use crate::platform::{
    Check, Edge, Encoding, Image, Mount, MountSource, Network, Part, PathRef, Platform, PublicText, Readiness, Secret, Service, Setting,
    Stack, Volume, Workload, WorkloadKind,
};
use crate::source::Pointer;

use super::build::BuiltAll;
use super::declare::Services;
use super::{pipelines, scope};

/// Where a service is.
#[derive(Debug, Clone, Default)]
pub(super) struct PlaceOf {
    pub stack: usize,
    pub networks: Vec<String>,
}

/// Where every service is, and the stacks and networks themselves.
pub(super) struct Places {
    of: BTreeMap<String, PlaceOf>,
    nowhere: PlaceOf,
    pub stacks: Vec<Stack>,
    pub networks: Vec<Network>,
}

impl Places {
    /// Where a service is.
    pub fn of(&self, service: &str) -> &PlaceOf {
        self.of.get(service).unwrap_or(&self.nowhere)
    }
}

pub(super) fn places(blueprint: &Blueprint, services: &Services<'_>, faults: &mut Faults, found: &mut Vec<Diagnostic>) -> Places {
    let root = Pointer::root();
    let mut stacks: Vec<Stack> = blueprint
        .stacks
        .iter()
        .map(|(name, stack)| Stack {
            name: Some(name.to_string()),
            description: stack.description.as_ref().map(|text| text.0.clone()),
            origin: root.key("stacks").key(name.as_str()),
        })
        .collect();
    if stacks.is_empty() {
        stacks.push(Stack { name: None, description: None, origin: Pointer::root() });
    }
    let mut placing = Placing { blueprint, faults, found, homes: Vec::new() };
    placing.homes = placing.homes();
    let mut of = BTreeMap::new();
    for declared in &services.list {
        let stack = placing.stack(declared.service.stack.as_ref().map(crate::value::Name::as_str), &declared.at);
        let networks = placing.networks(declared.service, stack, &declared.at);
        of.insert(declared.name.to_owned(), PlaceOf { stack, networks });
    }
    let networks = placing.owned(&of, &stacks);
    Places { of, nowhere: PlaceOf::default(), stacks, networks }
}

struct Placing<'a> {
    blueprint: &'a Blueprint,
    faults: &'a mut Faults,
    found: &'a mut Vec<Diagnostic>,
    /// The home network of each stack.
    homes: Vec<Option<String>>,
}

impl Placing<'_> {
    fn network_names(&self) -> Vec<&str> {
        self.blueprint.networks.keys().map(crate::value::NetworkName::as_str).collect()
    }

    /// A declared network; an unknown one is reported and stands for the near one.
    fn network(&mut self, name: &str, at: &Pointer) -> Option<String> {
        let section = Pointer::root().key("networks");
        let known = self.network_names();
        if known.contains(&name) || (known.is_empty() && name == self.blueprint.name.as_str()) {
            return Some(name.to_owned());
        }
        let right = near(name, known.iter().copied()).map(str::to_owned);
        if !self.faults.touches(&section.key(name)) {
            let fault = unknown_name("network", name, known.into_iter(), &section, at.clone());
            self.found.push(fault);
        }
        if right.is_none() {
            self.faults.add(at.clone());
        }
        right
    }

    fn homes(&mut self) -> Vec<Option<String>> {
        let blueprint = self.blueprint;
        let section = Pointer::root().key("stacks");
        let mut homes: Vec<Option<String>> = Vec::new();
        let mut owners: BTreeMap<String, Pointer> = BTreeMap::new();
        for (name, stack) in blueprint.stacks.iter() {
            let at = section.key(name.as_str()).key("network");
            let home = stack.network.as_ref().and_then(|network| self.network(network.as_str(), &at));
            if let Some(home) = &home
                && let Some(first) = owners.insert(home.clone(), at.clone())
            {
                let fault = Diagnostic::new(
                    &code::NETWORK_OWNED_TWICE,
                    Place::Value(at.clone()),
                    format!("the network `{home}` is the home of two stacks"),
                );
                self.found.push(
                    fault
                        .related(Place::Value(first), "owned here")
                        .help("give this stack a network of its own; its services can be on both (`networks:` on the service)"),
                );
            }
            homes.push(home);
        }
        homes
    }

    fn stack(&mut self, name: Option<&str>, service: &Pointer) -> usize {
        let blueprint = self.blueprint;
        let names: Vec<&str> = blueprint.stacks.keys().map(crate::value::Name::as_str).collect();
        let section = Pointer::root().key("stacks");
        let at = service.key("stack");
        match (name, names.len()) {
            (None, 0 | 1) => 0,
            (None, _) => {
                if !self.faults.touches(&at) {
                    let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    let fault =
                        Diagnostic::new(&code::MISSING_KEY, Place::Key(service.clone()), "several stacks, and this service is in none");
                    self.found.push(fault.help(format!("write `stack:` with one of {list}")));
                }
                0
            }
            (Some(name), _) => {
                if let Some(index) = names.iter().position(|known| *known == name) {
                    return index;
                }
                let right = near(name, names.iter().copied()).and_then(|near| names.iter().position(|known| *known == near));
                if !self.faults.touches(&section.key(name)) && !self.faults.touches(&section) {
                    self.found.push(unknown_name("stack", name, names.into_iter(), &section, at));
                }
                if right.is_none() {
                    self.faults.add(service.key("networks"));
                }
                right.unwrap_or(0)
            }
        }
    }

    fn networks(&mut self, service: &crate::blueprint::Service, stack: usize, at: &Pointer) -> Vec<String> {
        let at = at.key("networks");
        if !service.networks.is_empty() {
            let mut networks = Vec::new();
            for (index, name) in service.networks.iter().enumerate() {
                networks.extend(self.network(name.as_str(), &at.index(index)));
            }
            return networks;
        }
        if let Some(Some(home)) = self.homes.get(stack) {
            return vec![home.clone()];
        }
        match self.network_names().as_slice() {
            [] => vec![self.blueprint.name.to_string()],
            [only] => vec![(*only).to_owned()],
            several => {
                let excused = self.faults.touches(&at)
                    || self.faults.touches(&Pointer::root().key("stacks"))
                    || self.faults.touches(&Pointer::root().key("networks"));
                if !excused {
                    let list = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    let fault =
                        Diagnostic::new(&code::MISSING_KEY, Place::Key(at.parent()), "several networks, and this service is on none");
                    self.found.push(fault.help(format!("write `networks:` with some of {list}, or give its stack a `network:`")));
                }
                self.faults.add(at);
                Vec::new()
            }
        }
    }

    /// The networks with their owners: the stack whose home it is, else the first stack by name that uses it.
    fn owned(&self, of: &BTreeMap<String, PlaceOf>, stacks: &[Stack]) -> Vec<Network> {
        let mut users: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for place in of.values() {
            for network in &place.networks {
                users.entry(network).or_default().insert(place.stack);
            }
        }
        let owner = |name: &str| {
            self.homes.iter().position(|home| home.as_deref() == Some(name)).or_else(|| {
                users.get(name).and_then(|stacks_of| stacks_of.iter().min_by_key(|index| stacks[**index].name.as_deref()).copied())
            })
        };
        let section = Pointer::root().key("networks");
        let declared = self.blueprint.networks.iter().map(|(name, network)| Network {
            name: name.to_string(),
            internal: network.internal,
            owner: owner(name.as_str()).unwrap_or(0),
            description: network.description.as_ref().map(|text| text.0.clone()),
            origin: section.key(name.as_str()),
        });
        let mut networks: Vec<Network> = declared.collect();
        if networks.is_empty() {
            let name = self.blueprint.name.to_string();
            networks.push(Network { owner: owner(&name).unwrap_or(0), name, internal: false, description: None, origin: Pointer::root() });
        }
        networks
    }
}

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
    let (secrets, settings) = variables(blueprint, &services, &built, found);
    let order = start_order(&places, &edges, &built.workloads, found);
    let mut connections: BTreeMap<String, _> = built.connections.into_iter().collect();
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
                realization: None,
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
        settings,
        services: list,
        workloads: built.workloads,
        edges,
        pipelines: pipelines::guide(blueprint),
        expectations: Vec::new(),
    };
    reordered(platform, &order)
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
    let stack_of: BTreeMap<&str, usize> = workloads.iter().map(|workload| (workload.name.as_str(), workload.stack)).collect();
    let owner_of: BTreeMap<&str, usize> = places.networks.iter().map(|network| (network.name.as_str(), network.owner)).collect();
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

/// The volumes: those of the blueprint that something mounts, and the services' own. A group's job is added to the workloads.
fn volumes(blueprint: &Blueprint, built: &mut BuiltAll) -> Vec<Volume> {
    let section = Pointer::root().key("volumes");
    let mut mounters = mounters(&built.workloads);
    let mut volumes = Vec::new();
    for (name, volume) in blueprint.volumes.iter() {
        let mounters = mounters.remove(name.as_str()).unwrap_or_default();
        let Some(owner) = mounters.iter().map(|position| built.workloads[*position].stack).min() else { continue };
        let origin = section.key(name.as_str());
        if let Some(group) = volume.group {
            let job = group_job(name.as_str(), group, owner, &origin, mounters.first().map(|position| &built.workloads[*position]));
            for position in mounters {
                built.workloads[position].waits.push((job.name.clone(), Readiness::Completed));
            }
            built.workloads.push(job);
        }
        volumes.push(Volume {
            name: name.to_string(),
            path: volume.path.as_ref().map(|path| PathRef { path: path.0.clone(), origin: origin.key("path") }),
            group: volume.group,
            size: volume.size,
            owner,
            origin,
        });
    }
    let own = std::mem::take(&mut built.volumes);
    volumes.extend(own.into_iter().map(|(name, origin, owner)| Volume { name, path: None, group: None, size: None, owner, origin }));
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
    Workload {
        name,
        service: volume.to_owned(),
        role: None,
        stack,
        kind: WorkloadKind::Job {
            evidence: Some(crate::platform::Evidence { check: Check::exec(["test", "-g", "/volume"]), environment: Vec::new() }),
        },
        networks: mounter.map(|workload| workload.networks.iter().take(1).cloned().collect()).unwrap_or_default(),
        profiles: Vec::new(),
        image: Image::Pulled { reference: "busybox:1.37.0".into() },
        entrypoint: None,
        command: Some(["sh", "-c", script.as_str()].map(PublicText::from).into()),
        user: Some("0:0".to_owned()),
        groups: Vec::new(),
        working_dir: None,
        environment: Vec::new(),
        files: Vec::new(),
        mounts: vec![Mount {
            source: MountSource::Volume(volume.to_owned()),
            target: "/volume".to_owned(),
            read_only: false,
            origin: origin.clone(),
        }],
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

/// The secrets and settings that something reads, with the forms in which it reads them.
fn variables(blueprint: &Blueprint, services: &Services<'_>, built: &BuiltAll, found: &mut Vec<Diagnostic>) -> (Vec<Secret>, Vec<Setting>) {
    let declared = declared_secrets(blueprint, services, found);
    let mut secrets: BTreeMap<String, BTreeSet<Encoding>> = BTreeMap::new();
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    for workload in &built.workloads {
        for part in workload.texts().into_iter().flat_map(crate::platform::Text::parts) {
            match part {
                Part::Secret { variable, encoding } => {
                    secrets.entry(variable.clone()).or_default().insert(*encoding);
                }
                Part::Setting { variable, default, encoding } => {
                    let setting = settings.entry(variable.clone()).or_insert_with(|| Setting {
                        variable: variable.clone(),
                        default: default.clone(),
                        encodings: Vec::new(),
                        origin: built.settings.get(variable).unwrap_or(&workload.origin).clone(),
                    });
                    if !setting.encodings.contains(encoding) {
                        setting.encodings.push(*encoding);
                    }
                    // A place without a default needs a value, whatever other places say.
                    if default.is_none() {
                        setting.default = None;
                    }
                }
                Part::Literal(_) | Part::Address { .. } => {}
            }
        }
    }
    for (name, setting) in &settings {
        if let Some(secret) = declared.get(name.as_str()) {
            let fault = Diagnostic::new(
                &code::VARIABLE_TAKEN,
                Place::Value(setting.origin.clone()),
                format!("the variable `{name}` is a secret's already"),
            );
            found.push(
                fault
                    .related(Place::Key(secret.origin.clone()), "the secret")
                    .help("read the credential (`${credentials.NAME.password}`), or choose another variable"),
            );
        }
        if name.starts_with("PIPEGEN_") {
            let fault = Diagnostic::new(
                &code::RESERVED_NAME,
                Place::Value(setting.origin.clone()),
                format!("the variable `{name}` is pipegen's own"),
            );
            found.push(fault.help("choose a name that does not begin with `PIPEGEN_`"));
        }
    }
    let secrets = secrets
        .into_iter()
        .filter_map(|(variable, encodings)| {
            let declaration = declared.get(variable.as_str())?;
            Some(Secret {
                format: declaration.format,
                note: declaration.note.clone(),
                origin: declaration.origin.clone(),
                encodings: encodings.into_iter().collect(),
                variable,
            })
        })
        .collect();
    (secrets, settings.into_values().collect())
}

/// Every secret that credentials and components declare, by variable. Two with one variable are a fault.
fn declared_secrets(blueprint: &Blueprint, services: &Services<'_>, found: &mut Vec<Diagnostic>) -> BTreeMap<String, SecretDeclaration> {
    let section = Pointer::root().key("credentials");
    let mut declared: BTreeMap<String, SecretDeclaration> = BTreeMap::new();
    let credentials = blueprint.credentials.iter().flat_map(|(name, credential)| {
        let origin = section.key(name.as_str());
        scope::secret_fields(credential.kind).iter().map(move |field| SecretDeclaration {
            variable: scope::variable_of(name.as_str(), credential, field),
            format: scope::format_of(credential.kind),
            note: format!("{} of the credential {name}{}", field.replace('_', " "), scope::user_note(credential)),
            origin: origin.clone(),
        })
    });
    for secret in credentials.chain(services.secrets.iter().cloned()) {
        let first = declared.get(&secret.variable);
        if let Some(first) = first.filter(|first| first.origin != secret.origin) {
            let fault = Diagnostic::new(
                &code::VARIABLE_TAKEN,
                Place::Key(secret.origin.key("env")),
                format!("two secrets have the variable `{}`", secret.variable),
            );
            found.push(
                fault
                    .related(Place::Key(first.origin.key("env")), "the other one")
                    .help("give the credential a variable of its own: `env: NAME`"),
            );
        }
        declared.insert(secret.variable.clone(), secret);
    }
    declared
}
