//! From the workloads of a stack to its objects.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::model::{
    ConfigMap, Container, Controller, ControllerRef, CronJob, Job, Metadata, Named, Object, Pod, PodSecurity, PodTemplate, Seccomp,
    Selector, ServicePort, ServiceSpec, Spec, Words, doc, transport,
};
use super::scope::{Exposure, Scope};
use super::storage::ClaimPlan;
use super::{
    ENV_ANNOTATION, JOB_LABEL, PREFIX, containers, custom, files, labels, network_label, policies, pulls, realizations, selector, storage,
    together, waits,
};
use crate::diagnostic::Place;
use crate::formats::text::Reader;
use crate::formats::{body, document, said_elsewhere};
use crate::platform::{Image, Workload, WorkloadKind};
use crate::value::Replicas;
use crate::yaml::Doc;

/// The service account of a namespace's pods. It may do nothing, and no pod gets its token.
pub const SERVICE_ACCOUNT: &str = "workloads";

/// The objects of one workload.
#[derive(Debug)]
pub struct WorkloadManifests<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// The objects, in the order in which a reader wants them.
    pub docs: Vec<Doc>,
    /// What shows that it is there.
    pub awaited: Vec<Awaited>,
}

/// An object whose state shows that a workload is there.
#[derive(Debug)]
pub struct Awaited {
    /// Its kind, for `kubectl`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether an operator reads it.
    pub custom: bool,
    /// The state, as `kubectl wait --for` takes it. Without one a kind of Kubernetes has a way of its own, and of what an operator
    /// reads there is nothing to wait for.
    pub state: Option<String>,
    /// The annotation, `KEY=VALUE`, that ends its pods when everything is removed but the data; the install script takes it
    /// away again.
    pub pause: Option<(&'static str, &'static str)>,
    /// What is then deleted of what the operator made, if the annotation alone ends nothing: the kinds, and the selector.
    pub made: Option<(&'static str, String)>,
    /// Whether it stays when everything is removed but the data.
    pub keeps_data: bool,
}

impl Awaited {
    fn controller(kind: &str, name: String) -> Self {
        Self { kind: kind.to_owned(), name, custom: false, state: None, pause: None, made: None, keeps_data: false }
    }
}

/// The objects of one stack.
#[derive(Debug)]
pub struct StackManifests<'a> {
    /// The index of the stack.
    pub stack: usize,
    /// Its namespace.
    pub namespace: String,
    /// Workload by workload.
    pub workloads: Vec<WorkloadManifests<'a>>,
    /// What the stack claims.
    pub claims: Vec<ClaimPlan>,
    /// The claims as objects.
    pub storage: Vec<Doc>,
    /// Who may talk to whom.
    pub policies: Vec<Doc>,
}

impl StackManifests<'_> {
    /// The claims, each with its namespace.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &ClaimPlan)> {
        self.claims.iter().map(|claim| (self.namespace.as_str(), claim))
    }
}

/// The objects of a stack.
pub fn stack<'a>(scope: &mut Scope<'a>, stack: usize) -> StackManifests<'a> {
    let namespace = scope.namespaces.get(stack).cloned().unwrap_or_default();
    let members = scope.members_of(stack);
    let claims = storage::claims(scope, &members);
    let part_of = Words::from([("app.kubernetes.io/part-of".to_owned(), scope.platform.name.clone())]);
    let storage = claims.iter().map(|claim| storage::object(&namespace, part_of.clone(), claim, scope.own_cluster)).collect();
    let workloads = members.iter().map(|workload| manifests(scope, &namespace, workload)).collect();
    realizations::of_stack(scope, stack);
    let policies = policies::of_stack(scope, stack);
    StackManifests { stack, namespace, workloads, claims, storage, policies }
}

