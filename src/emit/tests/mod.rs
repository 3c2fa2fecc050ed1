//! Every promise of the writer, on a real file system. What must hold for root too does not rest on permissions.

mod compare;
mod hostile;
mod interruption;
mod writing;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{EmitError, MANIFEST, Obstacle, Outcome, Report, write};
use crate::fileset::FileSet;

/// A set of these files; those that end in `.sh` are executable.
fn set(files: &[(&str, &str)]) -> FileSet {
    let mut set = FileSet::new();
    for (path, text) in files {
        set.insert_file(*path, *text, path.ends_with(".sh"));
    }
    assert_eq!(set.faults(), []);
    set
}

/// A place for output folders that goes away with the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The output folder that most tests use.
    fn folder(&self) -> PathBuf {
        self.0.path().join("capstone/compose")
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    fn write(&self, set: &FileSet) -> Result<Report, EmitError> {
        write(&self.folder(), set, false)
    }

    /// Changes the disk as a user would.
    fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Everything below the place: files with their modes and texts, links with their aims, folders with nothing.
    fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        collect(self.0.path(), self.0.path(), &mut tree);
        tree
    }
}

fn collect(top: &Path, at: &Path, tree: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let what = if metadata.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else if metadata.is_dir() {
            collect(top, &path, tree);
            "/".to_owned()
        } else {
            format!("{:o} {}", metadata.permissions().mode() & 0o7777, String::from_utf8_lossy(&fs::read(&path).unwrap()))
        };
        tree.insert(path.strip_prefix(top).unwrap().display().to_string(), what);
    }
}

/// The outcome of each file but the manifest.
fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    report.files.iter().map(|(path, outcome)| (path.as_str(), *outcome)).filter(|(path, _)| *path != MANIFEST).collect()
}

/// What was refused; any other result fails the test.
fn refused(result: Result<Report, EmitError>) -> Vec<(String, Obstacle)> {
    match result.unwrap_err() {
        EmitError::Refused { refusals, .. } => refusals.into_iter().map(|one| (one.path, one.obstacle)).collect(),
        other => panic!("{other}"),
    }
}
