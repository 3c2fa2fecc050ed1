//! What is written, what is left alone, what is refused.

use std::time::{Duration, SystemTime};

use super::*;

#[test]
fn a_first_run_creates_files_with_their_modes_and_a_manifest() {
    let place = Place::new();
    let report = place.write(&set(&[("up.sh", "up"), ("conf/a.yml", "a")])).unwrap();
    assert_eq!(outcomes(&report), [("conf/a.yml", Outcome::Created), ("up.sh", Outcome::Created)]);
    assert_eq!((report.files[MANIFEST], report.count(Outcome::Created)), (Outcome::Created, 3));
    assert_eq!((place.mode("up.sh"), place.mode("conf/a.yml"), place.mode(MANIFEST)), (0o755, 0o644, 0o644));
    let names: Vec<_> = place.tree().into_keys().collect();
    let below = |name: &str| format!("capstone/compose/{name}");
    assert_eq!(names[2..], [below(MANIFEST), below("conf"), below("conf/a.yml"), below("up.sh")]);
}

#[test]
fn a_second_run_touches_nothing() {
    let place = Place::new();
    let files = set(&[("up.sh", "up"), ("conf/a.yml", "a")]);
    place.write(&files).unwrap();
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    for path in ["up.sh", "conf/a.yml", MANIFEST] {
        std::fs::File::open(place.path(path)).unwrap().set_modified(past).unwrap();
    }
    let report = place.write(&files).unwrap();
    assert_eq!(report.count(Outcome::Unchanged), 3);
    for path in ["up.sh", "conf/a.yml", MANIFEST] {
        assert_eq!(fs::metadata(place.path(path)).unwrap().modified().unwrap(), past, "{path}");
    }
}

#[test]
fn only_what_changed_is_replaced() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("b", "1")])).unwrap();
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    std::fs::File::open(place.path("a")).unwrap().set_modified(past).unwrap();
    let report = place.write(&set(&[("a", "1"), ("b", "2")])).unwrap();
    assert_eq!(outcomes(&report), [("a", Outcome::Unchanged), ("b", Outcome::Updated)]);
    assert_eq!(report.files[MANIFEST], Outcome::Updated);
    assert_eq!(fs::metadata(place.path("a")).unwrap().modified().unwrap(), past);
    assert_eq!(place.text("b"), "2");
}

#[test]
fn what_is_no_longer_rendered_goes_with_the_folders_it_leaves() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("conf/deep/b", "1"), ("conf/c", "1")])).unwrap();
    let report = place.write(&set(&[("a", "1"), ("conf/c", "1")])).unwrap();
    assert_eq!(report.files["conf/deep/b"], Outcome::Removed);
    assert!(!place.path("conf/deep").exists());
    place.put("conf/mine", "user");
    place.write(&set(&[("a", "1")])).unwrap();
    assert!(!place.path("conf/c").exists());
    assert_eq!(place.text("conf/mine"), "user");
}

#[test]
fn an_empty_set_leaves_nothing_of_ours() {
    let place = Place::new();
    assert_eq!(place.write(&FileSet::new()).unwrap(), Report::default());
    assert!(place.tree().is_empty());
    place.write(&set(&[("conf/a", "1")])).unwrap();
    let report = place.write(&FileSet::new()).unwrap();
    assert_eq!((report.count(Outcome::Removed), report.files.len()), (2, 2));
    assert!(!place.folder().exists());
    place.write(&set(&[("conf/a", "1")])).unwrap();
    place.put(".env", "SECRET");
    place.write(&FileSet::new()).unwrap();
    assert_eq!((place.text(".env").as_str(), fs::read_dir(place.folder()).unwrap().count()), ("SECRET", 1));
}

#[test]
fn files_that_nobody_renders_are_never_touched() {
    let place = Place::new();
    place.write(&set(&[("conf/a", "1")])).unwrap();
    place.put(".env", "SECRET");
    place.put("conf/notes", "mine");
    for force in [false, true] {
        for files in [set(&[("conf/a", "2")]), set(&[("b", "1")])] {
            write(&place.folder(), &files, force).unwrap();
            assert_eq!((place.text(".env").as_str(), place.text("conf/notes").as_str()), ("SECRET", "mine"));
        }
    }
}

#[test]
fn edited_and_foreign_files_are_all_named_and_nothing_is_written() {
    let place = Place::new();
    place.write(&set(&[("edited", "1"), ("gone", "1"), ("other", "1")])).unwrap();
    place.put("edited", "by hand");
    place.put("gone", "by hand");
    place.put("foreign", "user");
    let before = place.tree();
    let next = set(&[("edited", "2"), ("foreign", "2"), ("new", "2"), ("other", "2")]);
    let error = place.write(&next).unwrap_err();
    let folder = place.folder();
    assert_eq!(
        error.to_string(),
        format!(
            "`{0}/edited` was edited by hand\n`{0}/foreign` was not written by pipegen\n\
             `{0}/gone` was edited by hand, and would be removed because it is no longer rendered",
            folder.display()
        )
    );
    let help = "nothing was written; move the file away, or take the change over into the blueprint; `--force` discards it";
    assert_eq!(error.help(), help);
    assert_eq!(place.tree(), before);
    let report = write(&folder, &next, true).unwrap();
    assert_eq!(
        outcomes(&report),
        [
            ("edited", Outcome::Updated),
            ("foreign", Outcome::Updated),
            ("gone", Outcome::Removed),
            ("new", Outcome::Created),
            ("other", Outcome::Updated),
        ]
    );
    assert!(!place.path("gone").exists());
    assert_eq!(place.write(&next).unwrap().count(Outcome::Unchanged), 5);
}

