//! From a workload to a service.

use super::files::{self, Configs};
use super::model::{Build as BuildSection, Dependency, Deploy, DeployResources, Entries, HealthCheck, Limits, Service};
use super::plan::{ENV_HASH, reads_deploy_time_file};
use super::scope::Scope;
use super::storage;
use super::text::ComposeText;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::formats::{body, said_elsewhere};
use crate::platform::{
    Build, Check, Endpoint, File, Health, Image, PathRef, PublicText, Published, Readiness, Resources, Workload, WorkloadKind,
};
use crate::source::Pointer;
use crate::value::{Replicas, Size, escape};
use crate::yaml::Doc;

/// The profile of what runs at certain times, which Compose does not know.
pub const WHEN_ASKED: &str = "scheduled";

/// The label that changes with the content of the files that a service reads.
const FILES_LABEL: &str = "pipegen.files";

/// The service of a workload, without its overrides.
pub fn service(scope: &mut Scope<'_, '_>, configs: &mut Configs, workload: &Workload) -> Service {
    let Workload {
        name,
        service,
        role,
        stack,
        kind,
        before,
        networks,
        profiles,
        image,
        entrypoint,
        command,
        user,
        runs_as,
        groups,
        working_dir,
        environment,
        files,
        mounts,
        scratch,
        endpoints,
        health,
        waits,
        resources,
        stop_grace,
        reaper,
        labels,
        overrides,
        origin,
    } = workload;
    // The overrides are merged into the finished service. Here the images change their user themselves.
    said_elsewhere((role, overrides, runs_as, before));
    // The lifetime says how many there are, and when they run.
    said_elsewhere((name, kind));
    // Those of the storage are added.
    said_elsewhere(groups);
    let place = Place::Key(origin.clone());
    check_profiles(scope, profiles, origin);
    let (image, build) = self::image(scope, image, &place);
    let (restart, replicas) = lifetime(scope, workload, &place);
    let contents: Vec<_> = files.iter().map(|file| body::content(&mut scope.resolver, file)).collect();
    // Compose itself compares the names of configs alone; this label makes a new container of a changed file.
    let fingerprint = (!files.is_empty()).then(|| body::fingerprint(files.iter().zip(&contents)));
    Service {
        image,
        // A registry is never asked for an image that is built here: the name may belong to someone else there.
        pull_policy: build.is_some().then_some("build"),
        build,
        profiles: if workload.is_timed() {
            Some(Doc::words([WHEN_ASKED.to_owned()]))
        } else {
            (!profiles.is_empty()).then(|| Doc::words(profiles.iter().map(|profile| escape::compose(profile))))
        },
        entrypoint: entrypoint.as_ref().map(|argv| self::argv(scope, argv, &place)),
        command: command.as_ref().map(|argv| self::argv(scope, argv, &place)),
        user: user.as_deref().map(escape::compose),
        group_add: scope.plan.index.groups(workload),
        working_dir: working_dir.as_deref().map(escape::compose),
        init: *reaper,
        environment: Entries(environment.iter().map(|(key, text)| (key.clone(), scope.resolver.text(text, &place))).collect()),
        ports: endpoints.iter().filter_map(port).collect(),
        network_mode: networks.is_empty().then_some("none"),
        networks: networks.clone(),
        volumes: mounts.iter().map(|mount| storage::mount(scope, mount)).collect(),
        tmpfs: scratch.iter().map(|path| escape::compose(path)).collect(),
        configs: mounted(scope, configs, service, files, contents),
        depends_on: dependencies(scope, *stack, waits),
        healthcheck: health.as_ref().map(|health| health_check(scope, health, &place)),
        restart,
        stop_grace_period: stop_grace.map(|grace| grace.to_string()),
        deploy: Deploy { replicas, resources: self::resources(resources) },
        labels: self::labels(scope, labels, fingerprint, reads_deploy_time_file(workload), &place),
    }
}

