//! What may stand in for workloads of a service in some targets. The only file of the model that knows the words
//! chart and operator.
//!
//! A realization keeps the promises of what it replaces: for each endpoint an address, for each workload labels that
//! select its pods and a place for labels of ours, for each secret an object, for each storage its claim.

use super::{Body, EndpointRef, MountSource, Part, PublicText, Text, TextTree};
use crate::source::Pointer;

/// A chart or an operator that takes the place of some workloads and keeps their promises, or an operator that looks after
/// some that stay.
#[derive(Debug, Clone)]
pub struct Realization {
    /// The targets in which it stands in.
    pub targets: &'static [&'static str],
    /// What it is.
    pub by: Realizer,
    /// The workloads that it replaces.
    pub replaces: Vec<String>,
    /// Where the replaced endpoints are found.
    pub endpoints: Vec<ReplacedEndpoint>,
    /// The pods that take the place of the workloads. A job may have several, and one that is no longer needed has none.
    pub pods: Vec<Pods>,
    /// The secret objects that it reads, beside those of the credentials.
    pub secrets: Vec<SecretObject>,
    /// The workloads whose pods ask the cluster itself, to start and to show others or to learn what they are to do.
    pub callers: Vec<String>,
    /// What may be reached beside what the networks say.
    pub openings: Vec<Opening>,
    /// The endpoints of other services that its operator connects to.
    pub visits: Vec<EndpointRef>,
    /// What it cannot keep of the promises.
    pub gaps: Vec<Gap>,
}

impl Realization {
    /// The workloads that it is about: those that it replaces, and those that it looks after.
    pub fn workloads(&self) -> impl Iterator<Item = &str> {
        let resources = self.operator().into_iter().flat_map(|operator| &operator.resources);
        self.replaces.iter().chain(resources.map(|resource| &resource.workload)).map(String::as_str)
    }

    /// Where a replaced endpoint is found.
    pub fn endpoint(&self, endpoint: &EndpointRef) -> Option<&ReplacedEndpoint> {
        self.endpoints.iter().find(|replaced| replaced.endpoint == *endpoint)
    }

    /// Whether it mounts a storage of the workloads that it replaces.
    pub fn claims(&self, source: &MountSource) -> bool {
        self.trees().iter().any(|tree| tree.claims(source))
    }

    /// The operator, if that is what stands in.
    pub const fn operator(&self) -> Option<&Operator> {
        match &self.by {
            Realizer::Operator(operator) => Some(operator),
            Realizer::Chart { .. } => None,
        }
    }

    fn trees(&self) -> Vec<&Value> {
        match &self.by {
            Realizer::Chart { values, .. } => vec![values],
            Realizer::Operator(operator) => operator.resources.iter().map(|resource| &resource.spec).collect(),
        }
    }

    /// Every text that a target will resolve, with secrets or without.
    pub fn texts(&self) -> Vec<&Text> {
        let bodies = self.secrets.iter().flat_map(|object| &object.entries).flat_map(|(_, body)| body.texts());
        self.trees().into_iter().flat_map(Value::texts).chain(bodies).collect()
    }
}

/// What stands in.
#[derive(Debug, Clone)]
pub enum Realizer {
    /// A Helm chart with values.
    Chart {
        /// The repository's address.
        repository: &'static str,
        /// The chart.
        name: &'static str,
        /// Its version.
        version: &'static str,
        /// Its values: a map.
        values: Value,
    },
    /// An operator that makes pods from custom resources.
    Operator(Operator),
}

/// An operator, which serves a whole cluster, and what it is asked for here.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Its name, for people.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The address of the repository with the chart that installs it.
    pub repository: &'static str,
    /// That chart.
    pub chart: &'static str,
    /// The chart's version.
    pub chart_version: &'static str,
    /// The namespace in which it is installed, under the name of its chart.
    pub namespace: &'static str,
    /// The values without which the chart's defaults do not do, as `KEY=VALUE`.
    pub settings: &'static [&'static str],
    /// The labels that select its own pods.
    pub selector: &'static [(&'static str, &'static str)],
    /// What it is asked for.
    pub resources: Vec<CustomResource>,
}

