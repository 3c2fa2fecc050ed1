//! Secrets that the user wrote into the blueprint by mistake: a fault of their own, and never shown by any renderer.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::{Source, Span};
use crate::yaml::{Node, Value};

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// Words that end the name of something secret; `_` stands for `-` as well.
const SECRET_WORDS: &[&str] = &[
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
];
/// `scheme://user:password@`
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:([^\s@/]+)@"));
/// `password=...` in a URL, an option or a list of variables.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|[?&;\s]|--?)[A-Za-z0-9_.-]*(?:password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key)=([^\s&;]+)",
    )
});
/// A line of YAML whose key is that of a secret; used where no tree can be had.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?im)["']?[A-Za-z0-9_.-]*(?:password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|requirepass)["']?\s*[:=]\s*([^\s,}{\[\]][^\n]*)"#,
    )
});
/// Keys of the language that end like a secret's name but hold none.
const HARMLESS: &[&str] = &["credential", "credentials", "secrets", "databricks_token"];

/// Whether a key names something secret.
pub(super) fn is_secret_key(key: &str) -> bool {
    !HARMLESS.contains(&key) && secret_ends(key).any(|before| matches!(before.last(), None | Some(b'-' | b'_' | b'.')))
}

/// For each secret word that a text ends in, what stands before it.
fn secret_ends(text: &str) -> impl Iterator<Item = &[u8]> {
    let same = |byte: u8, of_word: u8| byte.eq_ignore_ascii_case(&of_word) || (byte == b'-' && of_word == b'_');
    SECRET_WORDS.iter().filter_map(move |word| {
        let (before, end) = text.as_bytes().split_at(text.len().checked_sub(word.len())?);
        end.iter().zip(word.bytes()).all(|(byte, of_word)| same(*byte, of_word)).then_some(before)
    })
}

/// Reports every literal secret.
pub(super) fn check(tree: &Node) -> Vec<Diagnostic> {
    find(tree)
        .into_iter()
        .map(|span| {
            Diagnostic::new(&code::LITERAL_SECRET, Place::Span(span), "a secret stands in the blueprint")
                .help("declare a credential and read it: `${credentials.NAME.password}`; or leave it to the deployer: `${env.NAME}`; and change the secret, it is known now")
        })
        .collect()
}

/// The places of the literal secrets of a tree.
pub(super) fn in_tree(tree: &Node) -> Vec<Span> {
    find(tree)
}

/// The places in a text that may be literal secrets, for files that cannot be parsed.
pub(super) fn in_text(source: &Source) -> Vec<Span> {
    let mut spans = Vec::new();
    for regex in [&*URL, &*LINE, &*ASSIGNED].into_iter().flatten() {
        for captures in regex.captures_iter(source.text()) {
            if let Some(secret) = captures.get(1).filter(|secret| !secret.as_str().contains("${")) {
                spans.push(Span::new(secret.start(), secret.end()));
            }
        }
    }
    spans
}

fn find(tree: &Node) -> Vec<Span> {
    let mut spans = Vec::new();
    walk(tree, None, &mut spans);
    spans.sort();
    spans.dedup();
    spans
}

fn walk(node: &Node, key: Option<&str>, spans: &mut Vec<Span>) {
    match &node.value {
        Value::String(text) => {
            if holds_secret(key, text) {
                spans.push(node.span);
            }
        }
        // A number may be a password as well.
        Value::Number(_) if key.is_some_and(is_secret_key) => spans.push(node.span),
        Value::List(nodes) => {
            let mut option = None;
            for node in nodes.iter() {
                walk(node, option.or(key), spans);
                option = node.as_str().and_then(|text| text.strip_prefix('-')).map(|text| text.trim_start_matches('-'));
            }
        }
        Value::Map(entries) => {
            for entry in entries.iter() {
                // The default of a parameter is a secret if the parameter's name says so.
                let name = if entry.key == "default" { key.unwrap_or(&entry.key) } else { &entry.key };
                walk(&entry.value, Some(name), spans);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn holds_secret(key: Option<&str>, text: &str) -> bool {
    let literal = !text.is_empty() && !text.contains("${") && key.is_some_and(is_secret_key);
    let captured = |regex: &Option<Regex>| {
        regex
            .as_ref()
            .is_some_and(|regex| regex.captures_iter(text).any(|found| found.get(1).is_some_and(|secret| !secret.as_str().contains("${"))))
    };
    // To compile an expression takes longer than all else that is done with a usual blueprint, and few texts need one.
    let url = text.contains("://") && text.contains('@');
    let assigned = text.split('=').rev().skip(1).any(|name| secret_ends(name).next().is_some());
    literal || (url && captured(&URL)) || (assigned && captured(&ASSIGNED)) || default_of_secret(text)
}

/// `${env.DB_PASSWORD:-...}`
fn default_of_secret(text: &str) -> bool {
    let mut defaults = text.split("${env.").skip(1).filter_map(|rest| rest.split_once(":-"));
    defaults.any(|(name, default)| !name.contains('}') && !default.starts_with('}') && is_secret_key(&name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names_and_secret_texts() {
        for key in ["DB_PASSWORD", "password", "AWS_SECRET_ACCESS_KEY", "api_key", "GITHUB_TOKEN", "requirepass", "fernet_key", "PGPASS"] {
            assert_eq!(is_secret_key(key), key != "PGPASS", "{key}");
        }
        for key in ["clientSecret", "X-API-KEY", "access-keyid", "spring.datasource.password", "ssh_PassPhrase"] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["credential", "PASSWORD_FILE", "TOKENIZER", "key", "monkey", "compass"] {
            assert!(!is_secret_key(key), "{key}");
        }
        assert!(holds_secret(None, "postgres://u:hunter2@db/x"));
        assert!(holds_secret(None, "--password=hunter2"));
        assert!(holds_secret(None, "jdbc:postgresql://db/x?user=u&password=hunter2"));
        assert!(holds_secret(None, "${env.DB_PASSWORD:-hunter2}"));
        assert!(!holds_secret(None, "postgres://u:${credentials.u.password}@db/x"));
        assert!(!holds_secret(Some("DB_PASSWORD"), "${credentials.u.password}"));
        assert!(holds_secret(None, "-Dapi-key=hunter2 -Dx=y"));
        assert!(holds_secret(None, "a${env.LEVEL:-info}b${env.GITHUB_TOKEN:-hunter2}"));
        assert!(!holds_secret(None, "http://kafka:9092"));
        assert!(!holds_secret(None, "-Dlevel=info password"));
        assert!(!holds_secret(None, "${env.LEVEL:-info}"));
        assert!(!holds_secret(None, "${env.DB_PASSWORD} ${env.LEVEL:-info}"));
    }
}
