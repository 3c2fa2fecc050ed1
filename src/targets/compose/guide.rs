//! The guide beside the Compose files: `README.md`, from `templates/compose/README.md.j2`.

use std::collections::{BTreeMap, BTreeSet};

use super::lower;
use super::plan::{ComposePlan, StackPlan, docker_name};
use super::scripts::workloads;
use crate::formats::Layout;
use crate::platform::{
    Edge, Image, ImageLogin, Index, Part, Pipeline, Platform, PublicText, Secret, Service, Workload, WorkloadKind, relation,
};
use crate::template::{self, Template, TemplateError, filters};

/// What the template reads. A text that may be missing is empty.
#[derive(Template)]
#[template(path = "compose/README.md.j2", escape = "md")]
struct Guide<'a> {
    header: String,
    name: &'a str,
    description: Option<&'a str>,
    blueprint: &'a str,
    counts: String,
    init: String,
    profiles: BTreeSet<&'a str>,
    stacks: Vec<StackRow<'a>>,
    published: Vec<PublishedRow<'a>>,
    secrets: Vec<SecretRow<'a>>,
    /// How to log in at the registries of images.
    logins: BTreeSet<String>,
    resources: Vec<ResourceRow<'a>>,
    networks: Vec<NetworkRow<'a>>,
    doors: Vec<&'a str>,
    edges: Vec<EdgeRow<'a>>,
    diagram: Diagram<'a>,
    pipelines: Vec<PipelineRow<'a>>,
    lookups: Vec<Lookup<'a>>,
    asked: Vec<Asked<'a>>,
    connections: Vec<SetupRow<'a>>,
    volumes: Vec<String>,
}

struct StackRow<'a> {
    project: &'a str,
    file: &'a str,
    description: Option<&'a str>,
    workloads: Vec<WorkloadRow<'a>>,
    /// One of its services, for examples of commands.
    sample: &'a str,
}

struct WorkloadRow<'a> {
    name: &'a str,
    service: &'a str,
    component: &'a str,
    image: String,
    networks: String,
    kind: String,
}

struct PublishedRow<'a> {
    workload: &'a str,
    url: &'a str,
    login: Option<LoginRow<'a>>,
}

struct LoginRow<'a> {
    username: &'a str,
    variable: &'a str,
}

struct SecretRow<'a> {
    variable: &'a str,
    note: &'a str,
}

struct ResourceRow<'a> {
    service: &'a str,
    kind: &'a str,
    names: &'a [String],
}

struct NetworkRow<'a> {
    name: &'a str,
    docker_name: String,
    description: Option<&'a str>,
    way_out: &'static str,
    maker: &'a str,
    members: Vec<&'a str>,
}

struct EdgeRow<'a> {
    from: String,
    to: String,
    address: String,
    networks: String,
    reason: &'a str,
}

struct PipelineRow<'a> {
    name: &'a str,
    description: Option<&'a str>,
    steps: Vec<StepRow<'a>>,
}

struct StepRow<'a> {
    name: &'a str,
    on: &'a str,
    program: &'a str,
    schedule: &'a str,
    starts: &'a str,
    reads: String,
    writes: String,
}

/// What runs at certain times, which is left to whoever deploys.
struct Asked<'a> {
    file: &'a str,
    name: &'a str,
    schedule: &'a str,
}

struct Lookup<'a> {
    project: &'a str,
    from: &'a str,
    to: &'a str,
}

struct SetupRow<'a> {
    project: &'a str,
    inspect: &'a str,
    test: &'a [String],
    connections: Vec<ConnectionRow<'a>>,
}

struct ConnectionRow<'a> {
    name: &'a str,
}

/// A drawing: services by stack, and who connects to whom. Nodes have numbers for names, because words such as `end`
/// mean something in Mermaid.
struct Diagram<'a> {
    stacks: Vec<DiagramStack<'a>>,
    /// What runs elsewhere.
    outside: Vec<Node<'a>>,
    arrows: Vec<Arrow>,
}

struct DiagramStack<'a> {
    id: String,
    name: &'a str,
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    id: String,
    name: &'a str,
}

struct Arrow {
    from: String,
    to: String,
}

