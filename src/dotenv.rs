//! Reads `.env` files as Docker Compose 5 does (compose-go v2.15, `dotenv/parser.go`).
//!
//! Where Compose would guess, this reader refuses: a `$` that it would replace, a name without a value
//! (which takes the shell's), text after a closing quote, a name defined twice. What this reader accepts,
//! Compose reads to the same values. No message holds any part of a value.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// A text that no message, log or debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the one place that has to write it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

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
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| &entry.value)
    }
}

/// In Compose the last one wins, silently; whoever edits the first one waits for an effect in vain.
fn refuse_duplicates(entries: &[Entry]) -> Result<(), DotenvError> {
    let mut seen = BTreeMap::new();
    for Entry { name, line, .. } in entries {
        if let Some(first) = seen.insert(name, *line) {
            let message =
                format!("`{name}` is already defined on line {first}: remove one of the two");
            return Err(DotenvError {
                line: *line,
                message,
            });
        }
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let byte_order_mark = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            at: byte_order_mark,
            line: 1,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        self.line += self.rest()[..bytes].matches('\n').count();
        self.at += bytes;
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError {
            line: self.line,
            message: message.into(),
        })
    }

    fn entry(&mut self) -> Result<Option<Entry>, DotenvError> {
        self.skip_blanks_and_comments();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let lines_start = self.text[..self.at]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let name = self.name()?;
        let value_start = self.at;
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(name, quote)?,
            _ => self.unquoted(name)?,
        };
        if value.contains('\0') {
            return Err(DotenvError {
                line,
                message: format!("the value of `{name}` holds a NUL character"),
            });
        }
        let value_at = value_start..self.at;
        self.finish_line(name)?;
        let (name, value) = (name.to_owned(), Secret(value));
        Ok(Some(Entry {
            name,
            value,
            line,
            value_at,
            lines_at: lines_start..self.at,
        }))
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
        let value = line
            .find(" #")
            .map_or(line, |comment| &line[..comment])
            .trim_end();
        let literal = self.without_variables(name, value)?;
        self.advance(value.len());
        Ok(literal)
    }

    fn quoted(&mut self, name: &str, quote: char) -> Result<String, DotenvError> {
        let Some((value, length)) = unquote(self.rest(), quote) else {
            return self.error(format!(
                "the quote that opens the value of `{name}` is never closed"
            ));
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
            return self.error(format!(
                "text after the closing quote of `{name}`: inside double quotes a quote is written `\\\"`"
            ));
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
    matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

/// The text between the quotes and the length with both. A backslash goes only before the quote itself;
/// any other stays, for [`unescape`] or, in single quotes, for good.
fn unquote(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '\\' && !escaped {
            escaped = true;
        } else if c == quote && !escaped {
            return Some((value, at + 1));
        } else {
            if escaped && c != quote {
                value.push('\\');
            }
            value.push(c);
            escaped = false;
        }
    }
    None
}

/// The escapes inside double quotes. `\$` becomes `$$`, which [`single_dollars`] reads as one dollar;
/// an unknown escape stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        out.push_str(&rest[..backslash]);
        rest = &rest[backslash + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        rest = &rest[c.len_utf8()..];
        match c {
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '$' => out.push_str("$$"),
            '"' | '\\' => out.push(c),
            '0' => {
                let digits = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
                push_octal(&mut out, &rest[..digits]);
                rest = &rest[digits..];
            }
            _ => out.extend(['\\', c]),
        }
    }
    out.push_str(rest);
    out
}

/// `\0` and three octal digits are a character up to U+00FF. Of anything else compose-go drops just the zero.
fn push_octal(out: &mut String, digits: &str) {
    match u8::from_str_radix(digits, 8) {
        Ok(code) if digits.len() == 3 => out.push(code.into()),
        _ => {
            out.push('\\');
            out.push_str(digits);
        }
    }
}

/// Reads `$$` as one dollar; `None` where Compose would put a variable's value, or fail on a broken `${`.
fn single_dollars(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c != '$' {
            continue;
        }
        match chars.peek() {
            Some('$') => drop(chars.next()),
            Some(next) if *next == '{' || starts_variable(*next) => return None,
            _ => {}
        }
    }
    Some(out)
}

