//! How the variables are laid out, the same in `.env` and in `.env.example`.

use super::{Setting, Wanted};
use crate::value::escape::{self, Encoding};
use crate::value::secret::SecretFormat;
use std::collections::BTreeSet;

/// The first lines of a `.env` that did not exist.
pub(super) const ENV_HEADER: &str =
    "Made by `pipegen secrets init`; the values are yours to change: run it again afterwards.\nNever commit this file.";

/// A secret or a setting.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) note: &'a str,
    /// Only secrets have one.
    pub(super) format: Option<SecretFormat>,
    pub(super) default: Option<&'a str>,
    encodings: &'a BTreeSet<Encoding>,
}

impl Row<'_> {
    /// Who gives this variable its value.
    fn source(&self) -> String {
        match (self.format, self.default) {
            (Some(SecretFormat::Supplied { hint }), _) => format!("yours to fill in: {hint}"),
            (Some(_), _) => "made by `pipegen secrets init`".to_owned(),
            (None, Some(default)) => format!("optional, instead of {}", escape::dotenv(default)),
            (None, None) => "yours to fill in".to_owned(),
        }
    }
}

/// Secrets first, each in the order of the caller.
pub(super) fn rows<'a>(wanted: &'a [Wanted], settings: &'a [Setting]) -> Vec<Row<'a>> {
    let secrets =
        wanted.iter().map(|Wanted { name, format, note, encodings }| Row { name, note, format: Some(*format), default: None, encodings });
    let settings = settings.iter().map(|Setting { name, default, note, encodings }| Row {
        name,
        note,
        format: None,
        default: default.as_deref(),
        encodings,
    });
    secrets.chain(settings).collect()
}

/// The encoded copies that the rows need: their names, what they are made of, and how.
pub(super) fn derived<'r>(rows: &'r [Row<'r>]) -> impl Iterator<Item = (String, &'r Row<'r>, Encoding)> {
    rows.iter().flat_map(|row| {
        let encoded = row.encodings.iter().filter(|encoding| **encoding != Encoding::Raw);
        encoded.map(move |encoding| (encoding.variable(row.name), row, *encoding))
    })
}

/// A variable with the comments above it.
pub(super) fn block(row: &Row<'_>, value: &str) -> String {
    format!("{}{}{}", comment(row.note), comment(&row.source()), assignment(row.name, value))
}

/// `NAME="value"` and a line break.
pub(super) fn assignment(name: &str, value: &str) -> String {
    format!("{name}={}\n", escape::dotenv(value))
}

/// Comment lines: no text, however many lines it has, becomes a variable.
pub(super) fn comment(text: &str) -> String {
    let mut comment = String::new();
    for line in text.lines() {
        comment.push_str("# ");
        comment.push_str(line);
        comment.truncate(comment.trim_end().len());
        comment.push('\n');
    }
    comment
}
