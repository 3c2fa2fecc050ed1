//! What the job of the component `postgres` does, held against a real server: roles, passwords, databases, init files.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use pipegen::template;
use serde_json::{Value, json};
use tempfile::TempDir;

/// In every text position this must reach the real reader unchanged.
const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"\\:x\n";
const ADMIN: &str = "the superuser's";

/// A server of its own, on a socket in its own folder, stopped when dropped.
struct Server {
    folder: TempDir,
    psql: PathBuf,
    process: Child,
}

impl Server {
    /// None where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let (initdb, postgres, psql) = (support::tool("initdb")?, support::tool("postgres")?, support::tool("psql")?);
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a folder for another user");
        fs::write(folder.path().join("admin"), ADMIN).expect("a file");
        let data = folder.path().join("data");
        let made = unprivileged(&initdb)
            .args(["--auth=scram-sha-256", "--username=postgres", "--no-sync", "--encoding=UTF8", "--pwfile"])
            .arg(folder.path().join("admin"))
            .arg("--pgdata")
            .arg(&data)
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = unprivileged(&postgres);
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "log_statement=all",
        ]);
        let process = server.stderr(fs::File::create(folder.path().join("log")).expect("a log")).spawn().expect("postgres");
        let server = Self { folder, psql, process };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        for _ in 0..200 {
            if self.ask("postgres", ADMIN, "postgres", "select 1").is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the server does not start: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    fn command(&self, program: &Path, user: &str, password: &str, database: &str) -> Command {
        let mut command = support::command(program);
        let bin = self.psql.parent().expect("a folder").display();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
        command
            .env("PATH", path)
            .env("PGHOST", self.folder.path())
            .env("PGUSER", user)
            .env("PGPASSWORD", password)
            .env("PGDATABASE", database);
        command
    }

    /// What a query gives a user, or what it complains about.
    fn ask(&self, user: &str, password: &str, database: &str, query: &str) -> Result<String, String> {
        let mut psql = self.command(&self.psql, user, password, database);
        support::run(psql.args(["-XAtc", query])).map(|text| text.trim_end_matches('\n').to_owned())
    }

    /// Runs the job as its container would.
    fn init(&self, context: &Value, passwords: &[(&str, &str)]) -> Output {
        for (name, template) in [("init.sh", "postgres/init.sh"), ("init.sql", "postgres/init.sql")] {
            let text = template::fill(template, context).expect(name);
            fs::write(self.folder.path().join(name), text).expect(name);
        }
        let mut sh = self.command(Path::new("sh"), "postgres", ADMIN, "postgres");
        sh.arg(self.folder.path().join("init.sh")).envs(passwords.iter().copied()).output().expect("sh")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect(name);
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is a fast shutdown; it is given to the child that we started, by its own id.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).stdout(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().expect("id");
    if id.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn any_name_and_any_password_reach_the_server() {
    let Some(server) = Server::start() else { return };
    let context = json!({
        "owners": [{ "name": NASTY, "variable": "A" }, { "name": "plain", "variable": "B" }],
        "databases": [{ "name": "DB_T0", "owner": NASTY, "init": [] }, { "name": NASTY, "owner": "plain", "init": [] }],
    });
    let run = server.init(&context, &[("A", NASTY), ("B", "b")]);
    assert!(run.status.success(), "{}", said(&run));
    assert_eq!(server.ask(NASTY, NASTY, "DB_T0", "select current_user").as_deref(), Ok(NASTY.trim_end_matches('\n')));
    assert_eq!(server.ask("plain", "b", NASTY, "create table t (); select 'made'").as_deref(), Ok("CREATE TABLE\nmade"));
    // Each database is its owner's alone.
    assert!(server.ask("plain", "b", "DB_T0", "select 1").is_err_and(|error| error.contains("permission denied")));
    assert!(server.ask("plain", "wrong", NASTY, "select 1").is_err());
}

#[test]
fn a_second_run_changes_only_what_differs() {
    let Some(server) = Server::start() else { return };
    let owners = json!([{ "name": "one", "variable": "ONE" }, { "name": "two", "variable": "TWO" }]);
    let owned_by = |owner: &str| json!({ "owners": owners, "databases": [{ "name": "data", "owner": owner, "init": [] }] });
    for (owner, password) in [("one", "first"), ("one", "first"), ("two", "a new one")] {
        let run = server.init(&owned_by(owner), &[("ONE", password), ("TWO", "2")]);
        assert!(run.status.success(), "{}", said(&run));
        assert_eq!(said(&run), "", "nothing is worth a line");
        assert_eq!(
            server.ask("postgres", ADMIN, "postgres", "select datdba::regrole from pg_database where datname = 'data'").as_deref(),
            Ok(owner)
        );
        assert!(server.ask("one", password, "postgres", "select 1").is_ok());
    }
    assert!(server.ask("one", "first", "postgres", "select 1").is_err(), "the old password still works");
    assert!(!server.log().contains("a new one"), "a password is in the log");
}

#[test]
fn init_files_run_once_as_the_owner() {
    let Some(server) = Server::start() else { return };
    let first = server.file("1.sql", "create table t (who text default current_user);\ninsert into t default values;\n");
    let second = server.file("2.sql", "\\set word done\ninsert into t values (:'word');\n");
    let context = json!({
        "owners": [{ "name": NASTY, "variable": "A" }],
        "databases": [{ "name": "host=x", "owner": NASTY, "init": [first, second] }],
    });
    for expected in ["is filled", "was filled before"] {
        let run = server.init(&context, &[("A", NASTY)]);
        assert!(run.status.success() && said(&run).contains(expected), "{}", said(&run));
        let rows = server.ask(NASTY, NASTY, "host=x", "select count(*), count(*) filter (where who = current_user) from t");
        assert_eq!(rows.as_deref(), Ok("2|1"));
    }
}

#[test]
fn a_failing_init_file_leaves_nothing_and_fails_the_job() {
    let Some(server) = Server::start() else { return };
    let first = server.file("1.sql", "create table t ();\n");
    let broken = server.file("2.sql", "create table u ();\nselect no_such_column;\n");
    let context =
        json!({ "owners": [{ "name": "o", "variable": "O" }], "databases": [{ "name": "d", "owner": "o", "init": [first, broken] }] });
    let run = server.init(&context, &[("O", "o")]);
    assert!(!run.status.success() && said(&run).contains("no_such_column"), "{}", said(&run));
    let left = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(server.ask("o", "o", "d", left).as_deref(), Ok("0"));
    server.file("2.sql", "create table u ();\n");
    let run = server.init(&context, &[("O", "o")]);
    assert!(run.status.success(), "{}", said(&run));
    assert_eq!(server.ask("o", "o", "d", left).as_deref(), Ok("2"));
}

#[test]
fn the_variable_of_an_owner_replaces_none_of_the_jobs_own() {
    let blueprint = "blueprint: v1\nname: shop\ncredentials: { app: { username: app, env: PGPASSWORD }, s3: { type: aws } }\nservices:\n  pg:\n    component: postgres\n    databases: { app: app }\n    pool: pgbouncer\n    backup: { schedule: \"0 3 * * *\", to: store }\n  store: { component: s3, bucket: b, region: eu-central-1, credential: s3 }\n";
    let rendered = support::rendered::Rendered::text(blueprint, &[]);
    let compose = rendered.yaml("docker-compose.yml");
    let variable = |service: &str, name: &str| compose["services"][service]["environment"][name].as_str().map(str::to_owned);
    let read = |name: &str| Some(format!("${{{name}:?run pipegen secrets init}}"));
    assert_eq!(variable("pg-init", "PGPASSWORD"), read("PG_ADMIN_PASSWORD"));
    for service in ["pg-init", "pg-dump", "pg-pool"] {
        assert_eq!(variable(service, "OWNER_PGPASSWORD"), read("PGPASSWORD"), "{service}");
    }
    for service in ["pg-dump", "pg-pool"] {
        assert_eq!(variable(service, "PGPASSWORD"), None, "{service}");
    }
}
