//! The library by phases, on the capstone and on blueprints of 10 to 10,000 services. The throughput is in services:
//! where the cost is linear, it is the same in every line.

mod support;

use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use pipegen::compile::{Compiled, Options, compile};
use pipegen::formats::Layout;
use pipegen::source::Source;
use pipegen::targets::TARGETS;
use pipegen::yaml;

const SUBJECTS: [&str; 5] = ["capstone", "10", "100", "1000", "10000"];

fn main() {
    divan::main();
}

#[divan::bench(args = SUBJECTS, sample_size = 1, max_time = 2)]
fn read(bencher: Bencher, subject: &str) {
    let source = source(subject);
    counted(bencher, &source).bench(|| yaml::read(&source));
}

#[divan::bench(args = SUBJECTS, sample_size = 1, max_time = 2)]
fn compiled(bencher: Bencher, subject: &str) {
    let source = source(subject);
    counted(bencher, &source).bench(|| sound(&source));
}

#[divan::bench(args = SUBJECTS, sample_size = 1, max_time = 2)]
fn rendered(bencher: Bencher, subject: &str) {
    let source = source(subject);
    let compiled = sound(&source);
    counted(bencher, &source).bench(|| render(&compiled));
}

#[divan::bench(args = SUBJECTS, sample_size = 1, max_time = 2)]
fn whole(bencher: Bencher, subject: &str) {
    let source = source(subject);
    counted(bencher, &source).bench(|| render(&sound(&source)));
}

fn source(subject: &str) -> Source {
    match subject.parse() {
        Ok(services) => Source::new("generated.yml", support::generated(services)),
        Err(_) => Source::new(support::capstone(), std::fs::read_to_string(support::capstone()).expect("the capstone is there")),
    }
}

/// Counts the services, so that the throughput is in them.
fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, source: &Source) -> Bencher<'a, 'b> {
    let services = sound(source).platform.map_or(0, |platform| platform.services.len());
    bencher.counter(ItemsCount::new(services))
}

/// Compiles a blueprint that must be sound, so that no phase is left out. The disk is not looked at.
fn sound(source: &Source) -> Compiled {
    let compiled = compile(source, &Options { output: Some(Path::new("generated")), ..Options::default() });
    assert!(!compiled.has_errors(), "the blueprint is not sound: {:?}", compiled.diagnostics);
    compiled
}

/// The number of files that all targets write.
fn render(compiled: &Compiled) -> usize {
    let platform = compiled.platform.as_ref().expect("a sound blueprint has a platform");
    let layout = Layout { blueprint: "../../blueprint.yml".to_owned(), base: "../..".to_owned(), parameters: Vec::new() };
    let render = |target: &&pipegen::targets::Target| target.render(platform, &layout).expect("the templates are sound");
    TARGETS.iter().map(|target| render(target).files.iter().count()).sum()
}
