//! From text to platform, in numbered phases. Layer 5.
//!
//! 1. *read*: bytes → text → one tree with spans (`yaml`)
//! 2. *overlay*: the environment's part is merged as a tree (`overlay`)
//! 3. *schema*: the tree against the JSON Schema; faulty parts are repaired or taken out, so that later phases find more
//!    faults in the same run (`check_schema`)
//! 4. *parameters*: `${parameters.x}` is replaced, and the schema is asked again where that changed anything (`parameters`)
//! 5. *decode*: tree → blueprint
//! 6. *declare*: each service says what others may see of it (`declare`)
//! 7. *build*: each service makes its workloads, with the texts' holes resolved (`build`, `scope`)
//! 8. *wire*: every key that names a service becomes an edge: variables, waiting, the network that both share (`pending`,
//!    `wire`)
//! 9. *assemble*: stacks, networks, volumes, secrets: the platform (`places`, `variables`, `assemble`, `stack_order`, `volumes`,
//!    `pipelines`, `expectations`)
//! 10. *rules*: cross-checks on the platform (`crate::rules`)

mod assemble;
mod build;
mod check_schema;
mod declare;
mod expectations;
mod overlay;
mod parameters;
mod pending;
mod pipelines;
mod places;
mod repair;
mod scope;
mod secret_literals;
mod secret_store;
mod stack_order;
mod variables;
mod volumes;
mod wire;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::blueprint::Blueprint;
use crate::diagnostic::{Diagnostic, Faults, Located, Place, code, sort_and_dedup};
use crate::platform::Platform;
use crate::rules::{self, RuleContext};
use crate::source::{Pointer, Source, Span};
use crate::yaml::{self, Node};

/// What is chosen when compiling.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// The environment.
    pub environment: Option<&'a str>,
    /// Values of parameters.
    pub parameters: &'a [(String, String)],
    /// The folder of the blueprint's file, for the paths in it; without it paths are not looked at.
    pub base: Option<&'a Path>,
    /// The folder in which the deployer's `.env` will lie.
    pub output: Option<&'a Path>,
}

/// What became of a blueprint.
#[derive(Debug)]
pub struct Compiled {
    /// The platform, if there is no error.
    pub platform: Option<Platform>,
    /// Errors and warnings, sorted by place.
    pub diagnostics: Vec<Located>,
    /// The names of the blueprint's environments.
    pub environments: Vec<String>,
    /// The names of the blueprint's parameters.
    pub parameters: Vec<String>,
    /// Whether the file is not even YAML, so that nothing is known of it.
    pub unreadable: bool,
    /// The tree, so that targets' diagnostics find their places.
    tree: Option<Node>,
    /// The environment that was chosen.
    environment: Option<String>,
}

impl Compiled {
    /// Whether anything stops rendering.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|located| located.diagnostic.is_error())
    }

    /// Adds diagnostics that were found after compiling, such as a target's. What several targets cannot express at one
    /// place is one mistake, said once.
    pub fn add(&mut self, diagnostics: Vec<Diagnostic>) {
        let Some(tree) = &self.tree else { return };
        let environment = &self.environment;
        let added = diagnostics.into_iter().map(|diagnostic| Located { environment: environment.clone(), ..locate(tree, diagnostic) });
        let place = |one: &Located| (one.diagnostic.code.name, one.span);
        let said: BTreeSet<_> = self.diagnostics.iter().map(place).collect();
        let added: Vec<Located> = added.filter(|one| !said.contains(&place(one))).collect();
        self.diagnostics.extend(added);
        sort_and_dedup(&mut self.diagnostics);
    }
}

/// Literal secrets in the source, which no renderer may show. Reads the source again, so it is for those who are about to show
/// some of it: the tree that was compiled has lost what was repaired, which a message may show all the same.
pub fn masked(source: &Source) -> Vec<Span> {
    yaml::read(source).map_or_else(|_| secret_literals::in_text(source), |tree| secret_literals::in_tree(source, &tree))
}

/// Compiles a blueprint. Every fault of the file is found in one run; a fault mutes its mere consequences.
pub fn compile(source: &Source, options: &Options<'_>) -> Compiled {
    let mut compiled = Compiled {
        platform: None,
        diagnostics: Vec::new(),
        environments: Vec::new(),
        parameters: Vec::new(),
        unreadable: true,
        tree: None,
        environment: options.environment.map(str::to_owned),
    };
    let tree = match yaml::read(source) {
        Ok(tree) => tree,
        Err(faults) => {
            compiled.diagnostics = faults.into_iter().map(|fault| locate(&Node::new(Span::default(), yaml::Value::Null), fault)).collect();
            sort_and_dedup(&mut compiled.diagnostics);
            return compiled;
        }
    };
    let keys =
        |section: &str| tree.get(section).map(|map| map.entries().iter().map(|entry| entry.key.clone()).collect()).unwrap_or_default();
    compiled.environments = keys("environments");
    compiled.parameters = keys("parameters");
    compiled.unreadable = false;
    let mut phases = Phases { source, faults: Faults::default(), located: Vec::new(), secrets: Vec::new() };
    let (tree, platform) = phases.run(tree, options);
    compiled.diagnostics = phases.located;
    for located in &mut compiled.diagnostics {
        located.environment.clone_from(&compiled.environment);
    }
    sort_and_dedup(&mut compiled.diagnostics);
    if !compiled.has_errors() {
        compiled.platform = platform;
    }
    compiled.tree = Some(tree);
    compiled
}

