//! Names that the API server would refuse or take for each other, found at their lines.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::bundle::is_own_file;
use super::containers::port_name;
use super::scope::{Scope, secret_object};
use super::{StackManifests, policies, realizations_of};
use crate::diagnostic::{Diagnostic, Place};
use crate::platform::Realization;
use crate::source::Pointer;
use crate::yaml::Doc;

/// A pod of a StatefulSet has the label `controller-revision-hash: <name>-<ten digits>`, and a label has 63 characters.
/// The longest name that we make, `wait-for-<name>` of a container, is within that too.
const LONGEST_WORKLOAD: usize = 52;

/// A namespace is part of host names (RFC 1123).
const LONGEST_NAMESPACE: usize = 63;

/// Checks every name of the platform.
pub fn check(scope: &mut Scope<'_>) {
    let platform = scope.platform;
    for workload in platform.workloads.iter().filter(|workload| workload.name.len() > LONGEST_WORKLOAD) {
        let message = format!("Kubernetes makes names of `{}` that are too long for it", workload.name);
        let help = format!("choose a shorter name: at most {LONGEST_WORKLOAD} characters with what is added to it");
        scope.resolver.refuse(&Place::Key(workload.origin.clone()), message, &help);
    }
    for workload in platform.workloads.iter().filter(|workload| is_own_file(&workload.name)) {
        let message = format!("the folder of the manifests has a file `{}.yaml` of its own", workload.name);
        scope.resolver.refuse(&Place::Key(workload.origin.clone()), message, "choose another name");
    }
    for (namespace, stack) in scope.namespaces.clone().iter().zip(&platform.stacks).filter(|(name, _)| name.len() > LONGEST_NAMESPACE) {
        let message = format!("its namespace `{namespace}` would have a name of more than {LONGEST_NAMESPACE} characters");
        scope.resolver.refuse(&Place::Key(stack.origin.clone()), message, "choose a shorter name for the stack or the blueprint");
    }
    for workload in &platform.workloads {
        let place = Place::Key(workload.origin.clone());
        distinct(scope, workload.endpoints.iter().map(|endpoint| (&endpoint.name, port_name(endpoint), place.clone())));
    }
    distinct(
        scope,
        platform.networks.iter().map(|network| (&network.name, policies::out_name(&network.name), Place::Key(network.origin.clone()))),
    );
    distinct(
        scope,
        platform.secrets.iter().map(|secret| (&secret.variable, secret_object(&secret.variable), Place::Key(secret.origin.clone()))),
    );
}

/// Each name with the name of its object and its place: no two objects may have the same one.
fn distinct<'a>(scope: &mut Scope<'_>, names: impl Iterator<Item = (&'a String, String, Place)>) {
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for (name, object, place) in names {
        if let Some(other) = known.insert(object, name) {
            let message = format!("`{name}` and `{other}` are the same name in Kubernetes, which has no `_`");
            scope.resolver.refuse(&place, message, "rename one of them");
        }
    }
}

/// Checks the names of the objects themselves: two of a kind in one namespace overwrite each other without a word, whether
/// a manifest, a script, a chart or an operator makes them. What was found before says it better.
pub fn check_objects(scope: &mut Scope<'_>, stacks: &[StackManifests<'_>]) {
    if scope.resolver.diagnostics.iter().any(Diagnostic::is_error) {
        return;
    }
    for stack in stacks {
        let mut known = HashSet::new();
        let mut twice_named = Vec::new();
        for object in objects(scope, stack) {
            if !known.insert((object.kind, object.name.clone())) {
                let message = format!("Kubernetes would have two objects of the kind {} with the name `{}`", object.kind, object.name);
                twice_named.push((Place::Key(object.origin.clone()), message));
            }
        }
        for (place, message) in twice_named {
            scope.resolver.refuse(&place, message, "choose another name here, or for the other one");
        }
        for one in &stack.workloads {
            for name in one.docs.iter().filter_map(pod_volumes).flat_map(twice) {
                let message = format!("a pod of `{}` has a volume `{name}` of its own", one.workload.name);
                scope.resolver.refuse(&Place::Key(one.workload.origin.clone()), message, "give the volume that it mounts another name");
            }
        }
    }
}

/// An object, and where the blueprint has what names it.
struct Named<'a> {
    kind: &'a str,
    name: Cow<'a, str>,
    origin: &'a Pointer,
}

/// The objects of a stack. Those whose names a user chooses come last, so that they are the ones that are reported.
fn objects<'a>(scope: &'a Scope<'_>, stack: &'a StackManifests<'_>) -> Vec<Named<'a>> {
    let platform = scope.platform;
    let origin = &platform.stacks[stack.stack].origin;
    let mut found = Vec::new();
    let mut add = |kind: &'a str, name: Cow<'a, str>, origin: &'a Pointer| found.push(Named { kind, name, origin });
    for policy in &stack.policies {
        let Some((kind, name)) = named(policy) else { continue };
        let network = platform.networks.iter().find(|network| policies::out_name(&network.name) == name);
        add(kind, name.into(), network.map_or(origin, |network| &network.origin));
    }
    let own = |realization: &Realization| {
        realization.workloads().any(|name| scope.index.workload(name).is_some_and(|workload| workload.stack == stack.stack))
    };
    for service in &platform.services {
        let realizations = realizations_of(service, scope.target).filter(|realization| own(realization));
        let services: BTreeSet<&String> = realizations.flat_map(|found| &found.endpoints).map(|endpoint| &endpoint.service).collect();
        services.into_iter().for_each(|name| add("Service", name.into(), &service.origin));
    }
    if let Some(reads) = scope.reads.get(&stack.stack) {
        let local: BTreeSet<&String> = reads.local.iter().map(|file| &file.object).collect();
        local.into_iter().for_each(|name| add("ConfigMap", name.into(), origin));
        reads.filled.iter().for_each(|object| add("Secret", (&object.name).into(), origin));
        for variable in reads.secrets.keys() {
            add("Secret", secret_object(variable).into(), platform.secret(variable).map_or(origin, |secret| &secret.origin));
        }
    }
    for one in &stack.workloads {
        one.docs.iter().filter_map(named).for_each(|(kind, name)| add(kind, name.into(), &one.workload.origin));
    }
    found
}

/// The kind and the name of an object.
fn named(object: &Doc) -> Option<(&str, &str)> {
    match (object.get("kind")?, object.get("metadata")?.get("name")?) {
        (Doc::Str(kind), Doc::Str(name)) => Some((kind, name)),
        _ => None,
    }
}

/// The volumes of the pods that an object makes.
fn pod_volumes(object: &Doc) -> Option<&Doc> {
    let spec = object.get("spec")?;
    let maker = spec.get("jobTemplate").and_then(|job| job.get("spec")).unwrap_or(spec);
    maker.get("template")?.get("spec")?.get("volumes")
}

/// The names that elements of a list have in common.
fn twice(list: &Doc) -> Vec<&str> {
    let (Doc::List(items) | Doc::Flow(items)) = list else { return Vec::new() };
    let mut known = BTreeSet::new();
    let names = items.iter().filter_map(|item| match item.get("name") {
        Some(Doc::Str(name)) => Some(name.as_ref()),
        _ => None,
    });
    names.filter(|name| !known.insert(*name)).collect()
}
