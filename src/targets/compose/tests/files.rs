//! Files: committed, filled in by Compose, the user's own; and the label that makes changes arrive.

use super::at;
use super::build::{file, platform, render, text, workload};
use crate::platform::{Body, DocumentFormat, Encoding, File, PathRef, Platform, Text, TextTree, Workload};

const FILE: &str = "docker-compose.yml";

fn with(files: Vec<File>) -> Platform {
    platform(&[], vec![Workload { files, ..workload("web") }])
}

fn document(format: DocumentFormat, tree: TextTree) -> Body {
    Body::Document { format, tree }
}

fn password() -> Text {
    Text::secret("DB_PASSWORD")
}

/// The content of the only config.
fn content(body: Body) -> String {
    let rendered = text(&render(&with(vec![file("/etc/x", body)])), FILE);
    let (_, content) = rendered.split_once("    content: ").expect("a content");
    content.to_owned()
}

#[test]
fn what_is_known_is_committed_and_keeps_its_dollars() {
    let body = Body::Text(Text::literal("cost: $5 ${X}\n"));
    let program = File { executable: true, ..file("/opt/run.sh", body.clone()) };
    let rendered = render(&with(vec![file("/etc/a.conf", body), program]));
    assert_eq!(text(&rendered, "files/web/a.conf"), "cost: $5 ${X}\n");
    assert!(rendered.files.get("files/web/run.sh").expect("there").executable, "a program is executable");
    let yaml = text(&rendered, FILE);
    assert!(yaml.contains("configs:\n  web.a.conf:\n    file: ./files/web/a.conf\n"), "{yaml}");
    assert!(yaml.contains("      - source: web.a.conf\n        target: /etc/a.conf\n"), "{yaml}");
    assert!(!yaml.contains("mode:"), "Compose warns of a mode beside a file");
}

#[test]
fn what_the_deployer_knows_is_content() {
    let body = Body::Text(Text::literal("$a=").then(password()).then("\n").then(Text::setting("LEVEL", Some("in$fo".into()))));
    assert_eq!(content(body), "|-\n      $$a=${DB_PASSWORD:?run pipegen secrets init}\n      ${LEVEL:-in$$fo}\n");
}

#[test]
fn an_executable_content_gets_a_mode() {
    let rendered = render(&with(vec![File { executable: true, ..file("/x", Body::Text(password())) }]));
    assert!(text(&rendered, FILE).contains("mode: \"0555\""));
}

#[test]
fn a_secret_in_a_document_is_a_whole_scalar() {
    let url = Text::literal("postgres://\"$u:").then(password().encoded(Encoding::Uri)).then("@db");
    let tree = TextTree::map([("p", password().into()), ("u", TextTree::from(url)), ("n", TextTree::Int(1)), ("$k", "$v".into())]);
    let expected = "    p: DB_PASSWORD_JSON\n    u: \"postgres://\\\"$$u:DB_PASSWORD_URI@db\"\n    \"n\": 1\n    $$k: $$v\n";
    let short = |text: String| text.replace(":?run pipegen secrets init}", "").replace("${", "").replace("      ", "    ");
    let yaml = short(content(document(DocumentFormat::Yaml, tree.clone())));
    assert_eq!(yaml, format!("|\n{expected}"));
    let json = short(content(document(DocumentFormat::Json, tree)));
    assert!(json.contains("\"p\": DB_PASSWORD_JSON,\n") && json.contains("\"u\": \"postgres://\\\"$$u:DB_PASSWORD_URI@db\","), "{json}");
}

#[test]
fn a_template_gets_its_values_for_the_place_where_it_stands() {
    let topics = |name: Text| {
        let nothing = ["replicas", "in_sync", "retention_ms"].map(|key| (key, TextTree::Null));
        let known = [("name", TextTree::from(name)), ("partitions", TextTree::Int(3))];
        let topics = TextTree::List(vec![TextTree::map(known.into_iter().chain(nothing))]);
        Body::Template { name: "kafka/topics.sh", context: TextTree::map([("topics", topics), ("replicated", TextTree::Bool(false))]) }
    };
    assert!(render(&with(vec![file("/x", topics(Text::literal("orders")))])).diagnostics.is_empty());
    let refused = render(&with(vec![file("/x", topics(Text::setting("TOPIC", None)))])).diagnostics;
    assert_eq!(refused[0].message, "Compose cannot escape the value of `TOPIC` inside a longer text of a file");
}

#[test]
fn properties_take_only_what_needs_no_escaping() {
    let tree = |text: Text| document(DocumentFormat::Properties, TextTree::map([("a", TextTree::map([("b", TextTree::from(text))]))]));
    assert_eq!(
        content(tree(Text::literal("x=").then(password().encoded(Encoding::Uri)))),
        "|\n      a.b=x=${DB_PASSWORD_URI:?run pipegen secrets init}\n"
    );
    assert_eq!(render(&with(vec![file("/x", tree(password()))])).diagnostics.len(), 1);
}

#[test]
fn a_file_of_the_users_is_mounted_from_where_it_is() {
    let path = PathRef { path: "demo/nginx.conf".into(), origin: at("/services/web/files/0") };
    let yaml = text(&render(&with(vec![file("/etc/nginx/nginx.conf", Body::Path(path))])), FILE);
    assert!(yaml.contains("  web.nginx.conf:\n    file: ../../../blueprints/demo/nginx.conf\n"), "{yaml}");
}

#[test]
fn equal_files_are_one_config_and_different_ones_have_different_names() {
    let one = |mount: &str, content: &str| file(mount, Body::Text(Text::literal(content)));
    let services = vec![
        Workload { files: vec![one("/a/x.conf", "1"), one("/b/x.conf", "2"), one("/a/b/x.conf", "3")], ..workload("web") },
        Workload { files: vec![one("/c/x.conf", "1"), one("/d/x.conf", "4")], ..workload("app") },
    ];
    let rendered = render(&platform(&[], services));
    let yaml = text(&rendered, FILE);
    let ids: Vec<&str> = yaml.lines().filter_map(|line| line.trim().strip_prefix("- source: ")).collect();
    assert_eq!(ids, ["web.x.conf", "web.b-x.conf", "web.a-b-x.conf", "app.x.conf", "app.d-x.conf"]);
    assert_eq!(text(&rendered, "files/web/a-b-x.conf"), "3");
}

#[test]
fn a_changed_file_changes_the_label() {
    let label = |body| {
        let yaml = text(&render(&with(vec![file("/x", body)])), FILE);
        yaml.lines().find_map(|line| line.trim().strip_prefix("pipegen.files: ").map(str::to_owned)).expect("a label")
    };
    let (one, other) = (label(Body::Text("1".into())), label(Body::Text("2".into())));
    assert_eq!(one.trim_matches('"').len(), 16);
    assert_ne!(one, other);
    assert!(label(Body::Text(password())).contains("-${PIPEGEN_ENV_SHA256:?run pipegen secrets init}"));
}