/// An object that an operator reads.
#[derive(Debug, Clone)]
pub struct CustomResource {
    /// The workload that it stands in for or looks after.
    pub workload: String,
    /// `GROUP/VERSION`.
    pub api_version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// The kind as the API spells it in paths.
    pub plural: &'static str,
    /// Its name. A chart that stands in for the workload asks for the same under this name.
    pub name: String,
    /// Labels by which the operator finds what belongs together.
    pub labels: Vec<(&'static str, String)>,
    /// What else it is told beside the resource.
    pub annotations: Vec<(&'static str, String)>,
    /// What is asked for: a map.
    pub spec: Value,
    /// How the operator says that it has done all of it; it says nothing of what is only read for something else.
    pub ready: Option<State>,
    /// What becomes of it when everything is removed and the storage is to stay.
    pub removal: Removal,
}

impl CustomResource {
    /// The name of its definition.
    pub fn definition(&self) -> String {
        let group = self.api_version.split_once('/').map_or(self.api_version, |(group, _)| group);
        format!("{}.{group}", self.plural)
    }
}

/// A state of a custom resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has this condition.
    Condition(&'static str),
    /// A field, by its path, has this value.
    Field(&'static str, &'static str),
    /// A field, by its path, has this number.
    Count(&'static str, u16),
}

/// How a custom resource is removed without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is deleted, which keeps the data.
    Delete,
    /// It stays: deleting it deletes data, and it keeps nothing running.
    Keep,
    /// It stays, with this annotation, which ends its pods: deleting it deletes data.
    Pause(&'static str, &'static str),
    /// It stays, with an annotation that keeps the operator away from it: deleting it deletes data. Then what the operator
    /// made of it is deleted, and its pods with that.
    Halt {
        /// The annotation.
        annotation: (&'static str, &'static str),
        /// The kinds of what was made, with commas between them.
        kinds: &'static str,
        /// The label of what was made; its value is the name of the resource.
        label: &'static str,
    },
}

/// A way in that is open beside those of the networks, because a realization needs it within itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The replaced workload whose pods connect; without one it is the operator.
    pub from: Option<String>,
    /// The replaced workload whose pods are connected to.
    pub to: String,
    /// The ports.
    pub ports: Vec<u16>,
}

/// Where an endpoint of a replaced workload is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedEndpoint {
    /// The endpoint.
    pub endpoint: EndpointRef,
    /// The name of its Service.
    pub service: String,
    /// The port there.
    pub port: u16,
    /// The labels of the pods that answer there.
    pub selector: Vec<(String, String)>,
}

/// Pods that take the place of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pods {
    /// The workload.
    pub workload: String,
    /// The labels that select them.
    pub selector: Vec<(String, String)>,
    /// Where labels of ours are added to them: the keys that lead to a map in a chart's values, or in the `spec` of a resource.
    pub labels: Vec<String>,
    /// The number of that resource among those of an operator; 0 for a chart.
    pub resource: usize,
    /// Whether all pods of the realization get what is added there, so that only what holds for all of them may be.
    pub shared: bool,
}

/// What a secret object is, for those who read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretKind {
    /// Keys that mean something to its reader only.
    #[default]
    Opaque,
    /// The keys `username` and `password`.
    Login,
}

/// A secret object.
#[derive(Debug, Clone)]
pub struct SecretObject {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SecretKind,
    /// Labels by which an operator notices that it changed.
    pub labels: &'static [(&'static str, &'static str)],
    /// Its keys, and what is under each.
    pub entries: Vec<(String, Body)>,
}

impl SecretObject {
    /// One whose reader knows what its keys mean.
    pub const fn opaque(name: String, entries: Vec<(String, Body)>) -> Self {
        Self { name, kind: SecretKind::Opaque, labels: &[], entries }
    }
}

/// Something that the service asks for and its realization cannot give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where it is asked for.
    pub origin: Pointer,
    /// What cannot be given, as a phrase.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// A value of a chart, or a field of a custom resource. No secret can stand in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: a chart forgets its own default.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(PublicText),
    /// A variable or an argument of a container, in which something may be replaced before it gets there.
    InContainer(PublicText),
    /// The name of a secret object of the realization.
    Secret(String),
    /// The name of the claim for a storage.
    Claim(MountSource),
    /// How much the claim for a volume of the platform would ask for.
    Size(String),
    /// The API, the kind and the name of what makes the pods of a workload.
    Controller(String),
    /// Who may connect to an endpoint of a workload, as policies name them: for an operator that writes policies of its own.
    Peers(EndpointRef),
    /// A part of a workload's image.
    Image {
        /// The workload.
        workload: String,
        /// Which part.
        part: ImagePart,
    },
    /// The name of the secret object with which a workload's image is pulled; nothing if none is needed.
    ImageLogin(String),
    /// What a workload may use of the machine, as the target says it of any container.
    Resources(String),
    /// Changes with every secret and every value of the deployer.
    Fingerprint,
    /// A list.
    List(Vec<Self>),
    /// A map in order.
    Map(Vec<(String, Self)>),
}

/// A part of an image's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagePart {
    /// What stands before the tag, or before what ends a digest.
    Repository,
    /// The tag, or what ends a digest.
    Tag,
    /// What stands before the digest.
    Name,
    /// The digest, with its algorithm.
    Digest,
}

impl ImagePart {
    /// This part of `NAME:TAG` or `NAME@ALGORITHM:DIGEST`; nothing if it cannot be told where it begins, because all of it is the
    /// deployer's.
    pub fn of(self, reference: &PublicText) -> Option<PublicText> {
        let sign = if matches!(self, Self::Repository | Self::Tag) { ':' } else { '@' };
        let parts = reference.text().parts();
        for (index, part) in parts.iter().enumerate().rev() {
            let Part::Literal(text) = part else { continue };
            if let Some((before, after)) = text.rsplit_once(sign).filter(|(_, after)| !after.contains('/')) {
                let cut = match self {
                    Self::Repository | Self::Name => joined(&parts[..index], "", Some(before)),
                    Self::Tag | Self::Digest => joined(&parts[index + 1..], after, None),
                };
                return PublicText::try_from(cut).ok();
            }
            if text.contains('/') {
                return None;
            }
        }
        None
    }
}

