//! Links, things that are no files, broken manifests, a disk that says no.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::super::folder::{Folder, Step};
use super::super::{Difference, compare};
use super::*;
use crate::fileset::File;

/// What `compare` refused.
fn uncompared(result: Result<Vec<Difference>, EmitError>) -> Vec<(String, Obstacle)> {
    refused(result.map(|_| Report::default()))
}

#[test]
fn a_link_in_place_of_an_artifact_is_refused_even_with_force() {
    let place = Place::new();
    let outside = place.0.path().join("outside");
    fs::write(&outside, "precious").unwrap();
    place.write(&set(&[("a", "1"), ("b", "1")])).unwrap();
    for (path, files) in [("a", set(&[("a", "2")])), ("a", set(&[("a", "precious")])), ("b", set(&[("a", "1")]))] {
        fs::remove_file(place.path(path)).unwrap();
        symlink(&outside, place.path(path)).unwrap();
        let before = place.tree();
        for force in [false, true] {
            assert!(refused(write(&place.folder(), &files, force)).contains(&(path.to_owned(), Obstacle::Symlink)));
            assert_eq!(place.tree(), before);
        }
    }
    assert_eq!(uncompared(compare(&place.folder(), &set(&[("a", "1")]))), [("a".to_owned(), Obstacle::Symlink)]);
    assert_eq!(fs::read_to_string(outside).unwrap(), "precious");
}

#[test]
fn a_folder_that_is_a_link_is_not_followed_to_write_or_to_prune() {
    let place = Place::new();
    let outside = place.0.path().join("outside");
    place.write(&set(&[("conf/a", "1"), ("conf/b", "1")])).unwrap();
    fs::rename(place.path("conf"), &outside).unwrap();
    symlink(&outside, place.path("conf")).unwrap();
    let before = place.tree();
    for files in [set(&[("conf/a", "2"), ("conf/b", "2")]), set(&[("conf/new", "1")]), set(&[("other", "1")])] {
        for force in [false, true] {
            let result = refused(write(&place.folder(), &files, force));
            assert_eq!(result, [("conf".to_owned(), Obstacle::Symlink)]);
            assert_eq!(place.tree(), before);
        }
    }
    assert_eq!(uncompared(compare(&place.folder(), &set(&[("conf/a", "1")]))), [("conf".to_owned(), Obstacle::Symlink)]);
}

#[test]
fn a_link_in_place_of_the_folder_or_the_manifest_is_refused() {
    let place = Place::new();
    let outside = place.0.path().join("outside");
    write(&outside, &set(&[("a", "1")]), false).unwrap();
    fs::create_dir_all(place.folder().parent().unwrap()).unwrap();
    symlink(&outside, place.folder()).unwrap();
    let error = place.write(&set(&[("a", "2")])).unwrap_err();
    let folder = place.folder();
    assert_eq!(error.to_string(), format!("`{}` is a symbolic link, which pipegen neither follows nor replaces", folder.display()));
    assert_eq!(error.help(), "nothing was written; move what is in the way to another place");
    fs::remove_file(place.folder()).unwrap();
    fs::create_dir(place.folder()).unwrap();
    symlink(outside.join(MANIFEST), place.path(MANIFEST)).unwrap();
    assert_eq!(refused(place.write(&set(&[("a", "2")]))), [(MANIFEST.to_owned(), Obstacle::Symlink)]);
    assert_eq!(fs::read_to_string(outside.join("a")).unwrap(), "1");
}

#[test]
fn what_is_no_file_is_refused_where_a_file_belongs_and_left_alone_elsewhere() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("b", "1"), ("c", "1"), ("s", "1")])).unwrap();
    for path in ["a", "b", "c", "s"] {
        fs::remove_file(place.path(path)).unwrap();
    }
    fs::create_dir(place.path("a")).unwrap();
    fs::create_dir(place.path("b")).unwrap();
    place.put("c", "a file where a folder belongs");
    let _socket = UnixListener::bind(place.path("s")).unwrap();
    let files = set(&[("a", "1"), ("c/d", "1"), ("s", "1")]);
    let not_a_file = |path: &str| (path.to_owned(), Obstacle::NotAFile);
    let gone = ("c".to_owned(), Obstacle::EditedAndGone);
    assert_eq!(refused(place.write(&files)), [not_a_file("a"), gone, not_a_file("s")]);
    assert_eq!(refused(write(&place.folder(), &files, true)), [not_a_file("a"), not_a_file("s")]);
    write(&place.folder(), &set(&[("c", "1")]), true).unwrap();
    assert!(place.path("a").is_dir() && place.path("b").is_dir() && place.path("s").exists());
}

