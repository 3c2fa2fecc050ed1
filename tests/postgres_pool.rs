//! The pool of the component `postgres`, held against a real PgBouncer in front of a real PostgreSQL.

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::postgres::{ADMIN, Postgres};
use support::rendered::{Rendered, strings};
use tempfile::TempDir;

const BLUEPRINT: &str = r#"
blueprint: v1
name: pooled
credentials: { shop_db: { username: shop }, films_db: { username: "the \"films\" owner" } }
services:
  postgres: { component: postgres, version: "17", pool: pgbouncer, databases: { shop: shop_db, films: films_db }, publish: 5433 }
  api: { component: container, image: "python:3.12-slim", uses: [postgres/shop] }
"#;
/// What PgBouncer's list of users and a shell might read as something else.
const PASSWORD: &str = "it's \"quoted\" $(id) ${HOME} `x` \\ #;% é";

fn file(rendered: &Rendered, name: &str) -> String {
    rendered.read(&format!("files/postgres/{name}"))
}

#[test]
fn everyone_connects_to_the_pool_and_the_pool_to_the_server() {
    let rendered = Rendered::text(BLUEPRINT, &[]);
    let services = &rendered.yaml("docker-compose.yml")["services"];
    assert_eq!(
        (&services["api"]["environment"]["POSTGRES_HOST"], &services["api"]["environment"]["POSTGRES_PORT"]),
        (&json!("postgres-pool"), &json!("6432"))
    );
    assert_eq!(services["api"]["depends_on"]["postgres-pool"]["condition"], "service_healthy");
    assert_eq!(services["postgres-init"]["environment"]["PGHOST"], "postgres", "roles and databases are made past the pool");
    assert_eq!(services["postgres-pool"]["depends_on"]["postgres-init"]["condition"], "service_completed_successfully");
    assert_eq!(strings(&services["postgres"]["ports"]), ["127.0.0.1:5433:5432"], "a person at the host needs the server");
    assert_eq!(services["postgres-pool"]["ports"], Value::Null);
    assert!(file(&rendered, "pgbouncer.ini").contains("\nshop = host=postgres port=5432 dbname=shop\n"));
}

#[test]
fn a_managed_server_is_behind_the_pool_with_tls() {
    let blueprint = BLUEPRINT.replace("pool: pgbouncer,", "pool: pgbouncer, managed: { host: \"${env.DB_HOST}\", tls: verify-full },");
    let blueprint =
        blueprint.replace("{ username: shop }", "{ type: basic, username: shop }").replace("films_db: {", "films_db: { type: basic,");
    let rendered = Rendered::text(&blueprint, &[]);
    let compose = rendered.yaml("docker-compose.yml");
    assert_eq!(compose["services"]["postgres"], Value::Null);
    assert_eq!(compose["services"]["api"]["environment"]["POSTGRES_HOST"], "postgres-pool");
    let settings = compose["configs"]["postgres.pgbouncer.ini"]["content"].as_str().expect("it is completed when deploying");
    assert!(settings.contains("\nshop = host=${DB_HOST:?set it in .env} port=5432 dbname=shop\n"), "{settings}");
    assert!(settings.contains("server_tls_sslmode = verify-full\nserver_tls_ca_file = "), "{settings}");
}

/// A running pool; it ends with this value.
struct Pool {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// PgBouncer refuses to run as root.
fn unprivileged(program: &str) -> Command {
    let root = support::run(support::command("id".as_ref()).arg("-u")).is_ok_and(|user| user.trim() == "0");
    if !root {
        return support::command(program.as_ref());
    }
    let mut command = support::command("setpriv".as_ref());
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", program]);
    command
}

/// The files as they are, but for the addresses, and for what Debian's PgBouncer 1.18 does not know yet.
fn start(rendered: &Rendered, bouncer: &Path, server: u16) -> Pool {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("our own");
    let users = folder.path().join("users.txt").display().to_string();
    let settings = file(rendered, "pgbouncer.ini").replace("host=postgres port=5432", &format!("host=127.0.0.1 port={server}"));
    let settings =
        settings.replace("listen_port = 6432", &format!("listen_port = {port}")).replace("listen_addr = *", "listen_addr = 127.0.0.1");
    let settings = settings.replace("max_prepared_statements = 200\n", "").replace("/tmp/users.txt", &users);
    fs::write(folder.path().join("pgbouncer.ini"), settings).expect("written");
    fs::write(folder.path().join("pool.sh"), file(rendered, "pool.sh").replace("/tmp/users.txt", &users)).expect("written");
    let mut pool = unprivileged("sh");
    pool.arg(folder.path().join("pool.sh")).env("OWNER_SHOP_DB_PASSWORD", PASSWORD).env("OWNER_FILMS_DB_PASSWORD", "other");
    pool.env("PATH", format!("{}:/usr/bin:/bin", bouncer.parent().expect("a folder").display()));
    let process = pool.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    Pool { process, port, _folder: folder }
}

/// What a query gives whoever logs in so.
fn ask(server: &Postgres, port: u16, user: &str, password: &str, database: &str) -> Result<String, String> {
    let mut psql = support::command(&server.bin.join("psql"));
    psql.env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string());
    psql.env("PGUSER", user).env("PGPASSWORD", password).env("PGDATABASE", database);
    support::run(psql.args(["-XAtc", "SELECT current_user || ' in ' || current_database()"])).map(|text| text.trim().to_owned())
}

#[test]
fn a_real_pool_takes_the_passwords_of_the_environment_and_no_others() {
    let (Some(bouncer), Some(server)) = (support::tool("pgbouncer"), Postgres::start("the superuser's")) else { return };
    let literal = PASSWORD.replace('\'', "''");
    for statement in [
        format!("CREATE ROLE shop LOGIN PASSWORD '{literal}'"),
        "CREATE ROLE \"the \"\"films\"\" owner\" LOGIN PASSWORD 'other'".to_owned(),
        "CREATE DATABASE shop OWNER shop".to_owned(),
        "CREATE DATABASE films OWNER \"the \"\"films\"\" owner\"".to_owned(),
    ] {
        server.ask(ADMIN, &server.password, ADMIN, &statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let pool = start(&Rendered::text(BLUEPRINT, &[]), &bouncer, server.port);
    let port = pool.port;
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(&server, port, "shop", PASSWORD, "shop").is_err() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask(&server, port, "shop", PASSWORD, "shop").as_deref(), Ok("shop in shop"));
    let films = "the \"films\" owner";
    assert_eq!(ask(&server, port, films, "other", "films").as_deref(), Ok("the \"films\" owner in films"));
    for (user, password, database) in [("shop", "other", "shop"), ("nobody", PASSWORD, "shop"), ("shop", PASSWORD, "metadata")] {
        assert!(ask(&server, port, user, password, database).is_err(), "{user} must not get into {database}");
    }
}