/// compose-go matches `[_a-z]` without regard to case, which in Go takes in two letters outside ASCII:
/// the long s and the Kelvin sign.
fn starts_variable(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic() || matches!(c, '\u{17f}' | '\u{212a}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::escape;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        let env = Env::parse(text).expect("accepted");
        env.entries
            .into_iter()
            .map(|entry| (entry.name, entry.value.0, entry.line))
            .collect()
    }

    fn value(text: &str) -> String {
        read(text).remove(0).1
    }

    fn refusal(text: &str) -> String {
        Env::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        for (text, expected) in [
            ("A=b", "b"),
            ("A = b c \t", "b c"),
            ("A: b", "b"),
            ("export A=b", "b"),
            ("A=b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=b\t# c", "b\t# c"),
            ("A= # c", "# c"),
            ("A=", ""),
            ("A=b\r\n", "b"),
            (r"A=a\nb", r"a\nb"),
            ("A=$$x$1$", "$x$1$"),
            ("A='a\\'b\\\\c$x\n${'  # c", "a'b\\\\c$x\n${"),
            ("A=\"a\\\"b\\\\c\\$x\n #'\" # c", "a\"b\\c$x\n #'"),
            (
                r#"A="\n\t\c\x\0101\01\0\0400\0351""#,
                "\n\t\\c\\xA\\1\\\\400é",
            ),
            ("\u{feff}A=b", "b"),
        ] {
            assert_eq!(value(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names_and_lines_are_kept_in_order() {
        let text = "# one\n\nA=\"x\ny\"\r\n  export B='z' # two\nC=\n";
        let expected = [("A", "x\ny", 3), ("B", "z", 5), ("C", "", 6)];
        assert_eq!(
            read(text),
            expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line))
        );
    }

    #[test]
    fn ranges_cover_the_value_and_its_lines() {
        let text = "# one\n  A = \"x\ny\" # two\nB=z # three";
        let env = Env::parse(text).expect("accepted");
        assert_eq!(&text[env.entries[0].value_at.clone()], "\"x\ny\"");
        assert_eq!(
            &text[env.entries[0].lines_at.clone()],
            "  A = \"x\ny\" # two\n"
        );
        assert_eq!(&text[env.entries[1].value_at.clone()], "z");
        assert_eq!(&text[env.entries[1].lines_at.clone()], "B=z # three");
    }

    #[test]
    fn what_compose_would_replace_is_refused_with_name_and_line() {
        for text in [
            "\nPW=a$hunter2",
            "\nPW=\"a$hunter2\"",
            "\nPW=a${hunter2",
            "\nPW=\"\\\\$hunter2\"",
            "\nPW=$$$hunter2",
        ] {
            let message = refusal(text);
            assert!(
                message.starts_with("line 2: the value of `PW` holds a `$`"),
                "{message}"
            );
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn what_nobody_can_have_meant_is_refused_without_showing_it() {
        for (text, expected) in [
            ("A=1\nhunter2", "line 2: this line is neither"),
            ("export\nA=1", "line 1: this line is neither"),
            ("hunter2 x=1", "line 1: a name is made of"),
            ("=hunter2", "line 1: a name is made of"),
            (
                "A=\"hunter2",
                "line 1: the quote that opens the value of `A` is never closed",
            ),
            (
                "A='hunter2\\'",
                "line 1: the quote that opens the value of `A` is never closed",
            ),
            (
                "A=\"x\n\"hunter2",
                "line 2: text after the closing quote of `A`",
            ),
            (
                "A=\"x\" HUNTER2=\"y\"",
                "line 1: text after the closing quote of `A`",
            ),
            (
                "A=1\nB=2\nA=hunter2",
                "line 3: `A` is already defined on line 1",
            ),
            (
                "A=\"hunter2\\0000\"",
                "line 1: the value of `A` holds a NUL",
            ),
            ("A=hunter2\0", "line 1: the value of `A` holds a NUL"),
        ] {
            let message = refusal(text);
            assert!(message.starts_with(expected), "{message}");
            assert!(!message.to_lowercase().contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn no_output_shows_a_value() {
        let env = Env::parse("A=hunter2").expect("accepted");
        assert_eq!(
            format!("{} {:?}", env.entries[0].value, env.entries[0].value),
            "••• •••"
        );
        assert!(!format!("{env:?}").contains("hunter2"));
        assert_eq!(env.get("A").map(Secret::reveal), Some("hunter2"));
        assert_eq!(env.get("B"), None);
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(text in "[^\0]{0,40}|[\\\\\"$'\n #a]{0,20}") {
            prop_assert_eq!(value(&format!("A={}\n", escape::dotenv(&text))), text);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), nasty in "[A=\"'\\\\$\n #\r:\u{feff}0é]{0,40}") {
            let _ = Env::parse(&text);
            if let Ok(env) = Env::parse(&nasty) {
                for entry in env.entries {
                    prop_assert!(nasty[entry.lines_at].contains(&nasty[entry.value_at]));
                }
            }
        }
    }
}
