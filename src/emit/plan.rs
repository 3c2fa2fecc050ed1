//! What has to change on the disk, decided before anything does.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{EmitError, Obstacle, Refusal};
use super::folder::{Content, Folder, Found, Step};
use super::manifest::{MANIFEST, Manifest, Standing};
use super::{Outcome, Report};
use crate::fileset::{File, FileSet, RelativePath};

/// The steps from what is on the disk to a file set, in order, and what they come to.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) report: Report,
}

/// The manifest on the disk: what it says, and its bytes, if there is one.
pub(super) fn read_manifest(folder: &Folder) -> Result<(Manifest, Option<Vec<u8>>), EmitError> {
    let (path, obstacle) = match folder.look(MANIFEST)? {
        Found::Nothing => return Ok((Manifest::default(), None)),
        Found::File(Content { bytes, .. }) => {
            return match Manifest::parse(&bytes) {
                Ok(manifest) => Ok((manifest, Some(bytes))),
                Err(problem) => Err(EmitError::Manifest { path: folder.root().join(MANIFEST), problem }),
            };
        }
        Found::Symlink(at) => (at, Obstacle::Symlink),
        Found::Folder | Found::Special => (MANIFEST.to_owned(), Obstacle::NotAFile),
        Found::Blocked(at) => (at, Obstacle::NotAFolder),
    };
    Err(EmitError::Refused { folder: folder.root().to_owned(), refusals: vec![Refusal { path, obstacle }] })
}

/// Plans to make `folder` hold `set`.
///
/// Removals come first, because a file may become a folder, or a folder a file.
pub(super) fn plan(folder: &Folder, set: &FileSet, force: bool) -> Result<Plan, EmitError> {
    if !set.faults().is_empty() {
        return Err(EmitError::Paths(set.faults().to_vec()));
    }
    let (manifest, on_disk) = read_manifest(folder)?;
    let mut planner = Planner::new(folder, &manifest, force);
    for path in manifest.paths() {
        if set.get(path.as_str()).is_none() {
            planner.plan_removal(path)?;
        }
    }
    for (path, file) in set.iter() {
        planner.plan_file(path, file)?;
    }
    let mut plan = planner.finish()?;
    frame(&mut plan, manifest, on_disk.as_deref(), set)?;
    plan.steps.splice(0..0, folder.leftovers()?.into_iter().map(Step::Remove));
    Ok(plan)
}

/// Puts the manifest around the steps: before them what they may do, so that an interrupted run disowns nothing;
/// after them, and last, what they did.
fn frame(plan: &mut Plan, manifest: Manifest, on_disk: Option<&[u8]>, set: &FileSet) -> Result<(), EmitError> {
    let write = |text: String| Step::Write(MANIFEST.to_owned(), File { text, executable: false });
    let next = Manifest::of(set);
    let after = next.to_text()?;
    let before = manifest.while_writing(&next).to_text()?;
    let mut current = on_disk;
    if !plan.steps.is_empty() && current != Some(before.as_bytes()) {
        plan.steps.insert(0, write(before.clone()));
        current = Some(before.as_bytes());
    }
    if set.is_empty() {
        plan.steps.extend(current.map(|_| Step::Remove(MANIFEST.to_owned())));
    } else if current != Some(after.as_bytes()) {
        plan.steps.push(write(after.clone()));
    }
    let outcome = match on_disk {
        None if set.is_empty() => return Ok(()),
        None => Outcome::Created,
        Some(_) if set.is_empty() => Outcome::Removed,
        Some(bytes) if bytes == after.as_bytes() => Outcome::Unchanged,
        Some(_) => Outcome::Updated,
    };
    plan.report.files.insert(MANIFEST.to_owned(), outcome);
    Ok(())
}

struct Planner<'a> {
    folder: &'a Folder,
    manifest: &'a Manifest,
    force: bool,
    steps: Vec<Step>,
    report: Report,
    /// What is no longer there once the removals are done.
    removed: BTreeSet<&'a str>,
    /// The first thing wrong with each path.
    refused: BTreeMap<String, Obstacle>,
}