#[test]
fn an_edit_is_refused_even_if_the_rendered_text_did_not_change() {
    let place = Place::new();
    let files = set(&[("a", "1")]);
    place.write(&files).unwrap();
    place.put("a", "by hand");
    assert_eq!(refused(place.write(&files)), [("a".to_owned(), Obstacle::Edited)]);
}

#[test]
fn a_file_equal_to_what_would_be_written_is_neither_edited_nor_foreign() {
    let place = Place::new();
    place.put("foreign", "2");
    place.write(&set(&[("edited", "1")])).unwrap();
    place.put("edited", "2");
    let report = place.write(&set(&[("edited", "2"), ("foreign", "2")])).unwrap();
    assert_eq!(outcomes(&report), [("edited", Outcome::Unchanged), ("foreign", Outcome::Unchanged)]);
    assert_eq!(report.files[MANIFEST], Outcome::Updated);
    let report = place.write(&set(&[("edited", "3"), ("foreign", "3")])).unwrap();
    assert_eq!(report.count(Outcome::Updated), 3);
}

#[test]
fn a_file_that_was_deleted_by_hand_comes_back_or_stays_gone() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("conf/b", "1")])).unwrap();
    fs::remove_file(place.path("a")).unwrap();
    fs::remove_dir_all(place.path("conf")).unwrap();
    let report = place.write(&set(&[("a", "1")])).unwrap();
    assert_eq!(outcomes(&report), [("a", Outcome::Created)]);
    assert!(!place.path("conf").exists());
}

#[test]
fn a_wrong_mode_is_put_right_without_rewriting() {
    let place = Place::new();
    let files = set(&[("a", "1"), ("up.sh", "1")]);
    place.write(&files).unwrap();
    place.set_mode("up.sh", 0o644);
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    std::fs::File::open(place.path("up.sh")).unwrap().set_modified(past).unwrap();
    let report = place.write(&files).unwrap();
    assert_eq!(outcomes(&report), [("a", Outcome::Unchanged), ("up.sh", Outcome::Updated)]);
    assert_eq!(place.mode("up.sh"), 0o755);
    assert_eq!(fs::metadata(place.path("up.sh")).unwrap().modified().unwrap(), past);
}

#[test]
fn a_clone_under_another_umask_is_current() {
    let place = Place::new();
    let files = set(&[("a", "1"), ("up.sh", "1")]);
    place.write(&files).unwrap();
    place.set_mode("a", 0o600);
    place.set_mode("up.sh", 0o775);
    assert_eq!(place.write(&files).unwrap().count(Outcome::Unchanged), 3);
    assert_eq!((place.mode("a"), place.mode("up.sh")), (0o600, 0o775));
}

#[test]
fn a_file_may_become_a_folder_and_a_folder_a_file() {
    let place = Place::new();
    let (flat, deep) = (set(&[("conf", "1"), ("x/y/z", "1")]), set(&[("conf/a/b", "2"), ("x", "2")]));
    place.write(&flat).unwrap();
    place.write(&deep).unwrap();
    assert_eq!((place.text("conf/a/b").as_str(), place.text("x").as_str()), ("2", "2"));
    place.write(&flat).unwrap();
    assert_eq!((place.text("conf").as_str(), place.text("x/y/z").as_str()), ("1", "1"));
    place.put("x/y/mine", "user");
    assert_eq!(refused(place.write(&deep)), [("x".to_owned(), Obstacle::NotAFile)]);
    assert_eq!(place.text("x/y/mine"), "user");
}

#[test]
fn targets_and_environments_do_not_see_each_other() {
    let place = Place::new();
    let folders = ["capstone/compose", "capstone/scripts", "capstone@prod/compose"].map(|folder| place.0.path().join(folder));
    for (index, folder) in folders.iter().enumerate() {
        write(folder, &set(&[("same", &index.to_string()), (&format!("only-{index}"), "")]), false).unwrap();
    }
    let before = place.tree();
    write(&folders[1], &set(&[("same", "other")]), false).unwrap();
    let mut after = place.tree();
    for (path, was) in before {
        let is = after.remove(&path);
        if !path.starts_with("capstone/scripts/") {
            assert_eq!(is, Some(was), "{path}");
        }
    }
    assert!(after.is_empty());
    assert!(!folders[1].join("only-1").exists());
}

#[test]
fn without_a_manifest_equal_files_are_adopted_and_others_foreign() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("b", "1"), ("c", "1")])).unwrap();
    fs::remove_file(place.path(MANIFEST)).unwrap();
    assert_eq!(refused(place.write(&set(&[("a", "1"), ("b", "2")]))), [("b".to_owned(), Obstacle::Foreign)]);
    let report = place.write(&set(&[("a", "1")])).unwrap();
    assert_eq!((outcomes(&report), report.files[MANIFEST]), (vec![("a", Outcome::Unchanged)], Outcome::Created));
    assert_eq!(place.text("c"), "1");
}
