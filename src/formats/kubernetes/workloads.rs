//! From the workloads of a stack to its objects.

use super::controllers::controller;
use super::model::{ConfigMap, Metadata, Object, ServicePort, ServiceSpec, Spec, Words, doc, transport};
use super::pods::{steps, template};
use super::scope::{Exposure, Scope};
use super::storage::ClaimPlan;
use super::{containers, custom, files, labels, part_of, policies, realizations, selector, storage, together};
use crate::diagnostic::Place;
use crate::formats::document;
use crate::formats::text::{Piece, Reader};
use crate::platform::{Endpoint, Realization, Workload, WorkloadKind};
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
    let workloads = scope.workloads_in(stack);
    let claims = storage::claims(scope, &workloads);
    let part_of = Words::from([part_of(&scope.platform.name)]);
    let storage = claims.iter().map(|claim| storage::object(&namespace, part_of.clone(), claim, scope.own_cluster)).collect();
    let workloads = workloads.into_iter().map(|workload| manifests(scope, &namespace, workload)).collect();
    realizations::of_stack(scope, stack);
    let policies = policies::of_stack(scope, stack);
    StackManifests { stack, namespace, workloads, claims, storage, policies }
}

fn manifests<'a>(scope: &mut Scope<'a>, namespace: &str, workload: &'a Workload) -> WorkloadManifests<'a> {
    let metadata = metadata(scope, namespace, workload, workload.name.clone());
    let (docs, awaited) = match scope.replaced.by(&workload.name) {
        Some(realization) => by_realization(scope, realization, namespace, &metadata, workload),
        // It is a step of another one's pod.
        None if workload.before.is_some() => (Vec::new(), Vec::new()),
        None => by_controller(scope, namespace, metadata, workload),
    };
    WorkloadManifests { workload, docs, awaited }
}

/// The metadata of an object of a workload.
fn metadata(scope: &Scope<'_>, namespace: &str, workload: &Workload, name: String) -> Metadata {
    let labels = labels(&scope.platform.name, workload);
    Metadata { name: Some(name), namespace: Some(namespace.to_owned()), labels, ..Metadata::default() }
}

/// What is there of a workload for which something stands in.
fn by_realization(
    scope: &mut Scope<'_>,
    realization: &Realization,
    namespace: &str,
    metadata: &Metadata,
    workload: &Workload,
) -> (Vec<Doc>, Vec<Awaited>) {
    let (mut docs, mut awaited) = custom::of_workload(scope, realization, metadata, workload);
    // A chart asks for what looks after a workload, too.
    awaited.extend(scope.replaced.beside(&workload.name).into_iter().flat_map(|beside| custom::states(beside, workload)));
    // The pods in its place have our labels, so what selects them by those holds for them too.
    if realization.pods.iter().any(|pods| pods.workload == workload.name) {
        docs.extend(published_service(scope, metadata, workload));
        docs.extend(policies::into(scope, namespace, workload).filter(|_| scope.replaced.speaks_for_its_pods(&workload.name)));
    }
    (docs, awaited)
}

/// What is there of a workload whose pods we make.
fn by_controller(scope: &mut Scope<'_>, namespace: &str, metadata: Metadata, workload: &Workload) -> (Vec<Doc>, Vec<Awaited>) {
    let place = Place::Key(workload.origin.clone());
    scope.resolver.reader = Reader::InStack(workload.stack);
    let files = files::files(scope, workload);
    let steps = steps(scope, workload);
    let mut docs: Vec<Doc> = config_map(scope, namespace, workload, &files).into_iter().collect();
    docs.extend(steps.iter().filter_map(|step| config_map(scope, namespace, step.workload, &step.files)));
    docs.extend(service(scope, &metadata, workload));
    let template = template(scope, workload, &files, &steps, &place);
    let mut awaited = Vec::new();
    if let Some((kind, name, doc)) = controller(scope, metadata.clone(), workload, template, &place) {
        docs.push(doc);
        awaited.push(Awaited::controller(kind, name));
    }
    for realization in scope.replaced.beside(&workload.name) {
        let (resources, states) = custom::beside_workload(scope, realization, &metadata, workload);
        docs.extend(resources);
        awaited.extend(states);
    }
    docs.extend(together::disruption_budget(scope, metadata, workload));
    docs.extend(policies::into(scope, namespace, workload));
    (docs, awaited)
}

/// The object with the files that are known now.
fn config_map(scope: &Scope<'_>, namespace: &str, workload: &Workload, files: &files::Files) -> Option<Doc> {
    let metadata = metadata(scope, namespace, workload, files::known_object(&workload.name));
    let content = ConfigMap { data: files.known.clone() };
    (!files.known.is_empty()).then(|| doc(&Object { api_version: "v1", kind: "ConfigMap", metadata, content }))
}

/// An object with what the user writes over it.
pub fn with_overrides(scope: &mut Scope<'_>, mut object: Doc, workload: &Workload, place: &Place) -> Doc {
    for (_, tree) in workload.overrides.iter().filter(|(target, _)| target == scope.target) {
        let tree = document::to_doc(tree, &mut |text| {
            let pieces = scope.resolver.pieces(text, place);
            Piece::known(&pieces).unwrap_or_else(|| {
                let message = "Kubernetes replaces no variables in an override";
                scope.resolver.refuse(place, message, "give the value to the service as an environment variable");
                String::new()
            })
        });
        document::merge(&mut object, tree);
    }
    object
}

/// The name under which others find a workload. Where there is state it leads to the pod itself, also before it is
/// ready: a broker that is its own controller has to find itself in order to become so.
fn service(scope: &mut Scope<'_>, metadata: &Metadata, workload: &Workload) -> Vec<Doc> {
    if workload.endpoints.is_empty() || !matches!(workload.kind, WorkloadKind::Server { .. }) {
        return Vec::new();
    }
    let headless = storage::has_state(scope, workload);
    let ports = workload.endpoints.iter().map(|endpoint| service_port(endpoint, None));
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
    let published = workload.endpoints.iter().filter(|endpoint| endpoint.published.is_some());
    published.map(|endpoint| service_port(endpoint, scope.node_port(&workload.name, &endpoint.name))).collect()
}

fn service_port(endpoint: &Endpoint, node_port: Option<u16>) -> ServicePort {
    let protocol = transport(endpoint.protocol);
    ServicePort { name: containers::port_name(endpoint), port: endpoint.port, target_port: endpoint.port, protocol, node_port }
}
