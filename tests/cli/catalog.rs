//! What the program says of itself (`explain`, `components`, `completions`), and the blueprint to start from.

use std::fs;
use std::path::Path;

use super::{pipegen, support};

#[test]
fn every_topic_is_explained() {
    let here = Path::new(".");
    let list = pipegen(here, ["explain"]).out;
    let topics: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(["kafka", "compose", "unknown-key"].iter().all(|topic| topics.contains(topic)), "{list}");
    for topic in topics {
        let run = pipegen(here, ["explain", topic]);
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{topic}");
        assert!(run.out.trim().lines().count() > 2 && run.out.ends_with('\n') && run.out.contains(topic), "{topic}:\n{}", run.out);
    }
}

#[test]
fn every_component_is_listed_with_a_phrase() {
    let run = pipegen(Path::new("."), ["components"]);
    assert_eq!(run.out.lines().count(), pipegen::components::COMPONENTS.len());
    assert!(run.out.lines().all(|line| line.split_whitespace().count() > 2), "{}", run.out);
}

#[test]
fn completions_are_scripts_of_their_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let run = pipegen(Path::new("."), ["completions", shell]);
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{shell}");
        assert!(run.out.contains("pipegen") && run.out.contains("secrets"), "{shell}");
        if shell == "bash" {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let script = folder.path().join("pipegen");
            fs::write(&script, run.out).expect("written");
            assert_eq!(support::run(support::command(shell.as_ref()).arg("-n").arg(&script)), Ok(String::new()));
        }
    }
}

#[test]
fn the_starter_is_sound_and_never_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(pipegen(folder.path(), ["init"]).status, 0);
    let check = pipegen(folder.path(), ["check", "blueprint.yml"]);
    assert_eq!((check.status, check.err.as_str()), (0, "blueprint.yml: no faults\n"));
    let render = pipegen(folder.path(), ["render", "blueprint.yml"]);
    // One line per target, and not one diagnostic.
    let said = |line: &str| line.contains(" created, ") || line.contains(": left out: ");
    assert!(render.status == 0 && render.err.lines().all(said), "{}", render.err);
    let text = fs::read(folder.path().join("blueprint.yml")).expect("there");
    let again = pipegen(folder.path(), ["init"]);
    assert_eq!(again.status, 4);
    assert!(again.err.contains("`blueprint.yml` exists already"), "{}", again.err);
    assert_eq!(fs::read(folder.path().join("blueprint.yml")).expect("there"), text);
}

#[test]
fn compose_accepts_the_starter() {
    let Some(compose) = support::tool("compose") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for arguments in [&["init"][..], &["render", "blueprint.yml"], &["secrets", "init", "blueprint.yml"]] {
        let run = pipegen(folder.path(), arguments);
        assert_eq!(run.status, 0, "{arguments:?}: {}", run.err);
    }
    let rendered = folder.path().join("generated/example/compose");
    let accepted = support::run(support::command(&compose).current_dir(&rendered).args(["config", "--quiet"]));
    assert_eq!(accepted, Ok(String::new()));
}
