//! What `pipegen secrets init` writes: the `.env` of the deployer, from what a platform wants to have there.
//!
//! Pure but for the random bytes, which the caller hands in ([`os_random`] in production). The file has two parts:
//!
//! * what belongs to the deployer: every line that was there stays, what is missing is added;
//! * below [`MARKER`] what is derived from it, computed anew on every run: encoded copies, because
//!   Compose and Kubernetes can only concatenate, and last [`FINGERPRINT`], by which a changed `.env`
//!   reaches the containers, and by which [`CHECK_SH`] finds out that this command was not run since.

mod generate;
mod layout;
pub mod store;

pub use generate::{Random, os_random};

use crate::dotenv::{DotenvError, Entry, Env};
use crate::value::escape::{self, Encoding};
use crate::value::secret::{Secret, SecretFormat};
use layout::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

/// The line that starts the derived part.
pub const MARKER: &str = "# --- derived by pipegen secrets init: do not edit below ---";

/// The last variable of the file: the SHA-256, in hexadecimal, of all bytes before the line of [`MARKER`].
pub const FINGERPRINT: &str = "PIPEGEN_ENV_SHA256";

/// `pipegen_env_is_current FILE` for POSIX shells: succeeds if the file is as [`init`] left it. Needs `sha256sum` or `shasum`.
pub const CHECK_SH: &str = include_str!("env_is_current.sh");

/// A secret that some workload needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The variable.
    pub name: String,
    /// What a value looks like, and who makes it.
    pub format: SecretFormat,
    /// Whose secret it is, in one line.
    pub note: String,
    /// How workloads need it written.
    pub encodings: BTreeSet<Encoding>,
}

/// A variable that belongs to the deployer and is no secret (`${env.X}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: String,
    /// The value that an empty or missing variable stands for; with it the variable is optional.
    pub default: Option<String>,
    /// What it is for, in one line.
    pub note: String,
    /// How workloads need it written.
    pub encodings: BTreeSet<Encoding>,
}

/// What became of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It had a value, which was kept.
    Kept,
    /// A value was generated.
    Made,
    /// It is empty, and its default applies.
    Default,
    /// It was computed from another variable.
    Derived,
    /// It is empty, and the deployer has to fill it in.
    ToFill,
}

/// What [`init`] made of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The new text of the file.
    pub text: Secret,
    /// Each variable: secrets, settings, then what is derived from them, in the order they were declared.
    pub report: Vec<(String, Status)>,
}

/// Why [`init`] did nothing. Never holds a value.
#[derive(Debug)]
pub enum InitError {
    /// The existing file cannot be read.
    Existing(DotenvError),
    /// Two secrets, settings or variables derived from them have this name.
    Clash(String),
    /// The system gave no random bytes.
    Random(getrandom::Error),
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Existing(error) => error.fmt(f),
            Self::Clash(name) => write!(f, "two variables would be called `{name}`: rename one of the two"),
            Self::Random(error) => write!(f, "no random bytes: {error}"),
        }
    }
}

impl std::error::Error for InitError {}

/// The text of `.env.example`: every variable, without values. `header` becomes comment lines; `fingerprint` says whether
/// anything reads [`FINGERPRINT`].
pub fn example(header: &str, wanted: &[Wanted], settings: &[Setting], fingerprint: bool) -> String {
    let rows = layout::rows(wanted, settings);
    let mut out = layout::comment(header);
    for row in &rows {
        out.push('\n');
        out.push_str(&layout::block(row, ""));
    }
    let derived = layout::derived(&rows).map(|(name, _, _)| name).chain(fingerprint.then(|| FINGERPRINT.to_owned()));
    let lines: Vec<String> = derived.map(|name| layout::comment(&format!("{name}="))).collect();
    if !lines.is_empty() {
        out.push_str("\n# derived: do not write, `pipegen secrets init` computes them\n");
        out.extend(lines);
    }
    out
}

/// Brings a `.env` up to date: `existing` is its text, if there is one. A second run changes nothing.
///
/// Kept byte for byte: every line of the user's, unknown variables and comments included, wherever it stands.
/// Filled in place: a generated secret with an empty value. Added at the end of the user's part: what is missing.
///
/// # Errors
/// See [`InitError`].
pub fn init(existing: Option<&str>, wanted: &[Wanted], settings: &[Setting], random: &mut Random<'_>) -> Result<Outcome, InitError> {
    let rows = layout::rows(wanted, settings);
    let reserved = derived_names(&rows)?;
    let text = existing.unwrap_or_default();
    let env = Env::parse(text).map_err(InitError::Existing)?;

    let mut report = Vec::new();
    let mut values = BTreeMap::new();
    for row in &rows {
        let (value, status) = settle(row, env.get(row.name), random)?;
        values.insert(row.name, value);
        report.push((row.name.to_owned(), status));
    }
    let mut out = kept(text, &env, &reserved, &values);
    add_missing(&mut out, &rows, &env, &values);
    let fingerprint = generate::sha256_hex(out.as_bytes());

    out.push_str(&format!("{MARKER}\n"));
    for (name, row, encoding) in layout::derived(&rows) {
        // Of nothing nothing is derived. Encoded, an empty password would be two quotes, which no `${NAME:?}` refuses; and the default
        // of a setting is written where it is read, since the next one must not find this one here.
        let value = Some(values[row.name].reveal()).filter(|value| !value.is_empty()).map(|value| encoding.apply(value));
        out.push_str(&layout::assignment(&name, &value.unwrap_or_default()));
        report.push((name, Status::Derived));
    }
    out.push_str(&layout::assignment(FINGERPRINT, &fingerprint));
    Ok(Outcome { text: Secret::new(out), report })
}

