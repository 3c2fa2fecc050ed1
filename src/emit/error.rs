//! Why nothing was written, or not everything.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::fileset::PathError;

/// Why a folder could not be written or compared.
#[derive(Debug)]
pub enum EmitError {
    /// The file set has paths that cannot be. Nothing was written.
    Paths(Vec<PathError>),
    /// Something is in the way. Nothing was written.
    Refused {
        /// The output folder.
        folder: PathBuf,
        /// Everything that is in the way, sorted by path.
        refusals: Vec<Refusal>,
    },
    /// The manifest cannot be understood. Nothing was written.
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file system said no; the message has the path. If that was while writing, the next run completes.
    Io(io::Error),
}

/// One thing that is in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Its path below the output folder; empty for the folder itself.
    pub path: String,
    /// What it is.
    pub obstacle: Obstacle,
}

/// What can be in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A file that pipegen did not write. Forcing overwrites it.
    Foreign,
    /// A file that pipegen wrote and someone changed. Forcing overwrites it.
    Edited,
    /// A file that pipegen wrote, someone changed, and no target makes any more. Forcing removes it.
    EditedAndGone,
    /// A symbolic link. It is never followed or replaced.
    Symlink,
    /// A folder, a device, a socket... where a file belongs.
    NotAFile,
    /// Something else where a folder belongs.
    NotAFolder,
}

impl Obstacle {
    /// Whether `--force` gets past it.
    pub const fn yields_to_force(self) -> bool {
        matches!(self, Self::Foreign | Self::Edited | Self::EditedAndGone)
    }

    const fn phrase(self) -> &'static str {
        match self {
            Self::Foreign => "was not written by pipegen",
            Self::Edited => "was edited by hand",
            Self::EditedAndGone => "was edited by hand, and would be removed because it is no longer rendered",
            Self::Symlink => "is a symbolic link, which pipegen neither follows nor replaces",
            Self::NotAFile => "is not a regular file",
            Self::NotAFolder => "is not a folder",
        }
    }
}

impl Refusal {
    fn said(&self, folder: &Path) -> String {
        let path = if self.path.is_empty() { folder.to_owned() } else { folder.join(&self.path) };
        format!("`{}` {}", path.display(), self.obstacle.phrase())
    }
}

impl EmitError {
    /// What to do about it; empty where the message says all.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Refused { refusals, .. } if refusals.iter().all(|refusal| refusal.obstacle.yields_to_force()) => {
                "nothing was written; move the file away, or take the change over into the blueprint; `--force` discards it"
            }
            Self::Refused { .. } => "nothing was written; move what is in the way to another place",
            Self::Manifest { .. } => {
                "restore it from version control; or delete it, and every file that is not as rendered counts as not written by pipegen"
            }
            Self::Paths(_) | Self::Io(_) => "",
        }
    }
}

impl From<io::Error> for EmitError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paths(faults) => lines(f, faults),
            Self::Refused { folder, refusals } => lines(f, refusals.iter().map(|refusal| refusal.said(folder))),
            Self::Manifest { path, problem } => write!(f, "cannot read `{}`: {problem}", path.display()),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EmitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Paths(_) | Self::Refused { .. } | Self::Manifest { .. } => None,
        }
    }
}

fn lines(f: &mut fmt::Formatter<'_>, items: impl IntoIterator<Item = impl fmt::Display>) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "\n" };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}
