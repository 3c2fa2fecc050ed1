//! The filters of templates. What they return is printed as it is.

use std::fmt::Display;

use askama::filters::Safe;
use askama::{Result, Values};

use crate::value::escape::{self, Unwritable};

/// One word of a POSIX shell.
///
/// # Errors
/// The text has a NUL.
#[askama::filter_fn]
pub fn word(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    written(escape::shell(&text.to_string()))
}

/// A name of SQL, in quotes.
///
/// # Errors
/// The text has a NUL.
#[askama::filter_fn]
pub fn ident(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    written(escape::sql_identifier(&text.to_string()))
}

/// A text of SQL, in quotes.
///
/// # Errors
/// The text has a NUL.
#[askama::filter_fn]
pub fn literal(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    written(escape::sql_literal(&text.to_string()))
}

/// The name of an environment variable that a shell can read.
///
/// # Errors
/// It has other characters than letters, digits and `_`, or begins with a digit.
#[askama::filter_fn]
pub fn variable(name: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    let name = name.to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        return Err(refusal(format!("`{}` cannot be the name of a shell variable", name.escape_debug())));
    }
    Ok(Safe(name))
}

/// A code span of Markdown.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn code(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(code_span(&text.to_string())))
}

/// A link that shows where it leads; what is no web address is shown as code.
///
/// # Errors
/// It has a character that ends it.
#[askama::filter_fn]
pub fn link(url: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    let url = url.to_string();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Ok(Safe(code_span(&url)));
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>|".contains(c)) {
        return Err(refusal("a link has a character that ends it"));
    }
    Ok(Safe(format!("<{url}>")))
}

/// A code span: its fence is longer than any run of backticks in it (CommonMark 6.1), and it keeps to its table cell.
fn code_span(text: &str) -> String {
    // Most texts: nothing in them means anything between two backticks.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'`' | b'|')) {
        return format!("`{text}`");
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', r"\|");
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

fn written(text: std::result::Result<String, Unwritable>) -> Result<Safe<String>> {
    text.map(Safe).map_err(|error| refusal(error.to_string()))
}

fn refusal(detail: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> askama::Error {
    askama::Error::Custom(detail.into())
}
