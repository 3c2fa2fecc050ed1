//! Where artifacts will lie, and what a target returns.

use crate::diagnostic::Diagnostic;
use crate::fileset::FileSet;
use crate::secrets::{Setting, Wanted};
use crate::template::TemplateError;

/// Where the artifacts will lie relative to the blueprint: a committed tree must work from any checkout.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The path from the artifacts' folder to the blueprint's file, with `/`.
    pub blueprint: String,
    /// The path from the artifacts' folder to the folder of the blueprint's file, with `/`; `.` if they are the same.
    pub base: String,
}

impl Layout {
    /// A path of the blueprint, rewritten relative to the artifacts' folder; absolute ones stay.
    pub fn relative(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let mut parts: Vec<&str> = self.base.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." && parts.last().is_some_and(|last| *last != "..") {
                parts.pop();
            } else {
                parts.push(part);
            }
        }
        match parts.first() {
            None => ".".to_owned(),
            Some(&"..") => parts.join("/"),
            Some(_) => format!("./{}", parts.join("/")),
        }
    }
}

/// What a target makes of a platform. The files are a [`Writer`] until someone wants them.
#[derive(Debug, Default)]
pub struct Rendered<Files = FileSet> {
    /// The artifacts.
    pub files: Files,
    /// What the target cannot express, on the blueprint's lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The secrets that the artifacts read, for `pipegen secrets init`.
    pub secrets: Vec<Wanted>,
    /// The deployer's values that the artifacts read.
    pub settings: Vec<Setting>,
}

/// Writes the artifacts. It finds no more faults of the blueprint, so that a check does without.
pub type Writer<'a> = Box<dyn FnOnce() -> Result<FileSet, TemplateError> + 'a>;

impl Rendered<Writer<'_>> {
    /// Writes the files.
    ///
    /// # Errors
    /// A template fails, which is a fault of ours.
    pub fn write(self) -> Result<Rendered, TemplateError> {
        let Self { files, diagnostics, secrets, settings } = self;
        Ok(Rendered { files: files()?, diagnostics, secrets, settings })
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn paths_are_rewritten_relative_to_the_artifacts() {
        let layout = Layout { blueprint: "../../../blueprints/capstone.yml".into(), base: "../../../blueprints".into() };
        assert_eq!(layout.relative("capstone/dags"), "../../../blueprints/capstone/dags");
        assert_eq!(layout.relative("../data"), "../../../data");
        assert_eq!(layout.relative("/srv"), "/srv");
        let beside = Layout { blueprint: "x.yml".into(), base: ".".into() };
        assert_eq!(beside.relative("dags"), "./dags");
        assert_eq!(beside.relative("."), ".");
    }
}
