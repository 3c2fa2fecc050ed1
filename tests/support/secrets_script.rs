//! What `secrets.sh` hands to the cluster, with a `kubectl` that keeps it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::rendered::Rendered;
use super::{manifests, program};

/// Objects by kind and name, each with its keys.
pub type Objects = BTreeMap<String, BTreeMap<String, String>>;

/// What the deployer gives a value.
pub fn asked_for(rendered: &Rendered) -> Vec<String> {
    let derived = |name: &String| name.ends_with("_URI") || name.ends_with("_JSON");
    rendered.variables().into_iter().filter(|name| !derived(name)).collect()
}

/// A folder with a `kubectl` that keeps what it is given.
fn keeping(rendered: &Rendered) -> std::path::PathBuf {
    let folder = rendered.home.path().join("programs");
    std::fs::create_dir_all(folder.join("kept")).expect("writable");
    let script = r#"#!/bin/sh
[ "$1" = apply ] || exit 0
cd "${0%/*}/kept"
cat > "$(find . -type f | wc -l).yaml"
"#;
    program::write(&folder.join("kubectl"), script);
    folder
}

/// The objects that `secrets.sh` makes, each with the text of its keys and, under `type`, its type.
pub fn made_by_script(rendered: &Rendered) -> Objects {
    let folder = keeping(rendered);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    super::run(super::command(Path::new("sh")).env("PATH", path).arg(rendered.folder.join("secrets.sh"))).expect("it runs");
    let files = std::fs::read_dir(folder.join("kept")).expect("readable").map(|file| file.expect("a file").path());
    let objects = files.flat_map(|file| manifests::documents(&std::fs::read_to_string(file).expect("readable")));
    let typed = objects.filter(|object| object["kind"] == "Secret").map(|object| {
        let mut keys = texts(&object["data"], decoded);
        keys.insert("type".to_owned(), object["type"].as_str().expect("a type").to_owned());
        (manifests::id(&object), keys)
    });
    typed.collect()
}

/// The entries of a map, read.
pub fn texts(map: &Value, read: fn(&str) -> String) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), read(value.as_str().expect("text")))).collect()
}

fn decoded(base64: &str) -> String {
    let mut decoder = super::command(Path::new("base64"));
    let mut decoder = decoder.arg("-d").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("base64 runs");
    decoder.stdin.take().expect("a pipe").write_all(base64.as_bytes()).expect("it reads");
    String::from_utf8(decoder.wait_with_output().expect("it ends").stdout).expect("UTF-8")
}
