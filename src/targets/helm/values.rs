//! From the values of a realization to the file of values that a chart reads.

use super::Release;
use crate::charts;
use crate::diagnostic::{Place, near};
use crate::formats::document;
use crate::formats::kubernetes::{Scope, image_part, plain, pod_labels, pull_secret};
use crate::formats::text::{Hole, Piece, Reader};
use crate::platform::{Encoding, ImagePart, PublicText, TextTree, Value, Workload};
use crate::secrets::FINGERPRINT;
use crate::source::Pointer;
use crate::value::escape;
use crate::yaml::{Doc, Item};

/// A value that is known only when deploying: `helm --set-string PATH=...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetString {
    /// The path, as Helm reads it.
    pub path: String,
    /// What the value is made of.
    pub pieces: Vec<Piece>,
}

/// The values of a release.
#[derive(Debug)]
pub struct ReleaseValues {
    /// The file.
    pub doc: Doc,
    /// What stands there only when it is installed.
    pub set: Vec<SetString>,
    /// Where the tag of the image stands, as Helm reads paths.
    pub tags: Vec<String>,
}

/// The values of a release.
pub fn values<'a>(scope: &mut Scope<'a>, release: &Release<'a>) -> ReleaseValues {
    scope.resolver.reader = Reader::InStack(release.stack);
    let mut values = release.values.clone();
    for pods in &release.realization.pods {
        for (key, label) in pod_labels(scope, release.realization, pods) {
            let path: Vec<&str> = pods.labels.iter().map(String::as_str).chain([key.as_str()]).collect();
            // Two kinds of pods may share a place: then they are one to policies, and have the first one's name.
            if values.get(&path).is_none() {
                values.set(&path, label.into());
            }
        }
    }
    let root = charts::values(release.chart, release.version);
    let mut writer = Writer { scope, release, origin: None, path: Vec::new(), set: Vec::new(), tags: Vec::new() };
    let mut doc = writer.write(&values, root);
    for Override { section, origin, tree } in overrides(writer.scope, release) {
        let Some(value) = writer.public(tree, &origin) else { continue };
        let value = section.iter().rev().fold(value, |value, key| Value::map([(key.as_str(), value)]));
        writer.origin = Some((origin, section.len()));
        document::merge(&mut doc, writer.write(&value, root));
    }
    ReleaseValues { doc, set: writer.set, tags: writer.tags }
}

/// What the user writes over the values.
struct Override<'a> {
    /// The keys under which it belongs: none for the service, those of its section for a role.
    section: Vec<String>,
    origin: Pointer,
    tree: &'a TextTree,
}

/// The overrides of the service, which all its workloads have, and those of single roles.
fn overrides<'a>(scope: &Scope<'a>, release: &Release<'a>) -> Vec<Override<'a>> {
    let of_target = |workload: &'a Workload| workload.overrides.iter().filter(|(target, _)| target == super::NAME).map(|(_, tree)| tree);
    let workloads: Vec<&Workload> = release.realization.replaces.iter().filter_map(|name| scope.index.workload(name)).collect();
    let common = workloads.iter().map(|workload| of_target(workload).count()).min().unwrap_or_default();
    let mut found = Vec::new();
    for (index, workload) in workloads.into_iter().enumerate() {
        for (position, tree) in of_target(workload).enumerate() {
            let origin = |at: Pointer| at.key("overrides").key(super::NAME);
            if position >= common {
                let pods = release.realization.pods.iter().find(|pods| pods.workload == workload.name);
                let section = pods.map(|pods| pods.labels.iter().rev().skip(1).rev().cloned().collect()).unwrap_or_default();
                found.push(Override { section, origin: origin(workload.own_origin()), tree });
            } else if index == 0 {
                found.push(Override { section: Vec::new(), origin: origin(workload.origin.clone()), tree });
            }
        }
    }
    found
}

/// A step of a path.
enum Step {
    Key(String),
    Item(usize),
}

