//! What a secret looks like: the names of keys, and forms inside a text.

use std::sync::LazyLock;

use regex::Regex;

use crate::source::Span;

/// Words that end the name of something secret.
const NAMES: &str = "password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|fernet[-_]?key|secret[-_]?key\
                     |client[-_]?secret|requirepass";

/// Keys of the language that end like a secret's name but hold none.
const HARMLESS: &[&str] = &["credential", "credentials", "secrets", "databricks_token"];

/// Patterns whose first group is the secret. One that does not compile finds nothing; a test compiles them all.
type Patterns = LazyLock<Vec<Regex>>;

fn patterns(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(&pattern.replace("NAMES", NAMES)).ok()).collect()
}

static KEY: Patterns = LazyLock::new(|| patterns(&[r"(?i)(?:^|[-_.])(?:NAMES|pass|access[-_]?key[-_]?id)$"]));

/// Forms that are a secret wherever they stand.
static ANYWHERE: Patterns = LazyLock::new(|| {
    patterns(&[
        // scheme://user:password@
        r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:([^\s@/]+)@",
        // password=... in a URL, an option, a connection string or a list of variables
        r#"(?i)(?:^|[?&;\s"']|--?)[A-Za-z0-9_.-]*(?:NAMES)=('[^']*'|"[^"]*"|[^\s&;'"]+)"#,
        r"(?i)\bauthorization:\s*(?:basic|bearer|token)\s+([^\s'\x22]+)",
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)(?:-----END|\z)",
    ])
});

/// Lines of a configuration file. Code is left alone: a value that is more than one word or quoted text is an expression.
static SETTINGS: Patterns = LazyLock::new(|| {
    const VALUE: &str = r#"("[^"\n]+"|'[^'\n]+'|[^\s"'$<(){}\[\],;]+)"#;
    let ended = |start: &str| format!(r"(?im)^\s*{start}\s*{VALUE}\s*[,;]?\s*$");
    patterns(&[&ended(r#"["']?[A-Za-z0-9_.-]*(?:NAMES)["']?\s*[:=]"#), &ended(r"requirepass\s")])
});

/// Where no tree can be had: a key or an option and all that follows it, on its line and on the deeper lines below it.
static UNREAD: Patterns = LazyLock::new(|| {
    patterns(&[
        r#"(?i)(?:NAMES)\\?["']?\s*[:=][ \t]*([^\n]+)"#,
        r#"(?i)--?[A-Za-z0-9_.-]*(?:NAMES)["']?\s*(?:,|\n\s*-)\s*([^\n]+)"#,
        r"(?i)requirepass\s+([^\n]+)",
    ])
});

/// `${env.NAME:-default}`
static DEFAULT: Patterns = LazyLock::new(|| patterns(&[r"\$\{env\.([A-Za-z0-9_]+):-[^}]+\}"]));

/// `${scope.name}`, a hole without a default.
static HOLE: Patterns = LazyLock::new(|| patterns(&[r"\$\{([a-z][-_a-z0-9]*(?:/[-_.A-Za-z0-9]+)?\.[-_.A-Za-z0-9]+)\}"]));

/// Whether a key names something secret.
pub(in crate::compile) fn is_secret_key(key: &str) -> bool {
    !HARMLESS.contains(&key) && KEY.iter().any(|pattern| pattern.is_match(key))
}

/// Whether a text is a literal secret by its form, whatever its key is.
pub(super) fn holds_secret(text: &str) -> bool {
    found(&ANYWHERE, text).next().is_some() || has_default(text, is_secret_key)
}

/// Whether the text of a file sets something secret.
pub(super) fn sets_secret(text: &str) -> bool {
    found(&SETTINGS, text).next().is_some()
}

/// Whether the value of a secret key is a literal: it reads nothing, or has something to fall back on.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && (!text.contains("${") || has_default(text, |_| true))
}

/// Whether the value of a secret key may hold one: something stands in it besides what it reads.
pub(super) fn may_be_literal(text: &str) -> bool {
    let mut rest = text.to_owned();
    for hole in HOLE.iter() {
        rest = hole.replace_all(&rest, "").into_owned();
    }
    rest.contains(char::is_alphanumeric)
}

/// The places in a text that may be secrets, where no tree says what is a key and what is a value.
pub(super) fn unread(text: &str) -> Vec<Span> {
    let key = |span: Span| [span, Span::new(span.end, deeper_lines(text, span))];
    let keys = found_at(&UNREAD, text).flat_map(key);
    keys.chain(found_at(&ANYWHERE, text)).filter(|span| span.start < span.end).collect()
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

fn has_default(text: &str, secret: impl Fn(&str) -> bool) -> bool {
    DEFAULT.iter().any(|pattern| pattern.captures_iter(text).any(|captures| secret(&captures[1])))
}

/// The literal secrets that patterns find.
fn found<'t>(patterns: &'static [Regex], text: &'t str) -> impl Iterator<Item = &'t str> {
    found_at(patterns, text).map(|span| &text[span.start..span.end]).filter(|secret| !secret.contains("${"))
}

fn found_at<'t>(patterns: &'static [Regex], text: &'t str) -> impl Iterator<Item = Span> {
    let group = patterns.iter().flat_map(move |pattern| pattern.captures_iter(text)).filter_map(|captures| captures.get(1));
    group.map(|secret| Span::new(secret.start(), secret.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        let all: [(&Patterns, usize); 6] = [(&KEY, 1), (&ANYWHERE, 4), (&SETTINGS, 2), (&UNREAD, 3), (&DEFAULT, 1), (&HOLE, 1)];
        for (patterns, count) in all {
            assert_eq!(patterns.len(), count);
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
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["credential", "PASSWORD_FILE", "TOKENIZER", "key", "monkey", "compass", "PGPASS"] {
            assert!(!is_secret_key(key), "{key}");
        }
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
            "curl -H 'Authorization: Bearer hunter2'",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in
            ["postgres://u:${credentials.u.password}@db/x", "http://kafka:9092", "Authorization: Bearer ${api.token}", "--token-file=/t"]
        {
            assert!(!holds_secret(text), "{text}");
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