/// What the phases hand on.
struct Phases<'a> {
    source: &'a Source,
    faults: Faults,
    located: Vec<Located>,
    /// Where secrets stand that have to leave anyway: that one is not quoted as well is not worth saying.
    secrets: Vec<Span>,
}

impl Phases<'_> {
    fn run(&mut self, tree: Node, options: &Options<'_>) -> (Node, Option<Platform>) {
        let (tree, found) = overlay::apply(tree, options.environment);
        self.report(&tree, found);
        let found = secret_literals::check(&tree);
        self.report(&tree, found);
        self.secrets =
            self.located.iter().filter(|found| found.diagnostic.code == &code::LITERAL_SECRET).filter_map(|found| found.span).collect();
        let Some(tree) = self.schema(tree.clone()) else { return (tree, None) };
        let (tree, found, replaced) = parameters::replace(tree, options.parameters);
        self.report(&tree, found);
        let tree = if replaced {
            let Some(repaired) = self.schema(tree.clone()) else { return (tree, None) };
            repaired
        } else {
            tree
        };
        let blueprint = match Blueprint::deserialize(&tree) {
            Ok(blueprint) => blueprint,
            Err(error) => {
                let place = error.span.map_or(Place::File, Place::Span);
                // The schema knows every type, but not every form: what it lets through is of the right type.
                self.report(&tree, vec![Diagnostic::new(&code::BAD_VALUE, place, error.message)]);
                return (tree, None);
            }
        };
        let platform = self.platform(&tree, &blueprint, options);
        (tree, platform)
    }

    fn schema(&mut self, tree: Node) -> Option<Node> {
        let checked = check_schema::check(self.source, &tree, &mut self.faults);
        self.report(&tree, checked.diagnostics);
        checked.repaired
    }

    fn platform(&mut self, tree: &Node, blueprint: &Blueprint, options: &Options<'_>) -> Option<Platform> {
        let mut found = Vec::new();
        let services = declare::services(blueprint, tree, &mut self.faults, &mut found);
        let mut places = places::places(blueprint, &services, &mut self.faults, &mut found);
        let open = std::mem::take(&mut places.open);
        let mut built = build::services(blueprint, &services, &places, &mut self.faults, &mut found);
        let mut edges = pending::all(&services, &built);
        edges.extend(pipelines::edges(blueprint, &services, &self.faults, &mut found));
        let edges = wire::connect(blueprint, &services, &open, &mut built, &edges, &mut self.faults, &mut found);
        let platform = assemble::platform(blueprint, options.environment, services, places, built, edges, &mut found);
        let expectations = expectations::check(blueprint, &platform, &self.faults, &open, &mut found);
        let platform = Platform { expectations, ..platform };
        let context =
            RuleContext { blueprint, platform: &platform, tree, base: options.base, output: options.output, faults: &self.faults };
        found.extend(rules::check(&context));
        self.report(tree, found);
        Some(platform)
    }

    fn report(&mut self, tree: &Node, found: Vec<Diagnostic>) {
        for diagnostic in found {
            if !diagnostic.depends_on.iter().any(|pointer| self.faults.touches(pointer)) {
                let place = narrowed(self.source, tree, diagnostic.place);
                let located = locate(tree, Diagnostic { place, ..diagnostic });
                let unquoted =
                    located.diagnostic.code == &code::WRONG_TYPE && located.span.is_some_and(|span| self.secrets.contains(&span));
                if !unquoted {
                    self.located.push(located);
                }
            }
        }
    }
}

/// A part of a text as bytes, if it stands in the file as it is: an escape or a line break may be in between.
fn narrowed(source: &Source, tree: &Node, place: Place) -> Place {
    let Place::Part(pointer, part) = &place else { return place };
    let Some(span) = span_of(tree, &Place::Value(pointer.clone())) else { return place };
    // Behind a dollar that is not one of a pair, a hole is text.
    let is_escaped = |before: &str| (before.len() - before.trim_end_matches('$').len()) % 2 == 1;
    let text = source.slice(span);
    match text.match_indices(part.as_str()).map(|(at, _)| at).find(|at| !is_escaped(&text[..*at])) {
        Some(at) => Place::Span(Span::new(span.start + at, span.start + at + part.len())),
        None => place,
    }
}

/// Finds the spans of a diagnostic's places. A place that the tree does not have becomes the nearest one around it.
fn locate(tree: &Node, diagnostic: Diagnostic) -> Located {
    let span = span_of(tree, &diagnostic.place);
    let related = diagnostic.related.iter().filter_map(|(place, label)| Some((span_of(tree, place)?, label.clone()))).collect();
    Located { diagnostic, span, related, environment: None }
}

fn span_of(tree: &Node, place: &Place) -> Option<Span> {
    let (pointer, of_key) = match place {
        Place::File => return None,
        Place::Span(span) => return Some(*span),
        Place::Key(pointer) => (pointer, true),
        Place::Value(pointer) | Place::Part(pointer, _) => (pointer, false),
        Place::Name(pointer) => (pointer, tree.at(pointer).is_some_and(|found| matches!(found.value.value, yaml::Value::Map(_)))),
    };
    let mut pointer: Pointer = pointer.clone();
    loop {
        if let Some(found) = tree.at(&pointer) {
            return match found.key_span.filter(|_| of_key) {
                Some(key) => Some(key),
                None if pointer.as_str().is_empty() => None,
                None => Some(found.value.alias.unwrap_or(found.value.span)),
            };
        }
        if pointer.as_str().is_empty() {
            return None;
        }
        pointer = pointer.parent();
    }
}
