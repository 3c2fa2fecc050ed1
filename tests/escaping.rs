//! A text that means something to every syntax on its way reaches each real reader unchanged, wherever it stands.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use pipegen::dotenv::Env;
use pipegen::value::escape;
use serde_json::{Value, json};
use support::postgres::Postgres;
use support::rendered::Rendered;

/// What Kubernetes, Compose, Helm, `airflow.cfg`, the shell, SQL and JSON would each read as something of theirs.
const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"\n";
/// The same for a default, in which Compose can write no brace and no line break (`target-limit` says so).
const DEFAULT: &str = "$(A)$B$$C %(e)s'\"";

/// How a blueprint spells a text without holes.
fn spelled(text: &str) -> String {
    text.replace('$', "$$")
}

/// A blueprint with the text in every position. JSON is YAML, and spells every text.
fn blueprint() -> String {
    let nasty = spelled(NASTY);
    let between = format!("{nasty}${{credentials.owner.password}}{nasty}");
    let blueprint = json!({
        "blueprint": "v1", "name": "nasty", "description": nasty,
        "networks": { "main": { "description": nasty } },
        "credentials": { "owner": { "username": nasty }, "admin": { "username": nasty } },
        "services": {
            "app": {
                "component": "container", "image": "debian:12.5", "uses": ["db"],
                "environment": {
                    "PLAIN": nasty, "BETWEEN": between, "GIVEN": "${env.GIVEN}",
                    "DEFAULT": format!("${{env.ABSENT:-{DEFAULT}}}"),
                },
                "command": [nasty, "-c", nasty], "entrypoint": [nasty], "working_dir": format!("/{nasty}"),
                "labels": { "note": nasty }, "health": { "command": ["test", nasty] },
                "files": {
                    "/plain.txt": { "text": nasty }, "/secret.txt": { "text": between },
                    "/plain.yml": { "yaml": { "list": [nasty], "map": { "key": nasty } } },
                    "/secret.yml": { "yaml": { "plain": nasty, "secret": "${credentials.owner.password}" } },
                    "/plain.json": { "json": { "list": [nasty], "map": { "key": nasty } } },
                    "/secret.json": { "json": { "plain": nasty, "secret": "${credentials.owner.password}" } },
                    "/plain.properties": { "properties": { "key": nasty } },
                },
                "overrides": { "compose": { "annotations": { "note": nasty }, "logging": { "driver": "local", "options": { "tag": nasty } } } },
            },
            "built": { "component": "container", "build": { "context": ".", "args": { "ARGUMENT": nasty } } },
            "db": { "component": "postgres", "credential": "owner", "databases": { "app": { "init": ["seed.sql"] } } },
            "airflow": {
                "component": "airflow", "executor": "local", "database": "db/app", "admin": "admin", "publish": 8080,
                "connections": { "again": { "to": "db/app" } },
            },
        },
    });
    serde_json::to_string_pretty(&blueprint).expect("JSON")
}

/// Rendered, with the text as every password and setting.
static NASTY_PLATFORM: LazyLock<Rendered> = LazyLock::new(|| {
    let seed = "CREATE TABLE seeded (note text);\n";
    let rendered = Rendered::text(&blueprint(), &[("Dockerfile", "FROM scratch\nARG ARGUMENT\n"), ("seed.sql", seed)]);
    let given = rendered.variables().into_iter().filter(|name| name.ends_with("_PASSWORD") || name == "GIVEN");
    let values: BTreeMap<String, String> = given.map(|name| (name, NASTY.to_owned())).collect();
    assert_eq!(values.keys().map(String::as_str).collect::<Vec<_>>(), ["ADMIN_PASSWORD", "DB_ADMIN_PASSWORD", "GIVEN", "OWNER_PASSWORD"]);
    rendered.with_secrets(&values)
});

/// The Compose file as its containers get it; `None` without Compose.
fn file() -> Option<Value> {
    let compose = support::tool("compose")?;
    Some(NASTY_PLATFORM.filled_in(&compose, "docker-compose.yml"))
}

