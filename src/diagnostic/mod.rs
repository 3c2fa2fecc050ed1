//! Diagnostics as data: what is wrong, where in the user's file, and what to write instead.
//!
//! Renderers live in files of their own and never decide anything. Layer 0, with `source`.

mod codes;
mod excerpt;
mod faults;
mod json;
mod order;
mod plain;
mod printable;
#[cfg(test)]
mod samples;
mod suggest;

pub use codes::{CODES, Code, Severity, code};
pub use faults::Faults;
pub use json::render_json;
pub use order::sort_and_dedup;
pub use plain::render_plain;
pub use printable::printable;
pub use suggest::{near, one_of, quoted, unknown_name, write_instead};

use crate::source::{Pointer, Span};

/// A place in the user's file. Checks on the model know pointers; the reader knows spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// These bytes.
    Span(Span),
    /// The key of the map entry that the pointer names.
    Key(Pointer),
    /// The value that the pointer names.
    Value(Pointer),
    /// The first place of this text in the value that the pointer names, such as one `${...}` of several.
    Part(Pointer, String),
    /// The name that the pointer stands for: the key of an entry that is a map (`uses: { db: { as: DB } }`), else the
    /// value (`uses: [db]`).
    Name(Pointer),
}

/// One fault, or one thing worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of fault; its severity comes with it.
    pub code: &'static Code,
    /// A lower-case phrase without a full stop.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// Further places that take part, each with a phrase.
    pub related: Vec<(Place, String)>,
    /// What to write instead.
    pub help: Option<String>,
    /// What must be sound for this to be worth saying: if a fault was already reported inside one of
    /// these (or around it), this one is only its consequence and is not shown.
    pub depends_on: Vec<Pointer>,
}

impl Diagnostic {
    /// A diagnostic without anything optional.
    pub fn new(code: &'static Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place, related: Vec::new(), help: None, depends_on: Vec::new() }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Names something whose fault would make this one a mere consequence.
    #[must_use]
    pub fn depends_on(mut self, pointer: Pointer) -> Self {
        self.depends_on.push(pointer);
        self
    }

    /// Whether this stops rendering.
    pub fn is_error(&self) -> bool {
        self.code.severity == Severity::Error
    }
}

/// A diagnostic whose places are found: what the renderers take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The diagnostic itself.
    pub diagnostic: Diagnostic,
    /// The primary span; `None` for the file as a whole.
    pub span: Option<Span>,
    /// The related spans with their phrases, in order.
    pub related: Vec<(Span, String)>,
    /// The environment with which it was found: its place may be sound without what that environment changes.
    pub environment: Option<String>,
}
