//! One output folder on the disk: the only functions that read, replace and remove artifacts.
//!
//! No path is followed through a symbolic link: [`Folder::look`] walks every component below the folder, and the
//! folder itself. What lies above is the user's own choice (on macOS even `/tmp` is a link).

use std::fs::Permissions;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::fileset::{File, RESERVED, ancestors};

/// An output folder; it need not exist.
pub(super) struct Folder {
    root: PathBuf,
}

/// What is at a path.
pub(super) enum Found {
    /// Nothing, and perhaps not even the folders above.
    Nothing,
    /// A regular file.
    File(Content),
    /// A symbolic link: at the path itself, or at this component above it.
    Symlink(String),
    /// A folder.
    Folder,
    /// A device, a socket, a pipe.
    Special,
    /// Nothing, and this component above it is not a folder.
    Blocked(String),
}

/// A file as it is on the disk, or as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) executable: bool,
}

/// One change of the disk. Each is atomic, or can be repeated after an interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Puts a file in place, whatever file was there.
    Write(String, File),
    /// Makes a file executable, or not.
    SetMode(String, bool),
    /// Removes a file, if it is there, and then the folders that are empty without it.
    Remove(String),
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What is at `path`, read without following any link.
    pub(super) fn look(&self, path: &str) -> io::Result<Found> {
        for above in std::iter::once("").chain(ancestors(path)) {
            let Some(metadata) = present(fs::symlink_metadata(self.join(above)))? else {
                return Ok(Found::Nothing);
            };
            if metadata.is_symlink() {
                return Ok(Found::Symlink(above.to_owned()));
            }
            if !metadata.is_dir() {
                return Ok(Found::Blocked(above.to_owned()));
            }
        }
        let full = self.join(path);
        let Some(metadata) = present(fs::symlink_metadata(&full))? else {
            return Ok(Found::Nothing);
        };
        Ok(if metadata.is_symlink() {
            Found::Symlink(path.to_owned())
        } else if metadata.is_dir() {
            Found::Folder
        } else if metadata.is_file() {
            // As git has it: only the owner's bit counts, the others depend on the umask of whoever cloned.
            let executable = metadata.permissions().mode() & 0o100 != 0;
            Found::File(Content { bytes: fs::read(&full)?, executable })
        } else {
            Found::Special
        })
    }

    /// The temporary files of a run that was killed while it wrote one.
    pub(super) fn leftovers(&self) -> io::Result<Vec<String>> {
        let Some(entries) = present(fs::read_dir(&self.root))? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if name.starts_with(&temporary_prefix()) && entry.file_type()?.is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The paths of everything below the folder `path` that is not a folder, and of every empty folder.
    /// Names that are not UTF-8 are given as nearly as possible; no artifact has one.
    pub(super) fn leaves(&self, path: &str) -> io::Result<Vec<String>> {
        let mut leaves = Vec::new();
        for entry in fs::read_dir(self.join(path))? {
            let entry = entry?;
            let inner = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                leaves.extend(self.leaves(&inner)?);
            } else {
                leaves.push(inner);
            }
        }
        if leaves.is_empty() {
            leaves.push(path.to_owned());
        }
        Ok(leaves)
    }

    pub(super) fn apply(&self, step: &Step) -> io::Result<()> {
        match step {
            Step::Write(path, file) => self.replace(path, file),
            Step::SetMode(path, executable) => fs::set_permissions(self.join(path), mode(*executable)),
            Step::Remove(path) => self.remove(path),
        }
    }

    /// Writes a temporary file at the top of the folder and moves it into place; if that fails it is gone again.
    /// At the top, and not beside the artifact, so that the next run finds what a killed one left.
    fn replace(&self, path: &str, file: &File) -> io::Result<()> {
        let full = self.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent)?;
        }
        let cannot = |error: io::Error| io::Error::new(error.kind(), format!("cannot write `{}`: {error}", full.display()));
        let mut temporary = tempfile::Builder::new().prefix(&temporary_prefix()).tempfile_in(&self.root).map_err(cannot)?;
        temporary.write_all(file.text.as_bytes()).map_err(cannot)?;
        // Not left to the umask: containers read mounted files as other users.
        temporary.as_file().set_permissions(mode(file.executable)).map_err(cannot)?;
        temporary.persist(&full).map_err(|error| cannot(error.error))?;
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        present(fs::remove_file(self.join(path)))?;
        for above in ancestors(path).rev().chain(std::iter::once("")) {
            match fs::remove_dir(self.join(above)) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => break,
                result => present(result)?,
            };
        }
        Ok(())
    }

    /// The path on the disk; the empty path is the folder itself (`Path::join` would add a slash, which follows links).
    fn join(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

/// The start of the names of temporary files; no artifact may have such a name.
fn temporary_prefix() -> String {
    format!("{RESERVED}tmp-")
}

fn mode(executable: bool) -> Permissions {
    Permissions::from_mode(if executable { 0o755 } else { 0o644 })
}

/// Makes "it does not exist" an answer instead of an error.
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
