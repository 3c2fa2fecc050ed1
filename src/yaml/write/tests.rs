use std::borrow::Cow;

use proptest::prelude::*;

use super::write;
use crate::source::Source;
use crate::yaml::{Doc, Item, read};

/// Texts that some reader or writer is known to get wrong.
const NASTY: &[&str] = &[
    "",
    " ",
    "  ",
    "\n",
    "\n\n",
    " \n",
    "\n ",
    "\t",
    "\ta",
    "\ta\nb",
    "a\n\tb",
    "a\t",
    "a\n",
    "a\n\n",
    "a\n\n\n",
    "\na",
    "\n\na\n",
    " a\nb",
    "  a\n b\n",
    "a\n b",
    "a\n \nb",
    "a\n  ",
    "a\n  \n",
    " \na",
    "  \n a\n",
    "a \nb",
    "a\r\nb",
    "a\rb",
    "# a",
    "a # b",
    "a#b",
    "# a\nb",
    "a: b",
    "a:",
    ":a",
    ":",
    "-",
    "- a",
    "-a",
    "--",
    "---",
    "--- a",
    "...",
    "... a",
    "---\na\n",
    "...\n",
    "?",
    "? a",
    "?a",
    "!",
    "!a",
    "&a",
    "*a",
    "|",
    ">",
    "|\n",
    "%a",
    "@a",
    "`a",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "it's",
    "\"a\"",
    "[",
    "]",
    "{",
    "}",
    "[a]",
    "{a: b}",
    ",",
    "a,b",
    "a, b",
    "<<",
    "=",
    "~",
    "null",
    "Null",
    "NULL",
    "true",
    "TRUE",
    "false",
    "yes",
    "Yes",
    "no",
    "NO",
    "on",
    "off",
    "y",
    "N",
    "oN",
    "0",
    "1",
    "-1",
    "+1",
    "01",
    "0123",
    "08",
    "0o17",
    "0x1F",
    "0X1f",
    "0b11",
    "0B11",
    "1_000",
    "_1",
    "1.",
    ".5",
    ".",
    "..",
    "1.5",
    "1.2.3",
    "1e3",
    "1E3",
    "1.5e+3",
    "e1",
    "1e",
    "inf",
    ".inf",
    "-.Inf",
    "+.inf",
    "nan",
    ".NaN",
    "1:30",
    "22:22",
    "9092:9092",
    "127.0.0.1:80:80",
    "1:30.5",
    "190:20:30",
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    "2024-1-2 3:4:5",
    "12-34",
    "._",
    "+",
    "\0",
    "\u{7}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "a\u{85}b",
    "\u{a0}",
    "\u{2028}",
    "a\u{2029}b\nc",
    "\u{feff}",
    "\u{feff}a",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{1f600}",
    "é",
    "日本語",
    "$(A)${B}$${C}{{ D }}%(e)s'\"\n",
    "p@/:%#?\"'$\\ é",
    "http://a:80/?b=c#d",
    "a\n---\nb",
    "a\n...\n",
    "key: |\n  x\n",
    "a\u{0}b\nc",
    "\u{2003}a",
    "a\u{3000}",
];

fn reread(text: &str) -> serde_json::Value {
    read(&Source::new("out.yml", text)).unwrap_or_else(|faults| panic!("{faults:?}\n{text}")).to_json()
}

/// An entry with a comment at the end of its line.
fn commented(key: impl Into<Cow<'static, str>>, value: &str, comment: &str) -> Item {
    Item { beside: comment.to_owned(), ..Item::new(key, value) }
}

/// A document with the text in every position.
fn everywhere(text: &str) -> Doc {
    let list = vec![text.into(), Doc::List(vec![text.into(), text.into()]), Doc::Int(1)];
    let inner = vec![Item::new("k", text), commented(format!("x{text}"), text, "end"), Item::new("z", 1u8)];
    Doc::Map(vec![
        commented("value", text, "beside"),
        Item::new("list", Doc::List(list)),
        Item::new("flow", Doc::Flow(vec![text.into(), Doc::Null, text.into()])),
        Item::new("maps", Doc::List(vec![Doc::Map(inner.clone()), Doc::Map(inner)])),
        Item::new(text.to_owned(), Doc::Null),
        Item::new("end", text),
    ])
}

/// Our own reader and libyaml must both read back what was meant.
fn assert_survives(text: &str) {
    let doc = everywhere(text);
    let meant = serde_json::to_value(&doc).unwrap();
    let written = write("header", &doc);
    assert_eq!(reread(&written), meant, "{text:?}\n{written}");
    let other: serde_json::Value = serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{text:?} {error}\n{written}"));
    assert_eq!(other, meant, "{text:?}\n{written}");
}

#[test]
fn nasty_texts_survive_every_position() {
    for text in NASTY {
        assert_survives(text);
    }
}

#[test]
fn a_root_of_any_kind_survives() {
    for text in NASTY.iter().filter(|text| !text.is_empty()) {
        assert_eq!(reread(&write("", &Doc::from(*text))), serde_json::json!(text));
        assert_eq!(reread(&write("", &Doc::List(vec![Doc::from(*text)]))), serde_json::json!([text]));
    }
    assert_eq!(write("", &Doc::Map(vec![])), "{}\n");
    assert_eq!(write("", &Doc::Flow(vec![1u8.into()])), "[1]\n");
}

