//! One sample for all renderers, and what must hold for whatever a file contains.

use proptest::prelude::*;

use super::{Diagnostic, Located, Place, code, render_json, render_plain};
use crate::source::{Source, Span};

const BLUEPRINT: &str = "\
# Größe: 日本語
blueprint: v1
services:
  kafka:
    component: kafka
    publish: 9092
  # a comment between
  café: { component: container, password: hunter2, pubish: 8080 }
  kafka:
    component: kafka
    topics:
      orders: {}
";
const SECRET: &str = "hunter2";

/// The `nth` place of `text` in the sample.
fn span(text: &str, nth: usize) -> Span {
    let (start, found) = BLUEPRINT.match_indices(text).nth(nth).expect("the sample has it");
    Span::new(start, start + found.len())
}

fn located(diagnostic: Diagnostic, span: Option<Span>) -> Located {
    Located { diagnostic, span, related: Vec::new(), environment: None }
}

fn sample() -> (Source, Vec<Located>) {
    let duplicate = Diagnostic::new(&code::DUPLICATE_KEY, Place::File, "`kafka` is declared twice");
    let secret = Diagnostic::new(&code::LITERAL_SECRET, Place::File, "`password` holds a secret")
        .help("declare a credential and read it:\n`${credentials.NAME.password}`");
    let misspelt = Diagnostic::new(&code::UNKNOWN_KEY, Place::File, "unknown key `pubish`").help("write `publish`");
    let large = Diagnostic::new(&code::LARGE_OUTPUT, Place::File, "Compose refuses to read it");
    let block = Diagnostic::new(&code::BAD_VALUE, Place::File, "a hostile \u{1b}[2Jmessage");
    let mut duplicate = located(duplicate, Some(span("kafka", 2)));
    duplicate.related.push((span("kafka", 0), "first declared here".to_owned()));
    let block_start = span("component: kafka", 1).start;
    let diagnostics = vec![
        located(large, None),
        located(secret, Some(span(SECRET, 0))),
        located(misspelt, Some(span("pubish", 0))),
        duplicate,
        located(block, Some(Span::new(block_start, BLUEPRINT.len()))),
    ];
    (Source::new("blueprints/sample.yml", BLUEPRINT), diagnostics)
}

