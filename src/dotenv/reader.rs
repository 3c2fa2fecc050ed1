//! The structure of a `.env` file: comments, names, where a value starts and ends.

use super::value::{single_dollars, unescape, unquote};
use super::{DotenvError, Entry};
use crate::value::secret::Secret;

/// Goes through the text of a file, one variable at a time.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let byte_order_mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at: byte_order_mark, line: 1 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        self.line += self.rest()[..bytes].matches('\n').count();
        self.at += bytes;
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError { line: self.line, message: message.into() })
    }

    /// The next variable, or `None` at the end of the file.
    pub(super) fn entry(&mut self) -> Result<Option<Entry>, DotenvError> {
        self.skip_blanks_and_comments();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let lines_start = self.text[..self.at].rfind('\n').map_or(0, |newline| newline + 1);
        let name = self.name()?;
        let value_start = self.at;
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(name, quote)?,
            _ => self.unquoted(name)?,
        };
        if value.contains('\0') {
            return Err(DotenvError { line, message: format!("the value of `{name}` holds a NUL character") });
        }
        let value_at = value_start..self.at;
        self.finish_line(name)?;
        let (name, value) = (name.to_owned(), Secret::new(value));
        Ok(Some(Entry { name, value, line, value_at, lines_at: lines_start..self.at }))
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            self.advance(rest.len() - rest.trim_start().len());
            if !self.rest().starts_with('#') {
                return;
            }
            self.advance(length_of_line(self.rest()));
        }
    }

    /// Reads `NAME =`, with `export` before it or `:` instead of `=` if someone likes that.
    ///
    /// No message shows the name: the line may be a part of a secret that lost its quotes.
    fn name(&mut self) -> Result<&'a str, DotenvError> {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with([' ', '\t'])
        {
            self.advance(self.rest().len() - after.trim_start_matches(is_space).len());
        }
        let rest = self.rest();
        let Some(end) = rest[..length_of_line(rest)].find(['=', ':']) else {
            return self.error("this line is neither `NAME=\"value\"` nor a comment");
        };
        let name = rest[..end].trim_end();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_.-[]".contains(c);
        if name.is_empty() || !name.chars().all(fits) {
            return self.error("a name is made of letters, digits and `_`: write `NAME=\"value\"`");
        }
        let value = rest[end + 1..].trim_start_matches(is_space);
        self.advance(rest.len() - value.len());
        Ok(name)
    }

    fn unquoted(&mut self, name: &str) -> Result<String, DotenvError> {
        let rest = self.rest();
        let line = &rest[..length_of_line(rest)];
        let value = line.find(" #").map_or(line, |comment| &line[..comment]).trim_end();
        let literal = self.without_variables(name, value)?;
        self.advance(value.len());
        Ok(literal)
    }

    fn quoted(&mut self, name: &str, quote: char) -> Result<String, DotenvError> {
        let Some((value, length)) = unquote(self.rest(), quote) else {
            return self.error(format!("the quote that opens the value of `{name}` is never closed"));
        };
        let literal = match quote {
            '"' => self.without_variables(name, &unescape(&value))?,
            _ => value,
        };
        self.advance(length);
        Ok(literal)
    }

    fn without_variables(&self, name: &str, value: &str) -> Result<String, DotenvError> {
        match single_dollars(value) {
            Some(literal) => Ok(literal),
            None => self.error(format!(
                "the value of `{name}` holds a `$` that Docker Compose replaces by a variable: write `\\$` inside double quotes"
            )),
        }
    }

    /// Compose would read `NAME="a"b` as `NAME` and the start of a second variable `b`.
    fn finish_line(&mut self, name: &str) -> Result<(), DotenvError> {
        let rest = self.rest();
        let line = &rest[..length_of_line(rest)];
        let after = line.trim_start();
        if !after.is_empty() && !after.starts_with('#') {
            return self.error(format!("text after the closing quote of `{name}`: inside double quotes a quote is written `\\\"`"));
        }
        self.advance((line.len() + 1).min(rest.len()));
        Ok(())
    }
}

/// Without the line break itself.
fn length_of_line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// What compose-go skips beside a name: its `isSpace` knows fewer characters than Unicode's white space.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}
