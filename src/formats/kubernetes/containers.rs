//! From a workload to the container that runs it.

use super::environment::Environment;
use super::files::Files;
use super::model::{Capabilities, Container, ContainerPort, ContainerSecurity, Resources, Words, transport};
use super::probes::{Probes, probes};
use super::scope::Scope;
use super::storage;
use crate::diagnostic::Place;
use crate::formats::said_elsewhere;
use crate::formats::text::Piece;
use crate::platform::{self, Build, Endpoint, Health, Image, PathRef, PublicText, Text, Workload};
use crate::value::object_name;
use crate::yaml::Doc;

/// What an image that starts as root may need to become another user. All of it is in the default set of the engines
/// and allowed by the Pod Security Standard "baseline".
const OF_ROOT: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];

/// The longest name of a container's port (`IANA_SVC_NAME`).
const LONGEST_PORT_NAME: usize = 15;

/// What a container has beside its image.
pub struct Parts<'p> {
    /// Replaces the image's entry point.
    pub entrypoint: Option<&'p [PublicText]>,
    /// Replaces the image's command.
    pub command: Option<&'p [PublicText]>,
    /// Environment variables.
    pub environment: &'p [(String, Text)],
    /// Ports.
    pub endpoints: &'p [Endpoint],
    /// The health check.
    pub health: Option<&'p Health>,
}

/// The container of a workload, with its files and storage.
pub fn container(scope: &mut Scope<'_>, workload: &Workload, files: &Files, place: &Place) -> Container {
    let parts = Parts {
        entrypoint: workload.entrypoint.as_deref(),
        command: workload.command.as_deref(),
        environment: &workload.environment,
        endpoints: &workload.endpoints,
        health: workload.health.as_ref(),
    };
    let mut container = bare(scope, &workload.name, &workload.image, workload.stack, &parts, place);
    container.working_dir.clone_from(&workload.working_dir);
    container.resources = resources(&workload.resources);
    container.security_context = security(is_root(workload));
    container.volume_mounts = storage::mounts(workload).chain(files.mounts()).collect();
    container
}

/// The container of a workload in the pod of another one: it runs as its own user.
pub fn step(scope: &mut Scope<'_>, workload: &Workload, files: &Files, place: &Place) -> Container {
    as_user(container(scope, workload, files, place), workload)
}

/// A container that runs as the user of a workload, whoever the pod runs as.
pub fn as_user(mut container: Container, workload: &Workload) -> Container {
    if let Some((user, group)) = user(workload).filter(|(user, _)| *user != 0) {
        container.security_context.run_as_user = Some(user);
        container.security_context.run_as_group = group;
    }
    container
}

/// A container without files and storage.
pub fn bare(scope: &mut Scope<'_>, name: &str, image: &Image, stack: usize, parts: &Parts<'_>, place: &Place) -> Container {
    let Parts { entrypoint, command, environment, endpoints, health } = parts;
    let mut environment = Environment::new(scope, stack, environment, place);
    let mut argv = |argv: &[PublicText], scope: &mut Scope<'_>| {
        Doc::words(argv.iter().map(|word| environment.public(scope, stack, word, place)).collect::<Vec<_>>())
    };
    let command = command.map(|words| argv(words, scope));
    let entrypoint = entrypoint.map(|words| argv(words, scope));
    let Probes { startup, readiness, liveness } = probes(scope, *health, endpoints, place);
    Container {
        name: name.to_owned(),
        image: self::image(scope, stack, image, place),
        // Built images are loaded into the cluster or pushed by their tag; neither is looked up again.
        image_pull_policy: matches!(image, Image::Built { .. }).then_some("IfNotPresent"),
        command: entrypoint,
        args: command,
        working_dir: None,
        env: environment.finish(),
        ports: endpoints.iter().map(port).collect(),
        startup_probe: startup,
        readiness_probe: readiness,
        liveness_probe: liveness,
        resources: Resources::default(),
        security_context: security(false),
        volume_mounts: Vec::new(),
    }
}

/// The name of an endpoint's port: a DNS label (RFC 1123) of a Service, and of a container one without two dashes in a row.
pub fn port_name(endpoint: &Endpoint) -> String {
    object_name(&endpoint.name)
}

fn port(endpoint: &Endpoint) -> ContainerPort {
    let Endpoint { name, port, protocol, published } = endpoint;
    // What is published is reached through the service.
    said_elsewhere((name, published));
    let name = Some(port_name(endpoint)).filter(|name| name.len() <= LONGEST_PORT_NAME);
    ContainerPort { name, container_port: *port, protocol: transport(*protocol) }
}

/// What the install script fills in. It goes over the whole text of the manifests, in which a user may have written `${NAME}`
/// for a program of theirs; this they have not.
pub fn placeholder(name: &str) -> String {
    format!("${{pipegen:{name}}}")
}

/// `NAME:TAG`. For a value of the deployer it has a placeholder: Kubernetes itself replaces nothing in the name of an image.
pub fn image(scope: &mut Scope<'_>, stack: usize, image: &Image, place: &Place) -> String {
    let reference = match image {
        Image::Pulled { reference } => reference,
        Image::Built { build: Build { context: PathRef { path, origin }, dockerfile, args, target }, reference } => {
            // Whoever fills the cluster with images builds it.
            said_elsewhere((path, origin, dockerfile, args, target));
            reference
        }
    };
    let pieces = scope.resolver.pieces(reference.text(), place);
    let written = pieces.into_iter().map(|piece| match piece {
        Piece::Known(text) => text,
        Piece::Hole(hole) => {
            scope.reads_variable(stack, &hole);
            placeholder(&hole.name())
        }
    });
    written.collect()
}

/// The numeric user and group that a workload runs as, if that is known.
pub fn user(workload: &Workload) -> Option<(u32, Option<u32>)> {
    let numbers = |user: &str| {
        let (user, group) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
        Some((user.parse().ok()?, group.and_then(|group| group.parse().ok())))
    };
    match &workload.user {
        Some(user) => numbers(user),
        None => workload.runs_as.map(|(user, group)| (user, Some(group))),
    }
}

fn is_root(workload: &Workload) -> bool {
    user(workload).is_none_or(|(user, _)| user == 0)
}

fn security(may_be_root: bool) -> ContainerSecurity {
    let names = |names: &[&str]| Doc::Flow(names.iter().map(|name| Doc::from(*name)).collect());
    ContainerSecurity {
        allow_privilege_escalation: false,
        run_as_user: None,
        run_as_group: None,
        capabilities: Capabilities { drop: names(&["ALL"]), add: may_be_root.then(|| names(&OF_ROOT)) },
    }
}

/// Memory is promised as well as limited, so that a pod lands where it fits and is not the first to be killed.
pub fn resources(resources: &platform::Resources) -> Resources {
    let platform::Resources { cpu, memory } = resources;
    let mut amounts = Words::new();
    amounts.extend(cpu.as_ref().map(|cpu| ("cpu".to_owned(), cpu.clone())));
    amounts.extend(memory.as_ref().map(|memory| ("memory".to_owned(), memory.to_string())));
    Resources { requests: amounts.clone(), limits: amounts }
}
