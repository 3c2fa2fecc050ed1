//! The scripts beside the Compose files: `up.sh`, `down.sh`, `setup-connections.sh`, `verify-network.sh`.
//!
//! What they need to know is put together here; how they do it is in `templates/compose/`.

use std::collections::BTreeSet;

use super::plan::{ComposePlan, PublishedEndpoint, StackPlan};
use crate::fileset::FileSet;
use crate::formats::{Layout, verification};
use crate::platform::{Platform, Workload, WorkloadKind};
use crate::secrets;
use crate::template::{self, TemplateError, filters};

template::views! {
    Up<'a>: Scripts<'a> = "compose/up.sh.j2", escape "sh";
    Down<'a>: Scripts<'a> = "compose/down.sh.j2", escape "sh";
    VerifyNetwork<'a>: Scripts<'a> = "compose/verify-network.sh.j2", escape "sh";
    SetupConnections<'a>: Scripts<'a> = "compose/setup-connections.sh.j2", escape "sh";
}

/// What the templates of the scripts read.
struct Scripts<'a> {
    header: String,
    name: &'a str,
    init: String,
    check_sh: &'static str,
    stacks: Vec<StackContext<'a>>,
    profiles: BTreeSet<&'a str>,
    variables: &'a BTreeSet<String>,
    has_files: bool,
    urls: Vec<Url<'a>>,
    connections: Vec<Connections<'a>>,
    facts: Vec<String>,
    inspect_container: &'static str,
}

struct StackContext<'a> {
    project: &'a str,
    file: &'a str,
    jobs: Vec<&'a str>,
}

struct Url<'a> {
    workload: &'a str,
    line: String,
}

struct Connections<'a> {
    name: &'a str,
    project: &'a str,
    file: &'a str,
    job: &'a str,
    connections: Vec<Connection<'a>>,
}

struct Connection<'a> {
    name: &'a str,
    to: &'a str,
}

/// For `docker inspect --format`: a container with its service and its addresses, and its ports on the host, as the
/// lines that `verify-network.sh` describes.
const INSPECT_CONTAINER: &str = concat!(
    r#"{{$service := index .Config.Labels "com.docker.compose.service"}}"#,
    r#"container {{.Id}} {{$service}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}"#,
    r#"{{range $port, $hosts := .NetworkSettings.Ports}}{{range $hosts}}{{"\n"}}"#,
    r#"bound {{$service}} {{$port}} {{.HostIp}} {{.HostPort}}{{end}}{{end}}"#,
);

/// The scripts of a platform; `has_files` says whether files are committed beside them in `files/`.
///
/// # Errors
/// A name cannot be written in a shell script, which the language rules out.
pub fn files(platform: &Platform, layout: &Layout, plan: &ComposePlan<'_>, has_files: bool) -> Result<FileSet, TemplateError> {
    let scripts = Scripts::new(platform, layout, plan, has_files);
    let mut files = FileSet::new();
    files.insert_executable("up.sh", template::render("compose/up.sh", &Up(&scripts))?);
    files.insert_executable("down.sh", template::render("compose/down.sh", &Down(&scripts))?);
    files.insert_executable("verify-network.sh", template::render("compose/verify-network.sh", &VerifyNetwork(&scripts))?);
    if !scripts.connections.is_empty() {
        files.insert_executable("setup-connections.sh", template::render("compose/setup-connections.sh", &SetupConnections(&scripts))?);
    }
    verification::probe(&mut files, &scripts.header)?;
    Ok(files)
}

impl<'a> Scripts<'a> {
    fn new(platform: &'a Platform, layout: &Layout, plan: &'a ComposePlan<'a>, has_files: bool) -> Self {
        Self {
            header: layout.header(),
            name: &platform.name,
            init: layout.init_command(platform),
            check_sh: secrets::CHECK_SH,
            stacks: plan.stacks.iter().map(stack).collect(),
            profiles: workloads(plan).flat_map(|workload| &workload.profiles).map(String::as_str).collect(),
            variables: &plan.variables,
            has_files,
            urls: urls(plan),
            connections: connections(platform, plan),
            facts: verification::facts(platform, &plan.index, &workloads(plan).collect::<Vec<_>>(), true),
            inspect_container: INSPECT_CONTAINER,
        }
    }
}

/// Whatever runs, in the order of the stacks.
pub fn workloads<'a>(plan: &'a ComposePlan<'a>) -> impl Iterator<Item = &'a Workload> {
    plan.stacks.iter().flat_map(|stack| &stack.services).copied().filter(|workload| !matches!(workload.kind, WorkloadKind::Template { .. }))
}

fn is_job(workload: &Workload) -> bool {
    matches!(workload.kind, WorkloadKind::Job { .. })
}

fn stack<'a>(stack: &'a StackPlan<'a>) -> StackContext<'a> {
    let jobs = stack.services.iter().filter(|workload| is_job(workload) && !workload.is_timed()).map(|workload| workload.name.as_str());
    StackContext { project: &stack.project, file: &stack.file, jobs: jobs.collect() }
}

/// Where people find things, with the name of the variable that lets them in.
fn urls<'a>(plan: &'a ComposePlan<'a>) -> Vec<Url<'a>> {
    let url = |published: &'a PublishedEndpoint<'a>| {
        let workload = published.workload;
        let login = plan.index.service(&workload.service).and_then(|service| service.login.as_ref());
        let login = login.map_or(String::new(), |login| format!("  (user {}, password: {} in .env)", login.username, login.variable));
        Url { workload: &workload.name, line: format!("{}{login}", published.url) }
    };
    plan.stacks.iter().flat_map(|stack| &stack.published).map(url).collect()
}

fn connections<'a>(platform: &'a Platform, plan: &'a ComposePlan<'a>) -> Vec<Connections<'a>> {
    let mut found = Vec::new();
    for service in &platform.services {
        let Some(setup) = &service.connections else { continue };
        let Some(stack) = plan.stack_of(&setup.job) else { continue };
        let connections = setup.connections.iter().map(|(name, to)| Connection { name, to }).collect();
        found.push(Connections { name: &service.name, project: &stack.project, file: &stack.file, job: &setup.job, connections });
    }
    found
}