struct Writer<'s, 'a, 'r> {
    scope: &'s mut Scope<'a>,
    release: &'r Release<'a>,
    /// Where what is written stands in the blueprint, and how many of the first steps do not stand there; without it the
    /// component made it.
    origin: Option<(Pointer, usize)>,
    path: Vec<Step>,
    set: Vec<SetString>,
    tags: Vec<String>,
}

impl Writer<'_, '_, '_> {
    /// A value; `at` is its place in the chart, and none where that was found to be missing, which is said once.
    fn write(&mut self, value: &Value, at: Option<charts::Values>) -> Doc {
        if let Some(place) = at.filter(|place| !place.accepts(kind(value))) {
            let message = format!("the chart takes {} at `{}`", place.types().replace('|', " or "), self.dotted());
            self.refuse(message, "write a value of this type");
        }
        match value {
            Value::Text(text) => self.text(text, at, str::to_owned),
            Value::InContainer(text) => self.text(text, at, escape::kubernetes),
            Value::Image { workload, part } => self.image(workload, *part, at),
            Value::ImageLogin(workload) => {
                let image = self.scope.index.workload(workload).map(|workload| &workload.image);
                image.and_then(|image| pull_secret(self.scope, self.release.stack, image)).map_or(Doc::Null, Doc::from)
            }
            Value::Fingerprint => {
                let hole = Hole { variable: FINGERPRINT.to_owned(), encoding: Encoding::Raw, default: None, secret: false };
                self.when_deploying(vec![Piece::Hole(hole)])
            }
            Value::List(items) => self.list(items, at),
            Value::Map(entries) => Doc::Map(entries.iter().map(|(key, value)| self.entry(key, value, at)).collect()),
            value => plain(self.scope, value).unwrap_or(Doc::Null),
        }
    }

    fn list(&mut self, items: &[Value], at: Option<charts::Values>) -> Doc {
        let mut docs = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Item(index));
            docs.push(self.write(item, at.and_then(charts::Values::item)));
            self.path.pop();
        }
        Doc::List(docs)
    }

    fn entry(&mut self, key: &str, value: &Value, at: Option<charts::Values>) -> Item {
        self.path.push(Step::Key(key.to_owned()));
        let below = at.and_then(|at| at.key(key));
        if let (Some(at), None) = (at, below) {
            self.unknown(key, at);
        } else if let Some(now) = self.gone(value) {
            let message = format!("what the chart runs no longer reads `{}`", self.dotted());
            let help = if now.is_empty() { "leave it out".to_owned() } else { format!("write `{now}`") };
            self.refuse(message, &help);
        }
        let before = self.set.len();
        let doc = self.write(value, below);
        let mut item = Item::new(key.to_owned(), doc);
        if let ([set], Value::Text(_) | Value::Image { .. } | Value::Fingerprint) = (&self.set[before..], value) {
            item.beside = format!("when installed: {}", shown(&set.pieces));
        }
        self.path.pop();
        item
    }

    /// Where an option went that the chart passes on to its program. Options are no maps and no lists.
    fn gone(&self, value: &Value) -> Option<&'static str> {
        let is_option = !matches!(value, Value::Map(_) | Value::List(_));
        is_option.then(|| charts::gone(self.release.chart, self.release.version, &self.dotted()))?
    }

    fn unknown(&mut self, key: &str, at: charts::Values) {
        let Release { chart, version, .. } = self.release;
        let message = format!("the chart {chart} {version} reads no value `{}`", self.dotted());
        let near = near(key, at.keys());
        let help = near.map_or_else(|| "remove it: Helm would ignore it without a word".to_owned(), |near| format!("write `{near}`"));
        // It is the key that the chart does not read.
        let place = match self.place() {
            Place::Name(at) => Place::Key(at),
            other => other,
        };
        self.scope.resolver.refuse(&place, message, &help);
    }

    fn text(&mut self, text: &PublicText, at: Option<charts::Values>, escape: fn(&str) -> String) -> Doc {
        let place = self.place();
        let pieces = self.scope.resolver.pieces(text.text(), &place);
        let evaluated = at.is_some_and(charts::Values::evaluated);
        match Piece::known(&pieces) {
            Some(known) if evaluated => Doc::from(escape::chart(&escape(&known))),
            Some(known) => Doc::from(escape(&known)),
            None => {
                if evaluated {
                    let message =
                        format!("the chart evaluates `{}`, and a value of the deployer's could mean something there", self.dotted());
                    self.refuse(message, "write the value itself");
                }
                for piece in &pieces {
                    if let Piece::Hole(hole) = piece {
                        self.scope.reads_variable(self.release.stack, hole);
                    }
                }
                self.when_deploying(pieces)
            }
        }
    }

    fn image(&mut self, workload: &str, part: ImagePart, at: Option<charts::Values>) -> Doc {
        // What ends a digest is no tag, and no other tag can take its place.
        if part == ImagePart::Tag && image_part(self.scope, workload, ImagePart::Digest).is_none() {
            self.tags.push(set_path(&self.path));
        }
        match image_part(self.scope, workload, part) {
            Some(text) => self.text(&text, at, str::to_owned),
            None => {
                self.refuse(
                    "the chart wants the name of the image and its tag apart".to_owned(),
                    "write `image: { repository: NAME, tag: TAG }`",
                );
                Doc::Null
            }
        }
    }

    /// The place stays, so that lists keep their items and people see that something belongs there.
    fn when_deploying(&mut self, pieces: Vec<Piece>) -> Doc {
        self.set.push(SetString { path: set_path(&self.path), pieces });
        Doc::from("")
    }

    fn public(&mut self, tree: &TextTree, origin: &Pointer) -> Option<Value> {
        let value = Value::try_from(tree);
        if let Err(variable) = &value {
            let message = format!("the value of `{variable}` would stand in a file that anyone can read");
            let help = "give it to the service as an environment variable";
            self.scope.resolver.refuse(&Place::Value(origin.clone()), message, help);
        }
        value.ok()
    }

    fn refuse(&mut self, message: String, help: &str) {
        let place = self.place();
        self.scope.resolver.refuse(&place, message, help);
    }

    fn place(&self) -> Place {
        let Some((origin, skipped)) = &self.origin else { return Place::Key(self.release.origin.clone()) };
        Place::Name(self.path.iter().skip(*skipped).fold(origin.clone(), |at, step| match step {
            Step::Key(key) => at.key(key),
            Step::Item(index) => at.index(*index),
        }))
    }

    /// The path for people: `createUserJob.args[0]`.
    fn dotted(&self) -> String {
        dotted(&self.path, str::to_owned)
    }
}

/// The type of a value, as JSON Schema calls it.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::Float(_) => "number",
        Value::Text(_) | Value::InContainer(_) | Value::Secret(_) | Value::Claim(_) | Value::Size(_) => "string",
        Value::Image { .. } | Value::ImageLogin(_) | Value::Fingerprint => "string",
        Value::Resources(_) | Value::Controller(_) | Value::Map(_) => "object",
        Value::List(_) | Value::Peers(_) => "array",
    }
}

/// A path as `--set-string` reads it: a backslash before what would end a key (`pkg/strvals` in Helm).
fn set_path(path: &[Step]) -> String {
    let special = |c| matches!(c, '.' | '[' | ']' | '=' | ',' | '\\');
    dotted(path, |key| key.chars().flat_map(|c| [special(c).then_some('\\'), Some(c)]).flatten().collect())
}

fn dotted(path: &[Step], written: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Item(index) => out.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(&written(key));
            }
        }
    }
    out
}

/// What a value is made of, for people.
fn shown(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Known(text) => text.clone(),
        Piece::Hole(hole) => format!("${{{}}}", hole.name()),
    };
    pieces.iter().map(piece).collect()
}
