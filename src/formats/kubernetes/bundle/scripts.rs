//! The scripts beside the manifests: `install.sh`, `secrets.sh`, `status.sh`, `forward.sh`, `uninstall.sh`, `verify-network.sh`, and the
//! guide.
//!
//! What they need to know is put together here; how they do it is in `templates/kubernetes/`.

use std::collections::{BTreeMap, BTreeSet};

use super::store::{self, Store};
use super::{ReleaseRow, Releases, verification};
use crate::fileset::FileSet;
use crate::formats::Layout;
use crate::formats::kubernetes::{
    Awaited, ClaimPlan, Exposure, FilledObject, OperatorRow, Reads, Scope, StackManifests, WorkloadManifests, external_secrets,
    local_object, operators, secret_object, settings_object,
};
use crate::formats::text::{Piece, url_of};
use crate::formats::variables::default;
use crate::formats::verification::probe;
use crate::platform::{Encoding, Image, Platform, SecretStore, Workload};
use crate::secrets;
use crate::template::{self, TemplateError, filters};

template::views! {
    Install<'a>: Scripts<'a> = "kubernetes/install.sh.j2", escape "sh";
    Secrets<'a>: Scripts<'a> = "kubernetes/secrets.sh.j2", escape "sh";
    Status<'a>: Scripts<'a> = "kubernetes/status.sh.j2", escape "sh";
    Uninstall<'a>: Scripts<'a> = "kubernetes/uninstall.sh.j2", escape "sh";
    VerifyNetwork<'a>: Scripts<'a> = "kubernetes/verify-network.sh.j2", escape "sh";
    ForwardScript<'a>: Scripts<'a> = "kubernetes/forward.sh.j2", escape "sh";
    Guide<'a>: Scripts<'a> = "kubernetes/README.md.j2", escape "md";
}

/// What the templates of scripts and guide read.
struct Scripts<'a> {
    header: String,
    name: &'a str,
    description: Option<&'a str>,
    init: String,
    check_sh: &'static str,
    stacks: Vec<Stack<'a>>,
    /// Whether one of them reads files of the user's.
    has_local: bool,
    profiles: BTreeSet<&'a str>,
    /// The variables without which nothing may start.
    required: BTreeSet<&'a str>,
    /// The values of the deployer that stand in the names of images.
    image_settings: BTreeSet<String>,
    /// What holds for those of them that nobody has set.
    image_defaults: BTreeMap<String, String>,
    forwards: Vec<Forward<'a>>,
    /// Whether a script has to bring them to this machine.
    forwarded: bool,
    images: BTreeSet<String>,
    claims: Vec<ClaimRow<'a>>,
    releases: &'a [ReleaseRow],
    operators: Vec<OperatorRow<'a>>,
    /// Whether a script installs them.
    installs_operators: bool,
    cluster: bool,
    volumes: bool,
    /// The store that has the values of the secrets, if it is not `.env`.
    store: Option<Store<'a>>,
    facts: Vec<String>,
}

struct Stack<'a> {
    namespace: &'a str,
    secrets: Vec<SecretRow>,
    settings: Vec<Key>,
    filled: Vec<FilledRow>,
    local: Vec<LocalRow<'a>>,
    settings_object: String,
    /// Whether a store fills secrets of it.
    external: bool,
    /// The objects without our labels, since `kubectl create` made them.
    objects: Vec<String>,
    workloads: Vec<WorkloadRow<'a>>,
    /// The kinds of custom resources.
    custom_kinds: BTreeSet<&'a str>,
}

struct SecretRow {
    object: String,
    /// The keys, and how each is read from `.env`.
    keys: Vec<Key>,
}

struct Key {
    /// The key is called like the variable of `.env`.
    variable: String,
    /// Whether that is read from its copy in Base64.
    coded: bool,
    /// What holds if nobody has set it, written as the key is; empty where somebody has to.
    default: String,
}

