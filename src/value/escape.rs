//! One escaper per syntax, applied to every literal that is written in it.
//!
//! All of them are pure; none of them looks at what the text means. Where a syntax cannot hold a text at
//! all, the escaper refuses it ([`Unwritable`]) rather than change it.

use std::fmt;

/// How a value is written where it is put: as it is, or encoded for what surrounds it.
///
/// Compose and Kubernetes can only concatenate. A secret that is needed encoded is therefore a variable of
/// its own ([`Encoding::variable`]), computed on the deployer's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Percent-encoded, see [`uri`].
    Uri,
    /// A JSON string with its quotes, see [`json`].
    Json,
    /// In the characters of Base64, which nothing has to quote, see [`base64`].
    Base64,
}

impl Encoding {
    /// `value`, encoded.
    pub fn apply(self, value: &str) -> String {
        match self {
            Self::Raw => value.to_owned(),
            Self::Uri => uri(value),
            Self::Json => json(value),
            Self::Base64 => base64(value.as_bytes()),
        }
    }

    /// The environment variable that holds the value of `name` in this encoding: `NAME`, `NAME_URI`,
    /// `NAME_JSON`, `NAME_BASE64`.
    pub fn variable(self, name: &str) -> String {
        match self {
            Self::Raw => name.to_owned(),
            Self::Uri => format!("{name}_URI"),
            Self::Json => format!("{name}_JSON"),
            Self::Base64 => format!("{name}_BASE64"),
        }
    }
}

/// Why a text cannot be written in a syntax at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwritable(&'static str);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unwritable {}

/// Percent-encodes every byte but the unreserved characters of RFC 3986, section 2.3, so that the result
/// fits into any component of a URI.
pub fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A whole JSON string with its quotes (RFC 8259, section 7): only `"`, `\` and the control characters below
/// U+0020 are escaped, everything else is raw.
///
/// YAML reads it as a double-quoted scalar. So does `redis.conf`, which knows neither `\u` nor `\f`: there a
/// control character other than newline, carriage return, tab and backspace does not survive.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Base64 with padding (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, index| bits << 8 | u32::from(chunk.get(index).copied().unwrap_or(0)));
        for index in 0..4_u32 {
            let sextet = (bits >> (18 - 6 * index)) & 63;
            let known = index as usize <= chunk.len();
            out.push(if known { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}

/// A whole value of a `.env` file, with its quotes: `\`, `"` and `$` get a backslash, everything else is
/// raw, newlines included.
///
/// The only form that Docker Compose reads back unchanged for every value: single quotes cannot hold a
/// backslash before a quote, no quotes cannot hold newlines or outer blanks (compose-go, `dotenv/parser.go`).
pub fn dotenv(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    push_escaped(&mut out, text, |c| matches!(c, '\\' | '"' | '$'));
    out.push('"');
    out
}