fn manifests<'a>(scope: &mut Scope<'a>, namespace: &str, workload: &'a Workload) -> WorkloadManifests<'a> {
    let place = Place::Key(workload.origin.clone());
    let metadata = |name: &str| Metadata {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: labels(&scope.platform.name, workload),
        ..Metadata::default()
    };
    let named = metadata(&workload.name);
    if let Some(realization) = scope.replaced.by(&workload.name) {
        // The pods in its place have our labels, so what selects them by those holds for them too.
        let has_pods = realization.pods.iter().any(|pods| pods.workload == workload.name);
        let (mut docs, mut awaited) = custom::of_workload(scope, realization, &named, workload);
        // A chart asks for what looks after a workload, too.
        awaited.extend(scope.replaced.beside(&workload.name).into_iter().flat_map(|beside| custom::states(beside, workload)));
        if has_pods {
            docs.extend(published_service(scope, &named, workload));
            docs.extend(policies::into(scope, namespace, workload).filter(|_| scope.replaced.speaks_for_its_pods(&workload.name)));
        }
        return WorkloadManifests { workload, docs, awaited };
    }
    if workload.before.is_some() {
        // It is a step of another one's pod.
        return WorkloadManifests { workload, docs: Vec::new(), awaited: Vec::new() };
    }
    scope.resolver.reader = Reader::InStack(workload.stack);
    let files = files::files(scope, workload);
    let steps = steps(scope, workload);
    let mut docs: Vec<Doc> = config_map(scope, namespace, workload, &files).into_iter().collect();
    docs.extend(steps.iter().filter_map(|step| config_map(scope, namespace, step.workload, &step.files)));
    docs.extend(service(scope, &named, workload));
    let template = template(scope, workload, &files, &steps, &place);
    let controller = controller(scope, named.clone(), workload, template, &place).map(|(kind, name, doc)| {
        docs.push(doc);
        Awaited::controller(kind, name)
    });
    let mut awaited: Vec<Awaited> = controller.into_iter().collect();
    for realization in scope.replaced.beside(&workload.name) {
        let (resources, states) = custom::beside_workload(scope, realization, &named, workload);
        docs.extend(resources);
        awaited.extend(states);
    }
    docs.extend(together::disruption_budget(scope, named, workload));
    docs.extend(policies::into(scope, namespace, workload));
    WorkloadManifests { workload, docs, awaited }
}

/// A workload that runs in the pod of another one.
struct Step<'a> {
    workload: &'a Workload,
    files: files::Files,
}

/// What runs before a workload, which is of the same service.
fn steps<'a>(scope: &mut Scope<'a>, workload: &Workload) -> Vec<Step<'a>> {
    let of_service = scope.index.workloads_of(&workload.service).iter().copied();
    let found: Vec<&Workload> = of_service.filter(|step| step.before.as_ref() == Some(&workload.name)).collect();
    found.into_iter().map(|workload| Step { workload, files: files::files(scope, workload) }).collect()
}

/// The object with the files that are known now.
fn config_map(scope: &Scope<'_>, namespace: &str, workload: &Workload, files: &files::Files) -> Option<Doc> {
    let metadata = Metadata {
        name: Some(files::known_object(&workload.name)),
        namespace: Some(namespace.to_owned()),
        labels: labels(&scope.platform.name, workload),
        ..Metadata::default()
    };
    let content = ConfigMap { data: files.known.clone() };
    (!files.known.is_empty()).then(|| doc(&Object { api_version: "v1", kind: "ConfigMap", metadata, content }))
}