struct FilledRow {
    object: String,
    /// Its type, where it is not the default.
    kind: Option<&'static str>,
    /// Labels beside ours, as YAML.
    labels: String,
    files: Vec<FilledKey>,
}

struct FilledKey {
    key: String,
    pieces: Vec<Piece>,
}

struct LocalRow<'a> {
    object: &'a str,
    /// Each is `KEY=PATH`.
    files: Vec<String>,
    /// The paths alone.
    paths: Vec<String>,
}

struct WorkloadRow<'a> {
    name: &'a str,
    /// What shows that it is there.
    awaited: &'a [Awaited],
    profiles: &'a [String],
    component: &'a str,
    networks: String,
    /// Whether it waits for what a chart brings.
    after_charts: bool,
    /// The files of the user's that it reads.
    local: Vec<String>,
}

struct Forward<'a> {
    namespace: &'a str,
    workload: &'a str,
    /// The Service that leads there.
    service: &'a str,
    address: String,
    host_port: u16,
    port: u16,
    url: String,
    login: Option<String>,
    line: String,
    profile: bool,
}

struct ClaimRow<'a> {
    namespace: &'a str,
    name: &'a str,
    path: Option<&'a str>,
    mode: &'static str,
    size: &'a str,
}

/// The scripts and the guide.
///
/// # Errors
/// A name cannot be written in a shell script, which the language rules out.
pub fn files(
    platform: &Platform,
    layout: &Layout,
    scope: &Scope<'_>,
    stacks: &[StackManifests<'_>],
    releases: &Releases,
) -> Result<FileSet, TemplateError> {
    let scripts = Scripts::new(platform, layout, scope, stacks, releases);
    let mut files = FileSet::new();
    files.insert_executable("install.sh", template::render("kubernetes/install.sh", &Install(&scripts))?);
    files.insert_executable("secrets.sh", template::render("kubernetes/secrets.sh", &Secrets(&scripts))?);
    files.insert_executable("status.sh", template::render("kubernetes/status.sh", &Status(&scripts))?);
    files.insert_executable("uninstall.sh", template::render("kubernetes/uninstall.sh", &Uninstall(&scripts))?);
    files.insert_executable("verify-network.sh", template::render("kubernetes/verify-network.sh", &VerifyNetwork(&scripts))?);
    if scripts.forwarded && !scripts.forwards.is_empty() {
        files.insert_executable("forward.sh", template::render("kubernetes/forward.sh", &ForwardScript(&scripts))?);
    }
    probe(&mut files, &scripts.header)?;
    files.insert("README.md", template::render("kubernetes/README.md", &Guide(&scripts))?);
    Ok(files)
}

impl<'a> Scripts<'a> {
    fn new(
        platform: &'a Platform,
        layout: &'a Layout,
        scope: &'a Scope<'_>,
        stacks: &'a [StackManifests<'_>],
        releases: &'a Releases<'_>,
    ) -> Self {
        let workloads = || stacks.iter().flat_map(|stack| &stack.workloads);
        let built = workloads().filter_map(|one| match &one.workload.image {
            Image::Built { reference, .. } => reference.text().as_literal().map(str::to_owned),
            Image::Pulled { .. } => None,
        });
        Self {
            header: layout.header(),
            name: &platform.name,
            description: platform.description.as_deref(),
            init: layout.init_command(platform),
            check_sh: secrets::CHECK_SH,
            stacks: stacks.iter().map(|stack| self::stack(platform, layout, scope, stack)).collect(),
            has_local: scope.reads.values().any(|reads| !reads.local.is_empty()),
            profiles: workloads().flat_map(|one| &one.workload.profiles).map(String::as_str).collect(),
            required: required(scope),
            image_defaults: image_defaults(platform),
            image_settings: image_settings(platform),
            forwarded: scope.exposure == Exposure::Forwarded,
            forwards: stacks.iter().flat_map(|stack| forwards(scope, stack)).collect(),
            images: built.collect(),
            claims: stacks.iter().flat_map(claims).collect(),
            releases: &releases.rows,
            operators: operators(scope),
            installs_operators: releases.operators,
            cluster: releases.cluster,
            volumes: releases.volumes,
            store: store::store(scope),
            facts: verification::facts(platform, scope, stacks),
        }
    }
}

