//! From a value as written to the value that is meant, step by step as compose-go takes them.

/// The text between the quotes and the length with both. A backslash goes only before the quote itself;
/// any other stays, for [`unescape`] or, in single quotes, for good.
pub(super) fn unquote(text: &str, quote: char) -> Option<(String, usize)> {
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
pub(super) fn unescape(text: &str) -> String {
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
pub(super) fn single_dollars(text: &str) -> Option<String> {
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
