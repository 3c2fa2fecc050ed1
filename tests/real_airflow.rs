//! A real Airflow and a real PostgreSQL, with what the containers of the capstone would get: a password that holds
//! every difficult character goes from `.env` through Compose into URIs, connections and logins, and comes out unchanged.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::postgres::Postgres;
use support::rendered::Rendered;

const PASSWORD: &str = "p@/:%#?\"'$\\ é";

/// Prints what Airflow, SQLAlchemy and Kombu make of their settings.
const READ_SETTINGS: &str = r#"
import json, kombu, sqlalchemy
from airflow.configuration import conf
from celery.backends.database import DatabaseBackend
from celery import Celery

def url(text):
    found = sqlalchemy.engine.make_url(text)
    return [found.username, found.password, found.host, found.port, found.database]

broker = kombu.Connection(conf.get("celery", "broker_url"))
reader = Celery("test", backend=conf.get("celery", "result_backend"))
reader.conf.database_create_tables_at_setup = False  # nothing listens here
backend = reader.backend
assert isinstance(backend, DatabaseBackend)
print(json.dumps({
    "metadata": url(conf.get("database", "sql_alchemy_conn")),
    "results": url(backend.url),
    "broker": [broker.userid, broker.password, broker.hostname, broker.port, broker.virtual_host],
    "executor": conf.get("core", "executor"),
}))
"#;

/// Prints a stored connection.
const READ_CONNECTION: &str = r#"
import json
from airflow.models.connection import Connection
from airflow.utils.session import create_session
with create_session() as session:
    found = session.query(Connection).filter_by(conn_id="postgres_kafka_default").one()
    stored = session.connection().exec_driver_sql("SELECT password FROM connection").scalar_one()
    assert found.password not in stored, "stored as it is"
    print(json.dumps([found.conn_type, found.host, found.port, found.schema, found.login, found.password]))
"#;

/// The capstone with the difficult password everywhere, and the containers' files and environment.
struct Deployed {
    rendered: Rendered,
    file: Value,
    python: PathBuf,
}

impl Deployed {
    /// `None` where a tool is missing.
    fn new() -> Option<Deployed> {
        // Asked for first: any machine may have a `python`, which would say nothing of Airflow.
        support::tool("airflow")?;
        let (python, compose) = (support::tool("airflow-python")?, support::tool("compose")?);
        let rendered = Rendered::of("blueprints/capstone.yml");
        let passwords = rendered.variables().into_iter().filter(|name| name.ends_with("_PASSWORD"));
        let rendered = rendered.with_secrets(&passwords.map(|name| (name, PASSWORD.to_owned())).collect());
        let file = rendered.filled_in(&compose, "airflow-docker-compose.yml");
        Some(Deployed { rendered, file, python })
    }

    /// The environment of a service.
    fn environment(&self, service: &str) -> BTreeMap<String, String> {
        let variables = self.file["services"][service]["environment"].as_object().expect("an environment");
        variables.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a string").to_owned())).collect()
    }

    /// A file that a service mounts, where it is or would be.
    fn config(&self, name: &str) -> PathBuf {
        let config = &self.file["configs"][name];
        if let Some(file) = config["file"].as_str() {
            return file.into();
        }
        let path = self.rendered.home.path().join(name);
        fs::write(&path, config["content"].as_str().expect("content")).expect("written");
        path
    }

    /// Airflow's Python with the environment of a service, but for where the databases are.
    fn airflow(&self, service: &str, database: &Postgres) -> Command {
        let mut command = support::command(&self.python);
        let home = self.rendered.home.path().join("airflow");
        let address = format!("@127.0.0.1:{}/", database.port);
        let moved = |text: String| text.replace("@airflow-postgres:5432/", &address);
        command.envs(self.environment(service).into_iter().map(|(name, value)| (name, moved(value))));
        command.env("AIRFLOW_HOME", &home).env("HOME", &home).current_dir(self.rendered.home.path());
        let programs = self.python.parent().expect("a folder").display();
        command.env("PATH", format!("{programs}:{}", std::env::var("PATH").expect("a path")));
        command
    }