/// Secrets, and values of the deployer that have no default.
fn required<'a>(scope: &'a Scope<'_>) -> BTreeSet<&'a str> {
    let read =
        scope.resolver.used.iter().filter(|(_, encodings)| encodings.contains(&Encoding::Base64)).map(|(variable, _)| variable.as_str());
    read.filter(|variable| default(scope.platform, variable).is_none()).collect()
}

fn image_defaults(platform: &Platform) -> BTreeMap<String, String> {
    let with_default = |name: String| default(platform, &name).map(str::to_owned).map(|default| (name, default));
    image_settings(platform).into_iter().filter_map(with_default).collect()
}

fn image_settings(platform: &Platform) -> BTreeSet<String> {
    let parts = platform.workloads.iter().flat_map(|workload| workload.image.reference().text().parts());
    let settings = parts.filter_map(|part| match part {
        crate::platform::Part::Setting { variable, .. } => Some(variable.clone()),
        _ => None,
    });
    settings.collect()
}

fn stack<'a>(platform: &'a Platform, layout: &Layout, scope: &'a Scope<'_>, stack: &'a StackManifests<'_>) -> Stack<'a> {
    static NOTHING: Reads = Reads {
        secrets: std::collections::BTreeMap::new(),
        settings: std::collections::BTreeMap::new(),
        filled: Vec::new(),
        local: BTreeSet::new(),
    };
    let reads = scope.reads.get(&stack.stack).unwrap_or(&NOTHING);
    let made = reads.secrets.iter().filter(|_| platform.secret_store == SecretStore::Env);
    let secrets = made.map(|(variable, encodings)| SecretRow {
        object: secret_object(variable),
        keys: encodings.iter().map(|encoding| key(platform, variable, *encoding)).collect(),
    });
    let settings =
        reads.settings.iter().flat_map(|(variable, encodings)| encodings.iter().map(|encoding| key(platform, variable, *encoding)));
    let local = local(reads, layout);
    let settings_object = settings_object(&platform.name);
    let custom = stack.workloads.iter().flat_map(|one| &one.awaited).filter(|object| object.custom);
    let made = (!reads.settings.is_empty()).then(|| settings_object.clone());
    Stack {
        namespace: &stack.namespace,
        secrets: secrets.collect(),
        settings: settings.collect(),
        filled: filled(platform, reads),
        objects: made.into_iter().chain(local.iter().map(|row| row.object.to_owned())).collect(),
        workloads: stack.workloads.iter().filter_map(|one| workload(scope, one, &local)).collect(),
        local,
        settings_object,
        external: platform.secret_store != SecretStore::Env && !external_secrets::variables(reads).is_empty(),
        custom_kinds: custom.map(|object| object.kind.as_str()).collect(),
    }
}

/// Percent-encoded and JSON values are lines of `.env` that only pipegen writes, so they can be read as they are; a raw
/// one can be anything, and is read from its copy in Base64.
fn key(platform: &Platform, variable: &str, encoding: Encoding) -> Key {
    let default = default(platform, variable).map(|default| encoding.apply(default)).unwrap_or_default();
    Key { variable: encoding.variable(variable), coded: encoding == Encoding::Raw, default }
}

fn filled(platform: &Platform, reads: &Reads) -> Vec<FilledRow> {
    external_secrets::by_script(platform, reads).into_iter().map(filled_row).collect()
}

