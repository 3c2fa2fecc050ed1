//! The difference between a folder and a file set: what `--check` and `--diff` show.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use super::error::{EmitError, Obstacle, Refusal};
use super::folder::{Content, Folder, Found};
use super::manifest::{MANIFEST, Manifest, Standing};
use super::plan::read_manifest;
use crate::fileset::{File, FileSet};

/// Above this many bytes a file's difference is only stated: comparing line by line takes quadratic time at worst.
const DIFF_LIMIT: usize = 1 << 20;

/// A file that is not as it would be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path below the folder.
    pub path: String,
    on_disk: Option<Content>,
    rendered: Option<Content>,
}

/// How a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is rendered and not there.
    Missing,
    /// It is there, ours, and no longer rendered.
    Extra,
    /// It says something else.
    Content,
    /// It says the same, and is executable where it should not be, or not where it should.
    Mode,
}

/// Compares a folder with what would be written to it, and writes nothing. Sorted by path; empty if all is current.
///
/// The manifest counts as a file. Files that pipegen neither owns nor renders do not count.
///
/// # Errors
/// The set has faults, the manifest cannot be understood, something cannot be read, or there is a link in the place of
/// an artifact.
pub fn compare(folder: &Path, set: &FileSet) -> Result<Vec<Difference>, EmitError> {
    if !set.faults().is_empty() {
        return Err(EmitError::Paths(set.faults().to_vec()));
    }
    let folder = Folder::new(folder);
    let (manifest, _) = read_manifest(&folder)?;
    let mut rendered: BTreeMap<&str, Content> = set.iter().map(|(path, file)| (path.as_str(), content(file))).collect();
    if !set.is_empty() {
        let text = Manifest::of(set).to_text()?;
        rendered.insert(MANIFEST, Content { bytes: text.into_bytes(), executable: false });
    }
    let mut on_disk = read_all(&folder, rendered.keys().copied())?;
    on_disk.extend(extras(&folder, &manifest, set)?);
    Ok(differences(on_disk, rendered))
}

fn content(file: &File) -> Content {
    Content { bytes: file.text.clone().into_bytes(), executable: file.executable }
}

/// The files among `paths` that exist.
fn read_all<'a>(folder: &Folder, paths: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, Content>, EmitError> {
    let mut files = BTreeMap::new();
    let mut refusals = Vec::new();
    for path in paths {
        match folder.look(path)? {
            Found::File(content) => {
                files.insert(path.to_owned(), content);
            }
            Found::Symlink(at) => refusals.push(Refusal { path: at, obstacle: Obstacle::Symlink }),
            Found::Special => refusals.push(Refusal { path: path.to_owned(), obstacle: Obstacle::NotAFile }),
            Found::Nothing | Found::Folder | Found::Blocked(_) => {}
        }
    }
    if refusals.is_empty() {
        return Ok(files);
    }
    refusals.sort();
    refusals.dedup();
    Err(EmitError::Refused { folder: folder.root().to_owned(), refusals })
}

/// The files that are ours and no longer rendered, and the manifest if nothing is.
fn extras(folder: &Folder, manifest: &Manifest, set: &FileSet) -> Result<BTreeMap<String, Content>, EmitError> {
    let gone = manifest.paths().into_iter().filter(|path| set.get(path.as_str()).is_none());
    let mut files = BTreeMap::new();
    for path in gone {
        if let Found::File(content) = folder.look(path.as_str())?
            && manifest.standing(path, &content.bytes) != Standing::Foreign
        {
            files.insert(path.to_string(), content);
        }
    }
    if set.is_empty()
        && let Found::File(content) = folder.look(MANIFEST)?
    {
        files.insert(MANIFEST.to_owned(), content);
    }
    Ok(files)
}

fn differences(mut on_disk: BTreeMap<String, Content>, rendered: BTreeMap<&str, Content>) -> Vec<Difference> {
    let mut found: Vec<_> = rendered
        .into_iter()
        .map(|(path, content)| Difference { path: path.to_owned(), on_disk: on_disk.remove(path), rendered: Some(content) })
        .collect();
    found.extend(on_disk.into_iter().map(|(path, content)| Difference { path, on_disk: Some(content), rendered: None }));
    found.retain(|one| one.on_disk != one.rendered);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

impl Difference {
    /// How the file differs. If both text and mode do, it is the text.
    pub fn change(&self) -> Change {
        match (&self.on_disk, &self.rendered) {
            (None, _) => Change::Missing,
            (_, None) => Change::Extra,
            (Some(one), Some(other)) if one.bytes == other.bytes => Change::Mode,
            _ => Change::Content,
        }
    }

    /// The patch that makes the file as rendered, as `git diff` writes it, so that `git apply` reads it. `folder` is
    /// the output folder as it should stand in the paths.
    ///
    /// What is not text, or longer than 1 MiB, is only stated. Control characters of the file stay in.
    pub fn unified_diff(&self, folder: &Path) -> String {
        let path = folder.join(&self.path).display().to_string();
        let (old, new) = (self.on_disk.as_ref(), self.rendered.as_ref());
        format!("diff --git a/{path} b/{path}\n{}{}", modes(old, new), body(&path, old, new))
    }
}

fn modes(old: Option<&Content>, new: Option<&Content>) -> String {
    let mode = |content: &Content| if content.executable { "100755" } else { "100644" };
    match (old, new) {
        (None, Some(new)) => format!("new file mode {}\n", mode(new)),
        (Some(old), None) => format!("deleted file mode {}\n", mode(old)),
        (Some(old), Some(new)) if old.executable != new.executable => format!("old mode {}\nnew mode {}\n", mode(old), mode(new)),
        _ => String::new(),
    }
}

fn body(path: &str, old: Option<&Content>, new: Option<&Content>) -> String {
    let side = |letter: char, content: Option<&Content>| content.map_or("/dev/null".to_owned(), |_| format!("{letter}/{path}"));
    let (old_name, new_name) = (side('a', old), side('b', new));
    let bytes = |content: Option<&'_ Content>| content.map_or(0, |content| content.bytes.len());
    if bytes(old).max(bytes(new)) > DIFF_LIMIT {
        return format!("Files {old_name} and {new_name} differ ({} and {} bytes)\n", bytes(old), bytes(new));
    }
    let (Some(old_lines), Some(new_lines)) = (lines(old), lines(new)) else {
        return format!("Binary files {old_name} and {new_name} differ\n");
    };
    // After a name with a space, `git apply` and `patch` need a tab to know where it ends.
    let end = |name: &str| if name.contains(' ') { "\t" } else { "" };
    TextDiff::configure()
        .newline_terminated(true)
        .diff_slices(&old_lines, &new_lines)
        .unified_diff()
        .header(&format!("{old_name}{}", end(&old_name)), &format!("{new_name}{}", end(&new_name)))
        .to_string()
}

/// The lines of a text with their ends; `None` if it is not text. Cut here, because `similar` also cuts at a lone
/// carriage return, which no patch program takes for the end of a line.
fn lines(content: Option<&Content>) -> Option<Vec<&str>> {
    let bytes = content.map_or(&[][..], |content| &content.bytes);
    let text = std::str::from_utf8(bytes).ok()?;
    let is_text = !text.contains('\0') && !text.ends_with('\r');
    is_text.then(|| text.split_inclusive('\n').collect())
}
