//! The program itself, and what it makes of a blueprint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The program that this repository builds.
pub fn pipegen() -> Command {
    super::command(Path::new(env!("CARGO_BIN_EXE_pipegen")))
}

/// The folder that `render` leaves behind for a target.
pub struct Rendered {
    /// A folder of its own: what is in it besides the artifacts belongs to the test.
    pub home: TempDir,
    /// Where the artifacts are.
    pub folder: PathBuf,
    blueprint: PathBuf,
}

impl Rendered {
    /// Renders a blueprint of the repository to Compose.
    pub fn of(blueprint: &str) -> Rendered {
        Rendered::to("compose", blueprint)
    }

    /// Renders a blueprint of the repository to a target.
    pub fn to(target: &str, blueprint: &str) -> Rendered {
        Rendered::file(target, super::repository().join(blueprint), tempfile::tempdir().expect("a temporary folder"), &[])
    }

    /// Renders an environment of a blueprint of the repository to a target.
    pub fn environment(target: &str, blueprint: &str, environment: &str) -> Rendered {
        let home = tempfile::tempdir().expect("a temporary folder");
        Rendered::file(target, super::repository().join(blueprint), home, &["--env", environment])
    }

    /// Renders a text to Compose, with the files that lie beside it.
    pub fn text(blueprint: &str, beside: &[(&str, &str)]) -> Rendered {
        Rendered::text_to("compose", blueprint, beside)
    }

    /// Renders a text to a target, with the files that lie beside it.
    pub fn text_to(target: &str, blueprint: &str, beside: &[(&str, &str)]) -> Rendered {
        let home = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in beside.iter().chain(&[("blueprint.yml", blueprint)]) {
            std::fs::write(home.path().join(name), text).expect("the folder is writable");
        }
        Rendered::file(target, home.path().join("blueprint.yml"), home, &[])
    }

    fn file(target: &str, blueprint: PathBuf, home: TempDir, options: &[&str]) -> Rendered {
        let out = home.path().join("out");
        let rendered =
            pipegen().args(["render", "--target", target, "--out"]).arg(&out).args(options).arg(&blueprint).output().expect("it runs");
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        let platform = std::fs::read_dir(&out).expect("it was written").next().expect("one platform").expect("it can be read");
        Rendered { folder: platform.path().join(target), home, blueprint }
    }

    /// Runs `secrets init`, with `.env` as it is.
    pub fn secrets_init(&self) -> Output {
        let out = self.home.path().join("out");
        pipegen().args(["secrets", "init", "--out"]).arg(out).arg(&self.blueprint).output().expect("it runs")
    }

    /// Lets `secrets init` complete an `.env` of these values.
    pub fn with_secrets(self, values: &BTreeMap<String, String>) -> Rendered {
        let line = |(name, value): (&String, &String)| format!("{name}={}\n", pipegen::value::escape::dotenv(value));
        std::fs::write(self.folder.join(".env"), values.iter().map(line).collect::<String>()).expect("the folder is writable");
        let done = self.secrets_init();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        self
    }

    /// A file as text.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A Compose file as a YAML parser that is not ours reads it.
    pub fn yaml(&self, name: &str) -> Value {
        serde_yaml::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The variables of `.env.example` that the user or `secrets init` gives a value, derived ones left out.
    pub fn variables(&self) -> Vec<String> {
        let example = self.read(".env.example");
        let names = example.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
        names.map(|(name, _)| name.to_owned()).filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect()
    }

    /// A Compose file as the engine would run it: filled in from `.env`, dollars halved as in the containers.
    pub fn filled_in(&self, compose: &Path, name: &str) -> Value {
        let file = self.folder.join(name);
        let arguments = ["--profile", "*", "config", "--format", "json"];
        let printed = super::run(super::command(compose).arg("-f").arg(file).args(arguments)).unwrap_or_else(|error| panic!("{error}"));
        halve(serde_json::from_str(&printed).expect("Compose prints JSON"))
    }
}

/// `config` prints a Compose file, in which a dollar is doubled.
fn halve(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("$$", "$")),
        Value::Array(list) => list.into_iter().map(halve).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key.replace("$$", "$"), halve(value))).collect(),
        scalar => scalar,
    }
}

/// The strings of a list.
pub fn strings(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().map(|item| item.as_str().expect("a string")).collect()).unwrap_or_default()
}

/// The names of a map's entries.
pub fn keys(map: &Value) -> Vec<&str> {
    map.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}
