//! Phase 9, second half: the platform made of all pieces.

use std::collections::HashMap;

use crate::blueprint::Blueprint;
use crate::diagnostic::Diagnostic;
use crate::platform::{Cluster, Edge, Platform, Realization, Service, Workload};
use crate::source::Pointer;

use super::build::BuiltAll;
use super::declare::Services;
use super::pipelines;
use super::places::Places;
use super::secret_store::secret_store;
use super::variables::variables;
use super::{stack_order, volumes};

#[allow(clippy::too_many_arguments, reason = "everything comes together here")]
pub(super) fn platform(
    blueprint: &Blueprint,
    environment: Option<&str>,
    services: Services<'_>,
    places: Places,
    built: BuiltAll,
    edges: Vec<Edge>,
    found: &mut Vec<Diagnostic>,
) -> Platform {
    let mut realizations = realizations(&services, &built.workloads);
    let (secrets, settings) = variables(blueprint, &services, &built, &realizations, found);
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
    let mut platform = Platform {
        name: blueprint.name.to_string(),
        description: blueprint.description.as_ref().map(|text| text.0.clone()),
        environment: environment.map(str::to_owned),
        stacks: places.stacks,
        networks: places.networks,
        volumes: Vec::new(),
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
    stack_order::order(&mut platform, &places.homes, found);
    volumes::add(&mut platform, blueprint, built.volumes, found);
    platform
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
