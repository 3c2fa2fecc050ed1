//! What a secret looks like: the names of keys, and forms inside a text.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::near;
use crate::source::Span;
use crate::value::{Reference, TextPart, parse_text};

/// Words that end the name of something secret; `_` stands for `-` as well.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "requirepass",
    "secret",
    "client_secret",
    "clientsecret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "access_key_id",
    "access_keyid",
    "accesskey_id",
    "accesskeyid",
    "private_key",
    "privatekey",
    "fernet_key",
    "fernetkey",
    "secret_key",
    "secretkey",
    "secret_key_base",
];

/// The last letters of all these words, so that most names need no closer look.
const ENDS: &[u8] = b"destny";

/// Keys of the language that end like a secret's name but hold none.
const HARMLESS: &[&str] = &["credential", "credentials", "secrets", "databricks_token"];

/// A pattern whose first group is the secret. To compile one takes longer than all else that is done with a usual
/// blueprint, so each is asked only about a text in which a plain search found one of its hints.
struct Pattern {
    /// Lower-case texts, of which one is in all that it matches.
    hints: &'static [&'static str],
    regex: LazyLock<Option<Regex>>,
}

/// A [`Pattern`] that is compiled when it is first asked. `NAMES` stands for the names of secrets.
macro_rules! pattern {
    ($hints:expr, $text:expr) => {
        Pattern { hints: $hints, regex: LazyLock::new(|| compiled($text)) }
    };
}

fn compiled(text: &str) -> Option<Regex> {
    const NAMES: &str = "password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|fernet[-_]?key\
                         |secret[-_]?key(?:[-_]?base)?|requirepass";
    Regex::new(&text.replace("NAMES", NAMES)).ok()
}

/// What the names of secrets have in common.
const NAMED: &[&str] = &["pass", "pwd", "secret", "token", "key"];