/// One word of a POSIX shell (POSIX.1-2024, Shell Command Language, 2.2.2): in single quotes, or bare where
/// nothing in it means anything to a shell.
///
/// # Errors
/// Refuses NUL, which no argument of a program can hold.
pub fn shell(text: &str) -> Result<String, Unwritable> {
    if text.contains('\0') {
        return Err(Unwritable("a shell word cannot hold a NUL character"));
    }
    if is_bare_word(text) {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// `=` is plain in an option, but `A=b` as a first word is an assignment, and zsh expands a leading `=`.
fn is_bare_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+:,./_-".contains(c);
    !text.is_empty() && text.chars().all(|c| plain(c) || c == '=' && text.starts_with('-'))
}

/// A PostgreSQL string constant with its quotes (PostgreSQL manual, 4.1.2.1), for a server with
/// `standard_conforming_strings` on, as it is by default since 9.1. `psql` replaces no `:variable` in it.
///
/// # Errors
/// Refuses NUL, which no PostgreSQL text can hold.
pub fn sql_literal(text: &str) -> Result<String, Unwritable> {
    if text.contains('\0') {
        return Err(Unwritable("an SQL text cannot hold a NUL character"));
    }
    Ok(format!("'{}'", text.replace('\'', "''")))
}

/// A PostgreSQL quoted identifier (PostgreSQL manual, 4.1.1). Always quoted: unquoted names are folded to lower case.
///
/// # Errors
/// Refuses NUL, the empty name, and more than 63 bytes, which the server would cut off.
pub fn sql_identifier(name: &str) -> Result<String, Unwritable> {
    if name.contains('\0') {
        return Err(Unwritable("an SQL name cannot hold a NUL character"));
    }
    match name.len() {
        0 => Err(Unwritable("an SQL name cannot be empty")),
        1..=63 => Ok(format!("\"{}\"", name.replace('"', "\"\""))),
        _ => Err(Unwritable("an SQL name cannot be longer than 63 bytes")),
    }
}

/// A literal in a Compose file: `$$` is one dollar (Compose specification, "Interpolation").
pub fn compose(text: &str) -> String {
    text.replace('$', "$$")
}

/// A value that a Helm chart evaluates as a template (`tpl`): `{{` opens an action there, and only an action can print it.
/// In backticks, because charts evaluate values as YAML text, in which quotes of an action might be escaped.
pub fn chart(text: &str) -> String {
    text.replace("{{", "{{`{{`}}")
}

/// A literal in a variable, a command or an argument of a container, where Kubernetes replaces `$(NAME)` and reads `$$`
/// as one dollar (`third_party/forked/golang/expansion` in Kubernetes). A single dollar before anything else is itself;
/// at the end it is doubled all the same, because a variable may follow.
pub fn kubernetes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '$' && chars.peek().is_none_or(|next| matches!(next, '(' | '$')) {
            out.push('$');
        }
    }
    out
}

/// Inline Markdown, in a table cell too (CommonMark 2.4; GitHub's tables, strikethrough and formulas): every
/// mark with a meaning gets a backslash, line breaks become one space.
///
/// Inline only: what would start a block (`# `, `1. `) is safe after something else on its line.
pub fn markdown(text: &str) -> String {
    let special = |c| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '$');
    let mut out = String::with_capacity(text.len());
    for part in text.split(['\r', '\n']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        push_escaped(&mut out, part, special);
    }
    out
}

