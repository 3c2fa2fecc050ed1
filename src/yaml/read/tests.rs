use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::read;
use crate::diagnostic::{Code, Diagnostic, Place, code};
use crate::source::{Source, Span};

/// The faults as `line:column code`.
fn faults(text: &str) -> Vec<String> {
    let source = Source::new("a.yml", text);
    read(&source).unwrap_err().iter().map(|fault| format!("{} {}", at(&source, &fault.place), fault.code.name)).collect()
}

fn at(source: &Source, place: &Place) -> String {
    match place {
        Place::Span(span) => {
            let position = source.position(span.start);
            format!("{}:{}", position.line, position.column)
        }
        _ => "file".to_owned(),
    }
}

fn fault(text: &str) -> Diagnostic {
    let mut faults = read(&Source::new("a.yml", text)).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

fn json(text: &str) -> String {
    read(&Source::new("a.yml", text)).unwrap().to_json().to_string()
}

#[test]
fn nodes_and_keys_know_their_bytes() {
    let text = "é:\n  - 'x y'\n  - b: |\n      one\n      two\n\n    c: [1,\n     2]\nlast:\n";
    let source = Source::new("a.yml", text);
    let root = read(&source).unwrap();
    assert_eq!(source.slice(root.span).lines().next(), Some("é:"));
    let list = root.get("é").unwrap();
    assert_eq!(source.position(list.span.start).line, 2);
    assert!(source.slice(list.span).ends_with("2]"));
    assert_eq!(source.slice(list.elements()[0].span), "'x y'");
    let map = &list.elements()[1];
    assert_eq!(source.slice(map.get("b").unwrap().span), "one\n      two");
    assert_eq!(source.slice(map.get("c").unwrap().span), "[1,\n     2]");
    assert_eq!(source.slice(map.entry("c").unwrap().key_span), "c");
    assert_eq!(source.position(root.get("last").unwrap().span.start).line, 9);
}

#[test]
fn empty_files_are_refused() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "~\n", "null\n"] {
        assert_eq!(faults(text), ["file empty-blueprint"], "{text:?}");
    }
    assert!(fault("").help.unwrap().contains("pipegen init"));
}

#[test]
fn a_duplicate_key_names_both_places_and_reading_goes_on() {
    let text = "a: 1\nb: {x: 1, x: 2, x: 3}\na: no\nc: 0123\n";
    assert_eq!(
        faults(text),
        ["2:11 duplicate-key", "2:17 duplicate-key", "3:1 duplicate-key", "3:4 ambiguous-scalar", "4:4 ambiguous-scalar"]
    );
    let fault = fault("a: 1\n\"a\": 2\n");
    assert_eq!((fault.message.as_str(), fault.help.as_deref()), ("the key `a` stands twice in one map", Some("keep one of the two")));
    assert_eq!(fault.place, Place::Span(Span::new(5, 8)));
    assert_eq!(fault.related, [(Place::Span(Span::new(0, 1)), "first here".to_owned())]);
    assert_eq!(self::fault("A_PASSWORD=x: 1\nA_PASSWORD=x: 1\n").message, "this key stands twice in one map");
}

