//! Exit statuses, and what is said with them: messages on standard error only, with what to write instead.

use std::fs;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Stdio;

use super::{COMPOSE, Run, SHOP, pipegen, program, rendered, shop};

/// Asserts a status, that nothing is on standard output, and that standard error has all the parts.
fn fails(run: &Run, status: i32, parts: &[&str]) {
    assert_eq!((run.status, run.out.as_str()), (status, ""), "{}", run.err);
    for part in parts {
        assert!(run.err.contains(part), "`{part}` is not in:\n{}", run.err);
    }
}

#[test]
fn status_0_is_silent_on_standard_output() {
    let folder = shop();
    for arguments in [&["check", "shop.yml"][..], &["render", "shop.yml"], &["render", "shop.yml", "--env", "production"]] {
        let run = pipegen(folder.path(), arguments);
        assert_eq!((run.status, run.out.as_str()), (0, ""), "{arguments:?}: {}", run.err);
        assert!(!run.err.is_empty(), "{arguments:?} says what it did");
    }
}

#[test]
fn status_1_is_an_invalid_blueprint() {
    let folder = shop();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("uses: [cache]", "uses: [cahce]")).expect("written");
    for command in ["check", "render"] {
        fails(&pipegen(folder.path(), [command, "shop.yml"]), 1, &["unknown-name", "shop.yml:13", "cache"]);
    }
    fails(&pipegen(folder.path(), ["secrets", "init", "shop.yml"]), 1, &["unknown-name"]);
    assert!(!folder.path().join("generated").exists(), "nothing was written");
}

#[test]
fn status_1_is_a_faulty_environment_of_a_sound_base() {
    let folder = shop();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("publish: 6381", "publish: many")).expect("written");
    assert_eq!(pipegen(folder.path(), ["render", "shop.yml"]).status, 0);
    fails(&pipegen(folder.path(), ["check", "shop.yml"]), 1, &["shop.yml:17"]);
}

#[test]
fn status_2_is_wrong_usage_with_what_was_meant() {
    let folder = shop();
    for (arguments, parts) in [
        (&["rendr", "shop.yml"][..], &["rendr", "render"][..]),
        (&["render"], &["<BLUEPRINT>"]),
        (&["render", "shop.yml", "--check", "--force"], &["--check", "--force"]),
        (&["render", "shop.yml", "--target", "compsoe"], &["no target `compsoe`", "`--target compose`"]),
        (&["render", "shop.yml", "--target", "terraform"], &["no target `terraform`", "compose"]),
        (&["render", "shop.yml", "--env", "prodution"], &["no environment `prodution`", "`--env production`"]),
        (&["render", "shop.yml", "--env", "x"], &["no environment `x`", "it has production"]),
        (&["render", "shop.yml", "--set", "tga=1"], &["no parameter `tga`", "`--set tag=VALUE`"]),
        (&["check", "shop.yml", "--set", "x=1"], &["no parameter `x`", "it declares tag"]),
        (&["explain", "kafak"], &["nothing is known of `kafak`", "`pipegen explain kafka`"]),
        (&["explain", "quantum"], &["nothing is known of `quantum`", "`pipegen explain` lists"]),
        (&["check", "shopp.yml"], &["no file `shopp.yml`", "pipegen init"]),
        (&["check", "."], &["`.` is a folder"]),
        (&["completions", "tcsh"], &["tcsh", "bash"]),
    ] {
        fails(&pipegen(folder.path(), arguments), 2, parts);
    }
}

#[test]
fn a_value_given_with_set_is_never_repeated() {
    let folder = shop();
    fails(&pipegen(folder.path(), ["render", "shop.yml", "--set", "hunter2"]), 2, &["`--set NAME=VALUE`"]);
    let unknown = pipegen(folder.path(), ["render", "shop.yml", "--set", "word=hunter2"]);
    let stale = pipegen(folder.path(), ["render", "shop.yml", "--check", "--set", "tag=1-hunter2"]);
    assert!(stale.err.contains("pipegen render shop.yml --set tag=... --out generated"), "{}", stale.err);
    for run in [unknown, stale] {
        assert!(!run.err.contains("hunter2"), "{}", run.err);
    }
}

#[test]
fn status_3_is_stale_output() {
    let folder = rendered();
    fs::write(folder.path().join("shop.yml"), SHOP.replace("6380", "6390")).expect("written");
    let run = pipegen(folder.path(), ["render", "shop.yml", "--check"]);
    assert_eq!(run.status, 3);
    assert!(run.out.contains("+      - \"127.0.0.1:6390:6379\"\n"), "{}", run.out);
    assert!(run.err.contains("out of date") && run.err.contains("`pipegen render shop.yml --out generated`"), "{}", run.err);
}

#[test]
fn status_4_is_a_file_in_the_way_or_a_disk_that_says_no() {
    let folder = rendered();
    fs::write(folder.path().join(COMPOSE), "mine\n").expect("written");
    fails(&pipegen(folder.path(), ["render", "shop.yml"]), 4, &[COMPOSE, "was edited by hand", "`--force`"]);
    fails(&pipegen(folder.path(), ["render", "shop.yml", "--out", "shop.yml/x"]), 4, &["shop.yml"]);
    fails(&pipegen(folder.path(), ["render", "shop.yml", "--out", "/proc/pipegen"]), 4, &["/proc/pipegen"]);
    fails(&pipegen(folder.path(), ["secrets", "init", "shop.yml", "--out", "elsewhere"]), 4, &["no folder", "--out elsewhere` first"]);
}

#[test]
fn a_full_disk_behind_standard_output_is_said() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let run: Run = program().arg("schema").stdout(full).output().expect("it runs").into();
    fails(&run, 4, &["standard output"]);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let mut child = program().arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let run: Run = child.wait_with_output().expect("it ends").into();
    assert_eq!((run.status, run.err.as_str()), (0, ""));
}

#[test]
fn arguments_that_are_not_utf_8_are_no_fault_of_ours() {
    let folder = shop();
    let odd = std::ffi::OsStr::from_bytes(b"sh\xffp.yml");
    fs::copy(folder.path().join("shop.yml"), folder.path().join(odd)).expect("copied");
    fails(&pipegen(folder.path(), ["check".as_ref(), odd]), 4, &["is not UTF-8: rename it"]);
    fails(&pipegen(folder.path(), ["render".as_ref(), "shop.yml".as_ref(), "--target".as_ref(), odd]), 2, &["UTF-8"]);
    let out = std::ffi::OsStr::from_bytes(b"\xff");
    for format in ["plain", "json"] {
        let run =
            pipegen(folder.path(), ["render".as_ref(), "shop.yml".as_ref(), "--out".as_ref(), out, "--format".as_ref(), format.as_ref()]);
        assert_eq!(run.status, 0, "{}", run.err);
    }
}

#[test]
fn colour_is_only_for_terminals_and_who_wants_it() {
    let failing = || {
        let mut program = program();
        program.args(["check", "nowhere.yml"]).current_dir(Path::new("/"));
        program
    };
    let plain: Run = failing().output().expect("it runs").into();
    let forced = failing().env("CLICOLOR_FORCE", "1").output().expect("it runs").stderr;
    assert!(forced.contains(&0x1b), "asked for, colour comes without a terminal");
    let refused: Run = failing().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().expect("it runs").into();
    assert_eq!(plain.err, refused.err);
}