/// Whoever asks for the profile of a user's would also start what only its time should.
fn check_profiles(scope: &mut Scope<'_, '_>, profiles: &[String], origin: &Pointer) {
    if profiles.iter().any(|profile| profile == WHEN_ASKED) {
        let message = format!("the profile `{WHEN_ASKED}` is that of what has a schedule");
        let fault = Diagnostic::new(&code::RESERVED_NAME, Place::Value(origin.key("profiles")), message);
        scope.resolver.diagnostics.push(fault.help("choose another name"));
    }
}

fn image(scope: &mut Scope<'_, '_>, image: &Image, place: &Place) -> (String, Option<BuildSection>) {
    match image {
        Image::Pulled { reference } => (scope.resolver.public(reference, place), None),
        Image::Built { build, reference } => {
            let Build { context, dockerfile, args, target } = build;
            let PathRef { path, origin } = context;
            let arguments = args.iter().map(|(key, text)| (key.clone(), scope.resolver.public(text, &Place::Value(origin.clone()))));
            let build = BuildSection {
                args: Entries(arguments.collect()),
                context: escape::compose(&scope.layout.relative(path)),
                dockerfile: dockerfile.as_deref().map(escape::compose),
                target: target.as_deref().map(escape::compose),
            };
            (scope.resolver.public(reference, place), Some(build))
        }
    }
}

/// The restart policy, and how many there are unless it is one.
fn lifetime(scope: &mut Scope<'_, '_>, workload: &Workload, place: &Place) -> (&'static str, Option<u16>) {
    let name = &workload.name;
    match &workload.kind {
        WorkloadKind::Server { replicas, keep_running } => {
            let count = containers(*replicas);
            if let Replicas::Range { .. } = replicas {
                say_how_many(scope, workload, count);
            }
            let published = workload.endpoints.iter().find_map(|endpoint| endpoint.published.as_ref());
            if let Some(published) = published.filter(|_| count > 1) {
                let message = format!("port {} of the host cannot lead to {count} containers", published.port);
                let place = Place::Value(published.origin.clone());
                scope.resolver.refuse(&place, message, "publish a proxy in front of it, or leave `replicas` at 1");
            }
            (if *keep_running { "unless-stopped" } else { "on-failure" }, (count != 1).then_some(count))
        }
        WorkloadKind::Job { evidence } => {
            // Compose sees the exit status itself.
            said_elsewhere(evidence);
            ("no", None)
        }
        WorkloadKind::Scheduled { schedule } => {
            let message = format!("Compose keeps no schedule: `{name}` runs when it is asked to, not at `{schedule}`");
            let help = "let the machine's own cron run the command in the guide, or render a target for a cluster";
            scope.resolver.diagnostics.push(Diagnostic::new(&code::SCHEDULE_NOT_KEPT, place.clone(), message).help(help));
            ("no", None)
        }
        WorkloadKind::Template { instead } => {
            scope.resolver.refuse(place, started_by_another(name), instead);
            ("no", None)
        }
    }
}

/// How many containers there are. Where nothing starts more of them when there is work, one has to be there for it.
pub fn containers(replicas: Replicas) -> u16 {
    match replicas {
        Replicas::Count(count) => count,
        Replicas::Range { min, .. } => min.max(1),
    }
}

fn say_how_many(scope: &mut Scope<'_, '_>, workload: &Workload, count: u16) {
    let message = format!("Compose follows no load: it runs {count} of `{}`, however much there is to do", workload.name);
    let help = "write a number here, and the range into an environment for a cluster";
    let place = Place::Value(workload.own_origin().key("replicas"));
    scope.resolver.diagnostics.push(Diagnostic::new(&code::LOAD_NOT_FOLLOWED, place, message).help(help));
}

/// Why Compose cannot have a workload that is only a pattern.
pub fn started_by_another(name: &str) -> String {
    format!("`{name}` is started by another workload, whenever that needs one, which Compose cannot do")
}

fn argv(scope: &mut Scope<'_, '_>, argv: &[PublicText], place: &Place) -> Doc {
    Doc::words(argv.iter().map(|word| scope.resolver.public(word, place)).collect::<Vec<_>>())
}

