//! The output tree: relative path -> text and mode. What a target returns, and all that the writer may write.
//!
//! Layer 1: may use nothing else of the crate.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

/// The start of every name, at the top of an output folder, that the writer keeps for itself.
pub const RESERVED: &str = ".pipegen-";

/// A path that cannot lead out of the folder it is joined to: parts between `/`, none of them empty, `.` or `..`.
///
/// Backslashes and control characters are refused too: the first separate parts on Windows, the second would let a
/// name change what a terminal or a diff shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativePath(String);

impl RelativePath {
    /// Reads a path.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(path: impl Into<String>) -> Result<Self, PathError> {
        let path = path.into();
        match fault(&path) {
            None => Ok(Self(path)),
            Some(problem) => Err(PathError { path, problem: problem.to_owned() }),
        }
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What keeps `path` from being a [`RelativePath`].
fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.contains(|c: char| c.is_control()) {
        return Some("it has a control character");
    }
    if path.contains('\\') {
        return Some("it has a `\\`; write `/` between the parts");
    }
    if path.starts_with(RESERVED) {
        return Some("names that start with `.pipegen-` are kept for pipegen itself");
    }
    path.split('/').find_map(|part| match part {
        "" => Some("it has an empty part"),
        "." | ".." => Some("it has a part `.` or `..`"),
        _ => None,
    })
}

impl TryFrom<String> for RelativePath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::parse(path)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0
    }
}

impl Borrow<str> for RelativePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path that an output folder cannot have, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    path: String,
    problem: String,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write a file {:?}: {}", self.path, self.problem)
    }
}

impl std::error::Error for PathError {}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it says. Artifacts hold no secrets, and all of them are text.
    pub text: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// Artifacts by path, in the order of their paths.
///
/// Inserting never fails: a path that cannot be is remembered in [`FileSet::faults`], and the writer refuses the whole
/// set for it. So a target can simply list its files, and still nothing is overwritten or dropped in silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    files: BTreeMap<RelativePath, File>,
    faults: Vec<PathError>,
}

impl FileSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with mode 0644.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.insert_file(path, text, false);
    }

    /// Adds a program, a file with mode 0755.
    pub fn insert_executable(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.insert_file(path, text, true);
    }

    /// Adds a file whose mode is decided by the caller.
    pub fn insert_file(&mut self, path: impl Into<String>, text: impl Into<String>, executable: bool) {
        match RelativePath::parse(path) {
            Ok(path) => self.add(path, File { text: text.into(), executable }),
            Err(error) => self.faults.push(error),
        }
    }

    /// Adds everything of another set.
    pub fn merge(&mut self, other: Self) {
        for (path, file) in other.files {
            self.add(path, file);
        }
        self.faults.extend(other.faults);
    }

    /// The files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&RelativePath, &File)> {
        self.files.iter()
    }

    /// The file at `path`.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The paths that could not be added, in the order in which that was tried.
    pub fn faults(&self) -> &[PathError] {
        &self.faults
    }

    fn add(&mut self, path: RelativePath, file: File) {
        match self.clash(path.as_str()) {
            None => {
                self.files.insert(path, file);
            }
            Some(problem) => self.faults.push(PathError { path: path.0, problem }),
        }
    }

    /// Why no file at `path` can stand beside those that are there.
    fn clash(&self, path: &str) -> Option<String> {
        if self.files.contains_key(path) {
            return Some("there are two files of this name".to_owned());
        }
        if let Some(above) = ancestors(path).find(|above| self.files.contains_key(*above)) {
            return Some(format!("`{above}` is a file"));
        }
        let below = format!("{path}/");
        let first_below = self.files.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded)).next()?.0;
        first_below.0.starts_with(&below).then(|| format!("it is the folder of `{first_below}`"))
    }
}

/// The folders above `path`, from the top, without the one that the path is relative to: `a`, `a/b` for `a/b/c`.
pub fn ancestors(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(set: &FileSet) -> Vec<String> {
        set.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn paths_stay_inside() {
        for good in ["a", "a/b.yml", ".env.example", "conf/..hidden", "ü/x y", "a/.pipegen-b"] {
            assert_eq!(RelativePath::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "/a", "a//b", "a/", "..", "a/../b", "./a", "a/.", "a\0b", "a\nb", "a\\b", ".pipegen-manifest.json"] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn errors_name_the_path_printably() {
        let error = RelativePath::parse("a\u{1b}[2J/b").unwrap_err();
        assert_eq!(error.to_string(), r#"cannot write a file "a\u{1b}[2J/b": it has a control character"#);
    }

    #[test]
    fn files_come_sorted_with_their_modes() {
        let mut set = FileSet::new();
        set.insert_executable("up.sh", "#!/bin/sh\n");
        set.insert("a/b.yml", "b: 1\n");
        let seen: Vec<_> = set.iter().map(|(path, file)| (path.as_str(), file.executable)).collect();
        assert_eq!(seen, [("a/b.yml", false), ("up.sh", true)]);
        assert_eq!(set.get("a/b.yml").unwrap().text, "b: 1\n");
        assert_eq!((set.len(), set.is_empty(), faults(&set).len()), (2, false, 0));
    }

    #[test]
    fn a_bad_path_is_a_fault_and_not_a_file() {
        let mut set = FileSet::new();
        set.insert("../up.sh", "");
        assert!(set.is_empty());
        assert_eq!(faults(&set), [r#"cannot write a file "../up.sh": it has a part `.` or `..`"#]);
    }

    #[test]
    fn the_first_of_two_files_stays_and_the_second_is_a_fault() {
        let mut set = FileSet::new();
        set.insert("a", "first");
        set.insert("a", "second");
        set.insert("a/b", "a is no folder");
        set.insert("c/d/e", "");
        set.insert("c-", "sorts between `c` and `c/`");
        set.insert("c", "c is a folder");
        assert_eq!(set.get("a").unwrap().text, "first");
        assert_eq!(
            faults(&set),
            [
                r#"cannot write a file "a": there are two files of this name"#,
                r#"cannot write a file "a/b": `a` is a file"#,
                r#"cannot write a file "c": it is the folder of `c/d/e`"#,
            ]
        );
    }

    #[test]
    fn merging_keeps_files_and_faults_of_both() {
        let mut one = FileSet::new();
        one.insert("a", "1");
        let mut two = FileSet::new();
        two.insert("a", "2");
        two.insert("b", "2");
        two.insert("/c", "2");
        one.merge(two);
        assert_eq!(one.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(one.faults().len(), 2);
        assert_eq!(one.get("a").unwrap().text, "1");
    }

    #[test]
    fn ancestors_run_from_the_top() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(ancestors("a").count(), 0);
    }
}
