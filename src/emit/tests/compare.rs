//! Differences and how they read.

use super::super::{Change, Difference, compare};
use super::*;

fn changes(found: &[Difference]) -> Vec<(&str, Change)> {
    found.iter().map(|one| (one.path.as_str(), one.change())).collect()
}

/// The diff of one file whose text was `old` and is rendered as `new`.
fn diff(path: &str, old: &[u8], new: &str) -> String {
    let place = Place::new();
    fs::create_dir_all(place.folder()).unwrap();
    fs::write(place.path(path), old).unwrap();
    let found = compare(&place.folder(), &set(&[(path, new)])).unwrap();
    let one = found.iter().find(|one| one.path == path).unwrap();
    one.unified_diff(Path::new("out"))
}

#[test]
fn what_was_just_written_has_no_differences() {
    let place = Place::new();
    let files = set(&[("a", "1"), ("conf/up.sh", "1")]);
    place.write(&files).unwrap();
    place.put(".env", "SECRET");
    assert_eq!(compare(&place.folder(), &files).unwrap(), []);
    assert_eq!(compare(&place.0.path().join("none"), &FileSet::new()).unwrap(), []);
}

#[test]
fn every_kind_of_difference_is_found_in_order_and_nothing_is_written() {
    let place = Place::new();
    place.write(&set(&[("changed", "1"), ("extra", "1"), ("missing", "1"), ("mode.sh", "1"), ("same", "1")])).unwrap();
    fs::remove_file(place.path("missing")).unwrap();
    place.set_mode("mode.sh", 0o644);
    place.put("extra", "edited, and still ours");
    let before = place.tree();
    let files = set(&[("changed", "2"), ("missing", "1"), ("mode.sh", "1"), ("same", "1")]);
    let found = compare(&place.folder(), &files).unwrap();
    assert_eq!(
        changes(&found),
        [
            (MANIFEST, Change::Content),
            ("changed", Change::Content),
            ("extra", Change::Extra),
            ("missing", Change::Missing),
            ("mode.sh", Change::Mode),
        ]
    );
    assert_eq!(place.tree(), before);
}

#[test]
fn a_missing_or_stale_manifest_is_a_difference_of_its_own() {
    let place = Place::new();
    let files = set(&[("a", "1")]);
    place.write(&files).unwrap();
    let text = place.text(MANIFEST);
    place.put(MANIFEST, &text.replace("false", "true"));
    assert_eq!(changes(&compare(&place.folder(), &files).unwrap()), [(MANIFEST, Change::Content)]);
    fs::remove_file(place.path(MANIFEST)).unwrap();
    assert_eq!(changes(&compare(&place.folder(), &files).unwrap()), [(MANIFEST, Change::Missing)]);
}

#[test]
fn nothing_rendered_makes_everything_of_ours_extra() {
    let place = Place::new();
    place.write(&set(&[("a", "1")])).unwrap();
    place.put("mine", "user");
    assert_eq!(changes(&compare(&place.folder(), &FileSet::new()).unwrap()), [(MANIFEST, Change::Extra), ("a", Change::Extra)]);
}

#[test]
fn a_folder_in_the_place_of_a_file_makes_the_file_missing() {
    let place = Place::new();
    place.write(&set(&[("x/y", "1")])).unwrap();
    let found = compare(&place.folder(), &set(&[("x", "1")])).unwrap();
    assert_eq!(changes(&found), [(MANIFEST, Change::Content), ("x", Change::Missing), ("x/y", Change::Extra)]);
}

#[test]
fn writing_settles_every_difference() {
    let place = Place::new();
    place.write(&set(&[("a", "1"), ("b", "1"), ("c.sh", "1")])).unwrap();
    place.set_mode("c.sh", 0o600);
    let files = set(&[("a", "2"), ("c.sh", "1"), ("d", "1")]);
    assert_eq!(compare(&place.folder(), &files).unwrap().len(), 5);
    place.write(&files).unwrap();
    assert_eq!(compare(&place.folder(), &files).unwrap(), []);
}

#[test]
fn a_change_reads_as_a_unified_diff() {
    assert_eq!(
        diff("conf.yml", b"1\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n"),
        "diff --git a/out/conf.yml b/out/conf.yml\n--- a/out/conf.yml\n+++ b/out/conf.yml\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n"
    );
}

#[test]
fn lines_that_no_newline_ends_are_marked() {
    let marked = "\n\\ No newline at end of file\n";
    assert!(diff("a", b"1", "1\n").ends_with(&format!("@@ -1 +1 @@\n-1{marked}+1\n")));
    assert!(diff("a", b"1\n", "1").ends_with(&format!("@@ -1 +1 @@\n-1\n+1{marked}")));
}

#[test]
fn a_carriage_return_ends_no_line() {
    assert!(diff("a", b"1\r2\n3\r\n", "1\r2\n4\r\n").ends_with("@@ -1,2 +1,2 @@\n 1\r2\n-3\r\n+4\r\n"));
}

#[test]
fn what_is_not_text_is_only_named() {
    for old in [&b"\xff\xfe"[..], b"a\0b", b"a\r"] {
        assert_eq!(diff("a", old, "1\n"), "diff --git a/out/a b/out/a\nBinary files a/out/a and b/out/a differ\n");
    }
}

#[test]
fn what_is_huge_is_only_measured() {
    let huge = "0123456789abcde\n".repeat(65_537);
    assert_eq!(diff("a", huge.as_bytes(), "1\n"), "diff --git a/out/a b/out/a\nFiles a/out/a and b/out/a differ (1048592 and 2 bytes)\n");
}

#[test]
fn new_removed_and_newly_executable_files_read_as_in_git() {
    let place = Place::new();
    place.write(&set(&[("gone", "1\n"), ("up.sh", "1\n")])).unwrap();
    place.set_mode("up.sh", 0o644);
    let found = compare(&place.folder(), &set(&[("new.sh", "1\n"), ("up.sh", "1\n"), ("with space", "")])).unwrap();
    let diffs: Vec<_> = found.iter().skip(1).map(|one| one.unified_diff(Path::new(""))).collect();
    assert_eq!(
        diffs,
        [
            "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n",
            "diff --git a/new.sh b/new.sh\nnew file mode 100755\n--- /dev/null\n+++ b/new.sh\n@@ -0,0 +1 @@\n+1\n",
            "diff --git a/up.sh b/up.sh\nold mode 100644\nnew mode 100755\n",
            "diff --git a/with space b/with space\nnew file mode 100644\n",
        ]
    );
}

/// `git apply` and `patch` take a name for what stands before the tab, or else before the first space.
#[test]
fn a_name_with_a_space_ends_in_a_tab() {
    assert!(diff("with space", b"1\n", "2\n").contains("\n--- a/out/with space\t\n+++ b/out/with space\t\n"));
    let place = Place::new();
    let found = compare(&place.folder(), &set(&[("with space", "1\n")])).unwrap();
    assert!(found[1].unified_diff(Path::new("out")).contains("\n--- /dev/null\n+++ b/out/with space\t\n"));
}
