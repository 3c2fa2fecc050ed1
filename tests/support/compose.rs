//! A rendered folder of Compose files as three independent readers see it: Docker Compose, the official JSON Schema and
//! a YAML parser that is not ours. Each check returns the faults it found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::{Captures, Regex};
use serde_json::Value;

use super::{command, run};

/// A folder as `render --target compose` leaves it.
pub struct Folder {
    /// The `*docker-compose.yml`, in order.
    pub files: Vec<PathBuf>,
    /// The variables that `.env.example` lists, each with the value that the checks give it.
    pub variables: BTreeMap<String, String>,
    scripts: Vec<PathBuf>,
}

/// How a text mentions a variable.
struct Mention {
    name: String,
    /// `${NAME:-default}` and `${NAME-default}`.
    default: Option<String>,
}

impl Folder {
    pub fn read(path: &Path) -> Folder {
        let files = super::files_below(path);
        let named = |end: &str| files.iter().filter(|file| file.to_string_lossy().ends_with(end)).cloned().collect();
        Folder { files: named("docker-compose.yml"), variables: example(&path.join(".env.example")), scripts: named(".sh") }
    }

    /// The lines of an `.env` with every variable but `without`.
    fn environment(&self, without: &str) -> String {
        let kept = self.variables.iter().filter(|(name, _)| *name != without);
        kept.map(|(name, value)| format!("{name}=\"{value}\"\n")).collect()
    }

    /// The files that Compose refuses although every variable is there.
    pub fn refused(&self, compose: &Path) -> Vec<String> {
        let refusal = |file: &PathBuf| config(compose, file, &self.environment("")).err();
        self.files.iter().filter_map(|file| Some(format!("{}: {}", name(file), refusal(file)?))).collect()
    }

    /// The variables that a file mentions without a default and that Compose does not miss there.
    pub fn not_missed(&self, compose: &Path) -> Vec<String> {
        let mut faults = Vec::new();
        for file in &self.files {
            let mut wanted = mentions(&read(file));
            wanted.retain(|mention| mention.default.is_none());
            for Mention { name: variable, .. } in wanted {
                let missed = format!("required variable {variable} is missing");
                match config(compose, file, &self.environment(&variable)) {
                    Err(refusal) if refusal.contains(&missed) => {}
                    other => faults.push(format!("{}: without {variable}: {other:?}", name(file))),
                }
            }
        }
        faults
    }

    /// The variables that a file mentions and the example does not, and those that it lists for nobody.
    pub fn wrongly_listed(&self) -> Vec<String> {
        let mut unused: Vec<&String> = self.variables.keys().collect();
        let mut faults = Vec::new();
        for file in &self.files {
            for Mention { name: variable, .. } in mentions(&read(file)) {
                unused.retain(|name| **name != variable);
                if !self.variables.contains_key(&variable) {
                    faults.push(format!("{}: {variable} is not in .env.example", name(file)));
                }
            }
        }
        let scripts: String = self.scripts.iter().map(|script| read(script)).collect();
        unused.retain(|name| !scripts.contains(name.as_str()));
        faults.extend(unused.iter().map(|name| format!(".env.example: nothing uses {name}")));
        faults
    }

    /// The texts that Compose reads otherwise than a YAML parser and the rules of interpolation say.
    pub fn misread(&self, compose: &Path) -> Vec<String> {
        let mut faults = Vec::new();
        for file in &self.files {
            let ours = texts(&yaml(file), &|text| interpolate(text, &self.variables));
            match config(compose, file, &self.environment("")) {
                // Compose prints every dollar as two, so that its output is a Compose file again.
                Ok(seen) => faults.extend(differences(&ours, &texts(&seen, &|text| text.replace("$$", "$")))),
                Err(refusal) => faults.push(refusal),
            }
        }
        faults
    }

    /// The violations of the official schema.
    pub fn against_schema(&self) -> Vec<String> {
        let text = read(&super::repository().join("tests/schemas/compose-spec.json"));
        let schema = serde_json::from_str(&text).expect("the schema is JSON");
        let validator = jsonschema::draft7::new(&schema).expect("the schema is valid");
        let mut faults = Vec::new();
        for file in &self.files {
            let value = yaml(file);
            let errors = validator.iter_errors(&value);
            faults.extend(errors.map(|error| format!("{}: {}: {error}", name(file), error.instance_path())));
        }
        faults
    }
}