/// `address:port:port`, with an IPv6 address in brackets.
fn port(endpoint: &Endpoint) -> Option<String> {
    let Endpoint { name, port, protocol, published } = endpoint;
    let Published { port: host_port, address, origin } = published.as_ref()?;
    said_elsewhere((name, origin));
    let transport = if protocol.is_udp() { "/udp" } else { "" };
    Some(format!("{}:{port}{transport}", std::net::SocketAddr::new(*address, *host_port)))
}

fn mounted(
    scope: &mut Scope<'_, '_>,
    configs: &mut Configs,
    service: &str,
    files: &[File],
    contents: Vec<body::Content>,
) -> Vec<super::model::ConfigMount> {
    let mount = |(file, content)| {
        let content = files::content(&mut scope.resolver, scope.layout, file, content);
        configs.mount(service, file, content)
    };
    files.iter().zip(contents).map(mount).collect()
}

/// What is waited for in the same stack. Other stacks are up before this one: Compose knows nothing of them.
fn dependencies(scope: &Scope<'_, '_>, stack: usize, waits: &[(String, Readiness)]) -> Entries<Dependency> {
    let is_here = |workload: &str| scope.plan.index.workload(workload).is_some_and(|workload| workload.stack == stack);
    let here = waits.iter().filter(|(workload, _)| is_here(workload));
    let dependency = |readiness| Dependency {
        condition: match readiness {
            Readiness::Ready => "service_healthy",
            Readiness::Started => "service_started",
            Readiness::Completed => "service_completed_successfully",
        },
    };
    Entries(here.map(|(workload, readiness)| (workload.clone(), dependency(*readiness))).collect())
}

fn health_check(scope: &mut Scope<'_, '_>, health: &Health, place: &Place) -> HealthCheck {
    let Health { check, remote, interval, timeout, retries, start_period, start_interval } = health;
    // Nothing waits from outside: `depends_on` reads the state of this check.
    said_elsewhere(remote);
    let (how, asked) = match check {
        Check::Exec(argv) => ("CMD", argv.as_slice()),
        Check::Shell(line) => ("CMD-SHELL", std::slice::from_ref(line)),
    };
    let asked: Vec<String> = asked.iter().map(|word| scope.resolver.public(word, place)).collect();
    HealthCheck {
        test: Doc::words(std::iter::once(how.to_owned()).chain(asked)),
        interval: interval.to_string(),
        timeout: timeout.to_string(),
        retries: *retries,
        start_period: start_period.to_string(),
        start_interval: start_interval.map(|interval| interval.to_string()),
    }
}

fn resources(resources: &Resources) -> Option<DeployResources> {
    let Resources { cpu, memory } = resources;
    let limits = Limits { cpus: cpu.clone(), memory: memory.map(size) };
    (limits.cpus.is_some() || limits.memory.is_some()).then_some(DeployResources { limits })
}

/// `512MiB`: Compose takes `M` for a power of 1024 too (`RAMInBytes` of docker/go-units), but this says it.
fn size(size: Size) -> String {
    format!("{size}B")
}

fn labels(
    scope: &mut Scope<'_, '_>,
    labels: &[(String, PublicText)],
    files: Option<String>,
    filled_in: bool,
    place: &Place,
) -> Entries<String> {
    let mut entries: Vec<_> = labels.iter().map(|(key, text)| (key.clone(), scope.resolver.public(text, place))).collect();
    if let Some(hash) = files {
        if entries.iter().any(|(key, _)| key == FILES_LABEL) {
            scope.resolver.refuse(place, format!("the label `{FILES_LABEL}` is written by pipegen"), "choose another label");
        }
        let of_variables = if filled_in { format!("-${{{ENV_HASH}:?run pipegen secrets init}}") } else { String::new() };
        entries.push((FILES_LABEL.to_owned(), hash + &of_variables));
    }
    Entries(entries)
}