/// A file that `app` mounts, as it finds it.
fn mounted(file: &Value, target: &str) -> String {
    let mounts = file["services"]["app"]["configs"].as_array().expect("files");
    let mount = mounts.iter().find(|mount| mount["target"] == target).expect("it is mounted");
    let config = &file["configs"][mount["source"].as_str().expect("a name")];
    match config["file"].as_str() {
        Some(path) => fs::read_to_string(path).expect("it was rendered"),
        None => config["content"].as_str().expect("content").to_owned(),
    }
}

#[test]
fn compose_reads_every_text_of_a_service() {
    let Some(file) = file() else { return };
    let app = &file["services"]["app"];
    let environment = &app["environment"];
    assert_eq!(environment["PLAIN"], NASTY);
    assert_eq!(environment["BETWEEN"], format!("{NASTY}{NASTY}{NASTY}"));
    assert_eq!(environment["GIVEN"], NASTY, "through .env");
    assert_eq!(environment["DEFAULT"], DEFAULT);
    assert_eq!(app["command"], json!([NASTY, "-c", NASTY]));
    assert_eq!(app["entrypoint"], json!([NASTY]));
    assert_eq!(app["working_dir"], format!("/{NASTY}"));
    assert_eq!(app["labels"]["note"], NASTY);
    assert_eq!(app["healthcheck"]["test"], json!(["CMD", "test", NASTY]));
    assert_eq!(app["annotations"]["note"], NASTY, "an override");
    assert_eq!(app["logging"]["options"]["tag"], NASTY, "an override");
    assert_eq!(file["services"]["built"]["build"]["args"]["ARGUMENT"], NASTY);
}

#[test]
fn compose_reads_what_an_edge_gives() {
    let Some(file) = file() else { return };
    let environment = &file["services"]["app"]["environment"];
    assert_eq!(environment["POSTGRES_USER"], NASTY);
    assert_eq!(environment["POSTGRES_PASSWORD"], NASTY);
    let airflow = &file["services"]["airflow-apiserver"]["environment"];
    let encoded = escape::uri(NASTY);
    assert_eq!(airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], format!("postgresql+psycopg2://{encoded}:{encoded}@db:5432/app"));
    assert_eq!(file["services"]["airflow-init"]["environment"]["ADMIN_USERNAME"], NASTY);
}

#[test]
fn text_files_are_what_was_written() {
    let Some(file) = file() else { return };
    assert_eq!(mounted(&file, "/plain.txt"), NASTY);
    assert_eq!(mounted(&file, "/secret.txt"), format!("{NASTY}{NASTY}{NASTY}"));
}

#[test]
fn yaml_files_mean_what_was_written() {
    let Some(file) = file() else { return };
    let read = |target: &str| serde_yaml::from_str::<Value>(&mounted(&file, target)).expect("YAML");
    assert_eq!(read("/plain.yml"), json!({ "list": [NASTY], "map": { "key": NASTY } }));
    assert_eq!(read("/secret.yml"), json!({ "plain": NASTY, "secret": NASTY }));
}

#[test]
fn json_files_mean_what_was_written() {
    let Some(file) = file() else { return };
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(read(&mounted(&file, "/plain.json")), json!({ "list": [NASTY], "map": { "key": NASTY } }));
    assert_eq!(read(&mounted(&file, "/secret.json")), json!({ "plain": NASTY, "secret": NASTY }));
    let connections = file["configs"]["airflow.connections.json"]["content"].as_str().expect("content");
    let again = &read(connections)["again"];
    assert_eq!((&again["login"], &again["password"]), (&json!(NASTY), &json!(NASTY)));
}

#[test]
fn properties_files_mean_what_was_written() {
    let Some(file) = file() else { return };
    assert_eq!(properties(&mounted(&file, "/plain.properties")), BTreeMap::from([("key".to_owned(), NASTY.to_owned())]));
}

/// Reads properties as `java.util.Properties` does, as far as one file needs it: `key=value`, escapes, comments.
fn properties(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').expect("a pair");
        (unescaped(key.trim()), unescaped(value.trim_start()))
    };
    lines.map(pair).collect()
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(match c {
            '\\' => match rest.next().expect("something is escaped") {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).expect("a character")
                }
                other => other,
            },
            other => other,
        });
    }
    out
}

