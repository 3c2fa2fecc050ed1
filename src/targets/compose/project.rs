//! From a stack to a Compose file.

use std::collections::BTreeSet;

use super::files::{Committed, Configs};
use super::lower;
use super::model::{Project, Shared, doc};
use super::plan::{StackPlan, docker_name};
use super::scope::Scope;
use super::text::ComposeText;
use crate::diagnostic::Place;
use crate::formats::document;
use crate::formats::said_elsewhere;
use crate::platform::{Network, Platform, Stack, Volume, Workload};
use crate::targets::Layout;
use crate::yaml::{Doc, Item};

/// What becomes of a stack, before it is written.
pub struct Lowered {
    /// Its Compose file.
    pub doc: Doc,
    /// The files that lie beside it.
    pub committed: Vec<Committed>,
}

/// Lowers a stack.
pub fn project(scope: &mut Scope<'_, '_>, platform: &Platform, stack: &StackPlan<'_>) -> Lowered {
    let mut configs = Configs::default();
    let mut services = Vec::with_capacity(stack.services.len());
    for workload in &stack.services {
        let service = lower::service(scope, &mut configs, workload);
        let item = Item::new(workload.name.clone(), with_overrides(scope, doc(&service), workload));
        services.push(if services.is_empty() { item } else { item.apart() });
    }
    let project = Project {
        name: stack.project.clone(),
        services,
        networks: networks(scope, platform, stack),
        volumes: volumes(scope, platform, stack),
        configs: configs.entries.into_iter().map(|(id, config)| Item::new(id, doc(&config))).collect(),
    };
    Lowered { doc: project.into(), committed: configs.committed }
}

/// The comment at the top of a stack's file.
pub fn header(layout: &Layout, stack: &Stack) -> String {
    let Stack { name, description, origin } = stack;
    said_elsewhere((name, origin));
    let mut header = layout.header();
    if let Some(description) = description {
        header.push('\n');
        header.push_str(description);
    }
    header
}

fn with_overrides(scope: &mut Scope<'_, '_>, mut service: Doc, workload: &Workload) -> Doc {
    let place = Place::Key(workload.origin.clone());
    for (_, tree) in workload.overrides.iter().filter(|(target, _)| target == super::NAME) {
        let tree = document::to_doc(tree, &mut |text| scope.resolver.text(text, &place));
        document::merge(&mut service, tree);
    }
    service
}

fn networks(scope: &Scope<'_, '_>, platform: &Platform, stack: &StackPlan<'_>) -> Vec<Item> {
    let used: BTreeSet<&str> = stack.services.iter().flat_map(|workload| &workload.networks).map(String::as_str).collect();
    let mut entries = Vec::new();
    for network in &platform.networks {
        let Network { name, internal, owner, description, origin } = network;
        // The plan knows the owner.
        said_elsewhere((owner, description, origin));
        if used.contains(name.as_str()) {
            let external = scope.plan.network_makers.get(name.as_str()) != Some(&stack.index);
            let shared = Shared { name: docker_name(platform, name), external, internal: *internal && !external };
            entries.push(Item::new(name.clone(), doc(&shared)));
        }
    }
    entries
}

fn volumes(scope: &Scope<'_, '_>, platform: &Platform, stack: &StackPlan<'_>) -> Vec<Item> {
    let used: BTreeSet<&str> = stack.services.iter().flat_map(|workload| workload.volumes()).collect();
    let mut entries = Vec::new();
    for volume in &platform.volumes {
        let Volume { name, path, group, size, owner, origin } = volume;
        // The services get the group, and the plan knows the owner.
        said_elsewhere((group, owner, origin));
        if used.contains(name.as_str()) && path.is_none() {
            let external = scope.plan.volume_makers.get(name.as_str()) != Some(&stack.index);
            let mut shared = doc(&Shared { name: docker_name(platform, name), external, internal: false });
            if let (Some(item), Some(size), false) = (shared.item_mut("name"), size, external) {
                item.beside = format!("meant to stay below {size}, which Docker does not enforce");
            }
            entries.push(Item::new(name.clone(), shared));
        }
    }
    entries
}
