//! The contract of the command line, through the program itself: what a script, a person and CI may rely on.

#[path = "../support/mod.rs"]
mod support;

mod catalog;
mod emit;
mod help;
mod json;
mod paths;
mod render;
mod status;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

/// A small blueprint without any fault, with a parameter and an environment.
const SHOP: &str = r#"blueprint: v1
name: shop
parameters:
  tag: { default: "3.12-slim" }
services:
  cache:
    component: redis
    publish: 6380
  web:
    component: container
    image: "python:${parameters.tag}"
    command: [python, -m, http.server, "8000"]
    uses: [cache]
environments:
  production:
    services:
      cache: { publish: 6381 }
"#;

/// A folder of its own with `shop.yml` in it.
fn shop() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("shop.yml"), SHOP).expect("written");
    folder
}

/// A folder in which `shop.yml` is rendered already.
fn rendered() -> TempDir {
    let folder = shop();
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    assert_eq!(run.status, 0, "{}", run.err);
    folder
}

/// How a run of the program ended, and what it said.
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let run = Self { status: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) };
        assert!(!format!("{}{}", run.out, run.err).contains('\u{1b}'), "escape codes although there is no terminal");
        run
    }
}

/// Runs the program in a folder, without a terminal.
fn pipegen<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
    program().current_dir(folder).args(arguments).output().expect("it runs").into()
}

fn program() -> std::process::Command {
    support::command(Path::new(env!("CARGO_BIN_EXE_pipegen")))
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("readable")
}

const COMPOSE: &str = "generated/shop/compose/docker-compose.yml";
