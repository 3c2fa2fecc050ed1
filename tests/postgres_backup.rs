//! What the dumps of the component `postgres` do, held against a real server: every database as its owner, the last ones gone,
//! and what was dumped can be restored.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use pipegen::template;
use serde_json::json;
use support::postgres::Postgres;

/// The names of the dumps, without the folder that is called after the time.
fn dumps(folder: &Path) -> Vec<String> {
    let times: Vec<_> = fs::read_dir(folder.join("dumps")).expect("the dumps").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(times.len(), 1, "the last ones are gone: {times:?}");
    let mut names: Vec<String> =
        fs::read_dir(&times[0]).expect("a time").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_database_is_dumped_as_its_owner_and_can_be_restored() {
    let admin = "the superuser's";
    let Some(server) = Postgres::start(admin) else { return };
    let ask = |user: &str, password: &str, database: &str, query: &str| {
        server.ask(user, password, database, query).unwrap_or_else(|error| panic!("{query}: {error}"))
    };
    for statement in [
        "create role \"o'w ner\" login password 'own'",
        "create role other login password 'other'",
        "create database \"DB_T0\" owner \"o'w ner\"",
        "create database reports owner other",
        "revoke connect on database \"DB_T0\", reports from public",
    ] {
        ask("postgres", admin, "postgres", statement);
    }
    ask("o'w ner", "own", "DB_T0", "create table kept as select 42 as answer");
    let folder = tempfile::tempdir().expect("a folder");
    let databases = json!([
        { "name": "DB_T0", "owner": "o'w ner", "variable": "OWN" },
        { "name": "reports", "owner": "other", "variable": "OTHER" },
    ]);
    let context = json!({ "folder": folder.path(), "databases": databases });
    let script = template::fill("postgres/backup.sh", context).expect("it can be written");
    let path = [server.bin.as_path(), Path::new("/usr/bin"), Path::new("/bin")];
    let run = |password: &str| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script]).env_clear().env("PATH", std::env::join_paths(path).expect("folders"));
        shell.envs(server.environment()).env("OWN", password).env("OTHER", "other").output().expect("it runs")
    };
    fs::create_dir_all(folder.path().join("dumps/2000-01-01T00-00-00Z")).expect("an older one");
    fs::create_dir(folder.path().join("lost+found")).expect("what is not ours");
    let output = run("own");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(dumps(folder.path()), ["DB_T0.dump", "reports.dump"]);
    assert!(folder.path().join("lost+found").is_dir());

    ask("postgres", admin, "postgres", "create database again owner \"o'w ner\"");
    let time = fs::read_dir(folder.path().join("dumps")).expect("the dumps").next().expect("one").expect("an entry").path();
    let mut restore = Command::new(server.bin.join("pg_restore"));
    restore.args(["--no-owner", "--dbname", "again"]).arg(time.join("DB_T0.dump"));
    let restored = restore.envs(server.environment()).env("PGUSER", "o'w ner").env("PGPASSWORD", "own").output().expect("it runs");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(ask("o'w ner", "own", "again", "select answer from kept"), "42");

    assert!(!run("wrong").status.success(), "a dump that failed is a run that failed");
}