/// The text of `README.md`.
///
/// # Errors
/// A text of the blueprint cannot be written in Markdown, which the language rules out.
pub fn readme(platform: &Platform, layout: &Layout, plan: &ComposePlan<'_>) -> Result<String, TemplateError> {
    template::render("compose/README.md", &Guide::new(platform, layout, plan))
}

impl<'a> Guide<'a> {
    fn new(platform: &'a Platform, layout: &'a Layout, plan: &'a ComposePlan<'a>) -> Self {
        let components = platform.services.iter().map(|service| (service.name.as_str(), service.component)).collect();
        Self {
            header: layout.header(),
            name: &platform.name,
            description: platform.description.as_deref(),
            blueprint: &layout.blueprint,
            counts: counts(platform, plan),
            init: layout.init_command(platform),
            profiles: workloads(plan).flat_map(|workload| &workload.profiles).map(String::as_str).collect(),
            stacks: plan.stacks.iter().map(|stack| stack_row(stack, &components)).collect(),
            published: published(plan),
            secrets: secrets(platform, plan),
            logins: logins(platform),
            resources: resources(platform),
            networks: networks(platform, plan),
            doors: workloads(plan).filter(|workload| workload.networks.len() > 1).map(|workload| workload.name.as_str()).collect(),
            edges: platform.edges.iter().filter_map(|edge| edge_row(&plan.index, edge)).collect(),
            diagram: diagram(platform, plan),
            pipelines: platform.pipelines.iter().map(pipeline_row).collect(),
            lookups: lookups(platform, plan),
            asked: plan.stacks.iter().flat_map(asked).collect(),
            connections: connections(platform, plan),
            volumes: volumes(platform, plan),
        }
    }
}

/// `It has 2 networks and 12 services in 2 stacks.`
fn counts(platform: &Platform, plan: &ComposePlan<'_>) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let containers = workloads(plan).count();
    format!(
        "{} on {}, in {}.",
        counted(containers, "container"),
        counted(platform.networks.len(), "network"),
        counted(plan.stacks.len(), "Compose file")
    )
}

fn stack_row<'a>(stack: &'a StackPlan<'a>, components: &BTreeMap<&'a str, &'static str>) -> StackRow<'a> {
    let running = || stack.services.iter().copied().filter(|workload| !matches!(workload.kind, WorkloadKind::Template { .. }));
    let server = running().find(|workload| matches!(workload.kind, WorkloadKind::Server { .. })).or_else(|| running().next());
    let row = |workload: &'a Workload| WorkloadRow {
        name: &workload.name,
        service: &workload.service,
        component: components.get(workload.service.as_str()).copied().unwrap_or_default(),
        image: image(workload),
        networks: workload.networks.join(", "),
        kind: kind(workload),
    };
    StackRow {
        project: &stack.project,
        file: &stack.file,
        description: stack.stack.description.as_deref(),
        workloads: running().map(row).collect(),
        sample: server.map_or("", |workload| &workload.name),
    }
}

fn kind(workload: &Workload) -> String {
    let kind = match workload.kind {
        WorkloadKind::Server { replicas, .. } => match lower::containers(replicas) {
            0 | 1 => "server".to_owned(),
            count => format!("server, {count} of it"),
        },
        WorkloadKind::Job { .. } => {
            workload.before.as_ref().map_or_else(|| "runs once on every start".to_owned(), |next| format!("runs before {next}"))
        }
        WorkloadKind::Scheduled { .. } => "runs when it is asked to".to_owned(),
        WorkloadKind::Template { .. } => String::new(),
    };
    match workload.profiles.as_slice() {
        [] => kind,
        profiles => format!("{kind}, with --profile {}", profiles.join(" or ")),
    }
}

fn image(workload: &Workload) -> String {
    match &workload.image {
        Image::Pulled { reference } => readable(reference),
        Image::Built { reference, build } => format!("{} (built from {})", readable(reference), build.context.path),
    }
}

/// Those that the Compose files read, in whichever form.
fn secrets<'a>(platform: &'a Platform, plan: &ComposePlan<'_>) -> Vec<SecretRow<'a>> {
    let is_read = |secret: &&Secret| secret.encodings.iter().any(|encoding| plan.variables.contains(&encoding.variable(&secret.variable)));
    platform.secrets.iter().filter(is_read).map(|secret| SecretRow { variable: &secret.variable, note: &secret.note }).collect()
}

