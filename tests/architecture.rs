//! The layers of the sources: one direction, read from every `crate::<module>` path in every file under `src/`,
//! comments and unit tests included.
//!
//! The tables are the architecture; a failure says which line of a source or of a table has to change.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// The modules of the crate from top to bottom, each with all that it may use. What a module may use stands below it,
/// so there are no cycles.
///
/// The two registries never meet: no target knows components or the blueprint, no component knows targets.
#[rustfmt::skip]
const LAYERS: &[(&str, &[&str])] = &[
    ("main",       &["cli"]),
    ("cli",        &["commands"]),
    // Verbs without logic of their own: they hand things from one part to the next, so they may see all parts.
    ("commands",   &["compile", "components", "diagnostic", "emit", "fileset", "formats", "platform", "reference", "schema", "secrets", "source",
                     "targets", "value", "yaml"]),
    ("emit",       &["fileset"]),
    // The documentation's generated parts: what the registries and the schema say.
    ("reference",  &["components", "diagnostic", "schema", "targets", "yaml"]),
    ("targets",    &["charts", "diagnostic", "fileset", "formats", "platform", "secrets", "source", "template", "value", "yaml"]),
    // What several targets have in common, so that none of them imports another.
    ("formats",    &["diagnostic", "fileset", "platform", "secrets", "source", "template", "value", "yaml"]),
    ("compile",    &["blueprint", "components", "diagnostic", "platform", "rules", "source", "value", "yaml"]),
    ("schema",     &["blueprint", "components"]),
    ("rules",      &["blueprint", "diagnostic", "platform", "source", "value", "yaml"]),
    ("components", &["blueprint", "charts", "diagnostic", "platform", "source", "value", "yaml"]),
    ("blueprint",  &["source", "value"]),
    ("platform",   &["source", "value"]),
    ("secrets",    &["dotenv", "value"]),
    ("template",   &["value"]),
    ("fileset",    &[]),
    ("charts",     &[]),
    ("dotenv",     &["value"]),
    ("value",      &[]),
    ("yaml",       &["diagnostic", "source"]),
    ("diagnostic", &["source"]),
    ("source",     &[]),
];

/// Foreign crates that one place hides from all others, so that they can be replaced there.
const HIDDEN: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["diagnostic/"]),
    ("askama", &["template/"]),
    ("clap", &["cli.rs", "commands/arguments.rs", "commands/completions.rs"]),
    ("clap_complete", &["cli.rs", "commands/completions.rs"]),
    ("granit_parser", &["yaml/"]),
    ("pipegen_schema", &["compile/", "value/"]),
];

/// Calls that change the disk, and who may make them.
static WRITES: LazyLock<Regex> = LazyLock::new(|| {
    let calls = r"\b(fs|fs_err)::(write|copy|rename|create_dir\w*|remove_\w+|hard_link|set_permissions|OpenOptions)\b|\bFile::(create\w*|options)\b|\.persist(_noclobber)?\(|\bsymlink\(|\b(NamedTempFile|tempfile_in|tempdir_in|tempdir|TempDir)\b";
    Regex::new(calls).expect("a pattern")
});
const WRITERS: &[&str] = &[
    "emit/",            // the only writer of artifacts
    "secrets/store.rs", // `.env` is no artifact: never committed, never listed in a manifest, readable by its owner only
    "commands/init.rs", // the blueprint to start from, which belongs to the user from then on
];

/// Words of single targets, which the neutral model must not know, in code and in comments; `realization.rs` is the
/// door for what exists in one world only. (`Dockerfile` is the name of a file that users have, whatever runs it.)
#[rustfmt::skip]
const TARGET_WORDS: &[&str] = &[
    "chart", "compose", "configmap", "crd", "daemonset", "deployment", "docker", "helm", "ingress", "initcontainer", "k8s", "kubectl",
    "kubernetes", "kubelet", "kustomize", "namespace", "nodeport", "operator", "pod", "podman", "statefulset", "swarm",
];

static MODULES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:crate|pipegen)::(?:([a-z_][a-z0-9_]*)|\{)|((?:super::)+)([a-z_][a-z0-9_]*)").expect("a pattern"));
static REEXPORTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"pub use crate::(\w+)[^;]*;").expect("a pattern"));
static WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Z]?[a-z0-9]+|[A-Z]+").expect("a pattern"));
/// In lower case, and in names, `kind` is an English word; the tool is written `Kind`.
static KIND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bKind\b").expect("a pattern"));
static PATHS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b([a-z_]+)::").expect("a pattern"));