/// The controller or job of a workload: its kind for `kubectl`, its name, and the object with its overrides.
fn controller(
    scope: &mut Scope<'_>,
    mut metadata: Metadata,
    workload: &Workload,
    template: PodTemplate,
    place: &Place,
) -> Option<(&'static str, String, Doc)> {
    let selector = Selector { match_labels: selector(&scope.platform.name, &workload.name), ..Selector::default() };
    match &workload.kind {
        WorkloadKind::Server { replicas, keep_running } => {
            // A pod that ended is always started again.
            said_elsewhere(keep_running);
            let state = storage::has_state(scope, workload);
            if state && replicas.max() > 1 {
                let message = format!("{} pods of `{}` would share one storage", replicas.max(), workload.name);
                scope.resolver.refuse(place, message, "leave `replicas` at 1, or mount no volume");
            }
            let replicas = match replicas {
                Replicas::Count(count) => Some(*count),
                Replicas::Range { .. } => None,
            };
            let content = Controller { replicas, service_name: state.then(|| workload.name.clone()), selector, template };
            let ControllerRef { api_version, kind, name } = controller_of(scope, workload);
            let object = doc(&Object { api_version, kind, metadata, content: Spec { spec: content } });
            Some((if state { "statefulset" } else { "deployment" }, name, with_overrides(scope, object, workload, place)))
        }
        WorkloadKind::Job { evidence } => {
            // The init steps of others ask for it.
            said_elsewhere(evidence);
            metadata.labels.insert(JOB_LABEL.to_owned(), workload.name.clone());
            let content = Spec { spec: Job { backoff_limit: 20, template } };
            let object = doc(&Object { api_version: "batch/v1", kind: "Job", metadata, content });
            let mut object = with_overrides(scope, object, workload, place);
            // A job cannot be changed, so another content is another job; the install script removes the older ones.
            let name = format!("{}-{}", short(&workload.name), hash(object.get("spec")));
            if let Some(known) = object.item_mut("metadata").and_then(|metadata| metadata.value.item_mut("name")) {
                known.value = Doc::from(name.as_str());
            }
            Some(("job", name, object))
        }
        WorkloadKind::Scheduled { schedule } => {
            let content = CronJob {
                schedule: schedule.clone(),
                time_zone: "Etc/UTC",
                concurrency_policy: "Forbid",
                successful_jobs_history_limit: 3,
                failed_jobs_history_limit: 3,
                job_template: Spec { spec: Job { backoff_limit: 3, template } },
            };
            let object = doc(&Object { api_version: "batch/v1", kind: "CronJob", metadata, content: Spec { spec: content } });
            Some(("cronjob", workload.name.clone(), with_overrides(scope, object, workload, place)))
        }
        WorkloadKind::Template { instead } => {
            said_elsewhere(instead);
            scope.resolver.refuse(
                place,
                super::made_by_program(workload),
                "render the target `helm`, whose chart brings it, or choose another executor",
            );
            None
        }
    }
}

/// What makes the pods of a server.
pub fn controller_of(scope: &Scope<'_>, workload: &Workload) -> ControllerRef {
    let kind = if storage::has_state(scope, workload) { "StatefulSet" } else { "Deployment" };
    ControllerRef { api_version: "apps/v1", kind, name: workload.name.clone() }
}

/// Names of pods end in a hash of their own, and are labels: 63 characters.
fn short(name: &str) -> &str {
    name.get(..40).unwrap_or(name).trim_end_matches('-')
}

fn hash(content: Option<&Doc>) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&content).unwrap_or_default());
    body::short_hash(hash)[..8].to_owned()
}

/// An object with what the user writes over it.
pub fn with_overrides(scope: &mut Scope<'_>, mut object: Doc, workload: &Workload, place: &Place) -> Doc {
    for (_, tree) in workload.overrides.iter().filter(|(target, _)| target == scope.target) {
        let tree = document::to_doc(tree, &mut |text| {
            let pieces = scope.resolver.pieces(text, place);
            crate::formats::text::Piece::known(&pieces).unwrap_or_else(|| {
                let message = "Kubernetes replaces no variables in an override";
                scope.resolver.refuse(place, message, "give the value to the service as an environment variable");
                String::new()
            })
        });
        document::merge(&mut object, tree);
    }
    object
}