#[test]
fn dotenv_files_hold_it() {
    let env = Env::parse(&NASTY_PLATFORM.read(".env")).expect("a .env");
    for name in ["OWNER_PASSWORD", "GIVEN"] {
        assert_eq!(env.get(name).expect(name).reveal(), NASTY);
    }
    // Defaults stand in its comments, where a line break must not make a variable.
    let example = Env::parse(&NASTY_PLATFORM.read(".env.example")).expect("an example");
    assert!(example.entries.iter().all(|entry| entry.value.reveal().is_empty()));
}

#[test]
fn every_script_parses_and_says_it() {
    for script in support::files_below(&NASTY_PLATFORM.folder) {
        if script.extension().is_some_and(|end| end == "sh") {
            support::run(support::command("sh".as_ref()).arg("-n").arg(&script)).unwrap_or_else(|error| panic!("{error}"));
        }
    }
    // A `docker` that agrees to everything: what the script itself says and checks is all that is left.
    let bin = NASTY_PLATFORM.home.path().join("bin");
    fs::create_dir(&bin).expect("the folder is writable");
    fs::write(bin.join("docker"), "#!/bin/sh\n").expect("written");
    support::run(support::command("chmod".as_ref()).arg("+x").arg(bin.join("docker"))).expect("a program");
    let mut up = support::command("sh".as_ref());
    up.arg(NASTY_PLATFORM.folder.join("up.sh")).env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path")));
    let said = support::run(&mut up).unwrap_or_else(|error| panic!("{error}"));
    assert!(said.contains(&format!("(user {NASTY}, password: ADMIN_PASSWORD in .env)")), "{said}");
}

#[test]
fn psql_makes_a_role_of_that_name_and_password() {
    let Some(file) = file() else { return };
    let Some(database) = Postgres::start("superuser") else { return };
    let job = &file["services"]["db-init"]["environment"];
    let folder = NASTY_PLATFORM.home.path().join("pipegen");
    fs::create_dir(&folder).expect("the folder is writable");
    for mount in file["services"]["db-init"]["configs"].as_array().expect("files") {
        let source = file["configs"][mount["source"].as_str().expect("a name")]["file"].as_str().expect("a file");
        let name = mount["target"].as_str().expect("a path").rsplit('/').next().expect("a name");
        fs::copy(source, folder.join(name)).expect("copied");
    }
    // The script names the file of the blueprint by its place in the container.
    let script = fs::read_to_string(folder.join("init.sh")).expect("the script");
    fs::write(folder.join("init.sh"), script.replace("/pipegen/", &format!("{}/", folder.display()))).expect("written");
    for _ in 0..2 {
        let mut init = support::command("sh".as_ref());
        init.arg(folder.join("init.sh"));
        init.envs(job.as_object().expect("a map").iter().map(|(name, value)| (name, value.as_str().expect("a string"))));
        // Of the superuser's password the official image keeps the first line only (`initdb --pwfile`).
        init.envs(database.environment()).env("PGPASSWORD", &database.password);
        init.env("PATH", format!("{}:{}", database.bin.display(), std::env::var("PATH").expect("a path")));
        support::run(&mut init).unwrap_or_else(|error| panic!("{error}"));
    }
    let ask = |query| database.ask(NASTY, NASTY, "app", query);
    assert_eq!(ask("SELECT current_user").as_deref(), Ok(NASTY));
    assert_eq!(ask("SELECT tableowner FROM pg_tables WHERE tablename = 'seeded'").as_deref(), Ok(NASTY));
    assert!(database.ask(NASTY, "wrong", "app", "SELECT 1").is_err(), "the server asks for the password");
}

#[test]
fn markdown_shows_it() {
    let guide = NASTY_PLATFORM.read("README.md");
    let shown: String = unescaped_markdown(guide.lines().find(|line| line.starts_with("\\$(A)")).expect("the description"));
    assert_eq!(shown, NASTY.trim_end(), "a line break is a blank there");
}

/// CommonMark 2.4: a backslash makes the mark behind it plain.
fn unescaped_markdown(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    out
}
