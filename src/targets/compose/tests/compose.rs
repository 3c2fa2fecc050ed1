//! What the real Docker Compose reads in our files. `config` needs no engine.

use std::process::Command;

use serde_json::Value;

use super::build::{NASTY, file, health, platform, render, text, workload};
use super::everything;
use crate::formats::Rendered;
use crate::platform::{
    Body, Build, Check, DocumentFormat, Encoding, Image, PathRef, Platform, PublicText, Resources, Secret, SecretFormat, Setting, Text,
    TextTree, Workload,
};
use crate::value::escape;

const FILE: &str = "docker-compose.yml";
const PASSWORD: &str = "p@/:%#?\"'$\\ é";

/// The program that `PIPEGEN_COMPOSE` names.
///
/// # Panics
/// If there is none although `PIPEGEN_REQUIRE_TOOLS=1`.
fn compose() -> Option<Command> {
    let program = std::env::var_os("PIPEGEN_COMPOSE");
    let required = std::env::var_os("PIPEGEN_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(program.is_some() || !required, "set PIPEGEN_COMPOSE to the program");
    let mut command = Command::new(program?);
    command.env_clear();
    Some(command)
}

/// The file as Compose reads it, with these variables, or what it says against it.
fn config(mut compose: Command, rendered: &Rendered, env: &[(&str, &str)]) -> Result<Value, String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs_err::write(folder.path().join(FILE), text(rendered, FILE)).expect("written");
    let env: String = env.iter().map(|(name, value)| format!("{name}={}\n", escape::dotenv(value))).collect();
    fs_err::write(folder.path().join(".env"), env).expect("written");
    let arguments = ["-f", FILE, "--profile", "*", "config", "--format", "json"];
    let output = compose.args(arguments).current_dir(folder.path()).output().expect("Compose runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(said);
    }
    assert_eq!(said, "", "no warning");
    Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn nasty() -> Text {
    Text::literal(NASTY)
}

/// The nasty text in every position.
fn nasty_platform() -> Platform {
    let public = || PublicText::from(NASTY);
    let context = PathRef { path: "a$b".into(), origin: super::at("/x") };
    let build = Build { context, dockerfile: None, args: vec![("A".into(), public())], target: None };
    let tree = TextTree::map([
        ("known", TextTree::from(nasty())),
        ("secret", Text::secret("P").into()),
        ("level", Text::setting("L", Some("$1".into())).into()),
    ]);
    let document = |format| Body::Document { format, tree: tree.clone() };
    let web = Workload {
        image: Image::Built { build, reference: "demo/web:local".into() },
        entrypoint: Some(vec![public(), "x".into()]),
        command: Some(vec!["sh".into(), public()]),
        environment: vec![
            ("TEXT".into(), nasty()),
            ("SECRET".into(), nasty().then(Text::secret("P")).then(nasty()).then(Text::secret("P").encoded(Encoding::Uri))),
            ("SETTING".into(), Text::setting("L", Some("a$b:-c".into())).then("} {$")),
        ],
        files: vec![
            file("/a", Body::Text(nasty().then(Text::secret("P")).then(nasty()))),
            file("/b", document(DocumentFormat::Yaml)),
            file("/c", document(DocumentFormat::Json)),
        ],
        working_dir: Some("/$x".into()),
        scratch: vec!["/$x".into()],
        health: Some(health(Check::Shell(public()))),
        labels: vec![("l".into(), public())],
        overrides: vec![("compose".into(), TextTree::map([("hostname", TextTree::from("a$b"))]))],
        ..workload("web")
    };
    let encodings = vec![Encoding::Raw, Encoding::Uri, Encoding::Json];
    Platform {
        secrets: vec![Secret {
            variable: "P".into(),
            format: SecretFormat::Password,
            note: "ours".into(),
            encodings: encodings.clone(),
            origin: super::at("/x"),
        }],
        settings: vec![Setting { variable: "L".into(), default: None, encodings, origin: super::at("/x") }],
        ..platform(&[], vec![web])
    }
}

fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("P", PASSWORD.to_owned()),
        ("P_URI", escape::uri(PASSWORD)),
        ("P_JSON", escape::json(PASSWORD)),
        ("PIPEGEN_ENV_SHA256", "0123".to_owned()),
    ]
}

