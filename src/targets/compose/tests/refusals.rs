//! What Compose cannot express is an error at its place.

use super::build::{at, endpoint, file, platform, render, workload};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::realization::{Realization, Realizer, Value};
use crate::platform::{Body, DocumentFormat, Image, Platform, Text, TextTree, Vantage, Workload, WorkloadKind};
use crate::value::Replicas;

fn only_diagnostic(platform: &Platform) -> Diagnostic {
    let mut diagnostics = render(platform).diagnostics;
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    diagnostics.remove(0)
}

fn refused(web: Workload) -> (Place, String) {
    let diagnostic = only_diagnostic(&platform(&[], vec![web]));
    assert_eq!(diagnostic.code, &code::TARGET_LIMIT);
    assert!(diagnostic.help.is_some());
    (diagnostic.place, diagnostic.message)
}

#[test]
fn several_containers_cannot_share_a_port_of_the_host() {
    let endpoints = vec![endpoint("http", 80, Some(("127.0.0.1", 8080)))];
    let kind = WorkloadKind::Server { replicas: Replicas::Count(2), keep_running: true };
    let (place, message) = refused(Workload { kind, endpoints, ..workload("web") });
    assert_eq!(place, Place::Value(at("/services/web/publish")));
    assert_eq!(message, "port 8080 of the host cannot lead to 2 containers");
}

#[test]
fn nothing_starts_from_a_pattern() {
    let kind = WorkloadKind::Template { instead: "write something else" };
    let diagnostic = only_diagnostic(&platform(&[], vec![Workload { kind, ..workload("web") }]));
    assert_eq!(diagnostic.place, Place::Key(at("/services/web")));
    assert_eq!(diagnostic.message, "`web` is started by another workload, whenever that needs one, which Compose cannot do");
    assert_eq!(diagnostic.help.as_deref(), Some("write something else"));
}

#[test]
fn a_secret_inside_a_longer_text_cannot_be_escaped() {
    let tree = TextTree::map([("a", TextTree::from(Text::literal("x").then(Text::secret("P"))))]);
    for format in [DocumentFormat::Yaml, DocumentFormat::Json, DocumentFormat::Properties] {
        let files = vec![file("/x", Body::Document { format, tree: tree.clone() })];
        let (place, message) = refused(Workload { files, ..workload("web") });
        assert_eq!(place, Place::Value(at("/services/web/files/x")));
        assert_eq!(message, "Compose cannot escape the value of `P` inside a longer text of a file");
    }
}

#[test]
fn a_default_that_would_end_too_early_is_refused() {
    for default in ["a}b", "{", "a\nb"] {
        let environment = vec![("A".into(), Text::setting("A", Some(default.into())))];
        let (_, message) = refused(Workload { environment, ..workload("web") });
        assert!(message.starts_with("Compose cannot write the default of `A`"));
    }
}

#[test]
fn an_address_that_is_not_there_is_refused() {
    let hidden = Workload { endpoints: vec![endpoint("http", 80, None)], ..workload("web") };
    for reference in [hidden.endpoint_ref("http"), hidden.endpoint_ref("nothing")] {
        let environment = vec![("A".into(), Text::host_and_port(&reference, Vantage::Host))];
        let web = Workload { environment, ..hidden.clone() };
        assert_eq!(render(&platform(&[], vec![web])).diagnostics.len(), 2, "one for each half");
    }
}

#[test]
fn our_label_is_ours() {
    let files = vec![file("/x", Body::Text("x".into()))];
    let (_, message) = refused(Workload { files, labels: vec![("pipegen.files".into(), "x".into())], ..workload("web") });
    assert_eq!(message, "the label `pipegen.files` is written by pipegen");
}

#[test]
fn no_chart_stands_in_for_a_container() {
    let realization = |targets: &'static [&'static str]| Realization {
        targets,
        by: Realizer::Chart { repository: "https://example.com", name: "c", version: "1", values: Value::Null },
        replaces: Vec::new(),
        endpoints: Vec::new(),
        pods: Vec::new(),
        secrets: Vec::new(),
        callers: Vec::new(),
        openings: Vec::new(),
        visits: Vec::new(),
        gaps: Vec::new(),
    };
    let service = |targets: &'static [&'static str]| crate::platform::Service {
        name: "web".into(),
        component: "kafka",
        login: None,
        resources: Vec::new(),
        connections: None,
        external: None,
        upstream: None,
        realizations: vec![realization(targets)],
        origin: at("/services/web"),
    };
    let with = |targets: &'static [&'static str]| Platform { services: vec![service(targets)], ..platform(&[], vec![workload("web")]) };
    assert_eq!(render(&with(&["helm"])).diagnostics, []);
    assert_eq!(only_diagnostic(&with(&["compose"])).place, Place::Key(at("/services/web")));
}

#[test]
fn a_file_that_compose_refuses_to_read_is_a_warning() {
    let environment = (0..100_000).map(|number| (format!("A{number}"), Text::from("1"))).collect();
    let diagnostic = only_diagnostic(&platform(&[], vec![Workload { environment, ..workload("web") }]));
    assert_eq!(diagnostic.code, &code::LARGE_OUTPUT);
    assert!(diagnostic.message.starts_with("`docker-compose.yml` has 1000"), "{}", diagnostic.message);
}

#[test]
fn a_built_image_is_never_asked_of_a_registry() {
    let web = Workload { image: super::built(), ..workload("web") };
    assert!(matches!(web.image, Image::Built { .. }));
    let yaml = super::text(&render(&platform(&[], vec![web])), "docker-compose.yml");
    assert!(yaml.contains("pull_policy: build"));
}
