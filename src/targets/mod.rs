//! Ways of writing a platform. Each target is a folder; none knows components or the blueprint. Layer 5.

pub mod compose;
pub mod helm;
pub mod kubernetes;

use crate::formats::{Layout, Rendered, Writer};
use crate::platform::Platform;
use crate::template::TemplateError;

/// An entry of the registry.
pub struct Target {
    /// Its name on the command line and in `overrides`.
    pub name: &'static str,
    /// One phrase for lists.
    pub summary: &'static str,
    /// Markdown for `pipegen explain`.
    pub doc: &'static str,
    /// Why it can write nothing that would run of this platform, as a phrase; nothing where it can.
    pub unfit: fn(&Platform) -> Option<String>,
    /// Finds out what becomes of a platform, up to writing it.
    pub lower: for<'a> fn(&'a Platform, &'a Layout) -> Rendered<Writer<'a>>,
}

impl Target {
    /// Writes a platform.
    ///
    /// # Errors
    /// A template fails, which is a fault of ours.
    pub fn render(&self, platform: &Platform, layout: &Layout) -> Result<Rendered, TemplateError> {
        (self.lower)(platform, layout).write()
    }
}

/// Every target, sorted by name.
// One a line, so that a new target is one line of a change.
#[rustfmt::skip]
pub static TARGETS: &[&Target] = &[
    &compose::TARGET,
    &helm::TARGET,
    &kubernetes::TARGET,
];

/// The targets that are meant where none is chosen: those that fit the platform. Of the others, name and reason.
pub fn fitting(platform: &Platform) -> (Vec<&'static Target>, Vec<(&'static str, String)>) {
    let (mut fitting, mut left_out) = (Vec::new(), Vec::new());
    for target in TARGETS {
        match (target.unfit)(platform) {
            None => fitting.push(*target),
            Some(reason) => left_out.push((target.name, reason)),
        }
    }
    (fitting, left_out)
}