/// `scheme://user:password@`
static URL: Pattern = pattern!(&["://"], r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:([^\s@/]+)@");
/// `password=...` in a URL, an option, a connection string or a list of variables.
static ASSIGNED: Pattern = pattern!(NAMED, r#"(?i)(?:^|[?&;\s"']|--?)[A-Za-z0-9_.-]*(?:NAMES)=('[^']*'|"[^"]*"|[^\s&;'"]+)"#);
static HEADER: Pattern = pattern!(&["authorization:"], r#"(?i)\bauthorization:\s*(?:basic|bearer|token)\s+([^\s'"]+)"#);
static PRIVATE_KEY: Pattern = pattern!(&["-----begin"], r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)(?:-----END|\z)");
/// Where no tree can be had: a key or an option, and all that follows it.
static UNREAD_KEY: Pattern = pattern!(NAMED, r#"(?i)(?:NAMES)\\?["']?\s*[:=][ \t]*([^\n]+)"#);
/// All credentials: what is a secret there, only a tree could tell.
static UNREAD_CREDENTIALS: Pattern = pattern!(&["credentials"], r"(?m)^[ \t]*credentials:([^\n]*)");
static UNREAD_OPTION: Pattern = pattern!(NAMED, r#"(?i)--?[A-Za-z0-9_.-]*(?:NAMES)["']?\s*(?:,|\n\s*-)\s*([^\n]+)"#);
static UNREAD_WORD: Pattern = pattern!(&["requirepass"], r"(?i)requirepass\s+([^\n]+)");

/// Whether a key names something secret.
pub(in crate::compile) fn is_secret_key(key: &str) -> bool {
    !HARMLESS.contains(&key) && secret_ends(key).any(|before| matches!(before.last(), None | Some(b'-' | b'_' | b'.')))
}

/// For each secret word that a text ends in, what stands before it.
fn secret_ends(text: &str) -> impl Iterator<Item = &[u8]> {
    let same = |byte: u8, of_word: u8| byte.eq_ignore_ascii_case(&of_word) || (byte == b'-' && of_word == b'_');
    let may_end_so = text.bytes().next_back().is_some_and(|last| ENDS.contains(&last.to_ascii_lowercase()));
    let words = if may_end_so { WORDS } else { &[] };
    words.iter().filter_map(move |word| {
        let (before, end) = text.as_bytes().split_at(text.len().checked_sub(word.len())?);
        // From the end, where most names differ from most words already.
        end.iter().rev().zip(word.bytes().rev()).all(|(byte, of_word)| same(*byte, of_word)).then_some(before)
    })
}

/// Whether a key, or what it ends in, differs from the name of something secret by a slip.
pub(in crate::compile) fn is_nearly_secret_key(key: &str) -> bool {
    /// A slip in a shorter word makes another word: `pass` and `path`.
    const SHORTEST: usize = 6;
    // Of a right name the value tells what it is.
    if HARMLESS.contains(&key) || is_secret_key(key) {
        return false;
    }
    let key = key.to_ascii_lowercase().replace(['-', '.'], "_");
    let words = || WORDS.iter().copied().filter(|word| word.len() >= SHORTEST);
    let ends = key.match_indices('_').map(|(at, _)| &key[at + 1..]).chain([key.as_str()]);
    ends.filter(|end| end.len() >= SHORTEST - 1).any(|end| near(end, words()).is_some())
}

/// Whether a command in one text gives a program a secret: `app --password hunter2`. It may be one that the shell fills in.
pub(super) fn passes_secret(text: &str) -> bool {
    let mut words = text.split_whitespace();
    text.contains(" -") && words.any(|word| word.strip_prefix('-').is_some_and(|option| is_secret_key(option.trim_start_matches('-'))))
}

/// Whether the value of a key such as `AUTHORIZATION` or `AUTH_HEADER` is a literal login.
pub(super) fn authorizes(key: &str, text: &str) -> bool {
    let login = ["Bearer ", "Basic "].iter().find_map(|scheme| text.strip_prefix(scheme));
    login.is_some_and(|login| is_literal(login) && key.to_ascii_lowercase().contains("auth"))
}

/// `user:password@host` without a scheme. Other things look so as well, such as an image with a digest: it is hidden only.
pub(super) fn is_login(text: &str) -> bool {
    let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    text.split_once(':').is_some_and(|(user, rest)| {
        let password = rest.rsplit_once('@').filter(|(_, host)| word(host) && !host.starts_with("sha256:")).map(|(password, _)| password);
        word(user) && password.is_some_and(|password| word(password) && !password.contains("${"))
    })
}

fn ends_secretly(name: &str) -> bool {
    secret_ends(name).next().is_some()
}

/// Whether a text is a literal secret by its form, whatever its key is.
pub(in crate::compile) fn holds_secret(text: &str) -> bool {
    // All forms have one of these, and most texts have none.
    if !text.bytes().any(|byte| matches!(byte, b'=' | b':' | b'$' | b' ')) {
        return false;
    }
    let literal = |pattern: &'static Pattern| found(pattern, text).any(|span| !text[span.start..span.end].contains("${"));
    let url = text.contains("://") && text.contains('@');
    let assigned = text.split('=').rev().skip(1).any(ends_secretly);
    let header = text.contains(": ") && text.to_ascii_lowercase().contains("authorization:");
    (url && literal(&URL))
        || (assigned && literal(&ASSIGNED))
        || (header && literal(&HEADER))
        || (text.contains("-----BEGIN") && literal(&PRIVATE_KEY))
        || default_of_secret(text)
}

/// Whether a parameter is the value of a secret key, or stands where the form of a text has a secret.
pub(super) fn reads_secret_parameter(text: &str, under_secret_key: bool) -> bool {
    let parameter = "${parameters.";
    let inside = |pattern: &'static Pattern| found(pattern, text).any(|span| text[span.start..span.end].contains(parameter));
    text.contains(parameter) && (under_secret_key || [&URL, &ASSIGNED, &HEADER].into_iter().any(inside))
}

/// `${env.DB_PASSWORD:-...}`
fn default_of_secret(text: &str) -> bool {
    let mut defaults = text.split("${env.").skip(1).filter_map(|rest| rest.split_once(":-"));
    defaults.any(|(name, default)| !name.contains('}') && !default.starts_with('}') && is_secret_key(&name.to_ascii_lowercase()))
}

/// Whether the text of a file has a line that sets something secret.
pub(super) fn sets_secret(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        let setting = line.strip_prefix("requirepass ").map(|value| ("requirepass", value)).or_else(|| line.split_once(['=', ':']));
        setting.is_some_and(|(name, value)| {
            let name = name.trim().trim_matches(['"', '\'']);
            !name.contains(char::is_whitespace) && ends_secretly(name) && is_plain(value.trim().trim_end_matches([',', ';']))
        })
    })
}

/// Code is left alone: a value that is more than one word or one quoted text is an expression.
fn is_plain(value: &str) -> bool {
    let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let outside = |c: char| c.is_whitespace() || "\"'$<(){}[],;".contains(c);
    match quoted {
        Some(inner) => !inner.is_empty() && !inner.contains(['"', '\'', '$']),
        None => !value.is_empty() && !value.contains(outside),
    }
}

/// Whether the value of a secret key is a literal: it reads nothing, or has something to fall back on.
pub(super) fn is_literal(text: &str) -> bool {
    parse_text(text).is_ok_and(|parts| match parts.as_slice() {
        [] => false,
        [TextPart::Literal(_)] => true,
        parts => parts.iter().any(has_default),
    })
}

/// Whether the value of a secret key may hold one: something stands in it besides what it reads.
pub(super) fn may_be_literal(text: &str) -> bool {
    parse_text(text).map_or(true, |parts| {
        parts.iter().any(|part| match part {
            TextPart::Literal(literal) => literal.contains(char::is_alphanumeric),
            TextPart::Reference(_) => has_default(part),
        })
    })
}

fn has_default(part: &TextPart) -> bool {
    matches!(part, TextPart::Reference(Reference::Env { default: Some(default), .. }) if !default.is_empty())
}

/// The places in a text that may be secrets, where no tree says what is a key and what is a value.
pub(super) fn unread(text: &str) -> Vec<Span> {
    let keys = [&UNREAD_KEY, &UNREAD_CREDENTIALS, &UNREAD_OPTION, &UNREAD_WORD].into_iter().flat_map(|pattern| found(pattern, text));
    let keys = keys.flat_map(|span| [span, Span::new(span.end, deeper_lines(text, span))]);
    let anywhere = [&URL, &ASSIGNED, &HEADER, &PRIVATE_KEY].into_iter().flat_map(|pattern| found(pattern, text));
    keys.chain(anywhere).filter(|span| span.start < span.end).collect()
}

/// The end of the lines below `span` that are indented deeper than its own.
fn deeper_lines(text: &str, span: Span) -> usize {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let own = indent(&text[start..]);
    let mut end = span.end;
    for line in text[span.end..].split_inclusive('\n') {
        if !line.trim().is_empty() && indent(line) <= own {
            break;
        }
        end += line.len();
    }
    end
}

/// Where a pattern finds secrets.
fn found<'t>(pattern: &'static Pattern, text: &'t str) -> impl Iterator<Item = Span> + use<'t> {
    let regex = if hinted(pattern, text) { pattern.regex.as_ref() } else { None };
    let secrets = regex.into_iter().flat_map(move |regex| regex.captures_iter(text)).filter_map(|captures| captures.get(1));
    secrets.map(|secret| Span::new(secret.start(), secret.end()))
}

fn hinted(pattern: &Pattern, text: &str) -> bool {
    let hint = |hint: &&str| text.as_bytes().windows(hint.len()).any(|window| window.eq_ignore_ascii_case(hint.as_bytes()));
    pattern.hints.iter().any(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_of_the_ends() {
        assert!(WORDS.iter().all(|word| word.bytes().next_back().is_some_and(|last| ENDS.contains(&last))));
    }

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&URL, &ASSIGNED, &HEADER, &PRIVATE_KEY, &UNREAD_KEY, &UNREAD_CREDENTIALS, &UNREAD_OPTION, &UNREAD_WORD] {
            assert!(pattern.regex.is_some());
        }
    }

    #[test]
    fn keys_by_the_end_of_their_name() {
        for key in [
            "DB_PASSWORD",
            "password",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "api_key",
            "GITHUB_TOKEN",
            "requirepass",
            "fernet_key",
            "clientSecret",
            "X-API-KEY",
            "access-keyid",
            "spring.datasource.password",
            "ssh_PassPhrase",
            "SECRET_KEY_BASE",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["credential", "PASSWORD_FILE", "TOKENIZER", "key", "monkey", "compass", "PGPASS"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn keys_with_a_slip() {
        for key in ["passwrd", "pasword", "DB_PASWORD", "api-tokn_secrte", "GITHUB_TOCKEN_SECRE", "fernetkye"] {
            assert!(is_nearly_secret_key(key), "{key}");
        }
        for key in ["path", "port", "tokens", "secrets", "publish", "packages", "profiles", "parameters", "credential"] {
            assert!(!is_nearly_secret_key(key), "{key}");
        }
    }

    #[test]
    fn logins_without_a_scheme() {
        for text in ["u:hunter2@db", "u:hunter2@db:5432/x", "u:hun@ter2@db"] {
            assert!(is_login(text), "{text}");
        }
        for text in ["redis:8@sha256:0123", "git@github.com:a/b.git", "u:${credentials.u.password}@db", "a: b @ c", "8000:80"] {
            assert!(!is_login(text), "{text}");
        }
        assert!(authorizes("AUTH_HEADER", "Bearer hunter2") && authorizes("authorization", "Basic aHVudGVy"));
        assert!(!authorizes("TITLE", "Bearer hunter2") && !authorizes("AUTH_HEADER", "Bearer ${api.token}"));
    }

    #[test]
    fn texts_by_their_form() {
        for text in [
            "postgres://u:hunter2@db/x",
            "redis://:hunter2@redis",
            "--password=hunter2",
            "PGPASSWORD=hunter2 psql",
            "jdbc:postgresql://db/x?user=u&password=hunter2",
            "host=db password='two words'",
            "${env.DB_PASSWORD:-hunter2}",
            "-Dapi-key=hunter2 -Dx=y",
            "a${env.LEVEL:-info}b${env.GITHUB_TOKEN:-hunter2}",
            "curl -H 'Authorization: Bearer hunter2'",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in [
            "postgres://u:${credentials.u.password}@db/x",
            "http://kafka:9092",
            "Authorization: Bearer ${api.token}",
            "--token-file=/t",
            "-Dlevel=info password",
            "${env.LEVEL:-info}",
            "${env.DB_PASSWORD} ${env.LEVEL:-info}",
        ] {
            assert!(!holds_secret(text), "{text}");
        }
    }

    #[test]
    fn a_parameter_in_the_place_of_a_secret() {
        for text in ["postgres://u:${parameters.x}@db/x", "--password=${parameters.x}", "Authorization: Bearer ${parameters.x}"] {
            assert!(reads_secret_parameter(text, false) && !holds_secret(text), "{text}");
        }
        assert!(reads_secret_parameter("${parameters.x}", true));
        for text in ["${parameters.x}", "postgres://u:${credentials.u.password}@${parameters.host}/x", "u:${env.X}"] {
            assert!(!reads_secret_parameter(text, false), "{text}");
        }
    }

    #[test]
    fn settings_are_told_from_code() {
        for text in
            ["requirepass hunter2\n", "[db]\npassword = hunter2", "db:\n  password: 'hunter 2'", "{\n  \"api_key\": \"hunter2\",\n}"]
        {
            assert!(sets_secret(text), "{text}");
        }
        for text in [
            "password = ${credentials.db.password}",
            "export PASSWORD=\"$DB_PASSWORD\"\nPASSWORD=$X",
            "password=os.environ[\"DB_PASSWORD\"]",
            "password = read(file)",
            "# password: what the admin was given",
            "requirepass ${credentials.redis.password}",
        ] {
            assert!(!sets_secret(text), "{text}");
        }
    }

    #[test]
    fn what_a_secret_key_may_hold() {
        for text in ["hunter2", "${env.X:-hunter2}"] {
            assert!(is_literal(text) && may_be_literal(text), "{text}");
        }
        for text in ["hunter2${env.X}", "hunter2${oops", "${hunter2}"] {
            assert!(!is_literal(text) && may_be_literal(text), "{text}");
        }
        for text in ["", "${credentials.u.password}", "${kafka/topic.name}-${env.X}"] {
            assert!(!is_literal(text) && !may_be_literal(text), "{text}");
        }
    }

    #[test]
    fn without_a_tree_all_that_follows_a_key_is_covered() {
        let hidden = |text: &str| -> String {
            let spans = unread(text);
            text.char_indices().filter(|(at, _)| !spans.iter().any(|span| span.start <= *at && *at < span.end)).map(|(_, c)| c).collect()
        };
        assert_eq!(hidden("a: 1\n  password: |\n    one\n\n    two\nb: 2\n"), "a: 1\n  password: b: 2\n");
        assert_eq!(hidden("[run, --token, hunter2]\nb: 2\n"), "[run, --token, b: 2\n");
        assert_eq!(hidden("u: redis://:hunter2@r\n"), "u: redis://:@r\n");
    }
}
