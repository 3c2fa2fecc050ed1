//! A small platform in two stacks, rendered into a folder of its own, with a stand-in for Docker on the path.

#![allow(dead_code, reason = "every test program uses a part of it")]

#[path = "../support/program.rs"]
mod program;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipegen::fileset::FileSet;
use pipegen::formats::Layout;
use pipegen::platform::{
    ConnectionSetup, Edge, Encoding, Endpoint, EndpointRef, Image, Login, Network, Platform, Protocol, Published, Secret, SecretFormat,
    Service, Stack, Text, Workload, WorkloadKind,
};
use pipegen::secrets::{self, Wanted};
use pipegen::source::Pointer;
use pipegen::targets::compose;
use pipegen::value::Replicas;
use tempfile::TempDir;

/// The port of the database: nothing on this machine listens there, so that probes from the host are not disturbed.
pub const DB_PORT: u16 = 2;

const FAKE_DOCKER: &str = include_str!("docker.sh");

/// A rendered platform.
pub struct Demo {
    folder: TempDir,
    /// Stands for the published port of `web`.
    pub published: TcpListener,
}

/// What became of a script.
pub struct Run {
    /// Whether it ended well.
    pub ok: bool,
    /// What it said, on both streams.
    pub text: String,
    /// How it called Docker: `[COMPOSE_PROFILES] arguments`.
    pub calls: Vec<String>,
}

impl Demo {
    pub fn new() -> Self {
        Self::changed(|_| {})
    }

    /// The same platform, reading no variable at all.
    pub fn without_secrets() -> Self {
        Self::changed(|platform| {
            platform.secrets.clear();
            platform.services.iter_mut().for_each(|service| service.login = None);
            platform.workloads.iter_mut().for_each(|workload| workload.environment.clear());
        })
    }

    fn changed(change: impl FnOnce(&mut Platform)) -> Self {
        let published = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut platform = platform(published.local_addr().expect("an address").port());
        change(&mut platform);
        let folder = tempfile::tempdir().expect("a folder");
        let layout =
            Layout { blueprint: "../../../blueprints/demo.yml".into(), base: "../../../blueprints".into(), parameters: Vec::new() };
        let rendered = compose::TARGET.render(&platform, &layout).expect("rendered");
        assert_eq!(rendered.diagnostics, [], "nothing to report");
        write_all(&folder.path().join("out"), &rendered.files);
        write(&folder.path().join("out/.env"), &env(), 0o600);
        write(&folder.path().join("bin/docker"), FAKE_DOCKER, 0o755);
        Self { folder, published }
    }

    /// The folder of the artifacts.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub fn port(&self) -> u16 {
        self.published.local_addr().expect("an address").port()
    }

    pub fn run(&self, script: &str, arguments: &[&str]) -> Run {
        self.run_with(script, arguments, &[])
    }

    /// Runs a script from another folder, with variables set.
    pub fn run_with(&self, script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let log = self.folder.path().join("calls");
        write(&log, "", 0o644);
        let path = format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new(self.path().join(script))
            .args(arguments)
            .current_dir("/")
            .env("PATH", path)
            .env("FAKE_LOG", &log)
            .env("FAKE_DB_PORT", DB_PORT.to_string())
            .envs(variables.iter().copied())
            .stdin(std::process::Stdio::null())
            .output()
            .expect(script);
        let text = [output.stdout, output.stderr].concat();
        let calls = std::fs::read_to_string(&log).expect("calls");
        Run {
            ok: output.status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
            calls: calls.lines().map(str::to_owned).collect(),
        }
    }
}

/// Writes a file with a mode, and the folders above it.
pub fn write(path: &Path, text: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
    if mode == 0o755 {
        return program::write(path, text);
    }
    std::fs::write(path, text).expect("the file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode");
}

fn write_all(folder: &Path, files: &FileSet) {
    for (path, file) in files.iter() {
        write(&folder.join(path.as_str()), &file.text, if file.executable { 0o755 } else { 0o644 });
    }
}