/// A file below `src/`: its path there, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// `yaml` for `yaml/read.rs` as for `yaml.rs`.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many `super::` lead from the file's own level to the root of the crate.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || place.ends_with('/') && self.path.starts_with(place))
    }

    /// The text without unit tests, which write what they want to.
    fn productive(&self) -> &str {
        if self.path.contains("/tests") {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// `src/x.rs:3`, for the byte at which something was found.
    fn line(&self, at: usize) -> String {
        format!("src/{}:{}", self.path, self.text[..at].matches('\n').count() + 1)
    }
}

fn sources() -> Vec<File> {
    let root = support::repository().join("src");
    let rust = |path: &Path| path.extension().is_some_and(|end| end == "rs");
    let files = support::files_below(&root).into_iter().filter(|path| rust(path));
    files
        .map(|path| {
            let below = path.strip_prefix(&root).expect("it lies there").to_str().expect("UTF-8");
            File::new(below, &std::fs::read_to_string(&path).expect("readable"))
        })
        .collect()
}

/// The top-level modules that a file names, each with the byte where: `crate::x`, `crate::{x::A, y}`, and `super::` chains
/// that leave the file's own module.
fn uses(file: &File) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for captures in MODULES.captures_iter(&file.text) {
        let whole = captures.get(0).expect("the match itself");
        if let Some(name) = captures.get(1) {
            found.push((name.as_str().to_owned(), whole.start()));
        } else if let (Some(up), Some(name)) = (captures.get(2), captures.get(3)) {
            let reaches_root = up.as_str().matches("super").count() >= file.depth();
            let is_module = LAYERS.iter().any(|(module, _)| *module == name.as_str());
            if reaches_root && is_module {
                found.push((name.as_str().to_owned(), whole.start()));
            }
        } else {
            found.extend(first_names(&file.text[whole.end()..]).into_iter().map(|name| (name, whole.start())));
        }
    }
    found
}