fn joined(parts: &[Part], before: &str, after: Option<&str>) -> Text {
    Text::literal(before).then(Text::from(parts.to_vec())).then(after.unwrap_or_default())
}

impl Value {
    /// A map from pairs.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Puts a value at the end of a path, over what is there; maps on the way are made where they are missing.
    pub fn set(&mut self, path: &[&str], value: Self) {
        *self.slot(path) = value;
    }

    /// Adds items to the list at the end of a path, which is made where it is missing.
    pub fn append(&mut self, path: &[&str], items: Vec<Self>) {
        if items.is_empty() {
            return;
        }
        match self.slot(path) {
            Self::List(before) => before.extend(items),
            other => *other = Self::List(items),
        }
    }

    /// The place at the end of a path, which is made where it is missing.
    fn slot(&mut self, path: &[&str]) -> &mut Self {
        let [first, rest @ ..] = path else { return self };
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(Vec::new());
        }
        let Self::Map(entries) = self else { return self };
        let position = entries.iter().position(|(key, _)| key == first).unwrap_or_else(|| {
            entries.push(((*first).to_owned(), Self::Null));
            entries.len() - 1
        });
        entries[position].1.slot(rest)
    }

    /// What is at the end of a path of keys.
    pub fn get(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| match value {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        })
    }

    fn claims(&self, source: &MountSource) -> bool {
        match self {
            Self::Claim(claimed) => claimed == source,
            Self::List(items) => items.iter().any(|item| item.claims(source)),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.claims(source)),
            _ => false,
        }
    }

    /// Every text in it, in order.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Text(text) | Self::InContainer(text) => vec![text.text()],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, value)| value.texts()).collect(),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Secret(_) => Vec::new(),
            Self::Claim(_) | Self::Size(_) | Self::Controller(_) | Self::Peers(_) | Self::Image { .. } | Self::ImageLogin(_) => Vec::new(),
            Self::Resources(_) | Self::Fingerprint => Vec::new(),
        }
    }
}

impl TryFrom<&TextTree> for Value {
    /// The variable of a secret that is in it.
    type Error = String;

    fn try_from(tree: &TextTree) -> Result<Self, String> {
        Ok(match tree {
            TextTree::Null => Self::Null,
            TextTree::Bool(value) => Self::Bool(*value),
            TextTree::Int(value) => Self::Int(*value),
            TextTree::Float(value) => Self::Float(*value),
            TextTree::Text(text) => Self::Text(PublicText::try_from(text.clone())?),
            TextTree::List(items) => Self::List(items.iter().map(Self::try_from).collect::<Result<_, _>>()?),
            TextTree::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((key.clone(), Self::try_from(value)?)));
                Self::Map(entries.collect::<Result<_, String>>()?)
            }
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_cut_at_its_tag() {
        let cut = |text: Text| {
            let reference = PublicText::try_from(text).expect("no secret");
            (ImagePart::Repository.of(&reference), ImagePart::Tag.of(&reference))
        };
        let both = |repository: Text, tag: Text| (PublicText::try_from(repository).ok(), PublicText::try_from(tag).ok());
        assert_eq!(cut("localhost:5000/a/b:1.2".into()), both("localhost:5000/a/b".into(), "1.2".into()));
        let (registry, tag) = (|| Text::setting("REGISTRY", None), || Text::setting("TAG", None));
        assert_eq!(cut(registry().then("/dags:v").then(tag())), both(registry().then("/dags"), Text::literal("v").then(tag())));
        assert_eq!(cut(registry().then("/dags")), (None, None));
        assert_eq!(cut(Text::setting("IMAGE", None)), (None, None));
        assert_eq!(cut("a/b@sha256:01".into()), both("a/b@sha256".into(), "01".into()));
    }

    #[test]
    fn an_image_is_cut_at_its_digest() {
        let cut = |text: &str| [ImagePart::Name, ImagePart::Digest].map(|part| part.of(&text.into()));
        let both = |name: &str, digest: &str| [Some(name.into()), Some(digest.into())];
        assert_eq!(cut("localhost:5000/a/b@sha256:01"), both("localhost:5000/a/b", "sha256:01"));
        assert_eq!(cut("a/b:1.2@sha256:01"), both("a/b:1.2", "sha256:01"));
        assert_eq!(cut("a/b:1.2"), [None, None]);
    }

    #[test]
    fn a_path_is_made_and_kept() {
        let mut values = Value::Map(Vec::new());
        values.set(&["images", "airflow", "tag"], "1".into());
        values.set(&["images", "airflow", "tag"], "2".into());
        values.set(&["images", "gitSync"], true.into());
        let airflow = Value::map([("tag", Value::from("2"))]);
        assert_eq!(values, Value::map([("images", Value::map([("airflow", airflow), ("gitSync", true.into())]))]));
    }
}
