//! Reads `.env` files as Docker Compose 5 does (compose-go v2.15, `dotenv/parser.go`).
//!
//! Where Compose would guess, this reader refuses: a `$` that it would replace, a name without a value
//! (which takes the shell's), text after a closing quote, a name defined twice. What this reader accepts,
//! Compose reads to the same values. No message holds any part of a value.

mod reader;
mod value;

use crate::value::secret::Secret;
use reader::Reader;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// One variable of a `.env` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, without `export`.
    pub name: String,
    /// The value, without quotes and escapes.
    pub value: Secret,
    /// The line of the name, from 1.
    pub line: usize,
    /// The bytes of the value as written, with its quotes.
    pub(crate) value_at: Range<usize>,
    /// The bytes of all its lines, the last line break included.
    pub(crate) lines_at: Range<usize>,
}

/// A `.env` file: its variables in their order, each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Env {
    /// The variables.
    pub entries: Vec<Entry>,
}

/// Why a `.env` file was refused. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotenvError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for DotenvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for DotenvError {}

impl Env {
    /// Reads the text of a `.env` file.
    ///
    /// # Errors
    /// The first place where Compose would fail, or would read something that nobody can have meant.
    pub fn parse(text: &str) -> Result<Self, DotenvError> {
        let mut reader = Reader::new(text);
        let mut entries = Vec::new();
        while let Some(entry) = reader.entry()? {
            entries.push(entry);
        }
        refuse_duplicates(&entries)?;
        Ok(Self { entries })
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }
}

/// In Compose the last one wins, silently; whoever edits the first one waits for an effect in vain.
fn refuse_duplicates(entries: &[Entry]) -> Result<(), DotenvError> {
    let mut seen = BTreeMap::new();
    for Entry { name, line, .. } in entries {
        if let Some(first) = seen.insert(name, *line) {
            let message = format!("`{name}` is already defined on line {first}: remove one of the two");
            return Err(DotenvError { line: *line, message });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
