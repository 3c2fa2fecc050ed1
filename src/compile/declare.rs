//! Phase 6: names, and what each service shows to others.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, RESERVED_NAMES, Service};
use crate::components::{Component, Declare, Instance, SecretDeclaration, Surface, Topic, component};
use crate::diagnostic::{Diagnostic, Faults, Place, code};
use crate::source::Pointer;
use crate::yaml::Node;

use super::pipelines;

/// A service that its component has read.
pub(super) struct Declared<'a> {
    pub name: &'a str,
    pub service: &'a Service,
    pub component: &'static Component,
    pub instance: Box<dyn Instance>,
    pub at: Pointer,
}

/// The services, in the blueprint's order, found by name without a scan.
pub(super) struct Services<'a> {
    pub list: Vec<Declared<'a>>,
    pub secrets: Vec<SecretDeclaration>,
    index: BTreeMap<&'a str, usize>,
}

impl<'a> Services<'a> {
    /// A service.
    pub fn get(&self, name: &str) -> Option<&Declared<'a>> {
        self.index.get(name).map(|index| &self.list[*index])
    }

    /// The name, if a service has it.
    pub fn name(&self, name: &str) -> Option<&'a str> {
        self.get(name).map(|declared| declared.name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.index.keys().copied()
    }

    /// What others may see of a service.
    pub fn surface(&self, name: &str) -> Option<&Surface> {
        self.get(name).map(|declared| declared.instance.surface())
    }

    /// The common fields of a service.
    pub fn blueprint(&self, name: &str) -> Option<&'a Service> {
        self.get(name).map(|declared| declared.service)
    }
}

pub(super) fn services<'a>(blueprint: &'a Blueprint, tree: &'a Node, faults: &mut Faults, found: &mut Vec<Diagnostic>) -> Services<'a> {
    names(blueprint, found);
    let section = Pointer::root().key("services");
    let nodes = tree.get("services").map(Node::entries).unwrap_or_default();
    let mut topics = pipelines::topics(blueprint);
    let mut services = Services { list: Vec::new(), secrets: Vec::new(), index: BTreeMap::new() };
    // The decoded map and the tree have the same entries in the same order.
    for ((name, service), entry) in blueprint.services.iter().zip(nodes) {
        let at = section.key(name.as_str());
        let Some(component) = component(&service.component) else { continue };
        let topics = topics.remove(name.as_str()).unwrap_or_default();
        match declare(blueprint, name.as_str(), service, component, &entry.value, topics, faults) {
            (Some(instance), secrets, diagnostics) => {
                found.extend(diagnostics);
                services.secrets.extend(secrets);
                services.index.insert(name.as_str(), services.list.len());
                services.list.push(Declared { name: name.as_str(), service, component, instance, at });
            }
            (None, _, diagnostics) => {
                found.extend(diagnostics);
                faults.add(at);
            }
        }
    }
    workload_names(&services, found);
    services
}

type Outcome = (Option<Box<dyn Instance>>, Vec<SecretDeclaration>, Vec<Diagnostic>);

fn declare(
    blueprint: &Blueprint,
    name: &str,
    service: &Service,
    component: &'static Component,
    node: &Node,
    topics: Vec<Topic>,
    faults: &Faults,
) -> Outcome {
    let at = Pointer::root().key("services").key(name);
    let mut cx = Declare { name, at, service, node, blueprint, faults, topics, secrets: Vec::new(), diagnostics: Vec::new() };
    let instance = (component.declare)(&mut cx);
    (instance, cx.secrets, cx.diagnostics)
}

/// Names that the language uses, and names that are taken: services and volumes share one space.
fn names(blueprint: &Blueprint, found: &mut Vec<Diagnostic>) {
    let section = |name: &str| Pointer::root().key(name);
    let services = blueprint.services.keys().map(|name| (section("services"), name.as_str()));
    let volumes = blueprint.volumes.keys().map(|name| (section("volumes"), name.as_str()));
    for (at, name) in services.chain(volumes) {
        if RESERVED_NAMES.contains(&name) {
            let fault = Diagnostic::new(&code::RESERVED_NAME, Place::Key(at.key(name)), format!("`{name}` is a word of the language"));
            found.push(fault.help("choose another name"));
        }
    }
    let volumes: BTreeSet<&str> = blueprint.volumes.keys().map(|name| name.as_str()).collect();
    for name in blueprint.services.keys().filter(|name| volumes.contains(name.as_str())) {
        let fault = Diagnostic::new(
            &code::NAME_TAKEN,
            Place::Key(section("services").key(name.as_str())),
            format!("a volume has the name `{name}` already"),
        );
        found.push(
            fault
                .related(Place::Key(section("volumes").key(name.as_str())), "the volume")
                .help("services and volumes share one space of names; rename one"),
        );
    }
}

/// The workloads of different services must not have the same name: each is a host name.
fn workload_names(services: &Services<'_>, found: &mut Vec<Diagnostic>) {
    let mut owners: BTreeMap<&str, &Declared<'_>> = BTreeMap::new();
    for declared in &services.list {
        for (name, _) in &declared.instance.surface().workloads {
            if name.len() > 63 {
                let fault = Diagnostic::new(
                    &code::BAD_VALUE,
                    Place::Key(declared.at.clone()),
                    format!("its workload `{name}` would have a name of more than 63 characters"),
                );
                found.push(fault.help("a host name cannot be longer; choose a shorter name"));
            }
            if let Some(first) = owners.insert(name, declared) {
                let fault =
                    Diagnostic::new(&code::NAME_TAKEN, Place::Key(declared.at.clone()), format!("two services have a workload `{name}`"));
                found.push(fault.related(Place::Key(first.at.clone()), "the other one").help("rename one of the services"));
            }
        }
    }
}
