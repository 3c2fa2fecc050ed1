//! The only writer: writes a file set into its folder, compares the two, prunes what it owns, and never touches
//! anything else.
//!
//! Each folder has a committed manifest (`.pipegen-manifest.json`) of what it owns: path, SHA-256, executable bit. A file
//! is ours if it is as the manifest says or as we would write it; every other file in the way is refused by name.
//! Modes are part of an artifact, so this needs Unix. Paths and texts in errors and diffs come from the user's disk:
//! whoever prints them to a terminal makes control characters visible.
//!
//! Layer 6: may use the file set.

mod compare;
mod error;
mod folder;
mod manifest;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

pub use compare::{Change, Difference, compare};
pub use error::{EmitError, Obstacle, Refusal};
pub use manifest::MANIFEST;

use crate::fileset::FileSet;
use folder::Folder;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was not there.
    Created,
    /// Its text or its mode was another.
    Updated,
    /// It was as it should be, and was not touched.
    Unchanged,
    /// It is no longer rendered.
    Removed,
}

/// What [`write()`] did, by path below the folder; the manifest is one of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The outcome of each file.
    pub files: BTreeMap<String, Outcome>,
}

impl Report {
    /// How many files had this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.files.values().filter(|one| **one == outcome).count()
    }
}

/// Makes `folder` hold exactly the files of `set` among those that pipegen owns; an empty set leaves no folder behind.
///
/// With `force`, files that were edited by hand or that pipegen never wrote are overwritten. Links are refused even then.
///
/// # Errors
/// Everything in the way is named, and nothing was written. An [`EmitError::Io`] can come halfway; then the next run
/// completes what this one began.
pub fn write(folder: &Path, set: &FileSet, force: bool) -> Result<Report, EmitError> {
    let folder = Folder::new(folder);
    let plan = plan::plan(&folder, set, force)?;
    for step in &plan.steps {
        folder.apply(step)?;
    }
    Ok(plan.report)
}