#[test]
fn it_looks_as_a_person_would_write_it() {
    let healthcheck = Doc::Map(vec![
        Item::new("test", Doc::Flow(vec!["CMD".into(), "curl".into(), "-f".into(), "http://x:80".into()])),
        commented("interval", "10s", "quick\nenough"),
    ]);
    let service = Doc::Map(vec![
        Item::new("image", "postgres:17.6"),
        Item::new("ports", Doc::List(vec!["127.0.0.1:5433:5432".into(), "9092:9092".into()])),
        Item::new("environment", Doc::Map(vec![Item::new("VERSION", "3.10"), Item::new("on", "yes"), Item::new("NUMBER", 3u8)])),
        commented("command", "set -e\nrun\n", "a script"),
        Item::new("networks", Doc::Map(vec![Item::new("data", Doc::Null)])),
        Item::new("labels", Doc::Map(vec![])),
        Item::new("dns", Doc::List(vec![])),
        Item::new("healthcheck", healthcheck),
    ]);
    let doc = Doc::Map(vec![Item::new("services", Doc::Map(vec![Item::new("db", service)]))]);
    let expected = "\
# made by pipegen
# edit that instead
services:
  db:
    image: postgres:17.6
    ports:
      - \"127.0.0.1:5433:5432\"
      - \"9092:9092\"
    environment:
      VERSION: \"3.10\"
      \"on\": \"yes\"
      NUMBER: 3
    command: | # a script
      set -e
      run
    networks:
      data:
    labels: {}
    dns: []
    healthcheck:
      test: [CMD, curl, -f, \"http://x:80\"]
      interval: 10s # quick enough
";
    assert_eq!(write("made by pipegen\nedit that instead", &doc), expected);
}

#[test]
fn lists_of_lists_and_maps_share_the_line_of_the_dash() {
    let map = Doc::Map(vec![Item::new("a", 1u8), Item::new("b", Doc::List(vec![2u8.into()]))]);
    let doc = Doc::List(vec![map.clone(), Doc::List(vec![map, "x\ny\n".into()]), Doc::Flow(vec![Doc::List(vec![])]), Doc::Null]);
    let expected = "\
- a: 1
  b:
    - 2
- - a: 1
    b:
      - 2
  - |
    x
    y
- - []
- null
";
    assert_eq!(write("", &doc), expected);
    assert_eq!(reread(expected), serde_json::to_value(&doc).unwrap());
}

#[test]
fn numbers_mean_the_same_to_every_reader() {
    let numbers = [0.5, 1.0, -0.0, 1e300, 1.5e-9, f64::MAX].map(Doc::Float);
    let written = write("", &Doc::List(numbers.to_vec()));
    assert!(written.starts_with("- 0.5\n- 1.0\n- -0.0\n- 1000"));
    assert_eq!(reread(&written), serde_json::to_value(numbers).unwrap());
    assert_eq!(write("", &Doc::Flow(vec![Doc::Float(f64::NAN), Doc::Float(f64::NEG_INFINITY)])), "[.nan, -.inf]\n");
}

#[test]
fn long_keys_are_written_with_a_question_mark() {
    for key in ["k".repeat(1000), "k".repeat(1001), "\0".repeat(400), "é".repeat(5000)] {
        let doc = Doc::Map(vec![Item::new(
            "m",
            Doc::Map(vec![Item::new(key.clone(), 1u8), Item::new("b", Doc::List(vec![Doc::Map(vec![Item::new(key, "x\n")])]))]),
        )]);
        let written = write("", &doc);
        let meant = serde_json::to_value(&doc).unwrap();
        assert_eq!(reread(&written), meant);
        assert_eq!(serde_yaml::from_str::<serde_json::Value>(&written).unwrap(), meant);
    }
}

/// Trees with every kind of node and comments everywhere.
fn docs() -> impl Strategy<Value = Doc> {
    let text = "[ab:# \n\t\u{85}-]{0,8}";
    let leaf = prop_oneof![
        Just(Doc::Null),
        any::<bool>().prop_map(Doc::Bool),
        any::<i64>().prop_map(Doc::from),
        (-1e9..1e9).prop_map(Doc::Float),
        text.prop_map(Doc::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let items = prop::collection::btree_map(text, (inner.clone(), text, any::<bool>()), 0..5);
        let item = |(key, (value, beside, apart))| Item { key: Cow::Owned(key), value, beside, apart };
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Doc::List),
            prop::collection::vec(inner, 0..5).prop_map(Doc::Flow),
            items.prop_map(move |items| Doc::Map(items.into_iter().map(item).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_survives_every_position(text in "(?s).{0,60}|[-a:?#&*!|>'\"%@`{}\\[\\],.<~=0-9exob_ \t\n\r]{0,24}") {
        assert_survives(&text);
    }

    #[test]
    fn any_tree_survives_with_its_comments(doc in docs(), header in "[a:\n\u{85}]{0,8}") {
        let meant = serde_json::to_value(&doc).unwrap();
        let written = write(&header, &doc);
        prop_assert!(written.ends_with('\n'));
        if meant != serde_json::Value::Null {
            prop_assert_eq!(&reread(&written), &meant, "{}", &written);
        }
        let other: serde_json::Value = serde_yaml::from_str(&written).unwrap();
        prop_assert_eq!(&other, &meant, "{}", &written);
    }
}