fn template(scope: &mut Scope<'_>, workload: &Workload, files: &files::Files, steps: &[Step<'_>], place: &Place) -> PodTemplate {
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
    said_elsewhere((bodies, mounts, scratch));
    // ... the init steps say who is waited for, the folder which profile asks for it, and the object the rest.
    said_elsewhere((name, service, role, stack, before, waits, profiles, overrides, origin));
    let container = containers::container(scope, workload, files, place);
    let mut init_containers = waits::init_steps(scope, workload, place);
    for Step { workload, files } in steps {
        init_containers.extend(waits::init_steps(scope, workload, place));
        init_containers.push(containers::step(scope, workload, files, place));
    }
    let mut labels = labels(&scope.platform.name, workload);
    labels.extend(networks.iter().map(|network| network_label(network)));
    let mut annotations = annotations(scope, words, place);
    if let Some(hash) = &files.fingerprint {
        annotations.insert(format!("{PREFIX}/files"), hash.clone());
    }
    let mut bodies = workload.files.iter().chain(steps.iter().flat_map(|step| &step.workload.files));
    if reads_env(&container, &init_containers) || bodies.any(|file| file.body.is_deploy_time()) {
        annotations.insert(ENV_ANNOTATION.to_owned(), format!("${{{}}}", crate::secrets::FINGERPRINT));
    }
    said_elsewhere((user, runs_as, groups));
    PodTemplate {
        metadata: Metadata { labels, annotations, ..Metadata::default() },
        spec: Pod {
            service_account_name: SERVICE_ACCOUNT.to_owned(),
            automount_service_account_token: false,
            // Variables such as KAFKA_PORT=tcp://..., which several programs take for their own.
            enable_service_links: false,
            share_process_namespace: *reaper,
            restart_policy: matches!(kind, WorkloadKind::Job { .. } | WorkloadKind::Scheduled { .. }).then_some("OnFailure"),
            termination_grace_period_seconds: stop_grace.as_ref().map(super::probes::seconds),
            topology_spread_constraints: together::spread(scope, workload),
            image_pull_secrets: pull_secrets(scope, workload),
            security_context: pod_security(scope, workload),
            init_containers,
            containers: vec![container],
            volumes: storage::volumes(workload)
                .into_iter()
                .chain(files.volumes())
                .chain(steps.iter().flat_map(|step| step.files.volumes()))
                .collect(),
        },
    }
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
fn annotations(scope: &mut Scope<'_>, words: &[(String, crate::platform::PublicText)], place: &Place) -> Words {
    let mut annotations = Words::new();
    for (key, text) in words {
        let value = super::environment::plain(scope, text, place, "an annotation");
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
    let groups = storage::groups(scope, workload);
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

/// The name under which others find a workload. Where there is state it leads to the pod itself, also before it is
/// ready: a broker that is its own controller has to find itself in order to become so.
fn service(scope: &mut Scope<'_>, metadata: &Metadata, workload: &Workload) -> Vec<Doc> {
    if workload.endpoints.is_empty() || !matches!(workload.kind, WorkloadKind::Server { .. }) {
        return Vec::new();
    }
    let headless = storage::has_state(scope, workload);
    let ports = workload.endpoints.iter().map(|endpoint| ServicePort {
        name: containers::port_name(endpoint),
        port: endpoint.port,
        target_port: endpoint.port,
        protocol: transport(endpoint.protocol),
        node_port: None,
    });
    let spec = ServiceSpec {
        kind: None,
        cluster_ip: headless.then_some("None"),
        publish_not_ready_addresses: headless,
        selector: selector(&scope.platform.name, &workload.name),
        ports: ports.collect(),
    };
    let object = doc(&Object { api_version: "v1", kind: "Service", metadata: metadata.clone(), content: Spec { spec } });
    std::iter::once(object).chain(published_service(scope, metadata, workload)).collect()
}

/// The ports of the node that lead to a workload.
fn published_service(scope: &Scope<'_>, metadata: &Metadata, workload: &Workload) -> Option<Doc> {
    let ports = node_ports(scope, workload);
    if ports.is_empty() {
        return None;
    }
    let published = workload.endpoints.iter().find(|endpoint| endpoint.published.is_some())?;
    let spec = ServiceSpec {
        kind: Some("NodePort"),
        cluster_ip: None,
        publish_not_ready_addresses: false,
        selector: scope.replaced.answering(&scope.platform.name, workload, published),
        ports,
    };
    let metadata = Metadata { name: Some(format!("{}-published", workload.name)), ..metadata.clone() };
    Some(doc(&Object { api_version: "v1", kind: "Service", metadata, content: Spec { spec } }))
}

fn node_ports(scope: &Scope<'_>, workload: &Workload) -> Vec<ServicePort> {
    if scope.exposure == Exposure::Forwarded {
        return Vec::new();
    }
    let ports = workload.endpoints.iter().filter(|endpoint| endpoint.published.is_some()).map(|endpoint| ServicePort {
        name: containers::port_name(endpoint),
        port: endpoint.port,
        target_port: endpoint.port,
        protocol: transport(endpoint.protocol),
        node_port: scope.node_port(&workload.name, &endpoint.name),
    });
    ports.collect()
}