fn push_escaped(out: &mut String, text: &str, special: impl Fn(char) -> bool) {
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// In every text position this must reach the real reader unchanged.
    const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"\n";

    fn percent_decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).expect("two hexadecimal digits"));
                }
                _ => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).expect("UTF-8")
    }

    /// What Kubernetes makes of a value, after its source: `$$` is a dollar, `$(NAME)` a variable, all else itself.
    fn expanded(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            out.push('$');
            assert!(!after.starts_with('('), "a variable in {text:?}");
            rest = after.strip_prefix('$').unwrap_or(after);
        }
        out + rest
    }

    #[test]
    fn kubernetes_reads_literals_back_unchanged() {
        assert_eq!(kubernetes("$(A)${B}$${C}"), "$$(A)${B}$$${C}");
        proptest!(|(text in "[$(){}aB ]{0,24}")| {
            assert_eq!(expanded(&kubernetes(&text)), text);
        });
        assert_eq!(kubernetes("cost: 5$") + "$(A)", "cost: 5$$$(A)");
    }

    fn read_by(shell_name: &str, words: &[String]) -> Vec<String> {
        let quoted: Vec<String> = words.iter().map(|word| shell(word).expect("no NUL")).collect();
        let script = format!(r"printf '%s\0' {}", quoted.join(" "));
        let output = Command::new(shell_name).args(["-c", &script]).output().expect("the shell runs");
        assert!(output.status.success(), "{shell_name} refused: {script}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn encodings_name_their_variables() {
        assert_eq!(Encoding::Raw.variable("PW"), "PW");
        assert_eq!(Encoding::Uri.variable("PW"), "PW_URI");
        assert_eq!(Encoding::Json.variable("PW"), "PW_JSON");
        assert_eq!(Encoding::Raw.apply("a b"), "a b");
        assert_eq!(Encoding::Uri.apply("a b"), "a%20b");
        assert_eq!(Encoding::Json.apply("a b"), "\"a b\"");
        assert_eq!(Encoding::Base64.apply("a b"), "YSBi");
    }

    #[test]
    fn uri_keeps_only_unreserved_characters() {
        assert_eq!(uri("p@/:%#?\"'$\\ é"), "p%40%2F%3A%25%23%3F%22%27%24%5C%20%C3%A9");
        assert_eq!(uri("AZaz09-._~"), "AZaz09-._~");
    }

    #[test]
    fn json_leaves_other_characters_raw() {
        assert_eq!(json("é🦀/$\u{7f}"), "\"é🦀/$\u{7f}\"");
        assert_eq!(json("\"\\\n\t\u{1}"), r#""\"\\\n\t\u0001""#);
    }

    #[test]
    fn dotenv_escapes_exactly_three_characters() {
        assert_eq!(dotenv("a\\b\"c$d'\n`#é"), "\"a\\\\b\\\"c\\$d'\n`#é\"");
        assert_eq!(dotenv(""), "\"\"");
    }

    #[test]
    fn shell_words_are_bare_only_where_that_is_safe() {
        for bare in ["kafka:9092", "/opt/x_y-1.2", "--port=5432", "a,b", "100%", "me@host"] {
            assert_eq!(shell(bare).as_deref(), Ok(bare));
        }
        for (text, quoted) in [("", "''"), ("A=b", "'A=b'"), ("~", "'~'"), ("it's", r"'it'\''s'"), ("é", "'é'")] {
            assert_eq!(shell(text).as_deref(), Ok(quoted));
        }
        assert!(shell("a\0b").is_err());
    }

    #[test]
    fn sql_doubles_quotes_and_refuses_what_cannot_be_written() {
        assert_eq!(sql_literal(r"it's \n :x").as_deref(), Ok(r"'it''s \n :x'"));
        assert_eq!(sql_identifier("DB_T0").as_deref(), Ok("\"DB_T0\""));
        assert_eq!(sql_identifier("a\"b").as_deref(), Ok("\"a\"\"b\""));
        assert!(sql_literal("\0").is_err());
        for name in ["", "a\0", &"é".repeat(32)] {
            assert!(sql_identifier(name).is_err());
        }
        assert!(sql_identifier(&"x".repeat(63)).is_ok());
    }

    #[test]
    fn dollars_are_doubled() {
        assert_eq!(compose(NASTY), "$$(A)$${B}$$$${C}{{ D }}%(e)s'\"\n");
    }

    #[test]
    fn an_action_of_a_chart_is_printed_by_an_action() {
        assert_eq!(chart(NASTY), "$(A)${B}$${C}{{`{{`}} D }}%(e)s'\"\n");
        assert_eq!(chart("{{{"), "{{`{{`}}{");
    }

    #[test]
    fn markdown_stays_inline_and_in_its_cell() {
        assert_eq!(markdown("a|b `c` <d> *e* _f_"), r"a\|b \`c\` \<d\> \*e\* \_f\_");
        assert_eq!(markdown("one\r\ntwo\n\nthree\n"), "one two three");
        assert_eq!(markdown(r"\ [x] &amp; ~~y~~ $z$"), r"\\ \[x\] \&amp; \~\~y\~\~ \$z\$");
    }

    #[test]
    fn the_nasty_text_passes_every_shell() {
        let words = vec![NASTY.to_owned(), String::new(), "-n".to_owned(), "é🦀\t".to_owned()];
        assert_eq!(read_by("sh", &words), words);
        assert_eq!(read_by("bash", &words), words);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn shell_words_reach_the_program(words in prop::collection::vec("[^\0]{0,12}|[ -~\n\t]{0,12}", 1..20)) {
            prop_assert_eq!(read_by("sh", &words), words.clone());
            prop_assert_eq!(read_by("bash", &words), words);
        }

        #[test]
        fn json_reads_back(text in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&json(&text)).expect("JSON"), text);
        }

        #[test]
        fn uri_reads_back(text in any::<String>()) {
            let encoded = uri(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(percent_decoded(&encoded), text);
        }
    }
}