/// `docker login` for whoever has to pull an image; what is built here, is there.
fn logins(platform: &Platform) -> BTreeSet<String> {
    let is_pulled = |reference: &PublicText| {
        platform.workloads.iter().any(|workload| matches!(&workload.image, Image::Pulled { reference: image } if image == reference))
    };
    let logins = platform.image_logins.iter().filter(|login| is_pulled(&login.image));
    let command = |ImageLogin { image: _, registry, login, password: _ }: &ImageLogin| {
        format!("docker login --username {} {}", login.username, readable(registry))
    };
    logins.map(command).collect()
}

/// A text for people; what is known only when deploying is shown by its variable.
fn readable(text: &PublicText) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Address { endpoint, .. } => endpoint.workload.clone(),
        Part::Addresses { endpoints, .. } => endpoints.iter().map(|endpoint| endpoint.workload.as_str()).collect::<Vec<_>>().join(","),
        Part::Secret { variable, .. } | Part::Setting { variable, .. } => format!("${{{variable}}}"),
    };
    text.text().parts().iter().map(part).collect()
}

fn published<'a>(plan: &'a ComposePlan<'a>) -> Vec<PublishedRow<'a>> {
    let endpoints = plan.stacks.iter().flat_map(|stack| &stack.published);
    let row = |published: &'a super::plan::PublishedEndpoint<'a>| {
        let service = plan.index.service(&published.workload.service);
        let login = service.and_then(|service| service.login.as_ref());
        PublishedRow {
            workload: &published.workload.name,
            url: &published.url,
            login: login.map(|login| LoginRow { username: &login.username, variable: &login.variable }),
        }
    };
    endpoints.map(row).collect()
}

fn resources(platform: &Platform) -> Vec<ResourceRow<'_>> {
    let all = platform.services.iter().flat_map(|service| service.resources.iter().map(move |resource| (service, resource)));
    all.filter(|(_, (_, names))| !names.is_empty())
        .map(|(service, (kind, names))| ResourceRow { service: &service.name, kind, names })
        .collect()
}

fn networks<'a>(platform: &'a Platform, plan: &'a ComposePlan<'a>) -> Vec<NetworkRow<'a>> {
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for workload in workloads(plan) {
        for network in &workload.networks {
            members.entry(network).or_default().push(&workload.name);
        }
    }
    let row = |network: &'a crate::platform::Network| {
        let maker = plan.network_makers.get(network.name.as_str())?;
        let stack = plan.stacks.iter().find(|stack| stack.index == *maker)?;
        Some(NetworkRow {
            name: &network.name,
            docker_name: docker_name(platform, &network.name),
            description: network.description.as_deref(),
            way_out: if network.internal { "none" } else { "yes" },
            maker: &stack.project,
            members: members.remove(network.name.as_str()).unwrap_or_default(),
        })
    };
    platform.networks.iter().filter_map(row).collect()
}

fn edge_row<'a>(index: &Index<'a>, edge: &'a Edge) -> Option<EdgeRow<'a>> {
    let to = edge.resource.as_ref().map_or_else(|| edge.to.clone(), |resource| format!("{}/{resource}", edge.to));
    if let Some(external) = index.service(&edge.to).and_then(|service| service.external.as_ref()) {
        let (from, address) = (edge.workloads.join(", "), readable(&external.address));
        return Some(EdgeRow { from, to, address, networks: "the internet".to_owned(), reason: edge.reason });
    }
    let provider = index.workload(&edge.endpoints.first()?.workload)?;
    let endpoints = edge.endpoints.iter().filter_map(|reference| Some((reference, index.endpoint(reference)?)));
    let addresses: Vec<String> = endpoints.map(|(reference, endpoint)| format!("{}:{}", reference.workload, endpoint.port)).collect();
    let consumers = edge.workloads.iter().filter_map(|name| index.workload(name));
    let networks: BTreeSet<&str> = consumers.flat_map(|consumer| relation::shared_networks(consumer, provider)).collect();
    Some(EdgeRow {
        from: edge.workloads.join(", "),
        to,
        address: addresses.join(", "),
        networks: networks.into_iter().collect::<Vec<_>>().join(", "),
        reason: edge.reason,
    })
}

