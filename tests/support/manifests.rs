//! The Kubernetes objects in rendered folders, as a YAML parser that is not ours reads them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// `Kind namespace/name`, or `Kind name` for what has no namespace.
pub fn id(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let namespace = text("/metadata/namespace");
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{} {namespace}{slash}{}", text("/kind"), text("/metadata/name"))
}

/// What a YAML file of a rendered folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Objects for the API server. Whatever is nothing else is this, so that a broken manifest is not passed over.
    Objects,
    /// The list of what `kubectl apply -k` applies, or a part of it.
    Kustomization,
    /// A Kind cluster.
    Kind,
    /// The values of a chart.
    Values,
}

/// What a file is for, by its name and, for Kind, by what it says itself to be; `None` for what is no YAML.
pub fn role(path: &str, text: &str) -> Option<Role> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if !name.ends_with(".yaml") && !name.ends_with(".yml") {
        None
    } else if name == "kustomization.yaml" {
        Some(Role::Kustomization)
    } else if name.contains("values") {
        Some(Role::Values)
    } else if text.contains("kind.x-k8s.io/") {
        Some(Role::Kind)
    } else {
        Some(Role::Objects)
    }
}

/// The files of this role below a folder, in order.
pub fn files(folder: &Path, wanted: Role) -> Vec<PathBuf> {
    let mut files = super::files_below(folder);
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    files.retain(|file| role(&file.to_string_lossy(), &read(file)) == Some(wanted));
    files
}

/// Every object below a folder, in the order of the files.
pub fn below(folder: &Path) -> Vec<Value> {
    files(folder, Role::Objects).iter().flat_map(|file| documents(&read(file))).collect()
}

/// The documents of a YAML stream, empty ones left out.
pub fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let documents = documents.map(|document| document.unwrap_or_else(|error| panic!("{error}\n{text}")));
    documents.filter(|document| !document.is_null()).collect()
}

/// `golden/<blueprint>/<target>` of every blueprint that has these targets with manifests, in order.
pub fn golden(targets: &[&str]) -> Vec<PathBuf> {
    rendered(targets).into_iter().filter(|folder| folder.join("kustomization.yaml").is_file()).collect()
}

/// The same, with those that have a cluster alone.
pub fn rendered(targets: &[&str]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(super::repository().join("golden")).into_iter().flatten() {
        let blueprint = entry.expect("golden can be read").path();
        folders.extend(targets.iter().map(|target| blueprint.join(target)).filter(|folder| folder.is_dir()));
    }
    folders.sort();
    if folders.is_empty() {
        super::say(&format!("nothing to check: golden/ holds no folder of {}", targets.join(" or ")));
    }
    folders
}

/// The blueprint of a folder below `golden/`, from the repository's root, and the environment for which it is rendered.
pub fn origin(folder: &Path) -> (String, Option<String>) {
    let platform = folder.parent().and_then(Path::file_name).expect("a platform's folder").to_string_lossy();
    let (name, environment) = match platform.split_once('@') {
        Some((name, environment)) => (name, Some(environment.to_owned())),
        None => (&*platform, None),
    };
    (format!("blueprints/{name}.yml"), environment)
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
