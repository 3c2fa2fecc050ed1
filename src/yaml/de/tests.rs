use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::source::Source;
use crate::yaml::read;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Service {
    name: Name,
    port: Option<u16>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    pair: (i64, f64),
    by_port: Option<BTreeMap<u16, Mode>>,
    rest: Option<IgnoredAny>,
    #[serde(default)]
    tagged: Vec<Tagged>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Name(String);

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Plain,
    Sized(u8),
    Pair(u8, u8),
    Named {
        size: u8,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "component", rename_all = "snake_case")]
enum Tagged {
    Kafka { port: u16 },
}

fn parse(text: &str) -> Result<Service, String> {
    let source = Source::new("a.yml", text);
    Service::deserialize(&read(&source).unwrap()).map_err(|error| {
        let at = source.position(error.span.unwrap().start);
        format!("{}:{} {error}", at.line, at.column)
    })
}

#[test]
fn derived_types_read_a_tree() {
    let service = parse("name: x\nport: ~\nmode: {named: {size: 3}}\npair: [-1, 2]\nby_port: {80: plain}\nrest: [{}]\ntagged: [{component: kafka, port: 1}]\n").unwrap();
    assert_eq!(service.name, Name("x".into()));
    assert_eq!((service.port, service.mode, service.pair), (None, Mode::Named { size: 3 }, (-1, 2.0)));
    assert_eq!(service.by_port.unwrap()[&80], Mode::Plain);
    assert_eq!(service.tagged, [Tagged::Kafka { port: 1 }]);
    assert_eq!(parse("name: x\nmode: {sized: 3}").unwrap().mode, Mode::Sized(3));
    assert_eq!(parse("name: x\nmode: {pair: [3, 4]}").unwrap().mode, Mode::Pair(3, 4));
    assert_eq!(parse("name: x\nmode: {plain: }").unwrap().mode, Mode::Plain);
}

#[test]
fn errors_point_at_the_innermost_place() {
    for (text, expected) in [
        ("port: 1\n", "1:1 missing field `name`"),
        ("name: x\nprot: 1\n", "2:1 unknown field `prot`, expected one of `name`, `port`, `mode`, `pair`, `by_port`, `rest`, `tagged`"),
        ("name: x\nport: [1]\n", "2:7 invalid type: sequence, expected u16"),
        ("name: x\nport: 70000\n", "2:7 invalid value: integer `70000`, expected u16"),
        ("name: x\nmode:\n  named: {size: a}\n", "3:17 invalid type: string \"a\", expected u8"),
        ("name: x\nmode: {odd: 1}\n", "2:8 unknown variant `odd`, expected one of `plain`, `sized`, `pair`, `named`"),
        ("name: x\nmode: sized\n", "2:7 `sized` without its content: write it as a key with a value"),
        ("name: x\nmode: {plain: 3}\n", "2:15 `plain` takes no value"),
        ("name: x\nmode: 3\n", "2:7 a number where a name or a map with one key is expected"),
        ("name: x\npair: [1, 2, 3]\n", "2:14 an element too many"),
        ("name: x\nby_port: {a: plain}\n", "2:11 invalid type: string \"a\", expected u16"),
    ] {
        assert_eq!(parse(text).unwrap_err(), expected);
    }
}
