//! Phase 9, first half: where services are. Stacks, networks, and who owns which.

use std::collections::BTreeMap;

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
    for declared in services.list.iter().filter(|declared| declared.component.runs) {
        let stack = placing.stack(declared.service.stack.as_ref().map(crate::value::Name::as_str), &declared.at);
        let networks = placing.networks(declared.service, stack, &declared.at);
        of.insert(declared.name.to_owned(), PlaceOf { stack, networks });
    }
    let networks = placing.all();
    let homes = placing.homes.into_iter().flatten().collect();
    Places { of, nowhere: PlaceOf::default(), stacks, networks, homes }
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
