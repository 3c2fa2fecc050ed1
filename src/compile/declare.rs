//! Phase 6: names, and what each service shows to others.

use std::collections::{BTreeMap, BTreeSet};

use crate::blueprint::{Blueprint, RESERVED_NAMES, Service};
use crate::components::{Component, Declare, Instance, SecretDeclaration, SettingRead, Surface, component};
use crate::diagnostic::{Diagnostic, Faults, Place, code};
use crate::platform::Login;
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
    /// With what its image is pulled.
    pub image_login: Option<Login>,
}

/// The services, in the blueprint's order, found by name without a scan.
pub(super) struct Services<'a> {
    pub list: Vec<Declared<'a>>,
    pub secrets: Vec<SecretDeclaration>,
    /// Where each of the deployer's variables is read.
    pub settings: BTreeMap<String, Vec<SettingRead>>,
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
    let mut services = Services { list: Vec::new(), secrets: Vec::new(), settings: BTreeMap::new(), index: BTreeMap::new() };
    // The decoded map and the tree have the same entries in the same order.
    for ((name, service), entry) in blueprint.services.iter().zip(nodes) {
        let at = section.key(name.as_str());
        let Some(component) = component(&service.component) else { continue };
        let topics = topics.remove(name.as_str()).unwrap_or_default();
        let mut cx = Declare {
            name: name.as_str(),
            at: at.clone(),
            service,
            node: &entry.value,
            blueprint,
            faults,
            topics,
            secrets: Vec::new(),
            settings: Vec::new(),
            diagnostics: Vec::new(),
        };
        let image_login = cx.image_login();
        let instance = (component.declare)(&mut cx);
        found.append(&mut cx.diagnostics);
        let Declare { secrets, settings, .. } = cx;
        match instance {
            Some(instance) => {
                services.secrets.extend(secrets);
                for (variable, read) in settings {
                    services.settings.entry(variable).or_default().push(read);
                }
                services.index.insert(name.as_str(), services.list.len());
                services.list.push(Declared { name: name.as_str(), service, component, instance, at, image_login });
            }
            None => faults.add(at),
        }
    }
    workload_names(&services, found);
    services
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
