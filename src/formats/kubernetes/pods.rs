//! The pods of a workload: its container, what runs before it, and what both are given.

use std::collections::BTreeSet;

use super::files::{Files, files};
use super::model::{Container, Metadata, Named, Pod, PodSecurity, PodTemplate, Seccomp, Words};
use super::scope::Scope;
use super::workloads::SERVICE_ACCOUNT;
use super::{ENV_ANNOTATION, PREFIX, containers, environment, labels, network_label, probes, pulls, storage, together, waits};
use crate::diagnostic::Place;
use crate::formats::said_elsewhere;
use crate::platform::{Image, PublicText, Workload};

/// A workload that runs in the pod of another one.
pub struct Step<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// Its files.
    pub files: Files,
}

/// What runs before a workload, which is of the same service.
pub fn steps<'a>(scope: &mut Scope<'a>, workload: &Workload) -> Vec<Step<'a>> {
    let of_service = scope.index.workloads_of(&workload.service).iter().copied();
    let found: Vec<&Workload> = of_service.filter(|step| step.before.as_ref() == Some(&workload.name)).collect();
    found.into_iter().map(|workload| Step { workload, files: files(scope, workload) }).collect()
}

/// The pods of a workload.
pub fn template(scope: &mut Scope<'_>, workload: &Workload, files: &Files, steps: &[Step<'_>], place: &Place) -> PodTemplate {
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
        files: bodies,
        mounts,
        scratch,
        endpoints,
        health,
        waits,
        resources,
        stop_grace,
        reaper,
        labels: words,
        overrides,
        origin,
    } = workload;
    // The container says these, the files and the storage are mounted into it, ...
    said_elsewhere((image, entrypoint, command, working_dir, environment, endpoints, health, resources));
    said_elsewhere((mounts, scratch));
    // ... the init steps say who is waited for, the folder which profile asks for it, and the object the rest.
    said_elsewhere((name, service, role, stack, before, waits, profiles, overrides, origin));
    let container = containers::container(scope, workload, files, place);
    let init_containers = init_containers(scope, workload, steps, place);
    let mut labels = labels(&scope.platform.name, workload);
    labels.extend(networks.iter().map(|network| network_label(network)));
    let mut annotations = annotations(scope, words, place);
    if let Some(hash) = &files.fingerprint {
        annotations.insert(format!("{PREFIX}/files"), hash.clone());
    }
    let mut bodies = bodies.iter().chain(steps.iter().flat_map(|step| &step.workload.files));
    if reads_env(&container, &init_containers) || bodies.any(|file| file.body.is_deploy_time()) {
        annotations.insert(ENV_ANNOTATION.to_owned(), format!("${{{}}}", crate::secrets::FINGERPRINT));
    }
    said_elsewhere((user, runs_as, groups));
    let volumes = storage::volumes(workload).into_iter().chain(files.volumes());
    PodTemplate {
        metadata: Metadata { labels, annotations, ..Metadata::default() },
        spec: Pod {
            service_account_name: SERVICE_ACCOUNT.to_owned(),
            automount_service_account_token: false,
            // Variables such as KAFKA_PORT=tcp://..., which several programs take for their own.
            enable_service_links: false,
            share_process_namespace: *reaper,
            restart_policy: kind.ends().then_some("OnFailure"),
            termination_grace_period_seconds: stop_grace.as_ref().map(probes::seconds),
            topology_spread_constraints: together::spread(scope, workload),
            image_pull_secrets: pull_secrets(scope, workload),
            security_context: pod_security(scope, workload),
            init_containers,
            containers: vec![container],
            volumes: volumes.chain(steps.iter().flat_map(|step| step.files.volumes())).collect(),
        },
    }
}

/// What runs in a pod before its container: what waits, and the steps, each after what waits for it.
fn init_containers(scope: &mut Scope<'_>, workload: &Workload, steps: &[Step<'_>], place: &Place) -> Vec<Container> {
    let mut containers = waits::init_steps(scope, workload, place);
    for Step { workload, files } in steps {
        containers.extend(waits::init_steps(scope, workload, place));
        containers.push(containers::step(scope, workload, files, place));
    }
    containers
}

/// The logins with which a pod pulls its images: its own, and those of the providers that its init steps ask.
fn pull_secrets(scope: &mut Scope<'_>, workload: &Workload) -> Vec<Named> {
    let providers = workload.waits.iter().filter_map(|(name, _)| scope.index.workload(name)).map(|provider| &provider.image);
    let images: Vec<&Image> = std::iter::once(&workload.image).chain(providers).collect();
    let names: BTreeSet<Named> =
        images.into_iter().filter_map(|image| pulls::object(scope, workload.stack, image)).map(|name| Named { name }).collect();
    names.into_iter().collect()
}

/// Whether a container reads what the secrets script writes.
fn reads_env(container: &Container, init: &[Container]) -> bool {
    let mut all = std::iter::once(container).chain(init);
    all.any(|container| container.image.contains("${pipegen:") || container.env.iter().any(|entry| entry.value_from.is_some()))
}

/// What the blueprint calls labels may hold any text, as annotations may and labels of Kubernetes may not.
fn annotations(scope: &mut Scope<'_>, words: &[(String, PublicText)], place: &Place) -> Words {
    let mut annotations = Words::new();
    for (key, text) in words {
        let value = environment::plain(scope, text, place, "an annotation");
        if is_annotation_key(key) {
            annotations.insert(key.clone(), value);
        } else {
            let message = format!("Kubernetes has no annotation `{key}`");
            scope.resolver.refuse(place, message, "write a label of letters, digits, `-`, `_` and `.`, with at most one `/`");
        }
    }
    annotations
}

/// `[PREFIX/]NAME` (`IsQualifiedName` in Kubernetes).
fn is_annotation_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let edge = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    let of = |text: &str, extra: &[char]| text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c));
    let name_fits = name.len() <= 63 && edge(name) && of(name, &['-', '_', '.']);
    let prefix_fits = |prefix: &str| prefix.len() <= 253 && edge(prefix) && of(prefix, &['-', '.']) && prefix.to_lowercase() == prefix;
    name_fits && prefix.is_none_or(prefix_fits)
}

fn pod_security(scope: &mut Scope<'_>, workload: &Workload) -> PodSecurity {
    let user = containers::user(workload);
    let groups = scope.index.groups(workload);
    let own_group = user.and_then(|(_, group)| group);
    let mounts_storage = !workload.mounts.is_empty();
    let non_root = user.is_some_and(|(user, _)| user != 0);
    // The group 0 too, if the user is not root: an image such as Airflow's reads and writes as that group.
    let fs_group = groups.first().copied().or(own_group.filter(|group| *group != 0 || non_root)).filter(|_| mounts_storage);
    PodSecurity {
        run_as_non_root: non_root,
        run_as_user: user.map(|(user, _)| user),
        run_as_group: own_group,
        fs_group,
        fs_group_change_policy: fs_group.map(|_| "OnRootMismatch"),
        supplemental_groups: groups.into_iter().filter(|group| Some(*group) != fs_group).collect(),
        seccomp_profile: Seccomp::default(),
    }
}
