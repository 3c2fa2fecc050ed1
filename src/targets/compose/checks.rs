//! What Compose cannot express and no single service shows.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ComposePlan, networks_of, volumes_of};
use crate::diagnostic::Place;
use crate::formats::said_elsewhere;
use crate::formats::text::Resolver;
use crate::platform::{Platform, Realization, SecretStore, Service, Workload};
use crate::source::Pointer;

/// Why Compose cannot have secrets from elsewhere.
pub const NO_STORE: &str = "Compose reads secrets from `.env`, and from no store";

/// Reports what a platform has that its Compose files cannot have.
pub fn check(resolver: &mut Resolver<'_>, platform: &Platform, plan: &ComposePlan<'_>) {
    let Platform {
        name,
        description,
        environment,
        stacks,
        networks,
        volumes,
        secrets,
        secret_store,
        image_logins,
        cluster,
        settings,
        services,
        workloads,
        edges,
        pipelines,
        expectations,
    } = platform;
    // No cluster is needed.
    said_elsewhere(cluster);
    // The plan and the services say the first, the guide and the scripts the second.
    // Docker keeps logins itself: the guide says which one is needed.
    said_elsewhere(image_logins);
    said_elsewhere((name, stacks, networks, volumes, secrets, settings, workloads));
    said_elsewhere((description, environment, edges, pipelines, expectations));
    if let SecretStore::External { name, keys } = secret_store {
        said_elsewhere((name, keys));
        let place = Place::Value(Pointer::root().key("secrets").key("store"));
        resolver.refuse(&place, NO_STORE, "write `store: env`, or choose another target");
    }
    for service in services {
        nothing_stands_in(resolver, service);
    }
    made_before_used(resolver, plan, "network", &plan.network_makers, networks_of);
    made_before_used(resolver, plan, "volume", &plan.volume_makers, volumes_of);
}

fn nothing_stands_in(resolver: &mut Resolver<'_>, service: &Service) {
    let Service { name, component, login, resources, connections, external, upstream, realizations, origin } = service;
    said_elsewhere((component, login, resources, connections, external, upstream));
    for Realization { targets, by, replaces, endpoints, pods, secrets, callers, openings, visits, gaps } in realizations {
        said_elsewhere((by, replaces, endpoints, pods, secrets));
        said_elsewhere((callers, openings, visits, gaps));
        if targets.contains(&super::NAME) {
            let message = format!("nothing but containers can stand in for `{name}` in Compose");
            resolver.refuse(&Place::Key(origin.clone()), message, "leave `compose` out of the targets");
        }
    }
}

/// Under which profiles a thing is made.
enum Made<'a> {
    Always,
    Under(BTreeSet<&'a str>),
}

/// Compose makes what services of the file use that run: with none of them under the chosen profiles, there is
/// nothing for the other stacks to join.
fn made_before_used<'a>(
    resolver: &mut Resolver<'_>,
    plan: &ComposePlan<'a>,
    what: &str,
    makers: &BTreeMap<&'a str, usize>,
    used_by: impl Fn(&'a Workload) -> Vec<&'a str>,
) {
    let uses = || plan.stacks.iter().flat_map(|stack| stack.services.iter().map(move |workload| (stack.index, *workload)));
    let mut made: BTreeMap<&str, Made<'_>> = BTreeMap::new();
    for (stack, workload) in uses() {
        for name in used_by(workload).into_iter().filter(|name| makers.get(name) == Some(&stack)) {
            add_profiles(made.entry(name).or_insert(Made::Under(BTreeSet::new())), workload);
        }
    }
    for (stack, workload) in uses() {
        for name in used_by(workload).into_iter().filter(|name| makers.get(name).is_some_and(|maker| *maker != stack)) {
            if !made.get(name).is_some_and(|made| is_made_for(made, workload)) {
                let message = format!("the {what} `{name}` is made only under a profile, and `{}` needs it without", workload.name);
                let help = format!("let a service without a profile use the {what} in the stack that owns it");
                resolver.refuse(&Place::Key(workload.origin.clone()), message, &help);
            }
        }
    }
}

fn add_profiles<'a>(made: &mut Made<'a>, workload: &'a Workload) {
    match made {
        Made::Under(profiles) if !workload.profiles.is_empty() => profiles.extend(workload.profiles.iter().map(String::as_str)),
        made => *made = Made::Always,
    }
}

fn is_made_for(made: &Made<'_>, workload: &Workload) -> bool {
    match made {
        Made::Always => true,
        Made::Under(profiles) => {
            !workload.profiles.is_empty() && workload.profiles.iter().all(|profile| profiles.contains(profile.as_str()))
        }
    }
}