/// The names that this command computes, once it is certain that no name means two things.
fn derived_names(rows: &[Row<'_>]) -> Result<BTreeSet<String>, InitError> {
    let mut all: BTreeSet<&str> = BTreeSet::from([FINGERPRINT]);
    for row in rows {
        if !all.insert(row.name) {
            return Err(InitError::Clash(row.name.to_owned()));
        }
    }
    let mut derived = BTreeSet::from([FINGERPRINT.to_owned()]);
    for (name, _, _) in layout::derived(rows) {
        if all.contains(name.as_str()) || !derived.insert(name.clone()) {
            return Err(InitError::Clash(name));
        }
    }
    Ok(derived)
}

fn settle(row: &Row<'_>, existing: Option<&Secret>, random: &mut Random<'_>) -> Result<(Secret, Status), InitError> {
    if let Some(value) = existing.filter(|value| !value.reveal().is_empty()) {
        return Ok((value.clone(), Status::Kept));
    }
    let made = row.format.map(|format| format.make(random)).transpose().map_err(InitError::Random)?;
    Ok(match made.flatten() {
        Some(value) => (value, Status::Made),
        None if row.default.is_some() => (Secret::new(""), Status::Default),
        None => (Secret::new(""), Status::ToFill),
    })
}

/// The existing text without its derived lines, with empty values filled in.
fn kept(text: &str, env: &Env, derived: &BTreeSet<String>, values: &BTreeMap<&str, Secret>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let was_derived = derived_part(text, env);
    for entry in &env.entries {
        push_without_marker(&mut out, &text[at..entry.lines_at.start]);
        // A copy of a secret that nothing reads any more is nobody's: kept, it would outlive the secret itself.
        let is_old_copy = was_derived.contains(&entry.lines_at.start) && !values.contains_key(entry.name.as_str()) && is_copy(&entry.name);
        if !derived.contains(&entry.name) && !is_old_copy {
            push_filled(&mut out, text, entry, values.get(entry.name.as_str()));
        }
        at = entry.lines_at.end;
    }
    push_without_marker(&mut out, &text[at..]);
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Where the last run wrote what it had derived: from the last [`MARKER`] that stands between two variables to [`FINGERPRINT`].
fn derived_part(text: &str, env: &Env) -> Range<usize> {
    let mut marked = None;
    let mut at = 0;
    for entry in &env.entries {
        if text[at..entry.lines_at.start].lines().any(|line| line == MARKER) {
            marked = Some(entry.lines_at.start);
        }
        if let (FINGERPRINT, Some(start)) = (entry.name.as_str(), marked) {
            return start..entry.lines_at.start;
        }
        at = entry.lines_at.end;
    }
    0..0
}

/// Whether a name is such as encoded copies have.
fn is_copy(name: &str) -> bool {
    [Encoding::Uri, Encoding::Json, Encoding::Base64].iter().any(|encoding| name.ends_with(&encoding.variable("")))
}

fn push_without_marker(out: &mut String, comments: &str) {
    out.extend(comments.split_inclusive('\n').filter(|line| line.trim() != MARKER));
}

fn push_filled(out: &mut String, text: &str, entry: &Entry, value: Option<&Secret>) {
    let lines = &text[entry.lines_at.clone()];
    match value {
        Some(value) if *value != entry.value => {
            out.push_str(&text[entry.lines_at.start..entry.value_at.start]);
            out.push_str(&escape::dotenv(value.reveal()));
            out.push_str(&text[entry.value_at.end..entry.lines_at.end]);
        }
        _ => out.push_str(lines),
    }
    if !lines.ends_with('\n') {
        out.push('\n');
    }
}

fn add_missing(out: &mut String, rows: &[Row<'_>], env: &Env, values: &BTreeMap<&str, Secret>) {
    if out.is_empty() {
        out.push_str(&layout::comment(layout::ENV_HEADER));
        out.push('\n');
    }
    for row in rows.iter().filter(|row| env.get(row.name).is_none()) {
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(&layout::block(row, values[row.name].reveal()));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests;