impl<'a> Planner<'a> {
    fn new(folder: &'a Folder, manifest: &'a Manifest, force: bool) -> Self {
        Self { folder, manifest, force, steps: Vec::new(), report: Report::default(), removed: BTreeSet::new(), refused: BTreeMap::new() }
    }

    /// Plans to remove a file that we own and no longer render.
    fn plan_removal(&mut self, path: &'a RelativePath) -> Result<(), EmitError> {
        match self.folder.look(path.as_str())? {
            // An interrupted run, or the user, removed it; the folders that it leaves may still be there.
            Found::Nothing => {}
            Found::File(content) => match self.manifest.standing(path, &content.bytes) {
                Standing::Foreign => return Ok(()),
                Standing::Edited if !self.force => {
                    self.refuse(path.as_str(), Obstacle::EditedAndGone);
                    return Ok(());
                }
                Standing::Edited | Standing::Ours => self.record(path, Outcome::Removed),
            },
            Found::Symlink(at) => {
                self.refuse(&at, Obstacle::Symlink);
                return Ok(());
            }
            // Someone put something else there, so it is not ours any more.
            Found::Folder | Found::Special | Found::Blocked(_) => return Ok(()),
        }
        self.steps.push(Step::Remove(path.to_string()));
        self.removed.insert(path.as_str());
        Ok(())
    }

    /// Plans to make `path` hold `file`.
    fn plan_file(&mut self, path: &RelativePath, file: &File) -> Result<(), EmitError> {
        match self.folder.look(path.as_str())? {
            Found::Nothing => self.write(path, file, Outcome::Created),
            Found::File(content) => self.plan_update(path, file, &content),
            Found::Blocked(at) if self.removed.contains(at.as_str()) => self.write(path, file, Outcome::Created),
            Found::Folder if self.vanishes(path.as_str())? => self.write(path, file, Outcome::Created),
            Found::Symlink(at) => self.refuse(&at, Obstacle::Symlink),
            Found::Folder | Found::Special => self.refuse(path.as_str(), Obstacle::NotAFile),
            Found::Blocked(at) => self.refuse(&at, Obstacle::NotAFolder),
        }
        Ok(())
    }

    fn plan_update(&mut self, path: &RelativePath, file: &File, content: &Content) {
        if content.bytes == file.text.as_bytes() {
            if content.executable == file.executable {
                return self.record(path, Outcome::Unchanged);
            }
            self.steps.push(Step::SetMode(path.to_string(), file.executable));
            return self.record(path, Outcome::Updated);
        }
        match self.manifest.standing(path, &content.bytes) {
            Standing::Edited if !self.force => self.refuse(path.as_str(), Obstacle::Edited),
            Standing::Foreign if !self.force => self.refuse(path.as_str(), Obstacle::Foreign),
            Standing::Ours | Standing::Edited | Standing::Foreign => self.write(path, file, Outcome::Updated),
        }
    }

    /// Whether the removals leave nothing of the folder at `path`.
    fn vanishes(&self, path: &str) -> Result<bool, EmitError> {
        let inside = |leaf: &str, removed: &str| removed == leaf || removed.strip_prefix(leaf).is_some_and(|rest| rest.starts_with('/'));
        let leaves = self.folder.leaves(path)?;
        Ok(leaves.iter().all(|leaf| self.removed.iter().any(|removed| inside(leaf, removed))))
    }

    fn write(&mut self, path: &RelativePath, file: &File, outcome: Outcome) {
        self.steps.push(Step::Write(path.to_string(), file.clone()));
        self.record(path, outcome);
    }

    fn record(&mut self, path: &RelativePath, outcome: Outcome) {
        self.report.files.insert(path.to_string(), outcome);
    }

    fn refuse(&mut self, path: &str, obstacle: Obstacle) {
        self.refused.entry(path.to_owned()).or_insert(obstacle);
    }

    fn finish(self) -> Result<Plan, EmitError> {
        if self.refused.is_empty() {
            return Ok(Plan { steps: self.steps, report: self.report });
        }
        let refusals = self.refused.into_iter().map(|(path, obstacle)| Refusal { path, obstacle }).collect();
        Err(EmitError::Refused { folder: self.folder.root().to_owned(), refusals })
    }
}