#[test]
fn the_sample_in_plain_text() {
    let (source, diagnostics) = sample();
    insta::assert_snapshot!(render_plain(&source, &diagnostics, &[span(SECRET, 0)], false), @r#"
    warning[large-output]: Compose refuses to read it
    --> blueprints/sample.yml

    error[literal-secret]: `password` holds a secret
     --> blueprints/sample.yml:8:43
      |
    8 |   café: { component: container, password: •••, pubish: 8080 }
      |                                           ^^^
      |
      = help: declare a credential and read it:
              `${credentials.NAME.password}`

    error[unknown-key]: unknown key `pubish`
     --> blueprints/sample.yml:8:52
      |
    8 |   café: { component: container, password: •••, pubish: 8080 }
      |                                                ^^^^^^
      |
      = help: write `publish`

    error[duplicate-key]: `kafka` is declared twice
     --> blueprints/sample.yml:9:3
      |
    4 |   kafka:
      |   ----- first declared here
    ...
    9 |   kafka:
      |   ^^^^^

    error[bad-value]: a hostile \u{1b}[2Jmessage
      --> blueprints/sample.yml:10:5
       |
    10 |     component: kafka
       |     ^^^^^^^^^^^^^^^^

    4 errors, 1 warning
    "#);
}

#[test]
fn the_sample_in_json() {
    let (source, diagnostics) = sample();
    insta::assert_snapshot!(render_json(&source, &diagnostics), @r#"
    {"code":"large-output","severity":"warning","message":"Compose refuses to read it","file":"blueprints/sample.yml","line":null,"column":null,"end_line":null,"end_column":null,"help":null,"related":[]}
    {"code":"literal-secret","severity":"error","message":"`password` holds a secret","file":"blueprints/sample.yml","line":8,"column":43,"end_line":8,"end_column":50,"help":"declare a credential and read it:\n`${credentials.NAME.password}`","related":[]}
    {"code":"unknown-key","severity":"error","message":"unknown key `pubish`","file":"blueprints/sample.yml","line":8,"column":52,"end_line":8,"end_column":58,"help":"write `publish`","related":[]}
    {"code":"duplicate-key","severity":"error","message":"`kafka` is declared twice","file":"blueprints/sample.yml","line":9,"column":3,"end_line":9,"end_column":8,"help":null,"related":[{"message":"first declared here","line":4,"column":3,"end_line":4,"end_column":8}]}
    {"code":"bad-value","severity":"error","message":"a hostile \u001b[2Jmessage","file":"blueprints/sample.yml","line":10,"column":5,"end_line":13,"end_column":1,"help":null,"related":[]}
    "#);
}

/// The plain rendering of one error that spans `start..end`.
fn one(text: &str, start: usize, end: usize) -> String {
    let diagnostic = Diagnostic::new(&code::YAML_SYNTAX, Place::File, "message");
    let source = Source::new("a.yml", text);
    render_plain(&source, &[located(diagnostic, Some(Span::new(start, end)))], &[], false)
}

#[test]
fn marks_the_end_of_the_file() {
    insta::assert_snapshot!(one("a: [1\n", 6, 6), @r#"
    error[yaml-syntax]: message
     --> a.yml:2:1
      |
    2 |
      | ^

    1 error
    "#);
    insta::assert_snapshot!(one("a: [1", 5, 5), @r#"
    error[yaml-syntax]: message
     --> a.yml:1:6
      |
    1 | a: [1
      |      ^

    1 error
    "#);
    insta::assert_snapshot!(one("", 0, 0), @r#"
    error[yaml-syntax]: message
     --> a.yml:1:1
      |
    1 |
      | ^

    1 error
    "#);
}

#[test]
fn marks_text_of_any_width() {
    insta::assert_snapshot!(one("a:\t日本: x\r\nb: 1\r\n", 11, 12), @r#"
    error[yaml-syntax]: message
     --> a.yml:1:8
      |
    1 | a:    日本: x
      |             ^

    1 error
    "#);
    insta::assert_snapshot!(one("\u{feff}a: \u{202e}x\r\nb: 1\r\n", 9, 10), @r#"
    error[yaml-syntax]: message
     --> a.yml:1:6
      |
    1 | \u{feff}a: \u{202e}x
      |                    ^

    1 error
    "#);
}

#[test]
fn color_changes_nothing_but_color() {
    let (source, diagnostics) = sample();
    let colored = render_plain(&source, &diagnostics, &[], true);
    assert!(colored.contains("\u{1b}["));
    let stripped = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(stripped, render_plain(&source, &diagnostics, &[], false));
}

#[test]
fn nothing_to_say_is_nothing() {
    assert_eq!(render_plain(&Source::new("a.yml", "a: 1"), &[], &[], true), "");
    assert_eq!(render_json(&Source::new("a.yml", "a: 1"), &[]), "");
}

/// Text in which every kind of character that needs care is frequent.
fn text() -> impl Strategy<Value = String> {
    let wild = prop_oneof![
        4 => proptest::char::range('a', 'e'),
        1 => proptest::sample::select(vec!['\n', '\r', '\t', ' ', 'é', '日', '\u{202e}', '\u{1b}', '\u{200d}', '💻']),
        1 => any::<char>(),
    ];
    proptest::collection::vec(wild, 0..60).prop_map(String::from_iter)
}

fn any_span() -> impl Strategy<Value = Span> {
    (0usize..150, 0usize..150).prop_map(|(start, end)| Span::new(start, end))
}

proptest! {
    #[test]
    fn no_text_and_no_span_panics_or_drives_the_terminal(
        text in text(),
        message in text(),
        spans in proptest::collection::vec((any_span(), self::text()), 0..4),
        masked in proptest::collection::vec(any_span(), 0..3),
    ) {
        let source = Source::new(format!("{message}.yml"), text);
        let mut spans = spans.into_iter();
        let diagnostic = Diagnostic::new(&code::BAD_VALUE, Place::File, message.clone()).help(message);
        let mut located = located(diagnostic, spans.next().map(|(span, _)| span));
        located.related = spans.collect();
        let plain = render_plain(&source, std::slice::from_ref(&located), &masked, false);
        let json = render_json(&source, &[located]);
        for output in [plain, json.clone()] {
            prop_assert!(!output.contains(|c| c != '\n' && super::printable::is_deceptive(c)), "{output:?}");
        }
        prop_assert_eq!(json.lines().count(), 1);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }

    #[test]
    fn a_masked_secret_is_never_shown(
        before in text(),
        after in text(),
        spans in proptest::collection::vec(any_span(), 1..4),
    ) {
        // Characters that neither the text around it nor the frame of a snippet has.
        let secret = "§¶§¶";
        prop_assume!(!before.contains(['§', '¶']) && !after.contains(['§', '¶']));
        let start = before.len();
        let source = Source::new("a.yml", format!("{before}{secret}{after}"));
        let masked = [Span::new(start, start + secret.len())];
        let diagnostics: Vec<_> = spans
            .into_iter()
            .map(|span| located(Diagnostic::new(&code::BAD_VALUE, Place::File, "m"), Some(span)))
            .collect();
        let plain = render_plain(&source, &diagnostics, &masked, false);
        prop_assert!(!plain.contains(['§', '¶']), "{plain}");
    }
}