/// One node per service, not per workload: the drawing is to be taken in at a glance.
fn diagram<'a>(platform: &'a Platform, plan: &'a ComposePlan<'a>) -> Diagram<'a> {
    let ids: BTreeMap<&str, String> =
        platform.services.iter().enumerate().map(|(index, service)| (service.name.as_str(), format!("n{index}"))).collect();
    let stack = |stack: &'a StackPlan<'a>| {
        let mut seen = BTreeSet::new();
        let names = stack.services.iter().map(|workload| workload.service.as_str()).filter(|name| seen.insert(*name));
        let nodes = names.filter_map(|name| Some(Node { id: ids.get(name)?.clone(), name })).collect();
        DiagramStack { id: format!("s{}", stack.index), name: &stack.project, nodes }
    };
    let elsewhere = |service: &&'a Service| service.external.is_some();
    let outside = platform.services.iter().filter(elsewhere);
    let outside = outside.filter_map(|service| Some(Node { id: ids.get(service.name.as_str())?.clone(), name: &service.name })).collect();
    let external = |edge: &Edge| plan.index.service(&edge.to).is_some_and(|service| service.external.is_some());
    let mut seen = BTreeSet::new();
    let edges = platform.edges.iter().filter(|edge| (!edge.endpoints.is_empty() || external(edge)) && seen.insert((&edge.from, &edge.to)));
    let arrows =
        edges.filter_map(|edge| Some(Arrow { from: ids.get(edge.from.as_str())?.clone(), to: ids.get(edge.to.as_str())?.clone() }));
    let arrows = arrows.collect();
    Diagram { stacks: plan.stacks.iter().map(stack).collect(), outside, arrows }
}

fn pipeline_row(pipeline: &Pipeline) -> PipelineRow<'_> {
    let steps = pipeline.steps.iter().map(|step| StepRow {
        name: &step.name,
        on: &step.on,
        program: step.program.as_deref().unwrap_or_default(),
        schedule: step.schedule.as_deref().unwrap_or_default(),
        starts: step.starts.as_deref().unwrap_or_default(),
        reads: step.reads.join(", "),
        writes: step.writes.join(", "),
    });
    PipelineRow { name: &pipeline.name, description: pipeline.description.as_deref(), steps: steps.collect() }
}

/// One look-up of a name per stack, for a server that has a provider.
fn lookups<'a>(platform: &'a Platform, plan: &'a ComposePlan<'a>) -> Vec<Lookup<'a>> {
    let example = |stack: &'a StackPlan<'a>| {
        let mut edges = platform.edges.iter().filter_map(|edge| Some((edge, edge.endpoints.first()?)));
        edges.find_map(|(edge, endpoint)| {
            let mut here =
                edge.workloads.iter().filter_map(|name| plan.index.workload(name)).filter(|workload| workload.stack == stack.index);
            let from = here.find(|workload| matches!(workload.kind, WorkloadKind::Server { .. }))?;
            Some(Lookup { project: &stack.project, from: &from.name, to: &endpoint.workload })
        })
    };
    plan.stacks.iter().filter_map(example).collect()
}

fn asked<'a>(stack: &'a StackPlan<'a>) -> Vec<Asked<'a>> {
    let row = |workload: &&'a Workload| match &workload.kind {
        WorkloadKind::Scheduled { schedule } => Some(Asked { file: &stack.file, name: &workload.name, schedule }),
        _ => None,
    };
    stack.services.iter().filter_map(row).collect()
}

fn connections<'a>(platform: &'a Platform, plan: &'a ComposePlan<'a>) -> Vec<SetupRow<'a>> {
    let row = |setup: &'a crate::platform::ConnectionSetup| {
        let stack = plan.stack_of(&setup.inspect)?;
        let connections = setup.connections.iter().map(|(name, _)| ConnectionRow { name }).collect();
        Some(SetupRow { project: &stack.project, inspect: &setup.inspect, test: &setup.test, connections })
    };
    platform.services.iter().filter_map(|service| row(service.connections.as_ref()?)).collect()
}

/// The volumes that Docker keeps, by the names that it knows them by.
fn volumes(platform: &Platform, plan: &ComposePlan<'_>) -> Vec<String> {
    let mounted: BTreeSet<&str> = workloads(plan).flat_map(Workload::volumes).collect();
    let kept = platform.volumes.iter().filter(|volume| volume.path.is_none() && mounted.contains(volume.name.as_str()));
    kept.map(|volume| docker_name(platform, &volume.name)).collect()
}
