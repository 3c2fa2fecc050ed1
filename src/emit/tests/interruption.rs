//! A run may stop after any of its steps, and inside one; the next run completes, whatever it renders.

use super::super::compare;
use super::super::folder::{Folder, Step};
use super::super::plan::plan;
use super::*;

fn first() -> FileSet {
    set(&[("changed", "1"), ("conf/gone", "1"), ("mode", "1"), ("file", "1"), ("folder/x", "1"), ("same", "1")])
}

fn second() -> FileSet {
    let mut set = set(&[("changed", "2"), ("conf2/new", "2"), ("file/y", "2"), ("folder", "2"), ("same", "1")]);
    set.insert_executable("mode", "1");
    set
}

fn third() -> FileSet {
    set(&[("changed", "3"), ("conf/gone", "3"), ("conf2/new", "3"), ("file", "3"), ("folder", "3")])
}

/// The tree after uninterrupted runs, with a file of the user's own.
fn tree_of(sets: &[FileSet]) -> BTreeMap<String, String> {
    let place = Place::new();
    place.put(".env", "SECRET");
    for set in sets {
        place.write(set).unwrap();
    }
    place.tree()
}

/// A folder in which the run of `second` after `first` stopped after `steps` steps; `None` if it has no more steps.
fn stopped_after(steps: usize) -> Option<Place> {
    let place = Place::new();
    place.put(".env", "SECRET");
    place.write(&first()).unwrap();
    let folder = Folder::new(&place.folder());
    let plan = plan(&folder, &second(), false).unwrap();
    for step in plan.steps.get(..steps)? {
        folder.apply(step).unwrap();
    }
    Some(place)
}

#[test]
fn the_manifest_comes_first_as_an_intention_and_last_as_a_fact() {
    let place = stopped_after(0).unwrap();
    let plan = plan(&Folder::new(&place.folder()), &second(), false).unwrap();
    let kinds: Vec<_> = plan
        .steps
        .iter()
        .map(|step| match step {
            Step::Write(path, _) => format!("write {path}"),
            Step::SetMode(path, executable) => format!("mode {path} {executable}"),
            Step::Remove(path) => format!("remove {path}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "write .pipegen-manifest.json",
            "remove conf/gone",
            "remove file",
            "remove folder/x",
            "write changed",
            "write conf2/new",
            "write file/y",
            "write folder",
            "mode mode true",
            "write .pipegen-manifest.json",
        ]
    );
}

#[test]
fn after_each_step_the_same_run_completes() {
    let expected = tree_of(&[second()]);
    let mut stops = 0;
    while let Some(place) = stopped_after(stops) {
        place.write(&second()).unwrap();
        assert_eq!(place.tree(), expected, "stopped after {stops} steps");
        stops += 1;
    }
    assert_eq!(stops, 11);
}

#[test]
fn after_each_step_another_blueprint_or_the_old_one_completes() {
    for next in [first(), third(), FileSet::new()] {
        let expected = tree_of(&[first(), next.clone()]);
        let mut stops = 0;
        while let Some(place) = stopped_after(stops) {
            place.write(&next).unwrap();
            assert_eq!(place.tree(), expected, "stopped after {stops} steps");
            stops += 1;
        }
        assert_eq!(stops, 11);
    }
}

#[test]
fn two_interruptions_in_a_row_complete() {
    let expected = tree_of(&[second()]);
    for (one, other) in (0..11).flat_map(|one| (0..8).map(move |other| (one, other))) {
        let place = stopped_after(one).unwrap();
        let folder = Folder::new(&place.folder());
        for step in plan(&folder, &third(), false).unwrap().steps.iter().take(other) {
            folder.apply(step).unwrap();
        }
        place.write(&second()).unwrap();
        assert_eq!(place.tree(), expected, "stopped after {one}, then after {other} steps");
    }
}

#[test]
fn a_first_run_or_a_last_one_that_stopped_completes() {
    for (before, after) in [(FileSet::new(), first()), (first(), FileSet::new())] {
        let expected = tree_of(std::slice::from_ref(&after));
        for steps in 0.. {
            let place = Place::new();
            place.put(".env", "SECRET");
            place.write(&before).unwrap();
            let folder = Folder::new(&place.folder());
            let plan = plan(&folder, &after, false).unwrap();
            if steps > plan.steps.len() {
                assert!(steps > 6);
                break;
            }
            for step in &plan.steps[..steps] {
                folder.apply(step).unwrap();
            }
            place.write(&after).unwrap();
            assert_eq!(place.tree(), expected, "stopped after {steps} steps");
        }
    }
}

#[test]
fn an_edit_after_an_interruption_is_still_refused() {
    for stops in 0..=10 {
        let place = stopped_after(stops).unwrap();
        place.put("changed", "by hand");
        assert_eq!(refused(place.write(&second())), [("changed".to_owned(), Obstacle::Edited)]);
        assert_eq!(place.text("changed"), "by hand");
    }
}

#[test]
fn a_file_that_someone_else_put_where_an_interrupted_run_would_have_is_not_ours() {
    let place = stopped_after(1).unwrap();
    place.put("conf2/new", "user");
    assert_eq!(refused(place.write(&second())), [("conf2/new".to_owned(), Obstacle::Foreign)]);
    let extra: Vec<_> = compare(&place.folder(), &first()).unwrap().into_iter().map(|one| one.path).collect();
    assert_eq!(extra, [MANIFEST]);
    for force in [false, true] {
        write(&place.folder(), &first(), force).unwrap();
        assert_eq!(place.text("conf2/new"), "user");
    }
}

/// A run that is killed cannot clean up: a temporary file stays, or a folder whose last file is already gone.
#[test]
fn what_a_killed_run_left_inside_a_step_goes_with_the_next() {
    let place = stopped_after(1).unwrap();
    place.put(".pipegen-tmp-Ab12cd", "half of a fi");
    fs::remove_file(place.path("conf/gone")).unwrap();
    fs::remove_file(place.path("folder/x")).unwrap();
    fs::create_dir(place.path("conf2")).unwrap();
    place.write(&second()).unwrap();
    assert_eq!(place.tree(), tree_of(&[second()]));
}
