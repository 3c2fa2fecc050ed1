//! Whatever the text, compiling ends with a platform or with diagnostics that say why there is none; and blueprints that
//! are sound by construction render, the same on every run and in every order of their services.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipegen::compile::{Compiled, Options, compile, masked};
use pipegen::diagnostic::{render_json, render_plain};
use pipegen::fileset::FileSet;
use pipegen::formats::Layout;
use pipegen::source::Source;
use pipegen::targets::TARGETS;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

const BLUEPRINTS: [&str; 2] = ["blueprints/capstone.yml", "blueprints/networking.yml"];
/// Texts made of each blueprint.
const MUTATIONS: usize = 1500;
/// Characters and words that mean something to YAML or to the language.
const WORDS: [&str; 28] = [
    ":",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    "${",
    "}",
    "$$",
    "null",
    "-1",
    "0x1f",
    "${kafka.host}",
    "<<: ",
    "---\n",
    "é",
    "\u{0}",
];

fn layout() -> Layout {
    Layout { blueprint: "blueprint.yml".to_owned(), base: ".".to_owned(), parameters: Vec::new() }
}

/// Renders with every target what has no faults.
fn render(compiled: &mut Compiled) -> Vec<FileSet> {
    let Some(platform) = compiled.platform.take() else { return Vec::new() };
    let mut sets = Vec::new();
    for target in TARGETS {
        let rendered = target.render(&platform, &layout()).unwrap_or_else(|error| panic!("{}: {error}", target.name));
        compiled.add(rendered.diagnostics);
        sets.push(rendered.files);
    }
    sets
}

/// Compiles and renders a text, and asserts what holds for any text.
fn endure(text: &str) {
    let source = Source::new("blueprint.yml", text);
    let mut compiled = compile(&source, &Options::default());
    assert_eq!(compiled.platform.is_none(), compiled.has_errors(), "a platform or an error, never both or neither:\n{text}");
    for service in compiled.platform.iter().flat_map(|platform| &platform.services) {
        let built = compiled.platform.iter().flat_map(|platform| &platform.workloads).any(|workload| workload.service == service.name);
        assert!(built, "`{}` is left out and nothing is said:\n{text}", service.name);
    }
    render(&mut compiled);
    for span in compiled.diagnostics.iter().filter_map(|located| located.span) {
        assert!(text.get(span.range()).is_some(), "{span:?} is no part of:\n{text}");
    }
    // Both show every place, so they must not stumble over one.
    assert_eq!(render_plain(&source, &compiled.diagnostics, &masked(&source), true).is_empty(), compiled.diagnostics.is_empty());
    assert_eq!(render_json(&source, &compiled.diagnostics).lines().count(), compiled.diagnostics.len());
}

/// Makes texts that are nearly what people write.
struct Mutator {
    rng: TestRng,
}

impl Mutator {
    fn below(&mut self, count: usize) -> usize {
        self.rng.next_u32() as usize % count.max(1)
    }

    fn mutated(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..=self.below(3) {
            text = match self.below(3) {
                0 => self.lines(&text),
                1 => self.tokens(&text),
                _ => self.characters(&text),
            };
        }
        text
    }

    /// A line is lost, stands twice, changes places or is indented otherwise.
    fn lines(&mut self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (one, other) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(4) {
            _ if lines.is_empty() => {}
            0 => drop(lines.remove(one)),
            1 => lines.insert(other, lines[one].clone()),
            2 => lines.swap(one, other),
            _ => lines[one].insert_str(0, "  "),
        }
        lines.join("\n") + "\n"
    }

    /// A word of the text gives way to another one.
    fn tokens(&mut self, text: &str) -> String {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
        let words: Vec<&str> = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
        let Some(old) = words.get(self.below(words.len())) else { return text.to_owned() };
        let at = old.as_ptr() as usize - text.as_ptr() as usize;
        let new = words[self.below(words.len())];
        format!("{}{new}{}", &text[..at], &text[at + old.len()..])
    }

    /// A few characters are lost, and something else stands there.
    fn characters(&mut self, text: &str) -> String {
        let start = text.floor_char_boundary(self.below(text.len()));
        let end = text.ceil_char_boundary((start + self.below(4)).min(text.len()));
        let new = WORDS[self.below(WORDS.len())];
        format!("{}{new}{}", &text[..start], &text[end..])
    }
}