    /// Makes roles and databases as the job of the stack does.
    fn make_databases(&self, database: &Postgres) {
        let mut script = support::command("sh".as_ref());
        script.arg(self.rendered.folder.join("files/airflow-postgres/init.sh"));
        script.envs(self.environment("airflow-postgres-init")).envs(database.environment());
        script.env("PATH", format!("{}:{}", database.bin.display(), std::env::var("PATH").expect("a path")));
        support::run(&mut script).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn run(command: &mut Command) -> String {
    support::run(command).unwrap_or_else(|error| panic!("{error}"))
}

fn last_line(printed: &str) -> Value {
    serde_json::from_str(printed.lines().last().expect("a line")).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

#[test]
fn airflow_reads_the_password_in_every_uri() {
    let Some(deployed) = Deployed::new() else { return };
    let mut python = support::command(&deployed.python);
    let home = deployed.rendered.home.path();
    python.envs(deployed.environment("airflow-worker")).env("AIRFLOW_HOME", home).env("HOME", home);
    let read = last_line(&run(python.args(["-c", READ_SETTINGS])));
    let database = json!(["airflow", PASSWORD, "airflow-postgres", 5432, "airflow"]);
    assert_eq!(read["metadata"], database);
    assert_eq!(read["results"], database);
    assert_eq!(read["broker"], json!([null, PASSWORD, "redis", 6379, "0"]));
    assert_eq!(read["executor"], "CeleryExecutor");
}

#[test]
fn the_jobs_prepare_a_real_database_and_store_the_connection() {
    let Some(deployed) = Deployed::new() else { return };
    let Some(database) = Postgres::start(PASSWORD) else { return };
    deployed.make_databases(&database);
    deployed.make_databases(&database);
    administrator(&deployed, &database);
    connection(&deployed, &database);
}

/// The administrator is made, stays, and gets a new password when it changes.
fn administrator(deployed: &Deployed, database: &Postgres) {
    let init = deployed.config("airflow.init.py");
    let prepare = |password: &str| -> String {
        let printed = run(deployed.airflow("airflow-init", database).arg(&init).env("ADMIN_PASSWORD", password));
        assert!(!printed.contains(password), "the password is shown");
        printed.lines().last().expect("a line").to_owned()
    };
    assert_eq!(deployed.environment("airflow-init")["ADMIN_PASSWORD"], PASSWORD);
    assert_eq!(prepare(PASSWORD), "administrator admin: created");
    assert_eq!(prepare(PASSWORD), "administrator admin: unchanged");
    // An image, or the chart, may bring a configuration of its own, which has no default of a provider in it.
    fs::write(deployed.rendered.home.path().join("airflow/airflow.cfg"), "[core]\nload_examples = False\n").expect("written");
    assert_eq!(prepare("another one"), "administrator admin: password changed");
}

/// The connection is stored as it is meant, and again after the Fernet key changed, when the old row cannot be read.
fn connection(deployed: &Deployed, database: &Postgres) {
    let script = deployed.config("airflow.connections.py");
    let file = deployed.config("airflow.connections.json");
    let expected = json!(["postgres", "kafka-postgres", 5432, "DB_T0", "capstone", PASSWORD]);
    let own = deployed.environment("airflow-connections")["AIRFLOW__CORE__FERNET_KEY"].clone();
    let other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned();
    for key in [&own, &other] {
        let python = |arguments: &[&Path]| -> String {
            run(deployed.airflow("airflow-connections", database).args(arguments).env("AIRFLOW__CORE__FERNET_KEY", key))
        };
        let printed = python(&[&script, &file]);
        assert_eq!(printed.lines().last(), Some("stored connection postgres_kafka_default"));
        assert!(!printed.contains(PASSWORD), "the password is shown");
        assert_eq!(last_line(&python(&["-c".as_ref(), READ_CONNECTION.as_ref()])), expected);
    }
}

/// Prints with what Airflow keeps logs, and the connection that it would use for that.
const READ_LOG_STORE: &str = r#"
import json
from airflow.configuration import conf
from airflow.hooks.base import BaseHook
from airflow.logging_config import configure_logging
import airflow.logging_config as logging_config
configure_logging()
store = logging_config.REMOTE_TASK_LOG
found = BaseHook.get_connection(conf.get("logging", "remote_log_conn_id"))
print(json.dumps([type(store).__name__, store.remote_base, found.conn_type, found.login, found.password, found.extra_dejson]))
"#;

#[test]
fn logs_go_to_the_bucket_with_its_key() {
    if support::tool("airflow").is_none() {
        return;
    }
    let (Some(python), Some(compose)) = (support::tool("airflow-python"), support::tool("compose")) else { return };
    let blueprint = r#"
blueprint: v1
name: shop
credentials: { key: { type: aws } }
services:
  db: { component: postgres, databases: [airflow] }
  lake: { component: s3, bucket: "${env.BUCKET}", region: eu-central-1, endpoint: "https://${env.STORE}/a b", credential: key }
  airflow: { component: airflow, database: db/airflow, logs: { to: lake } }
"#;
    let rendered = Rendered::text(blueprint, &[]);
    let values = [("KEY_ACCESS_KEY_ID", PASSWORD), ("KEY_SECRET_ACCESS_KEY", PASSWORD), ("BUCKET", "raw"), ("STORE", "s3.example:9000")];
    let rendered = rendered.with_secrets(&values.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let file = rendered.filled_in(&compose, "docker-compose.yml");
    let home = tempfile::tempdir().expect("a temporary folder");
    for role in ["airflow-apiserver", "airflow-scheduler"] {
        let mut run = support::command(&python);
        run.env("AIRFLOW_HOME", home.path()).args(["-c", READ_LOG_STORE]);
        for (name, value) in file["services"][role]["environment"].as_object().expect("an environment") {
            let of_logs = name.starts_with("AIRFLOW__LOGGING__") || name.starts_with("AIRFLOW_CONN_");
            if of_logs {
                run.env(name, value.as_str().expect("a string"));
            }
        }
        let printed = support::run(&mut run).unwrap_or_else(|error| panic!("{error}"));
        let last: Value = serde_json::from_str(printed.trim().lines().last().expect("a line")).expect("JSON");
        let extra = json!({ "region_name": "eu-central-1", "endpoint_url": "https://s3.example:9000/a b" });
        assert_eq!(last, json!(["S3RemoteLogIO", "s3://raw/logs/airflow", "aws", PASSWORD, PASSWORD, extra]));
    }
}
