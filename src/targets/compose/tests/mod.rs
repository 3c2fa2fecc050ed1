//! Small platforms, and what becomes of them.

mod build;
mod compose;
mod files;
mod refusals;
mod sharing;

use build::{at, endpoint, health, layout, network, platform, render, text, volume, workload};

use crate::platform::{
    Build, Check, Endpoint, Image, Mount, MountSource, PathRef, PublicText, Readiness, Resources, Text, TextTree, Vantage, Volume,
    Workload, WorkloadKind,
};
use crate::value::{Duration, Replicas, Size};

fn size(text: &str) -> Size {
    serde_json::from_value(text.into()).expect("a size")
}

fn words(words: &[&str]) -> Vec<PublicText> {
    words.iter().map(|word| PublicText::from(*word)).collect()
}

fn built() -> Image {
    let context = PathRef { path: "demo/app".into(), origin: at("/services/app/image") };
    let build =
        Build { context, dockerfile: Some("Dockerfile.app".into()), args: vec![("V".into(), "1".into())], target: Some("run".into()) };
    Image::Built { build, reference: "demo/app:local".into() }
}

fn mount(source: MountSource, target: &str, read_only: bool) -> Mount {
    Mount { source, target: target.into(), read_only, origin: at("/services/app/volumes/0") }
}

/// A service that has everything.
fn app() -> Workload {
    let dags = PathRef { path: "demo/dags".into(), origin: at("/services/app/volumes/0/path") };
    Workload {
        image: built(),
        profiles: vec!["app".into(), "all".into()],
        entrypoint: Some(words(&["/entry", "--"])),
        command: Some(words(&["sh", "-c", "umask 0002\nexec app\n"])),
        user: Some("50000:0".into()),
        groups: vec![7],
        working_dir: Some("/work".into()),
        environment: vec![(
            "URL".into(),
            Text::literal("redis://").then(Text::host_and_port(&workload("db").endpoint_ref("db"), Vantage::Here)),
        )],
        mounts: vec![
            mount(MountSource::Path(dags), "/dags", true),
            mount(MountSource::Volume("data".into()), "/data", false),
            mount(MountSource::Volume("lake".into()), "/lake", false),
        ],
        scratch: vec!["/tmp".into()],
        endpoints: vec![
            endpoint("http", 80, Some(("127.0.0.1", 8080))),
            endpoint("admin", 81, Some(("::1", 8081))),
            endpoint("quiet", 82, None),
        ],
        health: Some(health(Check::exec(["wget", "-q", "http://localhost"]))),
        waits: vec![("db".into(), Readiness::Ready), ("setup".into(), Readiness::Completed)],
        resources: Resources { cpu: Some("0.5".into()), memory: Some(size("512Mi")) },
        stop_grace: Some(Duration::seconds(90)),
        reaper: true,
        labels: vec![("team".into(), "data".into())],
        ..workload("app")
    }
}

fn everything() -> crate::platform::Platform {
    let setup = Workload { kind: WorkloadKind::Job { evidence: None }, ..workload("setup") };
    let db = Workload { endpoints: vec![Endpoint { ..endpoint("db", 5432, None) }], ..workload("db") };
    let lake = PathRef { path: "../lake".into(), origin: at("/volumes/lake/path") };
    crate::platform::Platform {
        volumes: vec![
            Volume { group: Some(2000), size: Some(size("5Gi")), ..volume("data", 0) },
            Volume { path: Some(lake), group: Some(7), ..volume("lake", 0) },
            volume("unused", 0),
        ],
        ..platform(&[], vec![db, setup, app()])
    }
}

#[test]
fn a_service_has_everything_in_the_order_of_people() {
    insta::assert_snapshot!(text(&render(&everything()), "docker-compose.yml"));
}

#[test]
fn without_secrets_the_example_is_short_and_the_env_is_ignored() {
    let rendered = render(&everything());
    assert!(text(&rendered, ".gitignore").lines().any(|line| line == ".env"));
    assert!(!text(&rendered, ".env.example").contains("=\""));
}

#[test]
fn servers_and_jobs_restart_differently() {
    let server = |count, keep_running| {
        let kind = WorkloadKind::Server { replicas: Replicas::Count(count), keep_running };
        Workload { kind, ..workload("web") }
    };
    let yaml = |workload| text(&render(&platform(&[], vec![workload])), "docker-compose.yml");
    assert!(yaml(server(3, false)).contains("    restart: on-failure\n    deploy:\n      replicas: 3\n"));
    assert!(yaml(server(0, true)).contains("    restart: unless-stopped\n    deploy:\n      replicas: 0\n"));
    assert!(yaml(Workload { kind: WorkloadKind::Job { evidence: None }, ..workload("web") }).contains("    restart: \"no\"\n"));
}

#[test]
fn a_workload_without_networks_has_none() {
    let yaml = text(&render(&platform(&[], vec![Workload { networks: Vec::new(), ..workload("web") }])), "docker-compose.yml");
    assert!(yaml.contains("network_mode: none") && !yaml.contains("networks:"));
}

#[test]
fn overrides_for_compose_are_merged_by_key() {
    let tree = TextTree::map([
        ("environment", TextTree::map([("B", TextTree::from("$x")), ("A", TextTree::Null)])),
        ("networks", TextTree::List(vec![TextTree::from("net")])),
        ("privileged", TextTree::Bool(true)),
    ]);
    let other = TextTree::map([("spec", TextTree::Int(1))]);
    let web = Workload {
        environment: vec![("A".into(), "1".into()), ("C".into(), "3".into())],
        overrides: vec![("compose".into(), tree), ("kubernetes".into(), other)],
        ..workload("web")
    };
    let yaml = text(&render(&platform(&[], vec![web])), "docker-compose.yml");
    assert!(yaml.contains("    environment:\n      A:\n      C: \"3\"\n      B: $$x\n"), "{yaml}");
    assert!(yaml.contains("privileged: true") && !yaml.contains("spec"));
}

#[test]
fn equal_input_gives_equal_bytes() {
    assert_eq!(format!("{:?}", render(&everything()).files), format!("{:?}", render(&everything()).files));
    assert_eq!(layout().relative("x"), "../../../blueprints/x");
    assert_eq!(network("n", 1).owner, 1);
}
