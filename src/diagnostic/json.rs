//! Diagnostics for programs: JSON, one object a line.

use serde::Serialize;

use super::printable::is_deceptive;
use super::{Located, Severity};
use crate::source::{Source, Span};

/// Renders each diagnostic as one line of JSON, in the order given.
///
/// Lines and columns count from 1, columns in characters; the end is one past the last character. What is not
/// known is `null`: the place of what concerns the file as a whole, the help where there is none. `environment` is there
/// only for what was found with one. No text of the file is printed.
pub fn render_json(source: &Source, diagnostics: &[Located]) -> String {
    let file = source.path().display().to_string();
    diagnostics.iter().map(|located| line(&record(source, &file, located))).collect()
}

#[derive(Serialize)]
struct Record<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    file: &'a str,
    #[serde(flatten)]
    region: Region,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    region: Region,
}

#[derive(Serialize, Default)]
struct Region {
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

impl Region {
    fn new(source: &Source, span: Span) -> Self {
        let start = source.position(span.start);
        let end = source.position(span.end.max(span.start));
        Self { line: Some(start.line), column: Some(start.column), end_line: Some(end.line), end_column: Some(end.column) }
    }
}

fn record<'a>(source: &Source, file: &'a str, located: &'a Located) -> Record<'a> {
    let diagnostic = &located.diagnostic;
    Record {
        code: diagnostic.code.name,
        severity: match diagnostic.code.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        file,
        region: located.span.map_or_else(Region::default, |span| Region::new(source, span)),
        help: diagnostic.help.as_deref(),
        related: located.related.iter().map(|(span, message)| Related { message, region: Region::new(source, *span) }).collect(),
        environment: located.environment.as_deref(),
    }
}

/// The record and a line feed. Characters that drive a terminal can only stand inside of JSON strings, where an
/// escape means the same: the data stays exact, and printing it is safe.
fn line(record: &Record<'_>) -> String {
    let json = serde_json::to_string(record).expect("a record has only strings and numbers");
    let mut safe = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_deceptive(c) {
            // All of them lie in the basic plane, so four digits are enough.
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}
