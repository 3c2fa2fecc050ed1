//! What the parser refuses, said to people: the place where the mistake is, a phrase, and what to write.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Span;

/// The diagnostic for what the parser refused. `last_end` is where the last sound piece ended and `open_flow` the
/// bracket that is still open there, because the parser notices some mistakes only much later.
pub(super) fn diagnose(error: &ScanError, text: &str, last_end: usize, open_flow: Option<Span>) -> Diagnostic {
    let marker = error.marker().byte_offset().unwrap_or(last_end);
    // The parser stands behind the tabs that it refuses.
    let before = text.get(..marker).unwrap_or("");
    let noticed = one_char(text, if is_about_tabs(error.kind()) { before.trim_end_matches('\t').len() } else { marker });
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(noticed);
    }
    if is_about_quotes(error.kind()) {
        return unclosed_quote(text, last_end, noticed);
    }
    if let Some(hole) = open_flow.and_then(|_| hole_at(text, marker)) {
        return Diagnostic::new(&code::YAML_SYNTAX, Place::Span(hole), "a `${...}` between brackets, where its `{` begins a map")
            .help("quote the whole text that it stands in: `\"...${...}\"`");
    }
    let (message, help) = explain(error.kind());
    let fault = Diagnostic::new(&code::YAML_SYNTAX, Place::Span(noticed), message).help(help);
    match open_flow {
        Some(bracket) if bracket != noticed => fault.related(Place::Span(bracket), "inside the bracket that opens here"),
        _ => fault,
    }
}

/// The `${...}` whose `{` is at the offset.
fn hole_at(text: &str, offset: usize) -> Option<Span> {
    let inside = text.get(offset..)?.strip_prefix('{')?;
    let start = offset.checked_sub(1).filter(|_| text[..offset].ends_with('$'))?;
    let length = inside.find(['}', '\n']).map_or(inside.len(), |end| end + 1);
    Some(Span::new(start, offset + 1 + length))
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(&code::TOO_DEEP, Place::Span(span), "more than 128 levels of nesting")
        .help("a blueprint needs about ten: look for brackets or dashes that repeat")
}

/// The character at the offset; nothing at the end of a line.
fn one_char(text: &str, offset: usize) -> Span {
    let rest = text.get(offset..).unwrap_or("");
    let length = rest.chars().next().filter(|char| *char != '\n').map_or(0, char::len_utf8);
    Span::new(offset, offset + length)
}

fn is_about_quotes(kind: &ErrorKind) -> bool {
    use ErrorKind::{DocumentIndicatorInQuotedScalar, InvalidQuotedScalarIndent, UnclosedQuotedScalar};
    matches!(kind, UnclosedQuotedScalar | InvalidQuotedScalarIndent | DocumentIndicatorInQuotedScalar)
}

fn is_about_tabs(kind: &ErrorKind) -> bool {
    use ErrorKind::{TabAtBlockScalarStart, TabInBlockIndentation, TabInIndentation, TabInPlainScalar, TabNotAllowed};
    matches!(kind, TabInBlockIndentation | TabNotAllowed | TabInIndentation | TabInPlainScalar | TabAtBlockScalarStart)
}

/// Points at the opening quote: the first one behind the last sound piece.
fn unclosed_quote(text: &str, last_end: usize, noticed: Span) -> Diagnostic {
    let skipped = text.get(last_end..noticed.start).and_then(|rest| rest.find(['"', '\'']));
    let span = skipped.map_or(noticed, |at| one_char(text, last_end + at));
    Diagnostic::new(&code::YAML_SYNTAX, Place::Span(span), "a quoted text that is not closed, or not indented on its further lines")
        .help("close the quote; inside `\"...\"` write `\\\"` for a quote, inside `'...'` write `''`")
}

fn explain(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as E;
    let (message, help) = match kind {
        kind if is_about_tabs(kind) => ("a tab where YAML wants spaces", "indent with spaces only"),
        E::MappingValueNotAllowed | E::InvalidColonPlacement | E::SimpleKeyExpected | E::InvalidSimpleKey | E::MappingKeyNotAllowed => (
            "a key or a `:` where none can stand",
            "quote a text that holds `: `, put a space behind the `:` of a key, and indent a key like its neighbours",
        ),
        E::ExpectedBlockMappingKey => ("a line that does not fit its map", "indent it like the keys above, and write it as `key: value`"),
        E::ExpectedBlockSequenceEntry => {
            ("a line that does not fit its list", "start it with `- `, or indent it like the key above the list")
        }
        E::InvalidIndentation | E::InvalidBlockScalarIndent | E::InvalidFlowScalarIndent => {
            ("a line that is not indented like its neighbours", "indent it by two spaces more than the key it belongs to")
        }
        E::ExpectedFlowMappingSeparator | E::UnexpectedEofFlowMapping => {
            ("a `{` without `,` or `}` behind the entry", "separate entries with `, ` and close the map with `}`")
        }
        E::ExpectedFlowSequenceSeparator | E::UnexpectedEofFlowSequence => {
            ("a `[` without `,` or `]` behind the element", "separate elements with `, ` and close the list with `]`")
        }
        E::UnclosedFlowCollection { .. } => ("a bracket that is not closed", "close it, or quote the text that starts with it"),
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => {
            ("a bracket that closes nothing", "delete it, or quote the text that it belongs to")
        }
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => {
            ("a list element where none can stand", "start a list on the line below its key; quote a text that starts with `- `")
        }
        E::UnknownAnchor => {
            ("an alias without an anchor before it", "write `&name` before the value to repeat; quote a text that starts with `*`")
        }
        E::UnexpectedCharacter { character } => return unexpected(*character),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            ("text behind the closing quote", "quote the whole value; inside `\"...\"` write `\\\"` for a quote, inside `'...'` write `''`")
        }
        E::UnknownQuotedScalarEscape | E::InvalidQuotedScalarHexEscape | E::InvalidUnicodeEscape => {
            ("a `\\` that escapes nothing YAML knows", "write `\\\\` for a backslash, or use single quotes")
        }
        E::DirectiveDisallowed => ("a YAML directive", "delete the line that starts with `%`"),
        E::CommentNotSeparated | E::CommentInterceptedScalar => {
            ("a comment in the middle of a text", "put a space before the `#`, or quote the text that holds it")
        }
        other => {
            return (phrase(other), "see the line and the one above it; quoting the value often helps");
        }
    };
    (message.to_owned(), help)
}

fn unexpected(character: char) -> (String, &'static str) {
    if character.is_control() {
        let message = format!("the control character U+{:04X}", u32::from(character));
        return (message, "delete it, or write it as an escape in `\"...\"`");
    }
    (format!("`{character}` at the start of a text"), "quote the text: YAML keeps this character for itself")
}

/// The parser's own words without "while parsing ...".
fn phrase(kind: &ErrorKind) -> String {
    let words = kind.to_string();
    match words.split_once(", ") {
        Some((context, rest)) if context.starts_with("while ") => rest.to_owned(),
        _ => words,
    }
}