/// `docker compose config` with every profile, as JSON.
pub fn config(compose: &Path, file: &Path, environment: &str) -> Result<Value, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let env_file = folder.path().join("env");
    std::fs::write(&env_file, environment).expect("the folder is writable");
    let arguments = ["--profile", "*", "config", "--format", "json"];
    let printed = run(command(compose).arg("-f").arg(file).arg("--env-file").arg(&env_file).args(arguments))?;
    Ok(serde_json::from_str(&printed).expect("Compose prints JSON"))
}

/// The variables that an example lists, a commented-out one (it has a default) included.
fn example(file: &Path) -> BTreeMap<String, String> {
    let line = Regex::new(r"(?m)^(?:# ?)?([A-Za-z_][A-Za-z0-9_]*)=").expect("a pattern");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let fake = |name: &str| format!("fake-{}", name.to_lowercase().replace('_', "-"));
    line.captures_iter(&text).map(|found| (found[1].to_owned(), fake(&found[1]))).collect()
}

/// `$$`, or a variable, its operator and what follows it.
fn variable() -> Regex {
    Regex::new(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])([^}]*))?\}").expect("a pattern")
}

fn mentions(text: &str) -> Vec<Mention> {
    let mut found = BTreeMap::new();
    for captures in variable().captures_iter(text) {
        let Some(name) = captures.get(1) else {
            continue;
        };
        let here = default(&captures);
        let known = found.entry(name.as_str().to_owned()).or_insert_with(|| here.clone());
        if here.is_none() {
            *known = None; // required once is required
        }
    }
    found.into_iter().map(|(name, default)| Mention { name, default }).collect()
}

fn default(captures: &Captures) -> Option<String> {
    let operator = captures.get(2)?.as_str();
    operator.ends_with('-').then(|| captures[3].to_owned())
}

fn interpolate(text: &str, variables: &BTreeMap<String, String>) -> String {
    let value = |captures: &Captures| match captures.get(1) {
        None => "$".to_owned(),
        Some(name) => variables.get(name.as_str()).cloned().or_else(|| default(captures)).unwrap_or_default(),
    };
    variable().replace_all(text, value).into_owned()
}

/// The texts of a Compose file that reach a process, by pointer, each as `read` reads it.
fn texts(file: &Value, read: &dyn Fn(&str) -> String) -> BTreeMap<String, String> {
    const SERVICE: [&str; 7] = ["/image", "/command", "/entrypoint", "/environment", "/labels", "/healthcheck/test", "/build/args"];
    let mut found = BTreeMap::new();
    collect(file, "/name", read, &mut found);
    for (kind, keys) in [("services", &SERVICE[..]), ("configs", &["/content"])] {
        for name in file[kind].as_object().into_iter().flat_map(|map| map.keys()) {
            for key in keys {
                collect(file, &format!("/{kind}/{name}{key}"), read, &mut found);
            }
        }
    }
    found
}

fn collect(file: &Value, pointer: &str, read: &dyn Fn(&str) -> String, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match file.pointer(pointer) {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => map.keys().for_each(|key| collect(file, &below(key), read, found)),
        Some(Value::Array(list)) => (0..list.len()).for_each(|at| collect(file, &below(&at.to_string()), read, found)),
        Some(Value::String(text)) => drop(found.insert(pointer.to_owned(), read(text))),
        Some(scalar) => drop(found.insert(pointer.to_owned(), scalar.to_string())),
    }
}

fn differences(ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> Vec<String> {
    let mut pointers: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    pointers.sort();
    pointers.dedup();
    pointers.retain(|pointer| ours.get(*pointer) != theirs.get(*pointer));
    let show = |pointer: &String| format!("{pointer}: YAML has {:?}, Compose {:?}", ours.get(pointer), theirs.get(pointer));
    pointers.into_iter().map(show).collect()
}

fn yaml(file: &Path) -> Value {
    serde_yaml::from_str(&read(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn name(file: &Path) -> String {
    file.file_name().expect("a file has a name").to_string_lossy().into_owned()
}
