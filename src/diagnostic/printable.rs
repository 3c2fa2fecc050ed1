//! Text from a file that nobody vouches for, made safe to show.

/// Replaces every character that drives a terminal or reorders a line by `\u{..}`, so that what a person reads
/// is what the file says. Line feeds and tabs stay.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, the `Bidi_Control` characters of Unicode (<https://www.unicode.org/reports/tr9/>), the
/// byte order mark and the line separators that only some programs honour.
pub(super) fn is_deceptive(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{feff}' | '\u{2028}' | '\u{2029}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_drive_a_terminal() {
        let hostile = "a\u{1b}[2J\r\u{7f}\u{9b}\u{61c}\u{200e}\u{202e}\u{2069}\u{feff}\u{2028}\0";
        assert_eq!(printable(hostile), r"a\u{1b}[2J\u{d}\u{7f}\u{9b}\u{61c}\u{200e}\u{202e}\u{2069}\u{feff}\u{2028}\u{0}");
    }

    #[test]
    fn leaves_honest_text_alone() {
        let honest = "é 日本 👩\u{200d}💻\n\t\u{a0}\\u{1b}";
        assert_eq!(printable(honest), honest);
    }
}
