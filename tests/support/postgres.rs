//! A real PostgreSQL server of the test's own, on a free port of 127.0.0.1.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The superuser's name and password.
pub const ADMIN: &str = "postgres";

/// A running server; it ends with this value.
pub struct Postgres {
    pub port: u16,
    pub password: String,
    /// Where `psql` is.
    pub bin: PathBuf,
    server: Child,
    _folder: TempDir,
}

impl Postgres {
    /// Starts a server whose superuser has this password, and that asks everyone for one; `None` where it is not
    /// installed.
    pub fn start(password: &str) -> Option<Postgres> {
        let (initdb, postgres, psql) = (super::tool("initdb")?, super::tool("postgres")?, super::tool("psql")?);
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a temporary folder");
        let secret = folder.path().join("password");
        std::fs::write(&secret, password).expect("the folder is writable");
        give_away(folder.path());
        give_away(&secret);
        let data = folder.path().join("data");
        let mut make = unprivileged(&initdb);
        make.args(["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--username", ADMIN]);
        super::run(make.arg("--pwfile").arg(&secret).arg("--pgdata").arg(&data)).unwrap_or_else(|error| panic!("initdb: {error}"));
        let port = super::free_port();
        let mut serve = unprivileged(&postgres);
        serve.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-F"]);
        let server = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server runs");
        let bin = psql.parent().expect("a folder").to_owned();
        let running = Postgres { port, password: password.to_owned(), bin, server, _folder: folder };
        running.wait();
        Some(running)
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.ask(ADMIN, &self.password, ADMIN, "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The only value that a query gives to whoever logs in so.
    pub fn ask(&self, user: &str, password: &str, database: &str, query: &str) -> Result<String, String> {
        let mut psql = super::command(&self.bin.join("psql"));
        psql.envs(self.environment()).env("PGUSER", user).env("PGPASSWORD", password).env("PGDATABASE", database);
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--record-separator-zero", "--command", query]);
        let answer = super::run(&mut psql)?;
        Ok(answer.strip_suffix('\0').unwrap_or(&answer).to_owned())
    }

    /// What a client finds the server by.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [("PGHOST", "127.0.0.1".to_owned()), ("PGPORT", self.port.to_string())]
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Not killed: it would leave its shared memory behind.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// The server refuses to run as root: then it runs as the user that its package made.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return super::command(program);
    }
    let mut command = super::command("setpriv".as_ref());
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn give_away(path: &Path) {
    if is_root() {
        super::run(super::command("chown".as_ref()).arg("postgres:postgres").arg(path)).expect("root may");
    }
}

fn is_root() -> bool {
    super::run(super::command("id".as_ref()).arg("-u")).is_ok_and(|user| user.trim() == "0")
}
