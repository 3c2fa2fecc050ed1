//! Phase 9, first half: where services are. Stacks, networks, and who owns which.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::Blueprint;
use crate::diagnostic::{Diagnostic, Faults, Place, code, near, quoted, unknown_name};
use crate::platform::{Network, Stack};
use crate::source::Pointer;

use super::declare::Services;

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
    /// The networks that are the home of a stack.
    pub homes: Vec<String>,
    /// The services of which nobody knows where they are, because a name is unknown.
    pub open: BTreeSet<Pointer>,
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
    let mut placing = Placing { blueprint, faults, found, homes: Vec::new(), open: BTreeSet::new() };
    placing.homes = placing.homes();
    let mut of = BTreeMap::new();
    for declared in services.list.iter().filter(|declared| declared.component.runs) {
        let stack = placing.stack(declared.service.stack.as_ref().map(crate::value::Name::as_str), &declared.at);
        let networks = placing.networks(declared.service, stack, &declared.at);
        of.insert(declared.name.to_owned(), PlaceOf { stack, networks });
    }
    let networks = placing.all();
    let open = std::mem::take(&mut placing.open);
    let homes = placing.homes.into_iter().flatten().collect();
    Places { of, nowhere: PlaceOf::default(), stacks, networks, homes, open }
}

struct Placing<'a> {
    blueprint: &'a Blueprint,
    faults: &'a mut Faults,
    found: &'a mut Vec<Diagnostic>,
    /// The home network of each stack.
    homes: Vec<Option<String>>,
    open: BTreeSet<Pointer>,
}

impl Placing<'_> {
    fn network_names(&self) -> Vec<&str> {
        self.blueprint.networks.keys().map(crate::value::NetworkName::as_str).collect()
    }

    /// Whether a network is declared; an unknown one is reported. It is taken for one of its own, that is not internal and
    /// that nobody else is on, rather than for the near one.
    fn network(&mut self, name: &str, at: &Pointer) -> bool {
        let section = Pointer::root().key("networks");
        let known = self.network_names();
        if known.contains(&name) || (known.is_empty() && name == self.blueprint.name.as_str()) {
            return true;
        }
        if !self.faults.touches(&section.key(name)) {
            let fault = unknown_name("network", name, known.into_iter(), &section, at.clone());
            self.found.push(fault);
        }
        false
    }

    fn homes(&mut self) -> Vec<Option<String>> {
        let blueprint = self.blueprint;
        let section = Pointer::root().key("stacks");
        let mut homes: Vec<Option<String>> = Vec::new();
        let mut owners: BTreeMap<String, Pointer> = BTreeMap::new();
        for (name, stack) in blueprint.stacks.iter() {
            let at = section.key(name.as_str()).key("network");
            let home = stack.network.as_ref().map(ToString::to_string);
            if home.as_ref().is_some_and(|home| !self.network(home, &at)) {
                self.faults.add(at.clone());
            }
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
                    let list = quoted(names.iter().copied());
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
                // A service has to be in some stack, and in no other do fewer faults follow than in the one that may be meant.
                let likely = near(name, names.iter().copied()).and_then(|near| names.iter().position(|known| *known == near));
                if !self.faults.touches(&section.key(name)) && !self.faults.touches(&section) {
                    self.found.push(unknown_name("stack", name, names.into_iter(), &section, at));
                }
                self.open.insert(service.clone());
                likely.unwrap_or(0)
            }
        }
    }

    fn networks(&mut self, service: &crate::blueprint::Service, stack: usize, at: &Pointer) -> Vec<String> {
        let at = at.key("networks");
        if !service.networks.is_empty() {
            let mut networks = Vec::new();
            for (index, name) in service.networks.iter().enumerate() {
                if !self.network(name.as_str(), &at.index(index)) {
                    self.open.insert(at.parent());
                }
                networks.push(name.to_string());
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
                let excused = self.open.contains(&at.parent())
                    || self.faults.touches(&at)
                    || self.faults.touches(&Pointer::root().key("stacks"))
                    || self.faults.touches(&Pointer::root().key("networks"));
                if !excused {
                    let list = quoted(several.iter().copied());
                    let fault =
                        Diagnostic::new(&code::MISSING_KEY, Place::Key(at.parent()), "several networks, and this service is on none");
                    self.found.push(fault.help(format!("write `networks:` with some of {list}, or give its stack a `network:`")));
                }
                self.faults.add(at);
                Vec::new()
            }
        }
    }

    /// The networks. The owner of one is the stack whose home it is; nobody's gets one when the order of the stacks is known.
    fn all(&self) -> Vec<Network> {
        let owner = |name: &str| self.homes.iter().position(|home| home.as_deref() == Some(name)).unwrap_or_default();
        let section = Pointer::root().key("networks");
        let declared = self.blueprint.networks.iter().map(|(name, network)| Network {
            name: name.to_string(),
            internal: network.internal,
            owner: owner(name.as_str()),
            description: network.description.as_ref().map(|text| text.0.clone()),
            origin: section.key(name.as_str()),
        });
        let mut networks: Vec<Network> = declared.collect();
        if networks.is_empty() {
            let name = self.blueprint.name.to_string();
            networks.push(Network { name, internal: false, owner: 0, description: None, origin: Pointer::root() });
        }
        networks
    }
}
