//! The committed list of the files that a folder's last render owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fileset::{File, FileSet, RelativePath};

/// Its name, in every output folder.
pub const MANIFEST: &str = ".pipegen-manifest.json";

/// The version of the format below.
const FORMAT: u32 = 1;

/// What pipegen owns in one folder.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    files: BTreeMap<RelativePath, Owned>,
    /// Files that a run has set out to write, with the hashes of what they may have become. Only in a folder whose last
    /// run was interrupted: without it the next run, if the blueprint changed in between, would take them for foreign.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unfinished: BTreeMap<RelativePath, BTreeSet<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    sha256: String,
    executable: bool,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Exactly as we wrote it.
    Ours,
    /// Ours, but changed since.
    Edited,
    /// We know nothing of it.
    Foreign,
}

impl Manifest {
    /// The manifest of a folder that holds exactly these files.
    pub(super) fn of(set: &FileSet) -> Self {
        let owned = |file: &File| Owned { sha256: hash(file.text.as_bytes()), executable: file.executable };
        let files = set.iter().map(|(path, file)| (path.clone(), owned(file))).collect();
        Self { format: FORMAT, files, unfinished: BTreeMap::new() }
    }

    /// Reads a manifest. The error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        /// Read first, so that a later format is recognised whatever else it changes.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let Version { format } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if format != FORMAT {
            return Err(format!("it has format {format}, and this pipegen knows only format {FORMAT}"));
        }
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// This manifest while `next` is being written: it owns what it owned, and whatever the run gets to write.
    pub(super) fn while_writing(mut self, next: &Self) -> Self {
        self.format = FORMAT;
        for (path, owned) in &next.files {
            if self.files.get(path).is_none_or(|known| known.sha256 != owned.sha256) {
                self.unfinished.entry(path.clone()).or_default().insert(owned.sha256.clone());
            }
        }
        self
    }

    /// The file's text: the same bytes for the same files, always.
    pub(super) fn to_text(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Every path that may be ours, sorted.
    pub(super) fn paths(&self) -> BTreeSet<&RelativePath> {
        self.files.keys().chain(self.unfinished.keys()).collect()
    }

    /// Whose the file at `path` is, if it holds `bytes`.
    pub(super) fn standing(&self, path: &RelativePath, bytes: &[u8]) -> Standing {
        let owned = self.files.get(path);
        let unfinished = self.unfinished.get(path);
        if owned.is_none() && unfinished.is_none() {
            return Standing::Foreign;
        }
        let hash = hash(bytes);
        if owned.is_some_and(|owned| owned.sha256 == hash) || unfinished.is_some_and(|hashes| hashes.contains(&hash)) {
            Standing::Ours
        } else if owned.is_some() {
            Standing::Edited
        } else {
            // The run stopped before it wrote this one; someone else did.
            Standing::Foreign
        }
    }
}

/// SHA-256 in hexadecimal, as `sha256sum` prints it.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[(&str, &str)]) -> FileSet {
        let mut set = FileSet::new();
        for (path, text) in files {
            set.insert_file(*path, *text, path.ends_with(".sh"));
        }
        set
    }

    #[test]
    fn the_text_is_fixed_and_reads_back() {
        let manifest = Manifest::of(&set(&[("up.sh", "abc"), ("a/b", "")]));
        let text = manifest.to_text().unwrap();
        assert_eq!(
            text,
            r#"{
  "format": 1,
  "files": {
    "a/b": {
      "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "executable": false
    },
    "up.sh": {
      "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "executable": true
    }
  }
}
"#
        );
        assert_eq!(Manifest::parse(text.as_bytes()).unwrap().to_text().unwrap(), text);
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for (text, part) in [
            ("", "EOF"),
            ("<<<<<<< HEAD\n", "expected value"),
            (r#"{"files":{}}"#, "missing field `format`"),
            (r#"{"format":2,"owned":[]}"#, "it has format 2, and this pipegen knows only format 1"),
            (r#"{"format":1,"files":{},"extra":1}"#, "unknown field `extra`"),
            (r#"{"format":1,"files":{"../x":{"sha256":"","executable":false}}}"#, "it has a part `.` or `..`"),
            (r#"{"format":1,"files":{".pipegen-manifest.json":{"sha256":"","executable":false}}}"#, "kept for pipegen itself"),
        ] {
            let error = Manifest::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn unfinished_files_are_ours_only_as_we_would_have_written_them() {
        let first = Manifest::of(&set(&[("a", "1"), ("b", "1")]));
        let during = first.while_writing(&Manifest::of(&set(&[("a", "2"), ("b", "1"), ("c", "2")])));
        let again = during.while_writing(&Manifest::of(&set(&[("a", "3")])));
        let manifest = Manifest::parse(again.to_text().unwrap().as_bytes()).unwrap();
        let standing = |path: &str, text: &str| manifest.standing(&RelativePath::parse(path).unwrap(), text.as_bytes());
        for text in ["1", "2", "3"] {
            assert_eq!(standing("a", text), Standing::Ours);
        }
        assert_eq!(standing("a", "4"), Standing::Edited);
        assert_eq!(standing("b", "2"), Standing::Edited);
        assert_eq!(standing("c", "2"), Standing::Ours);
        assert_eq!(standing("c", "3"), Standing::Foreign);
        assert_eq!(standing("d", "1"), Standing::Foreign);
        assert!(!manifest.unfinished.contains_key("b"));
    }
}
