//! Nothing of the user's is lost: what is ours is replaced, all else is refused by name. The writer's own tests have the
//! hostile cases one by one; these see them through the program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{COMPOSE, SHOP, pipegen, rendered, support};

/// Every file below a folder: its bytes, and when it was written.
fn state(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let files = support::files_below(folder).into_iter();
    let state = |path: &PathBuf| {
        let written = fs::metadata(path).and_then(|metadata| metadata.modified()).expect("there");
        (fs::read(path).expect("readable"), written)
    };
    files.map(|path| (path.clone(), state(&path))).collect()
}

#[test]
fn rendering_again_touches_nothing() {
    let folder = rendered();
    let before = state(folder.path());
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    assert!(run.err.contains("0 created, 0 updated"), "{}", run.err);
    assert_eq!(state(folder.path()), before);
}

#[test]
fn what_is_not_ours_is_refused_by_name_and_kept() {
    let folder = rendered();
    let compose = folder.path().join("generated/shop/compose");
    fs::write(folder.path().join(COMPOSE), "mine\n").expect("written");
    fs::remove_file(compose.join("up.sh")).expect("removed");
    fs::write(folder.path().join("secret"), "theirs\n").expect("written");
    symlink(folder.path().join("secret"), compose.join("up.sh")).expect("linked");
    fs::write(compose.join("notes.txt"), "a foreign file in nobody's way\n").expect("written");
    let before = state(folder.path());
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    assert_eq!(run.status, 4);
    for part in ["docker-compose.yml` was edited by hand", "up.sh` is a symbolic link", "nothing was written"] {
        assert!(run.err.contains(part), "{}", run.err);
    }
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--force"]).status, 4, "a link is refused even then");
    assert_eq!(state(folder.path()), before);
    fs::remove_file(compose.join("up.sh")).expect("removed");
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--force"]).status, 0);
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--check"]).status, 0);
    assert!(compose.join("notes.txt").exists() && folder.path().join("secret").exists());
}

#[test]
fn environments_and_the_base_leave_each_other_alone() {
    let folder = rendered();
    let base = state(&folder.path().join("generated/shop"));
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--env", "production"]).status, 0);
    let production = state(&folder.path().join("generated/shop@production"));
    assert_eq!(state(&folder.path().join("generated/shop")), base);
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--target", "compose"]).status, 0);
    assert_eq!(state(&folder.path().join("generated/shop@production")), production);
}

#[test]
fn what_is_no_longer_rendered_is_removed_and_secrets_stay() {
    let folder = rendered();
    let compose = folder.path().join("generated/shop/compose");
    assert_eq!(pipegen(folder.path(), ["secrets", "init", "shop.yml"]).status, 0);
    let secrets = fs::read(compose.join(".env")).expect("written");
    let text = SHOP.replace("  cache:\n    component: redis\n", "  cache:\n    stack: data\n    component: redis\n");
    let text = text.replace("    component: container\n", "    component: container\n    stack: front\n");
    let text = format!("{text}stacks: {{ data: {{}}, front: {{}} }}\n");
    fs::write(folder.path().join("shop.yml"), text).expect("written");
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(!folder.path().join(COMPOSE).exists() && compose.join("data-docker-compose.yml").exists());
    assert_eq!(fs::read(compose.join(".env")).expect("kept"), secrets);
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--check"]).status, 0);
}

#[test]
fn an_interrupted_write_is_completed_by_the_next() {
    let folder = rendered();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("6380", "6390")).expect("written");
    let compose = folder.path().join("generated/shop/compose");
    // As a run leaves it that was stopped before its manifest: some files new, one not there yet.
    let manifest = fs::read(compose.join(".pipegen-manifest.json")).expect("there");
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml"]).status, 0);
    fs::write(compose.join(".pipegen-manifest.json"), manifest).expect("written");
    fs::remove_file(compose.join("README.md")).expect("removed");
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml", "--check"]).status, 0);
}

#[test]
fn a_read_only_folder_is_said_and_left_as_it_was() {
    let folder = rendered();
    let compose = folder.path().join("generated/shop/compose");
    fs::write(folder.path().join("shop.yml"), SHOP.replace("6380", "6390")).expect("written");
    let before = state(&compose);
    fs::set_permissions(&compose, fs::Permissions::from_mode(0o555)).expect("set");
    // The superuser may write all the same; then there is nothing to see here.
    let may_write = fs::write(compose.join("probe"), "").is_ok();
    let run = pipegen(folder.path(), ["render", "shop.yml"]);
    fs::set_permissions(&compose, fs::Permissions::from_mode(0o755)).expect("set");
    if may_write {
        assert_eq!(run.status, 0, "{}", run.err);
    } else {
        assert_eq!(run.status, 4);
        assert!(run.err.contains("generated/shop/compose"), "{}", run.err);
        assert_eq!(state(&compose), before);
    }
}
