//! What a plain (unquoted) scalar means, in YAML 1.2 (the core schema) and to the readers of YAML 1.1
//! (PyYAML, and in part go-yaml, which Compose, Helm and kubectl use).
//!
//! The reader refuses what the two understand differently; the writer quotes everything that either
//! of them would not read as text. Sources: <https://yaml.org/spec/1.2.2/#103-core-schema> and
//! <https://yaml.org/type/>.

use serde_json::Number;

use super::tree::Value;

/// What is wrong with a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// Text in YAML 1.2 and this boolean in YAML 1.1.
    Boolean(bool),
    /// A number or a date to some readers and something else to others.
    Ambiguous(&'static str),
    /// Infinite, not a number, or too large to be kept.
    Unrepresentable,
}

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Value, Trouble> {
    if let Some(boolean) = boolean_of_1_1(text) {
        return Err(Trouble::Boolean(boolean));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Ok(Value::Null),
        "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
        _ if is_non_finite(text) => Err(Trouble::Unrepresentable),
        _ if !may_be_number(text) => Ok(Value::String(text.to_owned())),
        _ => resolve_number(text),
    }
}

/// Whether any reader could take the plain scalar for something other than this text. Quoting too much
/// is harmless, so this is wider than both standards.
pub(super) fn may_be_typed(text: &str) -> bool {
    const WORDS: [&str; 15] = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", "=", "<<"];
    const LONGEST: usize = 5;
    let is_word = text.len() <= LONGEST && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    // Most scalars: no number and no date begins with a letter, but for an `e`, as in `e100000`.
    if text.starts_with(|first: char| first.is_ascii_alphabetic() && !matches!(first, 'e' | 'E')) {
        return is_word;
    }
    is_word || unsigned(text).eq_ignore_ascii_case(".inf") || text.eq_ignore_ascii_case(".nan") || looks_numeric(text)
}

fn boolean_of_1_1(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn is_non_finite(text: &str) -> bool {
    matches!(unsigned(text), ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn may_be_number(text: &str) -> bool {
    unsigned(text).starts_with(|first: char| first.is_ascii_digit() || first == '.')
}

fn resolve_number(text: &str) -> Result<Value, Trouble> {
    if let Some(what) = ambiguity(text) {
        return Err(Trouble::Ambiguous(what));
    }
    if is_integer(unsigned(text)) {
        return integer(text).map(Value::Number).ok_or(Trouble::Unrepresentable);
    }
    if is_float(unsigned(text)) {
        let float = text.parse().ok().and_then(Number::from_f64);
        return float.map(Value::Number).ok_or(Trouble::Unrepresentable);
    }
    Ok(Value::String(text.to_owned()))
}

fn ambiguity(text: &str) -> Option<&'static str> {
    let body = unsigned(text);
    if has_radix(body) {
        Some("a number in another base")
    } else if is_integer(body) && body.len() > 1 && body.starts_with('0') {
        Some("an octal number")
    } else if is_grouped(body) {
        Some("a number with `_` in it")
    } else if is_sexagesimal(body) {
        Some("a number to the base of 60")
    } else if is_date(text) {
        Some("a date")
    } else if is_loose_exponent(body) {
        Some("a number")
    } else {
        None
    }
}

fn is_integer(body: &str) -> bool {
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_digit())
}

fn integer(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

/// `digits [. digits] [e [sign] digits]`, where either side of the point may be missing.
fn is_float(body: &str) -> bool {
    let (mantissa, exponent) = split_exponent(body);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| is_integer(unsigned(exponent)))
}

fn split_exponent(body: &str) -> (&str, Option<&str>) {
    match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    }
}

/// `1e3`: YAML 1.1 wants a point and a signed exponent, and takes everything else for text.
fn is_loose_exponent(body: &str) -> bool {
    let (mantissa, exponent) = split_exponent(body);
    is_float(body) && exponent.is_some_and(|exponent| !mantissa.contains('.') || !exponent.starts_with(['+', '-']))
}

/// `0x1F`, `0o17` (only 1.2), `0b11` (only 1.1).
fn has_radix(body: &str) -> bool {
    let digits = |prefix: [&str; 2], radix: u32| {
        prefix
            .iter()
            .find_map(|prefix| body.strip_prefix(prefix))
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|digit| digit == '_' || digit.is_digit(radix)))
    };
    digits(["0x", "0X"], 16) || digits(["0o", "0O"], 8) || digits(["0b", "0B"], 2)
}

/// `1_000` and `1_000.5`.
fn is_grouped(body: &str) -> bool {
    body.contains('_') && is_float(&body.replace('_', ""))
}

