//! One misspelt word is one diagnostic, at its own line, that names the right word: for every word of the language and
//! every name of the blueprints, misspelt in turn by editing the text at its span.

mod names;
mod words;

use std::path::Path;

use pipegen::compile::{Options, compile};
use pipegen::source::{Source, Span};
use pipegen::yaml::{self, Node};

/// The blueprints whose words are misspelt; together they have every key that is rendered.
const BLUEPRINTS: [&str; 3] = ["blueprints/capstone.yml", "blueprints/networking.yml", "tests/blueprints/shop.yml"];

/// What a diagnostic says, as far as the tests look.
#[derive(Debug)]
struct Said {
    code: &'static str,
    #[allow(dead_code, reason = "shown where a test fails")]
    message: String,
    line: usize,
    help: String,
    related: Vec<usize>,
}

fn read(path: &str) -> (Source, Node) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the blueprint is there");
    let source = Source::new(path, text);
    let tree = yaml::read(&source).expect("the blueprint is YAML");
    (source, tree)
}

/// Everything that compiling says; no path is looked at.
fn check(source: &Source) -> Vec<Said> {
    let line = |span: Span| source.position(span.start).line;
    let found = compile(source, &Options::default()).diagnostics;
    found
        .into_iter()
        .map(|located| Said {
            code: located.diagnostic.code.name,
            line: located.span.map_or(0, line),
            help: located.diagnostic.help.unwrap_or_default(),
            message: located.diagnostic.message,
            related: located.related.into_iter().map(|(span, _)| line(span)).collect(),
        })
        .collect()
}

/// The text with another one in the place of a span.
fn edited(source: &Source, span: Span, new: &str) -> Source {
    let text = source.text();
    Source::new(source.path(), format!("{}{new}{}", &text[..span.start], &text[span.end..]))
}

/// The span of a word inside a scalar, without its quotes.
fn inside(source: &Source, scalar: Span, offset: usize, length: usize) -> Span {
    let quote = usize::from(source.slice(scalar).starts_with(['"', '\'']));
    Span::new(scalar.start + quote + offset, scalar.start + quote + offset + length)
}

/// A word misspelt in the ways of people: two letters swapped at its beginning, one dropped and one changed in its
/// middle, one doubled at its end; a short word in every one of its letters.
fn misspellings(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let last = letters.len() - 1;
    let mut found = Vec::new();
    for at in 0..letters.len() {
        let with = |middle: &[char], after: usize| letters[..at].iter().chain(middle).chain(&letters[after..]).collect::<String>();
        let other = if letters[at] == 'x' { 'k' } else { 'x' };
        let is_short = letters.len() <= 3;
        if is_short || at == last / 2 {
            found.extend([with(&[], at + 1), with(&[other], at + 1)]);
        }
        if is_short || at == last {
            found.push(with(&[letters[at], letters[at]], at + 1));
        }
        if at < last && (is_short || at == 0) {
            found.push(with(&[letters[at + 1], letters[at]], at + 2));
        }
    }
    found.sort();
    found.dedup();
    found.retain(|misspelt| misspelt != word && !misspelt.is_empty());
    found
}

#[test]
fn the_blueprints_are_sound() {
    for path in BLUEPRINTS {
        let (source, _) = read(path);
        let found = check(&source);
        assert!(found.is_empty(), "{path}: {found:#?}");
    }
}
