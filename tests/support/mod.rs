//! What the integration tests share: the real tools, processes that inherit nothing, the files of the repository.

#![allow(dead_code, reason = "every test program uses a part of it")]

pub mod compose;
pub mod custom;
pub mod edit;
pub mod kube_api;
pub mod manifests;
pub mod postgres;
pub mod program;
pub mod rendered;
pub mod secrets_script;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tools that tests may ask for: name, the variable that says where it is (`.ci/env.sh` sets it), program.
/// The variable names the program or the folder that holds it; without it, the program is looked for in `PATH`.
const TOOLS: [(&str, &str, &str); 16] = [
    ("airflow", "PIPEGEN_AIRFLOW", "airflow"),
    ("airflow-python", "PIPEGEN_AIRFLOW", "python"),
    ("compose", "PIPEGEN_COMPOSE", "docker-compose"),
    ("etcd", "PIPEGEN_ETCD", "etcd"),
    ("go-template", "PIPEGEN_GO_TEMPLATE", "go-template"),
    ("helm", "PIPEGEN_HELM", "helm"),
    ("initdb", "PIPEGEN_POSTGRES_BIN", "initdb"),
    ("kind-config", "PIPEGEN_KIND_CONFIG", "kind-config"),
    ("kube-apiserver", "PIPEGEN_KUBE_APISERVER", "kube-apiserver"),
    ("kubeconform", "PIPEGEN_KUBECONFORM", "kubeconform"),
    ("kubectl", "PIPEGEN_KUBECTL", "kubectl"),
    ("pgbouncer", "PIPEGEN_PGBOUNCER", "pgbouncer"),
    ("postgres", "PIPEGEN_POSTGRES_BIN", "postgres"),
    ("psql", "PIPEGEN_POSTGRES_BIN", "psql"),
    ("redis", "PIPEGEN_REDIS", "redis-server"),
    ("shellcheck", "PIPEGEN_SHELLCHECK", "shellcheck"),
];

/// The program of a real tool. Where it is missing, the caller returns: the check is skipped, which this says in one line.
///
/// # Panics
/// Where it is missing although `PIPEGEN_REQUIRE_TOOLS=1`: CI must not pass because it could not look.
pub fn tool(name: &str) -> Option<PathBuf> {
    let (_, variable, program) = TOOLS.iter().find(|tool| tool.0 == name).unwrap_or_else(|| panic!("no tool is called `{name}`"));
    let found = locate(std::env::var_os(variable).map(PathBuf::from), program);
    if found.is_none() {
        let required = std::env::var_os("PIPEGEN_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "`{program}` is missing: run .ci/tools.sh, then `source .ci/env.sh`");
        say(&format!("skipped: `{program}` is missing (.ci/tools.sh installs it)"));
    }
    found
}

/// The folder of the Airflow chart 1.18.0, which `PIPEGEN_AIRFLOW_CHART` names. Never required: the chart is not ours to
/// distribute, and its repository may be out of reach.
pub fn airflow_chart() -> Option<PathBuf> {
    let chart = std::env::var_os("PIPEGEN_AIRFLOW_CHART").map(PathBuf::from).filter(|folder| folder.join("Chart.yaml").is_file());
    if chart.is_none() {
        say("skipped: PIPEGEN_AIRFLOW_CHART does not name the folder of the Airflow chart 1.18.0");
    }
    chart
}

fn locate(place: Option<PathBuf>, program: &str) -> Option<PathBuf> {
    let candidates = match place {
        Some(place) if place.is_dir() => vec![place.join(program)],
        Some(place) => vec![place],
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).map(|folder| folder.join(program)).collect()
        }
    };
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// One line on the real standard error: the test harness hides what the print macros of a passing test write.
pub fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error is open");
}

/// A process that inherits `PATH` and nothing else, so that no variable of the developer's shell decides a test.
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C.UTF-8");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Standard output of a process that must succeed; else what it said on standard error.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).expect("the tool prints UTF-8"))
    } else {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(format!("{out}{err}"))
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, in order; none where the folder is missing.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A port of 127.0.0.1 that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    listener.and_then(|listener| listener.local_addr()).expect("a free port").port()
}