/// `1:30`, `22:22`, `1:30.5`: every part after the first is below 60.
fn is_sexagesimal(body: &str) -> bool {
    let whole = body
        .split_once('.')
        .map_or(body, |(whole, fraction)| if fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') { whole } else { "" });
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or("");
    let below_60 = |part: &str| is_integer(part) && part.len() <= 2 && (part.len() < 2 || part.as_bytes()[0] < b'6');
    is_integer(&first.replace('_', "")) && whole.contains(':') && parts.all(below_60)
}

/// `2024-01-02`, alone or followed by a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.find(|char: char| !char.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    let time = &rest[day.len()..];
    let digits = |part: &str, lengths: std::ops::RangeInclusive<usize>| is_integer(part) && lengths.contains(&part.len());
    digits(year, 4..=4)
        && digits(month, 1..=2)
        && digits(day, 1..=2)
        && (time.is_empty()
            || time[1..].trim_start().starts_with(|char: char| char.is_ascii_digit()) && time.starts_with(['T', 't', ' ', '\t']))
}

/// Digits and what stands between digits in numbers, ports, ranges and dates. Versions and addresses such as
/// `1.2.3` are text to every reader, and people write `.` and `..` for folders.
fn looks_numeric(text: &str) -> bool {
    let is_exponent = |char: char| matches!(char, 'e' | 'E');
    let has_number = |char: char| char.is_ascii_digit() || "_.:+-".contains(char);
    if !text.starts_with(|first| has_number(first) || is_exponent(first)) {
        return false;
    }
    let is_version = || text.split('.').count() > 2 && text.split('.').all(is_integer);
    let only_number = text.chars().all(|char| has_number(char) || is_exponent(char));
    (only_number && text.chars().any(has_number) && !is_version() && !matches!(text, "." | ".."))
        || has_radix(unsigned(text))
        || is_date(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let number = |text: &str| Ok(Value::Number(text.parse().unwrap()));
        for (text, expected) in [
            ("", Ok(Value::Null)),
            ("NULL", Ok(Value::Null)),
            ("True", Ok(Value::Bool(true))),
            ("0", number("0")),
            ("+12", number("12")),
            ("-7", number("-7")),
            ("18446744073709551615", number("18446744073709551615")),
            ("3.10", number("3.1")),
            (".5", number("0.5")),
            ("1.5e+3", number("1500.0")),
            ("18446744073709551616", Err(Trouble::Unrepresentable)),
            ("-.INF", Err(Trouble::Unrepresentable)),
            (".nan", Err(Trouble::Unrepresentable)),
            ("1.0e+999", Err(Trouble::Unrepresentable)),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn what_yaml_1_1_reads_differently_is_trouble() {
        for text in ["y", "Yes", "ON", "true "] {
            assert_eq!(resolve(text).is_err(), text != "true ", "{text}");
        }
        assert_eq!(resolve("Off"), Err(Trouble::Boolean(false)));
        for text in [
            "1:30",
            "22:22",
            "1:30:59",
            "1:30.5",
            "-1:30",
            "1_000",
            "1_0.5",
            "0123",
            "-0123",
            "00",
            "08",
            "0o17",
            "0b11",
            "0x1F",
            "0X_f",
            "1e3",
            "1.5e3",
            "12E-03",
            "2024-01-02",
            "2024-1-2 3:04:05",
            "2024-01-02T03:04:05Z",
        ] {
            assert!(matches!(resolve(text), Err(Trouble::Ambiguous(_))), "{text}");
        }
    }

    #[test]
    fn what_every_reader_takes_for_text_is_text() {
        for text in [
            "1.2.3",
            "127.0.0.1",
            "9092:9092",
            "8080:80",
            "1:60",
            "12ab",
            "0xfg",
            "0o8",
            "1_a",
            "oN",
            "yEs",
            "1e",
            "e1",
            "+",
            "-",
            ".",
            "..",
            "./x",
            "10m",
            "2024-01-02-x",
            "2024-01",
            "2024-01-02 x",
            "5433/tcp",
            "1:",
            ":30",
            ".inf.",
        ] {
            assert_eq!(resolve(text), Ok(Value::String(text.into())), "{text}");
        }
    }

    #[test]
    fn versions_and_folders_need_no_quotes() {
        for text in ["1.2.3", "127.0.0.1", ".", "..", "--once", "10m", "e", "7.6-alpine", "/data", "e2e"] {
            assert_eq!(may_be_typed(text), text == "e2e", "{text}");
        }
        for text in ["5432", "9092:9092", "1.2", "127.0.0.1:80:80", "10-20", "NaN", "e1", "=", "<<", "oN", "._", "0B1"] {
            assert!(may_be_typed(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_writer_quotes_whatever_the_reader_would_not_take_for_text(text in "[-+.:_0-9eExXoObBTtyYnN ~]{0,12}|[a-zA-Z.~]{0,5}|\\PC{0,8}") {
            if resolve(&text) != Ok(Value::String(text.clone())) {
                prop_assert!(may_be_typed(&text));
            }
        }
    }
}