fn filled_row(FilledObject { name, kind, labels, keys }: FilledObject) -> FilledRow {
    FilledRow {
        object: name,
        kind: (kind != FilledObject::OPAQUE).then_some(kind),
        labels: labels.iter().map(|(key, value)| format!("{key}: \"{value}\"")).collect::<Vec<_>>().join(", "),
        files: keys.into_iter().map(|(key, pieces)| FilledKey { key, pieces }).collect(),
    }
}

fn local<'a>(reads: &'a Reads, layout: &Layout) -> Vec<LocalRow<'a>> {
    let mut rows: Vec<LocalRow<'a>> = Vec::new();
    for file in &reads.local {
        if rows.last().is_none_or(|row| row.object != file.object) {
            rows.push(LocalRow { object: &file.object, files: Vec::new(), paths: Vec::new() });
        }
        let path = layout.relative(&file.path);
        if let Some(row) = rows.last_mut() {
            row.files.push(format!("{}={path}", file.key));
            row.paths.push(path);
        }
    }
    rows
}

/// The files of the user's that a workload reads; the rows are sorted by the object.
fn local_paths(rows: &[LocalRow<'_>], workload: &str) -> Vec<String> {
    let object = local_object(workload);
    rows.binary_search_by(|row| row.object.cmp(&object)).map(|at| rows[at].paths.clone()).unwrap_or_default()
}

fn workload<'a>(scope: &'a Scope<'_>, one: &'a WorkloadManifests<'_>, local: &[LocalRow<'_>]) -> Option<WorkloadRow<'a>> {
    if one.awaited.is_empty() {
        return None;
    }
    Some(WorkloadRow {
        name: &one.workload.name,
        awaited: &one.awaited,
        profiles: &one.workload.profiles,
        component: scope.index.service(&one.workload.service).map_or("", |service| service.component),
        networks: one.workload.networks.join(", "),
        after_charts: waits_for_charts(scope, one.workload, &mut BTreeSet::new()),
        local: local_paths(local, &one.workload.name),
    })
}

/// Whether a workload, or one that it waits for, waits for what a chart brings; what an operator reads is among the manifests.
fn waits_for_charts<'a>(scope: &'a Scope<'_>, workload: &'a Workload, seen: &mut BTreeSet<&'a str>) -> bool {
    workload.waits.iter().any(|(name, _)| {
        let known = !seen.insert(name);
        !known
            && (scope.replaced.by(name).is_some_and(|by| by.operator().is_none())
                || scope.index.workload(name).is_some_and(|other| waits_for_charts(scope, other, seen)))
    })
}

fn forwards<'a>(scope: &'a Scope<'_>, stack: &'a StackManifests<'_>) -> Vec<Forward<'a>> {
    let mut rows = Vec::new();
    for one in &stack.workloads {
        let login = scope.index.service(&one.workload.service).and_then(|service| service.login.as_ref());
        for endpoint in &one.workload.endpoints {
            let (Some(published), Some((service, port))) = (&endpoint.published, scope.replaced.service(one.workload, endpoint)) else {
                continue;
            };
            let http = endpoint.protocol == crate::platform::Protocol::Http;
            let url = url_of(endpoint.protocol, published);
            let login = login.filter(|_| http).map(|login| format!("user {}, password: {} in .env", login.username, login.variable));
            rows.push(Forward {
                namespace: &stack.namespace,
                workload: &one.workload.name,
                service,
                address: published.address.to_string(),
                host_port: published.port,
                port,
                line: login.as_ref().map_or_else(|| url.clone(), |login| format!("{url}  ({login})")),
                url,
                login,
                profile: !one.workload.profiles.is_empty(),
            });
        }
    }
    rows
}

fn claims<'a>(stack: &'a StackManifests<'_>) -> Vec<ClaimRow<'a>> {
    let row = |claim: &'a ClaimPlan| ClaimRow {
        namespace: &stack.namespace,
        name: &claim.name,
        path: claim.path.as_deref(),
        mode: claim.access_mode(),
        size: &claim.size,
    };
    stack.claims.iter().map(row).collect()
}