/// The first names of the paths in a group, whose opening brace was read: `a` and `b` in `a::{c, d}, b::e}`.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut current) = (1, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && c == ',' {
            let name: String = current.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.extend((!name.is_empty()).then_some(name));
            current.clear();
        } else {
            current.push(c);
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// What is wrong with the table itself, given the modules that there are.
fn table_faults(table: &[(&str, &[&str])], modules: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for module in modules.iter().filter(|module| !table.iter().any(|(name, _)| name == module)) {
        faults.push(format!("add a row for `{module}` to LAYERS in tests/architecture.rs, at its height, with what it may use"));
    }
    for (at, (module, allowed)) in table.iter().enumerate() {
        if !modules.contains(*module) {
            faults.push(format!("remove the row `{module}` from LAYERS in tests/architecture.rs: there is no such module"));
        }
        for below in *allowed {
            if !table[at + 1..].iter().any(|(name, _)| name == below) {
                faults.push(format!("`{module}` may not use `{below}`, which does not stand below it in LAYERS"));
            }
        }
    }
    faults
}

fn layer_faults(file: &File) -> Vec<String> {
    let Some((_, allowed)) = LAYERS.iter().find(|(module, _)| *module == file.module()) else { return Vec::new() };
    let own = |name: &str| name == file.module();
    let wrong = uses(file).into_iter().filter(|(name, _)| !own(name) && !allowed.contains(&name.as_str()));
    wrong
        .map(|(name, at)| {
            let module = file.module();
            format!("{}: `{module}` must not use `{name}`: hand over what it needs, or move it to where both may see it", file.line(at))
        })
        .collect()
}

/// A re-export lets whoever uses the module use what it re-exports, which the table may forbid.
fn reexport_faults(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    for found in REEXPORTS.captures_iter(&file.text) {
        let users = LAYERS.iter().filter(|(_, allowed)| allowed.contains(&file.module()));
        for (user, _) in users.filter(|(user, allowed)| *user != &found[1] && !allowed.contains(&&found[1])) {
            faults.push(format!("src/{}: `{}` lets `{user}` use `{}`, which it must not", file.path, &found[0], &found[1]));
        }
    }
    faults
}

fn hidden_faults(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    for found in PATHS.captures_iter(&file.text) {
        let Some((name, places)) = HIDDEN.iter().find(|(name, _)| *name == &found[1]) else { continue };
        if !file.is_in(places) {
            let line = file.line(found.get(0).expect("the match itself").start());
            faults.push(format!("{line}: `{name}` is hidden in {}: use what is offered there, or add to it", places.join(", ")));
        }
    }
    faults
}

fn write_faults(file: &File) -> Vec<String> {
    if file.is_in(WRITERS) {
        return Vec::new();
    }
    let found = WRITES.find_iter(file.productive());
    found.map(|found| format!("{}: `{}`: return a file set, which src/emit writes", file.line(found.start()), found.as_str())).collect()
}

/// A word stands alone or as a part of a name: `HelmValues`, `pod_labels`.
fn word_faults(file: &File) -> Vec<String> {
    if file.module() != "platform" || file.path == "platform/realization.rs" {
        return Vec::new();
    }
    let is_target = |word: &str| {
        let word = word.to_lowercase();
        TARGET_WORDS.contains(&word.as_str()) || TARGET_WORDS.contains(&word.trim_end_matches('s'))
    };
    let words = WORDS.find_iter(&file.text).filter(|found| is_target(found.as_str()));
    let found = words.chain(KIND.find_iter(&file.text));
    found
        .map(|found| {
            let word = found.as_str();
            format!("{}: `{word}` belongs to a target: say what it means for every target, or use realization.rs", file.line(found.start()))
        })
        .collect()
}

fn all_faults(check: fn(&File) -> Vec<String>) -> String {
    sources().iter().flat_map(check).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_table_has_every_module_and_one_direction() {
    let modules = sources().iter().map(|file| file.module().to_owned()).filter(|module| module != "lib").collect();
    assert_eq!(table_faults(LAYERS, &modules).join("\n"), "");
}

#[test]
fn every_file_uses_only_what_its_layer_may() {
    assert_eq!(all_faults(layer_faults), "");
}

#[test]
fn nothing_is_reexported_around_the_layers() {
    assert_eq!(all_faults(reexport_faults), "");
}

#[test]
fn foreign_crates_stay_where_they_are_hidden() {
    assert_eq!(all_faults(hidden_faults), "");
}

#[test]
fn only_emit_writes_files() {
    assert_eq!(all_faults(write_faults), "");
}

#[test]
fn the_neutral_model_knows_no_target() {
    assert_eq!(all_faults(word_faults), "");
}

#[test]
fn an_upward_use_is_seen_however_it_is_written() {
    for (path, text) in [
        ("targets/compose/mod.rs", "use crate::components::COMPONENTS;"),
        ("targets/compose/mod.rs", "use crate::{\n    platform::{Platform, text},\n    blueprint::Blueprint,\n};"),
        ("targets/compose/mod.rs", "fn f() { super::super::blueprint::read() }"),
        ("components/redis.rs", "/// See [`crate::targets`]."),
        ("platform/mod.rs", "fn f(_: &crate::yaml::Node) {}"),
        ("main.rs", "fn main() { pipegen::commands::run() }"),
        ("fileset.rs", "use super::emit::write;"),
        ("fileset.rs", "mod tests {\n    use super::super::emit::write;\n}"),
    ] {
        let faults = layer_faults(&File::new(path, text));
        assert_eq!(faults.len(), 1, "{path}: {text}: {faults:?}");
        assert!(faults[0].starts_with(&format!("src/{path}:")) && faults[0].contains("must not use"), "{faults:?}");
    }
    for (path, text) in [
        (
            "targets/compose/mod.rs",
            "use crate::targets::Layout;\nuse super::super::Rendered;\nuse crate::{platform::Platform, value::Name};",
        ),
        ("emit/tests/hostile.rs", "use super::super::folder::Folder;"),
        ("secrets/layout.rs", "use super::value;"),
        ("main.rs", "fn main() { pipegen::cli::main() }"),
    ] {
        assert_eq!(layer_faults(&File::new(path, text)), [""; 0], "{path}: {text}");
    }
}

#[test]
fn a_faulty_table_is_seen() {
    let modules = ["a", "b", "new"].map(str::to_owned).into();
    let faults = table_faults(&[("a", &["b"]), ("b", &["a"]), ("gone", &[])], &modules);
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults[0].contains("add a row for `new`"), "{faults:#?}");
    assert!(faults[1].contains("`b` may not use `a`"), "{faults:#?}");
    assert!(faults[2].contains("remove the row `gone`"), "{faults:#?}");
}

#[test]
fn a_leak_a_write_and_a_word_are_seen() {
    let faults = |check: fn(&File) -> Vec<String>, path: &str, text: &str| check(&File::new(path, text)).len();
    assert_eq!(faults(reexport_faults, "components/mod.rs", "pub use crate::emit::write;"), 3, "reference, compile, schema");
    assert_eq!(faults(reexport_faults, "components/mod.rs", "pub use crate::value::Name;"), 2, "reference and schema may not use it");
    assert_eq!(faults(reexport_faults, "platform/mod.rs", "pub use crate::value::Name;"), 0);
    assert_eq!(faults(reexport_faults, "components/mod.rs", "pub use build::Build;\nuse crate::blueprint::Service;"), 0);
    assert_eq!(faults(hidden_faults, "targets/mod.rs", "use askama::Template;"), 1);
    assert_eq!(faults(hidden_faults, "yaml/read.rs", "use granit_parser::Parser;"), 0);
    for call in
        ["fs_err::write(a, b)", "fs::remove_dir_all(a)", "std::fs::File::create(a)", "file.persist(a)", "fs_err::OpenOptions::new()"]
    {
        assert_eq!(faults(write_faults, "compile/mod.rs", call), 1, "{call}");
        assert_eq!(faults(write_faults, "emit/folder.rs", call), 0, "{call}");
        assert_eq!(faults(write_faults, "secrets/tests.rs", call), 0, "{call}");
        assert_eq!(faults(write_faults, "yaml/read.rs", &format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{call}}}")), 0, "{call}");
    }
    assert_eq!(faults(write_faults, "components/redis.rs", "self.persistence; fs_err::read(a)"), 0);
    for text in ["struct HelmValues;", "let pod_labels;", "/// Two charts.", "/// For Compose.", "/// In Kind.", "`kubernetes`"] {
        assert_eq!(faults(word_faults, "platform/workload.rs", text), 1, "{text}");
        assert_eq!(faults(word_faults, "platform/realization.rs", text), 0, "{text}");
    }
    assert_eq!(faults(word_faults, "platform/workload.rs", "WorkloadKind /// the kind of a Dockerfile"), 0);
}
