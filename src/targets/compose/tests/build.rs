//! Small platforms for the tests.

use crate::formats::{Layout, Rendered};
use crate::platform::{
    Body, Check, Endpoint, File, Health, Image, Network, Platform, Protocol, Published, Stack, Volume, Workload, WorkloadKind,
};
use crate::source::Pointer;
use crate::value::{Duration, Replicas};

/// In every text position this must reach the real reader unchanged.
pub const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"\n";

pub fn at(path: &str) -> Pointer {
    Pointer::parse(path)
}

/// A platform `demo` with the stacks of the given names; none is the only one.
pub fn platform(stacks: &[&str], workloads: Vec<Workload>) -> Platform {
    let stack = |name: Option<&str>| Stack {
        name: name.map(str::to_owned),
        description: None,
        origin: at(&format!("/stacks/{}", name.unwrap_or_default())),
    };
    Platform {
        name: "demo".into(),
        description: None,
        environment: None,
        stacks: if stacks.is_empty() { vec![stack(None)] } else { stacks.iter().map(|name| stack(Some(name))).collect() },
        networks: vec![network("net", 0)],
        volumes: Vec::new(),
        secrets: Vec::new(),
        cluster: None,
        secret_store: crate::platform::SecretStore::Env,
        image_logins: Vec::new(),
        settings: Vec::new(),
        services: Vec::new(),
        workloads,
        edges: Vec::new(),
        pipelines: Vec::new(),
        expectations: Vec::new(),
    }
}

pub fn network(name: &str, owner: usize) -> Network {
    Network { name: name.into(), internal: false, owner, description: None, origin: at(&format!("/networks/{name}")) }
}

pub fn volume(name: &str, owner: usize) -> Volume {
    Volume { name: name.into(), path: None, group: None, size: None, owner, origin: at(&format!("/volumes/{name}")) }
}

/// A server on the network `net` in the first stack.
pub fn workload(name: &str) -> Workload {
    let kind = WorkloadKind::Server { replicas: Replicas::Count(1), keep_running: true };
    let image = Image::Pulled { reference: "nginx:1.30.4".into() };
    Workload { networks: vec!["net".into()], ..Workload::new(name, name, kind, image, at(&format!("/services/{name}"))) }
}

pub fn file(mount: &str, body: Body) -> File {
    File { mount: mount.into(), executable: false, body, origin: at("/services/web/files/x") }
}

pub fn endpoint(name: &str, port: u16, published: Option<(&str, u16)>) -> Endpoint {
    let published = published.map(|(address, port)| Published {
        port,
        address: address.parse().expect("an address"),
        origin: at("/services/web/publish"),
    });
    Endpoint { name: name.into(), port, protocol: Protocol::Http, published }
}

pub fn health(check: Check) -> Health {
    Health {
        check,
        remote: None,
        interval: Duration::seconds(10),
        timeout: Duration::seconds(5),
        retries: 3,
        start_period: Duration::seconds(60),
        start_interval: None,
    }
}

/// As if rendered into `generated/demo/compose` beside the folder `blueprints`.
pub fn layout() -> Layout {
    Layout { blueprint: "../../../blueprints/demo.yml".into(), base: "../../../blueprints".into(), parameters: Vec::new() }
}

pub fn render(platform: &Platform) -> Rendered {
    super::super::TARGET.render(platform, &layout()).expect("rendered")
}

/// A rendered file; there must have been nothing to report.
pub fn text(rendered: &Rendered, path: &str) -> String {
    assert_eq!(rendered.diagnostics, [], "nothing to report");
    assert_eq!(rendered.files.faults(), [], "every path can be written");
    rendered.files.get(path).unwrap_or_else(|| panic!("{path} in {:?}", rendered.files)).text.clone()
}