#[test]
fn a_foreign_file_where_a_folder_belongs_is_refused_even_with_force() {
    let place = Place::new();
    place.put("conf", "user");
    for force in [false, true] {
        let result = refused(write(&place.folder(), &set(&[("conf/a", "1"), ("conf/b", "1")]), force));
        assert_eq!(result, [("conf".to_owned(), Obstacle::NotAFolder)]);
    }
    let file = place.path("conf");
    assert_eq!(refused(write(&file, &set(&[("a", "1")]), true)), [(String::new(), Obstacle::NotAFolder)]);
    assert_eq!(place.text("conf"), "user");
}

#[test]
fn a_manifest_that_cannot_be_understood_stops_everything_and_says_what_to_do() {
    let place = Place::new();
    place.write(&set(&[("a", "1")])).unwrap();
    let escaping = r#"{"format":1,"files":{"../../outside":{"sha256":"","executable":false}}}"#;
    fs::write(place.0.path().join("outside"), "precious").unwrap();
    for broken in ["", "<<<<<<< HEAD\n{}", "{\"format\": 2}", "\u{0}", escaping] {
        place.put(MANIFEST, broken);
        let before = place.tree();
        for force in [false, true] {
            let error = write(&place.folder(), &set(&[("a", "2")]), force).unwrap_err();
            assert!(error.to_string().starts_with(&format!("cannot read `{}`: ", place.path(MANIFEST).display())), "{error}");
            assert!(error.help().starts_with("restore it from version control; or delete it"), "{error}");
        }
        assert!(matches!(compare(&place.folder(), &set(&[("a", "1")])), Err(EmitError::Manifest { .. })));
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn a_set_with_faults_is_refused_as_a_whole() {
    let place = Place::new();
    let mut files = set(&[("a", "1")]);
    files.insert("../b", "1");
    files.insert(MANIFEST, "{}");
    let error = place.write(&files).unwrap_err();
    assert_eq!((error.to_string().lines().count(), error.help()), (2, ""), "{error}");
    assert!(error.to_string().starts_with(r#"cannot write a file "../b": "#), "{error}");
    assert!(matches!(compare(&place.folder(), &files), Err(EmitError::Paths(_))));
    assert!(place.tree().is_empty());
}

#[test]
fn a_folder_that_cannot_be_is_an_error_with_its_path() {
    let place = Place::new();
    fs::write(place.0.path().join("file"), "").unwrap();
    let below_a_file = place.0.path().join("file/compose");
    for folder in [below_a_file, PathBuf::from("/dev/null/compose")] {
        let error = write(&folder, &set(&[("a", "1")]), false).unwrap_err().to_string();
        assert!(error.contains(&folder.display().to_string()) && error.contains("Not a directory"), "{error}");
    }
}

/// `/proc` refuses new entries to everyone, root included, as a read-only file system does.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_where_nothing_can_be_created_is_an_error_with_its_path() {
    let error = write(Path::new("/proc/pipegen"), &set(&[("a", "1")]), false).unwrap_err();
    assert!(matches!(error, EmitError::Io(_)));
    assert!(error.to_string().contains("/proc/pipegen"), "{error}");
}

#[test]
fn a_read_only_folder_loses_nothing() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("conf/b", "1")])).unwrap();
    place.set_mode("", 0o555);
    let before = place.tree();
    let is_stopped_by_modes = fs::write(place.path("probe"), "").is_err();
    if is_stopped_by_modes {
        let error = place.write(&set(&[("a", "2")])).unwrap_err().to_string();
        assert!(error.contains("ermission denied") && error.contains(MANIFEST), "{error}");
        assert_eq!(place.tree(), before);
    }
    // Comparing needs no permission to write, and neither does a run that finds everything current.
    assert_eq!(compare(&place.folder(), &set(&[("a", "1"), ("conf/b", "1")])).unwrap(), []);
    assert_eq!(place.write(&set(&[("a", "1"), ("conf/b", "1")])).unwrap().count(Outcome::Unchanged), 3);
    place.set_mode("", 0o755);
}

/// Something takes the place of an artifact after the plan was made.
#[test]
fn a_step_that_fails_names_its_file_and_leaves_no_temporary_file() {
    let place = Place::new();
    place.put("folder/mine", "user");
    place.put("file", "user");
    let before = place.tree();
    let folder = Folder::new(&place.folder());
    for (path, named) in [("folder", "folder"), ("file/below", "file")] {
        let step = Step::Write(path.to_owned(), File { text: "1".to_owned(), executable: false });
        let error = folder.apply(&step).unwrap_err().to_string();
        assert!(error.contains(&place.path(named).display().to_string()), "{error}");
        assert_eq!(place.tree(), before);
    }
    assert!(folder.apply(&Step::Remove("folder".to_owned())).is_err());
    assert_eq!(place.tree(), before);
}