#[test]
fn no_change_of_a_blueprint_makes_the_compiler_panic() {
    for path in BLUEPRINTS {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the blueprint is there");
        let mut mutator = Mutator { rng: TestRng::deterministic_rng(RngAlgorithm::ChaCha) };
        for _ in 0..MUTATIONS {
            endure(&mutator.mutated(&text));
        }
    }
}

/// A service of a random blueprint.
#[derive(Debug, Clone)]
struct Part {
    component: &'static str,
    /// The networks that it is on, by bit; none is all.
    networks: u8,
    /// The services before it that it uses, by bit.
    uses: u8,
    published: bool,
}

fn part() -> impl Strategy<Value = Part> {
    let component = prop::sample::select(vec!["container", "container", "kafka", "postgres", "redis"]);
    (component, 0..8u8, any::<u8>(), any::<bool>()).prop_map(|(component, networks, uses, published)| Part {
        component,
        networks: if networks == 0 { 7 } else { networks },
        uses,
        published,
    })
}

/// The services as YAML, each sound: they use only what stands before them and shares a network with them.
fn services(parts: &[Part]) -> Vec<String> {
    let service = |(index, part): (usize, &Part)| {
        let networks: Vec<String> = (0..3).filter(|bit| part.networks & (1 << bit) != 0).map(|bit| format!("n{bit}")).collect();
        let usable = |(before, other): &(usize, &Part)| part.uses & (1 << before) != 0 && part.networks & other.networks != 0;
        let uses = parts[..index].iter().enumerate().filter(usable);
        let uses: Vec<String> = uses.map(|(before, _)| format!("s{before}: {{ as: S{before} }}")).collect();
        let own = match part.component {
            "container" => {
                ", image: \"python:3.12-slim\", ports: { http: 8000 }, health: { http: /, with: python }, volumes: [shared]".to_owned()
            }
            "kafka" => ", topics: { orders: { partitions: 3 } }".to_owned(),
            "postgres" => format!(", databases: [db{index}]"),
            _ => String::new(),
        };
        let uses = if part.component == "container" { format!(", uses: {{ {} }}", uses.join(", ")) } else { String::new() };
        let publish = if part.published { format!(", publish: {}", 20_000 + index) } else { String::new() };
        format!("  s{index}: {{ component: {}, networks: [{}]{own}{uses}{publish} }}\n", part.component, networks.join(", "))
    };
    parts.iter().enumerate().map(service).collect()
}

/// The files of a sound blueprint's first target.
fn files(services: &[String]) -> BTreeMap<String, String> {
    let top = "blueprint: v1\nname: shop\nnetworks: { n0: {}, n1: {}, n2: {} }\nvolumes: { shared: { mount: /shared, group: 2000 } }\n";
    let text = format!("{top}services:\n{}", services.concat());
    let source = Source::new("blueprint.yml", text.as_str());
    let mut compiled = compile(&source, &Options::default());
    let sets = render(&mut compiled);
    let said = render_plain(&source, &compiled.diagnostics, &[], true);
    assert!(said.is_empty(), "{said}\n{text}");
    sets.iter().flat_map(FileSet::iter).map(|(path, file)| (path.as_str().to_owned(), file.text.clone())).collect()
}

/// What must not depend on the order of the services: the Compose file as data, and the names of the variables.
fn meaning(files: &BTreeMap<String, String>) -> (Value, BTreeSet<&str>) {
    let compose: Value = serde_yaml::from_str(&files["docker-compose.yml"]).unwrap_or_else(|error| panic!("{error}"));
    let names = files[".env.example"].lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
    (compose, names.map(|(name, _)| name).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_blueprints_render_the_same_in_every_run_and_order(
        (parts, order) in prop::collection::vec(part(), 1..8).prop_flat_map(|parts| {
            let order: Vec<usize> = (0..parts.len()).collect();
            (Just(parts), Just(order).prop_shuffle())
        })
    ) {
        let services = services(&parts);
        let once = files(&services);
        prop_assert_eq!(&once, &files(&services));
        let shuffled: Vec<String> = order.iter().map(|index| services[*index].clone()).collect();
        let other = files(&shuffled);
        prop_assert_eq!(meaning(&once), meaning(&other));
    }
}