#[test]
fn a_second_document_is_refused() {
    assert_eq!(faults("a: 1\n---\nb: 2\n"), ["2:1 second-document"]);
    assert_eq!(faults("a: 1\n---\n"), ["2:1 second-document"]);
    assert_eq!(json("---\na: 1\n...\n"), r#"{"a":1}"#);
}

#[test]
fn ambiguous_scalars_are_refused_and_no_number_is_repeated() {
    assert_eq!(
        faults("a: [yes, \"no\", 1:30]\n? off\n: 2024-01-02\n"),
        ["1:5 ambiguous-scalar", "1:16 ambiguous-scalar", "3:3 ambiguous-scalar"]
    );
    assert_eq!(fault("a: No\n").help.unwrap(), "write `false`, or `\"No\"` if text is meant");
    assert_eq!(fault("a: 0o17\n").help.unwrap(), "write quotes around it, or a plain decimal number if one is meant");
    assert_eq!(faults("a: 1.0e+999\nb: .inf\n"), ["1:4 bad-value", "2:4 bad-value"]);
}

#[test]
fn keys_are_text_whatever_they_look_like() {
    assert_eq!(json("on: 1\n22:22: 2\n? 0123\n: 3\n~: 4\n: 5\n"), r#"{"on":1,"22:22":2,"0123":3,"~":4,"":5}"#);
    assert_eq!(faults("? [a]\n: no\n? {b: c}\n: 2\nd: 3\n"), ["1:3 wrong-type", "2:3 ambiguous-scalar", "3:3 wrong-type"]);
}

#[test]
fn tags_of_the_core_schema_are_followed_and_others_refused() {
    assert_eq!(
        json("a: !!str 0123\nb: !!int 3\nc: !!map {}\nd: !!float 1\ne: !!seq [!!null ~, !!bool true]\n"),
        r#"{"a":"0123","b":3,"c":{},"d":1,"e":[null,true]}"#
    );
    assert_eq!(
        faults("a: !x 1\nb:   !!python/object y\nc: !y\n  k: 1\n"),
        ["1:4 unsupported-tag", "2:6 unsupported-tag", "3:4 unsupported-tag"]
    );
    assert_eq!(faults("a: !!int x\nb: !!map []\nc: !!int 1.5\n"), ["1:4 bad-value", "2:4 bad-value", "3:4 bad-value"]);
}

#[test]
fn aliases_keep_both_places() {
    let text = "a: &x {k: 1}\nb: *x\n*y : 2\n".replace("*y : 2", "c: &y d\n*y : 2");
    let source = Source::new("a.yml", text.as_str());
    let root = read(&source).unwrap();
    assert_eq!(root.to_json().to_string(), r#"{"a":{"k":1},"b":{"k":1},"c":"d","d":2}"#);
    let node = root.get("b").unwrap();
    assert_eq!((source.slice(node.span), source.slice(node.alias.unwrap())), ("{k: 1}", "*x"));
    assert_eq!(faults("a: &x [*x]\n"), ["1:8 too-many-aliases"]);
    assert_eq!(faults("a: *x\n"), ["1:4 yaml-syntax"]);
}

#[test]
fn merge_keys_give_way_to_the_keys_of_the_map() {
    assert_eq!(
        json("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  c: 9\n  <<: [*x, *y]\n  d: 5\n").split_once("\"z\":").unwrap().1,
        r#"{"a":1,"b":2,"c":9,"d":5}}"#
    );
    assert_eq!(json("a: {\"<<\": 1}\n"), r#"{"a":{"<<":1}}"#);
    assert_eq!(faults("a:\n  <<: x\nb: {<<: [1]}\n"), ["2:7 wrong-type", "3:10 wrong-type"]);
}

#[test]
fn syntax_errors_point_at_the_mistake() {
    for (text, expected, phrase) in [
        ("a:\n\t- 1\n", "2:1", "a tab where"),
        ("a: b: c\n", "1:5", "a key or a `:`"),
        ("a: 1\n b: 2\n", "2:3", "a key or a `:`"),
        ("a: \"x\nb: 1\n", "1:4", "a quoted text that is not closed"),
        ("a: 'x\n", "1:4", "a quoted text that is not closed"),
        ("a: 'it's'\n", "1:8", "text behind the closing quote"),
        ("a: [1, 2\nb: 3\n", "2:2", "a key or a `:`"),
        ("a: [1, 2\n", "1:4", "a bracket that is not closed"),
        ("a: {b: 1\n", "1:4", "a bracket that is not closed"),
        ("a: ]\n", "1:4", "a bracket that closes nothing"),
        ("a: @x\n", "1:4", "`@` at the start"),
        ("a: \0\n", "1:4", "the control character U+0000"),
        ("a:\n  - b\n c: 1\n", "3:2", "a line that does not fit its map"),
        ("- a\nb: 1\n", "2:1", "a line that does not fit its list"),
        ("a: - b\n", "1:4", "a list element where none"),
        ("a: \"\\q\"\n", "1:4", "a `\\` that escapes nothing"),
        ("%YAML 1.1\n---\na: 1\n", "1:1", "a YAML directive"),
        ("a: *nobody\n", "1:4", "an alias without an anchor"),
    ] {
        let source = Source::new("a.yml", text);
        let fault = fault(text);
        assert_eq!((fault.code, at(&source, &fault.place).as_str()), (&code::YAML_SYNTAX, expected), "{text:?} {fault:?}");
        assert!(fault.message.starts_with(phrase) && fault.help.is_some(), "{text:?} {fault:?}");
    }
    assert_eq!(fault("a: [1, 2\nb: 3\n").related, [(Place::Span(Span::new(3, 4)), "inside the bracket that opens here".to_owned())]);
}

#[test]
fn a_syntax_error_does_not_hide_what_stands_before_it() {
    assert_eq!(faults("a: no\nb: [\n"), ["1:4 ambiguous-scalar", "2:4 yaml-syntax"]);
}

#[test]
fn exactly_128_levels_are_read() {
    let nest = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&Source::new("a.yml", nest(128))).is_ok());
    assert_eq!(faults(&nest(129)), ["1:129 too-deep"]);
    assert!(read(&Source::new("a.yml", "- ".repeat(128) + "x")).is_ok());
    assert_eq!(faults(&("- ".repeat(129) + "x")), ["1:257 too-deep"]);
    // Each alias is shallow enough where it was written.
    let chained = format!("- &a {}\n- {}*a{}\n", nest(100), "[".repeat(100), "]".repeat(100));
    assert_eq!(faults(&chained), ["2:103 too-deep"]);
}

/// Aliases that double: 2^`levels` nodes.
fn bomb(levels: usize) -> String {
    let first = "a0: &a0 [x, x]\n".to_owned();
    (1..levels).fold(first, |text, level| format!("{text}a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1))
}

#[test]
fn hostile_files_are_refused_quickly() {
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(10_000), "*a, ".repeat(10_000));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a, ".repeat(1000));
    let merges =
        format!("a: &a {{{}}}\nb: {{<<: [{}]}}\n", (0..100).map(|key| format!("k{key}: 1, ")).collect::<String>(), "*a, ".repeat(5000));
    let hostile: [(String, &Code); 13] = [
        ("a: 1\n".repeat(10_000), &code::DUPLICATE_KEY),
        (bomb(40), &code::TOO_MANY_ALIASES),
        (wide, &code::TOO_MANY_ALIASES),
        (long, &code::TOO_MANY_ALIASES),
        (merges, &code::TOO_MANY_ALIASES),
        ("- ".repeat(20_000), &code::TOO_DEEP),
        ("? ".repeat(20_000), &code::TOO_DEEP),
        ("[".repeat(100_000), &code::TOO_DEEP),
        ("{a: ".repeat(100_000), &code::TOO_DEEP),
        ("[a: ".repeat(100_000), &code::TOO_DEEP),
        ((0..10_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect(), &code::TOO_DEEP),
        ("%TAG !a! b\n".repeat(50_000), &code::YAML_SYNTAX),
        ("- no\n".repeat(100_000), &code::AMBIGUOUS_SCALAR),
    ];
    for (text, expected) in hostile {
        let start = Instant::now();
        let faults = read(&Source::new("a.yml", text.as_str())).unwrap_err();
        assert_eq!(faults[0].code, expected, "{}", &text[..20]);
        assert!(faults.len() <= 100);
        // A release build takes milliseconds; this allows for a debug build on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(5), "{} took {:?}", &text[..20], start.elapsed());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}|[-a:?#&*!|>'\"%@`{}\\[\\],.<~0-9 \t\n]{0,120}") {
        let source = Source::new("a.yml", text.as_str());
        match read(&source) {
            Ok(root) => prop_assert!(source.text().get(root.span.range()).is_some()),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn spans_give_back_what_was_written(lines in prop::collection::vec(("[a-zé😀]{1,8}", "[a-zü]{1,8}"), 1..20)) {
        let text: String = lines.iter().enumerate().map(|(index, (key, value))| format!("{index}{key}: {value}é\n")).collect();
        let source = Source::new("a.yml", text.as_str());
        let root = read(&source).unwrap();
        for (index, entry) in root.entries().iter().enumerate() {
            prop_assert_eq!(source.slice(entry.key_span), entry.key.as_str());
            prop_assert_eq!(Some(source.slice(entry.value.span)), entry.value.as_str());
            prop_assert_eq!(source.position(entry.key_span.start).line, index + 1);
        }
    }
}