fn borrowed<'e>(environment: &'e [(&'static str, String)]) -> Vec<(&'static str, &'e str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn every_text_is_read_back_unchanged() {
    let Some(compose) = compose() else { return };
    let read = config(compose, &render(&nasty_platform()), &borrowed(&environment())).expect("accepted");
    let web = &read["services"]["web"];
    for position in ["/entrypoint/0", "/command/1", "/environment/TEXT", "/healthcheck/test/1", "/labels/l", "/build/args/A"] {
        // `config` prints what Compose would read again, so it doubles every dollar.
        assert_eq!(web.pointer(position).and_then(Value::as_str).map(undoubled).as_deref(), Some(NASTY), "{position}");
    }
    let secret = web["environment"]["SECRET"].as_str().map(undoubled);
    assert_eq!(secret, Some(format!("{NASTY}{PASSWORD}{NASTY}{}", escape::uri(PASSWORD))));
    assert_eq!(web["environment"]["SETTING"].as_str().map(undoubled).as_deref(), Some("a$b:-c} {$"));
    assert_eq!(web["hostname"].as_str().map(undoubled).as_deref(), Some("a$b"));
    assert_eq!(web["tmpfs"][0].as_str().map(undoubled).as_deref(), Some("/$x"));
    assert!(web["build"]["context"].as_str().map(undoubled).is_some_and(|path| path.ends_with("/blueprints/a$b")));
}

#[test]
fn every_file_is_read_back_unchanged() {
    let Some(compose) = compose() else { return };
    let read = config(compose, &render(&nasty_platform()), &borrowed(&environment())).expect("accepted");
    let content = |id: &str| read["configs"][id]["content"].as_str().map(undoubled).expect("a content");
    assert_eq!(content("web.a"), format!("{NASTY}{PASSWORD}{NASTY}"));
    let yaml: Value = serde_yaml::from_str(&content("web.b")).expect("YAML");
    let json: Value = serde_json::from_str(&content("web.c")).expect("JSON");
    for document in [yaml, json] {
        assert_eq!(document, serde_json::json!({ "known": NASTY, "secret": PASSWORD, "level": "$1" }));
    }
}

fn undoubled(text: &str) -> String {
    text.replace("$$", "$")
}

#[test]
fn every_variable_is_needed_and_listed() {
    let Some(_) = compose() else { return };
    let rendered = render(&nasty_platform());
    let example = text(&rendered, ".env.example");
    for (missing, _) in environment() {
        assert!(example.contains(missing), "{missing} in {example}");
        let environment: Vec<_> = environment().into_iter().filter(|(name, _)| *name != missing).collect();
        let said = config(compose().expect("found before"), &rendered, &borrowed(&environment)).expect_err(missing);
        assert!(said.contains(&format!("required variable {missing} is missing a value: run pipegen secrets init")), "{said}");
    }
}

#[test]
fn the_whole_service_means_what_the_platform_says() {
    let Some(compose) = compose() else { return };
    let read = config(compose, &render(&everything()), &[]).expect("accepted");
    let app = &read["services"]["app"];
    assert_eq!(app["deploy"]["resources"]["limits"], serde_json::json!({ "cpus": 0.5, "memory": (512 << 20).to_string() }));
    assert_eq!(app["stop_grace_period"], "1m30s");
    assert_eq!(app["depends_on"]["setup"]["condition"], "service_completed_successfully");
    assert_eq!(app["ports"][1]["host_ip"], "::1");
    assert_eq!(app["volumes"][0]["bind"], serde_json::json!({ "create_host_path": false }));
    assert_eq!(app["volumes"][2]["bind"], serde_json::json!({}), "Compose leaves out that a folder is made");
    assert_eq!(read["networks"]["net"]["name"], "demo_net");
}

#[test]
fn sizes_are_powers_of_1024() {
    for (size, bytes) in [("512Ki", 512_u64 << 10), ("3Mi", 3 << 20), ("2Gi", 2 << 30), ("1Ti", 1 << 40)] {
        let Some(compose) = compose() else { return };
        let resources = Resources { cpu: None, memory: Some(super::size(size)) };
        let read = config(compose, &render(&platform(&[], vec![Workload { resources, ..workload("web") }])), &[]).expect("accepted");
        let memory = read.pointer("/services/web/deploy/resources/limits/memory").and_then(Value::as_str).map(str::to_owned);
        assert_eq!(memory, Some(bytes.to_string()));
    }
}

#[test]
fn compose_refuses_exactly_the_files_of_which_we_warn() {
    // Words of a command: Compose needs a minute for as many variables.
    let with = |words: usize| {
        let command = Some(vec![PublicText::from("x"); words]);
        render(&platform(&[], vec![Workload { command, ..workload("web") }]))
    };
    let message = with(100_000).diagnostics.remove(0).message;
    let nodes: usize = message.split(' ').nth(2).and_then(|number| number.parse().ok()).expect("a number of nodes");
    let most = 100_000 - (nodes - 100_000);
    let Some(compose) = compose() else { return };
    assert!(config(compose, &with(most), &[]).is_ok());
    let mut large = with(most + 1);
    assert_eq!(large.diagnostics.len(), 1);
    large.diagnostics.clear();
    let said = config(self::compose().expect("found before"), &large, &[]).expect_err("too large");
    assert!(said.contains("exceeds maximum node visit limit"), "{said}");
}
