//! Phase 7: each service makes its workloads.

use std::collections::BTreeMap;

use crate::blueprint::Blueprint;
use crate::components::{Build, OwnVolume, SettingRead};
use crate::diagnostic::{Diagnostic, Faults};
use crate::platform::{ConnectionSetup, ImageLogin, Workload};

use super::declare::Services;
use super::pending::Pending;
use super::places::Places;
use super::scope::World;

/// What all services made.
pub(super) struct BuiltAll {
    pub workloads: Vec<Workload>,
    /// Volumes of the services' own.
    pub volumes: Vec<OwnVolume>,
    /// Images that are pulled with a login.
    pub image_logins: Vec<ImageLogin>,
    /// Set-up of connections, by service.
    pub connections: Vec<(String, ConnectionSetup)>,
    /// Edges that texts made.
    pub edges: Vec<Pending>,
    /// Where each of the deployer's variables is read.
    pub settings: BTreeMap<String, Vec<SettingRead>>,
}

pub(super) fn services(
    blueprint: &Blueprint,
    services: &Services<'_>,
    places: &Places,
    faults: &mut Faults,
    found: &mut Vec<Diagnostic>,
) -> BuiltAll {
    let mut all = BuiltAll {
        workloads: Vec::new(),
        volumes: Vec::new(),
        image_logins: Vec::new(),
        connections: Vec::new(),
        edges: Vec::new(),
        settings: BTreeMap::new(),
    };
    let mut broken = Vec::new();
    let mut world = World { blueprint, services, faults, found: Vec::new(), edges: Vec::new(), settings: services.settings.clone() };
    for declared in &services.list {
        let place = places.of(declared.name);
        let mut cx = Build {
            name: declared.name,
            blueprint: blueprint.name.as_str(),
            at: declared.at.clone(),
            service: declared.service,
            stack: place.stack,
            networks: place.networks.clone(),
            scope: &mut world,
            faults,
            image_login: declared.image_login.clone(),
            image_logins: Vec::new(),
            diagnostics: Vec::new(),
        };
        let built = declared.instance.build(&mut cx);
        found.append(&mut cx.diagnostics);
        all.image_logins.append(&mut cx.image_logins);
        if built.workloads.is_empty() && declared.instance.surface().external.is_none() {
            broken.push(declared.at.clone());
        }
        all.workloads.extend(built.workloads);
        all.volumes.extend(built.volumes);
        all.connections.extend(built.connections.map(|setup| (declared.name.to_owned(), setup)));
    }
    found.append(&mut world.found);
    all.edges = world.edges;
    all.settings = world.settings;
    for pointer in broken {
        faults.add(pointer);
    }
    all
}
