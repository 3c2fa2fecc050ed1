//! From a [`Doc`] to text: two spaces a level, list elements indented, nothing folded, a line break at the end.

use std::fmt::Write as _;

use super::doc::{Doc, Item};
use super::text;

/// Readers take a key without `?` only up to 1,024 characters (YAML 1.2, section 7.4.2); a text can grow tenfold by
/// its escapes.
const LONGEST_PLAIN_KEY: usize = 1000;

/// Writes a document under a header comment; an empty header is none.
pub fn write(header: &str, doc: &Doc) -> String {
    let mut writer = Writer { out: String::new(), indent: 0 };
    writer.comment(header);
    match doc {
        Doc::Map(items) if !items.is_empty() => writer.map(items, Position::Line),
        Doc::List(docs) if !docs.is_empty() => writer.list(docs, Position::Line),
        Doc::Flow(docs) if !is_one_line(docs) => writer.list(docs, Position::Line),
        scalar => {
            // A block at the root would have no parent to be indented under.
            writer.flow(scalar);
            writer.out.push('\n');
        }
    }
    writer.out
}

/// Where a list or a map begins.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// On a line of its own.
    Line,
    /// Behind the `- ` of a list element.
    Dash,
}

struct Writer {
    out: String,
    indent: usize,
}

impl Writer {
    fn map(&mut self, items: &[Item], mut position: Position) {
        for item in items {
            if position == Position::Line {
                // Behind a block that keeps its last blank lines, one more would be part of its text.
                if item.apart && !self.out.ends_with("\n\n") {
                    self.out.push('\n');
                }
                self.indentation();
            }
            position = Position::Line;
            self.key(&item.key);
            self.value(&item.value, &item.beside);
        }
    }

    fn list(&mut self, docs: &[Doc], mut position: Position) {
        for doc in docs {
            if position == Position::Line {
                self.indentation();
            }
            position = Position::Line;
            self.element(doc);
        }
    }

    /// `key:`, or `? key` and `:` on the next line if the key is too long for one.
    fn key(&mut self, key: &str) {
        let start = self.out.len();
        if text::is_plain(key) {
            self.out.push_str(key);
        } else {
            text::push_double_quoted(&mut self.out, key);
        }
        if self.out.len() - start > LONGEST_PLAIN_KEY {
            self.out.insert_str(start, "? ");
            self.out.push('\n');
            self.indentation();
        }
        self.out.push(':');
    }

    /// What stands behind `key:`, with the comment at the end of that line.
    fn value(&mut self, doc: &Doc, comment: &str) {
        match doc {
            Doc::Null => self.end_line(comment),
            Doc::Str(text) => {
                self.out.push(' ');
                self.text(text, comment);
            }
            _ => match nested(doc) {
                Some(nested) => {
                    self.end_line(comment);
                    self.indent += 2;
                    self.nested(nested, Position::Line);
                    self.indent -= 2;
                }
                None => {
                    self.out.push(' ');
                    self.flow(doc);
                    self.end_line(comment);
                }
            },
        }
    }

    fn element(&mut self, doc: &Doc) {
        self.out.push_str("- ");
        match (doc, nested(doc)) {
            (Doc::Str(text), _) => self.text(text, ""),
            (_, Some(nested)) => {
                self.indent += 2;
                self.nested(nested, Position::Dash);
                self.indent -= 2;
            }
            _ => {
                self.flow(doc);
                self.end_line("");
            }
        }
    }

    fn nested(&mut self, nested: Nested<'_>, position: Position) {
        match nested {
            Nested::Map(items) => self.map(items, position),
            Nested::List(docs) => self.list(docs, position),
        }
    }

    fn text(&mut self, text: &str, comment: &str) {
        match text::block_header(text) {
            Some(header) => {
                self.out.push_str(header);
                self.end_line(comment);
                self.block(text);
            }
            None => {
                self.scalar(text, text::is_plain(text));
                self.end_line(comment);
            }
        }
    }

    fn block(&mut self, text: &str) {
        self.indent += 2;
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.indentation();
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        self.indent -= 2;
    }

    /// Everything that stands on one line.
    fn flow(&mut self, doc: &Doc) {
        match doc {
            Doc::Null => self.out.push_str("null"),
            Doc::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            // Writing to a string cannot fail.
            Doc::Int(value) => _ = write!(self.out, "{value}"),
            Doc::Float(value) => self.float(*value),
            Doc::Str(text) => self.scalar(text, text::is_plain(text)),
            Doc::Map(_) => self.out.push_str("{}"),
            Doc::List(docs) | Doc::Flow(docs) => {
                self.out.push('[');
                for (index, doc) in docs.iter().enumerate() {
                    self.out.push_str(if index == 0 { "" } else { ", " });
                    match doc {
                        Doc::Str(text) => self.scalar(text, text::is_plain_in_flow(text)),
                        _ => self.flow(doc),
                    }
                }
                self.out.push(']');
            }
        }
    }

    fn scalar(&mut self, text: &str, plain: bool) {
        if plain {
            self.out.push_str(text);
        } else {
            text::push_double_quoted(&mut self.out, text);
        }
    }

    /// With a point and without an exponent, as YAML 1.1 wants it.
    fn float(&mut self, value: f64) {
        if value.is_nan() {
            self.out.push_str(".nan");
        } else if value.is_infinite() {
            self.out.push_str(if value > 0.0 { ".inf" } else { "-.inf" });
        } else {
            let whole = if value.fract() == 0.0 { ".0" } else { "" };
            _ = write!(self.out, "{value}{whole}");
        }
    }

    fn comment(&mut self, comment: &str) {
        if comment.is_empty() {
            return;
        }
        for line in text::comment_lines(comment) {
            self.indentation();
            self.out.push_str(if line.is_empty() { "#" } else { "# " });
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    fn end_line(&mut self, comment: &str) {
        if !comment.is_empty() {
            self.out.push_str(" # ");
            self.out.push_str(text::comment_lines(comment).collect::<Vec<_>>().join(" ").trim_end());
        }
        self.out.push('\n');
    }

    fn indentation(&mut self) {
        const SPACES: &str = "                                ";
        let mut left = self.indent;
        while left > 0 {
            let now = left.min(SPACES.len());
            self.out.push_str(&SPACES[..now]);
            left -= now;
        }
    }
}

enum Nested<'a> {
    Map(&'a [Item]),
    List(&'a [Doc]),
}

/// The list or map that takes lines of its own.
fn nested(doc: &Doc) -> Option<Nested<'_>> {
    match doc {
        Doc::Map(items) if !items.is_empty() => Some(Nested::Map(items)),
        Doc::List(docs) if !docs.is_empty() => Some(Nested::List(docs)),
        Doc::Flow(docs) if !is_one_line(docs) => Some(Nested::List(docs)),
        _ => None,
    }
}

fn is_one_line(docs: &[Doc]) -> bool {
    docs.iter().all(|doc| !matches!(doc, Doc::List(_) | Doc::Flow(_) | Doc::Map(_)))
}

#[cfg(test)]
mod tests;
