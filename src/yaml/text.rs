//! How a text is written: plain where every reader takes it for that text, else quoted, or as a block of lines.

use std::fmt::Write as _;

use super::scalar::may_be_typed;

/// Whether the text may stand without quotes outside of brackets.
pub(super) fn is_plain(text: &str) -> bool {
    (is_simple(text) || is_unmistakable(text)) && !may_be_typed(text)
}

/// Most texts: a word, a path, a version. Nothing in it means anything to a reader, so it is not looked at more closely.
fn is_simple(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['-', '.']) && text.bytes().all(|byte| SIMPLE[usize::from(byte)])
}

/// The bytes of simple texts: every scalar of every file is looked at byte by byte.
const SIMPLE: [bool; 256] = {
    let mut simple = [false; 256];
    let bytes = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/-.";
    let mut at = 0;
    while at < bytes.len() {
        simple[bytes[at] as usize] = true;
        at += 1;
    }
    simple
};

fn is_unmistakable(text: &str) -> bool {
    // `---` and `...` separate documents, and `-`, `?`, `:` begin elements, keys and values.
    let starts_well = |first: char| !"-?:,[]{}#&*!|>'\"%@`".contains(first) || text.starts_with("--") || is_dash_word(text);
    text.starts_with(starts_well)
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && !text.as_bytes().windows(2).any(|pair| pair == b": " || pair == b" #")
        && text.chars().all(|char| is_printable(char) && char != '\t')
}

/// Whether the text may stand without quotes between brackets too.
pub(super) fn is_plain_in_flow(text: &str) -> bool {
    is_plain(text) && !text.contains([',', '[', ']', '{', '}', ':', '?', '#'])
}

/// An option such as `-c`.
fn is_dash_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-') && chars.next().is_some_and(char::is_alphanumeric)
}

/// What all readers take as it is. YAML 1.1 breaks lines at U+0085, U+2028 and U+2029; the byte order mark and
/// U+FFFE, U+FFFF are no characters of YAML; `kubectl` fails on U+007F.
fn is_printable(char: char) -> bool {
    !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Adds the text in double quotes, on one line.
pub(super) fn push_double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_printable(char) => out.push(char),
            _ => push_escape(out, u32::from(char)),
        }
    }
    out.push('"');
}

fn push_escape(out: &mut String, code: u32) {
    // Writing to a string cannot fail.
    let _ = if code <= 0xff { write!(out, "\\x{code:02X}") } else { write!(out, "\\u{code:04X}") };
}

/// The header of the block scalar (`|`, `|-`, `|+`, with `2` where the first line is indented itself) that holds the
/// text, or `None` if no block can: text without a line break, characters that must be escaped, nothing but line
/// breaks, or a tab at the start of the first line, which go-yaml does not read.
pub(super) fn block_header(text: &str) -> Option<&'static str> {
    if !text.contains('\n') {
        return None;
    }
    let first = text.split('\n').find(|line| !line.is_empty())?;
    let fits = !first.starts_with('\t') && text.chars().all(|char| is_printable(char) || matches!(char, '\n' | '\t'));
    if !fits {
        return None;
    }
    let kept_breaks = text.len() - text.trim_end_matches('\n').len();
    Some(match (first.starts_with(' '), kept_breaks) {
        (false, 0) => "|-",
        (false, 1) => "|",
        (false, _) => "|+",
        (true, 0) => "|2-",
        (true, 1) => "|2",
        (true, _) => "|2+",
    })
}

/// The lines of a comment; whatever a reader could take for a line break splits it too.
pub(super) fn comment_lines(comment: &str) -> impl Iterator<Item = String> + '_ {
    comment
        .split(['\n', '\u{85}', '\u{2028}', '\u{2029}'])
        .map(|line| line.chars().filter(|&char| is_printable(char)).collect::<String>().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_what_cannot_be_mistaken() {
        for text in ["a", "a b", "postgres:17", "http://x:80/?a=b#c", "-c", "--once", "it's", "a\"b", "é", "/data", "a,b", "*.x"] {
            assert_eq!(is_plain(text), text != "*.x", "{text}");
        }
        for text in
            ["", " a", "a ", "a:", "a: b", "a #b", "#a", "- a", "-", "---a", "...", "?a", "[a", "{a", "&a", "!a", "|", "%a", "@a", "`a"]
        {
            assert!(!is_plain(text), "{text}");
        }
        for text in ["a\tb", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{2028}b", "\u{feff}a", "yes", "80", "22:22", "1_0"] {
            assert!(!is_plain(text), "{text:?}");
        }
        assert!(is_plain_in_flow("-c") && !is_plain_in_flow("a,b") && !is_plain_in_flow("a:b"));
    }

    #[test]
    fn double_quotes_escape_what_is_not_printable() {
        let mut quoted = String::new();
        push_double_quoted(&mut quoted, "\t\"\\\r\n\0\u{7f}\u{85}\u{2028}\u{feff}\u{1f600}é");
        assert_eq!(quoted, r#""\t\"\\\r\n\x00\x7F\x85\u2028\uFEFF😀é""#);
    }

    #[test]
    fn blocks_keep_their_line_breaks() {
        for (text, header) in [
            ("a\nb", Some("|-")),
            ("a\nb\n", Some("|")),
            ("a\n\n", Some("|+")),
            ("\n a\n", Some("|2")),
            (" a\nb", Some("|2-")),
            (" a\n\n", Some("|2+")),
            ("a\n\tb\n", Some("|")),
            ("\ta\nb\n", None),
            ("\n\ta\n", None),
            ("\n\n", None),
            ("a", None),
            ("a\r\nb\r\n", None),
            ("a\u{2028}\nb", None),
        ] {
            assert_eq!(block_header(text), header, "{text:?}");
        }
    }

    #[test]
    fn a_comment_cannot_end_its_line() {
        assert_eq!(comment_lines("a \nb\u{85}c: d\re\0").collect::<Vec<_>>(), ["a", "b", "c: de"]);
    }
}