fn env() -> String {
    let wanted = Wanted {
        name: "WEB_PASSWORD".into(),
        format: SecretFormat::Password,
        note: "the user of web".into(),
        encodings: [Encoding::Raw].into(),
    };
    secrets::init(None, &[wanted], &[], &mut secrets::os_random).expect("an environment").text.reveal().to_owned()
}

fn at() -> Pointer {
    Pointer::parse("/services/x")
}

/// `db` and its job in the stack `data`; `web`, which uses it and is published, its job, `cache`, which must not reach
/// `db`, and `worker` and `tool` with profiles in the stack `web`.
pub fn platform(published: u16) -> Platform {
    let port = |port, published: Option<u16>| Endpoint {
        name: "main".into(),
        port,
        protocol: Protocol::Http,
        published: published.map(|port| Published { port, address: "127.0.0.1".parse().expect("an address"), origin: at() }),
    };
    let job = WorkloadKind::Job { evidence: None };
    let web = Workload {
        environment: vec![("PASSWORD".into(), Text::secret("WEB_PASSWORD"))],
        endpoints: vec![port(80, Some(published))],
        ..workload("web", 1, &["front", "back"])
    };
    let profile = |name, profile: &str| Workload { profiles: vec![profile.into()], ..workload(name, 1, &["front"]) };
    let workloads = vec![
        Workload { endpoints: vec![port(DB_PORT, None)], ..workload("db", 0, &["back"]) },
        Workload { kind: job.clone(), ..workload("db-init", 0, &["back"]) },
        web,
        Workload { kind: job, ..workload("web-connections", 1, &["front"]) },
        workload("cache", 1, &["front"]),
        profile("worker", "app"),
        profile("tool", "tools"),
    ];
    let stack = |name: &str| Stack { name: Some(name.into()), description: None, origin: at() };
    let network = |name: &str, owner| Network { name: name.into(), internal: false, owner, description: None, origin: at() };
    Platform {
        name: "demo".into(),
        description: Some("Two stacks & one door.".into()),
        environment: None,
        stacks: vec![stack("data"), stack("web")],
        networks: vec![network("back", 0), network("front", 1)],
        volumes: Vec::new(),
        secrets: vec![Secret {
            variable: "WEB_PASSWORD".into(),
            format: SecretFormat::Password,
            note: "the user of web".into(),
            encodings: vec![Encoding::Raw],
            origin: at(),
        }],
        cluster: None,
        secret_store: pipegen::platform::SecretStore::Env,
        image_logins: Vec::new(),
        settings: Vec::new(),
        services: services(),
        workloads,
        edges: vec![edge()],
        pipelines: Vec::new(),
        expectations: Vec::new(),
    }
}

fn services() -> Vec<Service> {
    let service = |name: &str| Service {
        name: name.into(),
        component: "container",
        login: None,
        resources: Vec::new(),
        connections: None,
        external: None,
        upstream: None,
        realizations: Vec::new(),
        origin: at(),
    };
    let connections = ConnectionSetup {
        job: "web-connections".into(),
        inspect: "web".into(),
        test: vec!["try".into()],
        connections: vec![("main_db".into(), "db/main".into())],
    };
    let web = Service {
        login: Some(Login { username: "admin".into(), variable: "WEB_PASSWORD".into() }),
        connections: Some(connections),
        ..service("web")
    };
    let db = Service { resources: vec![("database".into(), vec!["main".into()])], ..service("db") };
    vec![db, web, service("cache"), service("worker"), service("tool")]
}

fn edge() -> Edge {
    Edge {
        from: "web".into(),
        workloads: vec!["web".into()],
        to: "db".into(),
        resource: Some("main".into()),
        endpoints: vec![EndpointRef { workload: "db".into(), endpoint: "main".into() }],
        waits: Vec::new(),
        reason: "uses",
        origin: at(),
    }
}

fn workload(name: &str, stack: usize, networks: &[&str]) -> Workload {
    let service = name.split('-').next().unwrap_or(name);
    let kind = WorkloadKind::Server { replicas: Replicas::Count(1), keep_running: true };
    let image = Image::Pulled { reference: "busybox:1.37".into() };
    let networks = networks.iter().map(|name| (*name).into()).collect();
    Workload { stack, networks, ..Workload::new(name, service, kind, image, at()) }
}
