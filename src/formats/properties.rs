//! Java properties.

use std::fmt::Write as _;

use crate::yaml::Doc;

/// One line per leaf; the keys of nested maps are joined by dots, the elements of a list by commas, as Java programs
/// read them.
pub fn write(doc: &Doc) -> String {
    let mut out = String::new();
    lines(&mut out, "", doc);
    out
}

fn lines(out: &mut String, key: &str, doc: &Doc) {
    if let Doc::Map(items) = doc {
        for item in items {
            let key = if key.is_empty() { item.key.to_string() } else { format!("{key}.{}", item.key) };
            lines(out, &key, &item.value);
        }
    } else {
        out.push_str(&escaped(key, &['=', ':', '#', '!', ' ']));
        out.push('=');
        let value = value(doc);
        if value.starts_with(' ') {
            out.push('\\');
        }
        out.push_str(&escaped(&value, &[]));
        out.push('\n');
    }
}

fn value(doc: &Doc) -> String {
    match doc {
        Doc::Null | Doc::Map(_) => String::new(),
        Doc::Bool(value) => value.to_string(),
        Doc::Int(value) => value.to_string(),
        Doc::Float(value) => value.to_string(),
        Doc::Str(text) => text.to_string(),
        Doc::List(items) | Doc::Flow(items) => items.iter().map(value).collect::<Vec<_>>().join(","),
    }
}

/// Escaped as `java.util.Properties.load` reads it, in ASCII, because its byte readers take ISO 8859-1.
fn escaped(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if special.contains(&c) => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04X}");
            }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Item;

    #[test]
    fn keys_are_joined_and_everything_is_escaped() {
        let doc = Doc::Map(vec![
            Item::new("log", Doc::Map(vec![Item::new("dirs", Doc::List(vec![Doc::from("/a"), Doc::from("/b")]))])),
            Item::new("a key", " \\ é🦀\n="),
            Item::new("on", true),
            Item::new("none", Doc::Null),
        ]);
        assert_eq!(write(&doc), "log.dirs=/a,/b\na\\ key=\\ \\\\ \\u00E9\\uD83E\\uDD80\\n=\non=true\nnone=\n");
    }
}
