//! What an operator is asked for, as its custom resources.

use super::containers;
use super::controllers::controller_of;
use super::model::{Metadata, Object, Spec, doc};
use super::realizations::pod_labels;
use super::scope::Scope;
use super::workloads::{Awaited, with_overrides};
use super::{policies, pulls, storage};
use crate::diagnostic::Place;
use crate::formats::text::{Piece, Reader};
use crate::platform::realization::Operator;
use crate::platform::{CustomResource, ImagePart, PublicText, Realization, Realizer, Removal, State, Value, Workload};
use crate::value::escape;
use crate::yaml::{Doc, Item};

/// The resources that stand in for a workload, and what shows that the operator has done what they ask for.
pub fn of_workload(scope: &mut Scope<'_>, realization: &Realization, metadata: &Metadata, workload: &Workload) -> (Vec<Doc>, Vec<Awaited>) {
    let (mut docs, awaited) = beside_workload(scope, realization, metadata, workload);
    // What is written over a workload is written over the first thing that stands in for it.
    if let Some(first) = docs.first_mut() {
        *first = with_overrides(scope, std::mem::replace(first, Doc::Null), workload, &place(workload));
    }
    (docs, awaited)
}

/// The resources that are about a workload, as they are.
pub fn beside_workload(
    scope: &mut Scope<'_>,
    realization: &Realization,
    metadata: &Metadata,
    workload: &Workload,
) -> (Vec<Doc>, Vec<Awaited>) {
    let Realizer::Operator(Operator { resources, .. }) = &realization.by else { return Default::default() };
    scope.resolver.reader = Reader::InStack(workload.stack);
    let (mut docs, mut awaited) = (Vec::new(), Vec::new());
    for (index, resource) in resources.iter().enumerate().filter(|(_, resource)| resource.workload == workload.name) {
        let spec = with_pod_labels(scope, realization, index, resource);
        docs.push(object(scope, metadata, resource, &spec, workload));
        awaited.push(waited_for(resource));
    }
    (docs, awaited)
}

/// What shows that the operator has done what it is asked for a workload by something else, which has the same names for it.
pub fn states(realization: &Realization, workload: &Workload) -> Vec<Awaited> {
    let resources = realization.operator().into_iter().flat_map(|operator| &operator.resources);
    resources.filter(|resource| resource.workload == workload.name && resource.ready.is_some()).map(waited_for).collect()
}

fn place(workload: &Workload) -> Place {
    Place::Key(workload.origin.clone())
}

/// What is asked for, with our labels for the pods that it leads to.
fn with_pod_labels(scope: &Scope<'_>, realization: &Realization, index: usize, resource: &CustomResource) -> Value {
    let mut spec = resource.spec.clone();
    for pods in realization.pods.iter().filter(|pods| pods.resource == index) {
        for (key, label) in pod_labels(scope, realization, pods) {
            let path: Vec<&str> = pods.labels.iter().map(String::as_str).chain([key.as_str()]).collect();
            spec.set(&path, label.into());
        }
    }
    spec
}

fn object(scope: &mut Scope<'_>, metadata: &Metadata, resource: &CustomResource, spec: &Value, workload: &Workload) -> Doc {
    let mut metadata = Metadata { name: Some(resource.name.clone()), ..metadata.clone() };
    metadata.labels.extend(resource.labels.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    metadata.annotations.extend(resource.annotations.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    let spec = write(scope, spec, workload);
    doc(&Object { api_version: resource.api_version, kind: resource.kind, metadata, content: Spec { spec } })
}

fn waited_for(resource: &CustomResource) -> Awaited {
    let (pause, made) = match resource.removal {
        Removal::Pause(key, value) => (Some((key, value)), None),
        Removal::Halt { annotation, kinds, label } => (Some(annotation), Some((kinds, format!("{label}={}", resource.name)))),
        Removal::Delete | Removal::Keep => (None, None),
    };
    Awaited {
        kind: resource.definition(),
        name: resource.name.clone(),
        custom: true,
        state: resource.ready.map(|state| match state {
            State::Condition(name) => format!("condition={name}"),
            State::Field(path, value) => format!("jsonpath={{{path}}}={value}"),
            State::Count(path, count) => format!("jsonpath={{{path}}}={count}"),
        }),
        pause,
        made,
        keeps_data: resource.removal != Removal::Delete,
    }
}

fn write(scope: &mut Scope<'_>, value: &Value, workload: &Workload) -> Doc {
    match value {
        Value::Text(text) => known(scope, text, workload, str::to_owned),
        Value::InContainer(text) => known(scope, text, workload, escape::kubernetes),
        Value::Image { workload: of, part } => match image_part(scope, of, *part) {
            Some(text) => known(scope, &text, workload, str::to_owned),
            None => {
                scope.resolver.refuse(&place(workload), NO_TAG, "write `image: { repository: NAME, tag: TAG }`");
                Doc::Null
            }
        },
        Value::ImageLogin(of) => {
            let image = scope.index.workload(of).map(|workload| &workload.image);
            image.and_then(|image| pulls::object(scope, workload.stack, image)).map_or(Doc::Null, Doc::from)
        }
        Value::List(items) => Doc::List(items.iter().map(|item| write(scope, item, workload)).collect()),
        Value::Map(entries) => Doc::Map(entries.iter().map(|(key, value)| Item::new(key.clone(), write(scope, value, workload))).collect()),
        Value::Fingerprint => {
            let message = format!("the operator of `{}` cannot be told of a changed `.env`", workload.name);
            scope.resolver.refuse(&place(workload), message, "leave the operator out");
            Doc::Null
        }
        value => plain(scope, value).unwrap_or(Doc::Null),
    }
}

const NO_TAG: &str = "the operator wants the name of the image and its tag apart";

/// A text that the operator reads as it stands there.
fn known(scope: &mut Scope<'_>, text: &PublicText, workload: &Workload, escape: fn(&str) -> String) -> Doc {
    let place = place(workload);
    let pieces = scope.resolver.pieces(text.text(), &place);
    let Some(known) = Piece::known(&pieces) else {
        let message = format!("what an operator is asked for `{}` cannot read a value of the deployer's", workload.name);
        scope.resolver.refuse(&place, message, "write the value itself");
        return Doc::Null;
    };
    Doc::from(escape(&known))
}

/// A value that is the same for every reader: neither a text nor a collection.
pub fn plain(scope: &Scope<'_>, value: &Value) -> Option<Doc> {
    Some(match value {
        Value::Null => Doc::Null,
        Value::Bool(value) => Doc::Bool(*value),
        Value::Int(value) => Doc::from(*value),
        Value::Float(value) => Doc::Float(*value),
        Value::Secret(name) => Doc::from(name.as_str()),
        Value::Claim(source) => Doc::from(storage::claim_name(source)),
        Value::Size(volume) => Doc::from(storage::size(scope, volume)),
        Value::Controller(workload) => scope.index.workload(workload).map_or(Doc::Null, |workload| doc(&controller_of(scope, workload))),
        Value::Peers(endpoint) => scope
            .index
            .workload(&endpoint.workload)
            .map_or(Doc::Null, |workload| doc(&policies::peers(scope, workload, &endpoint.endpoint))),
        Value::Resources(workload) => {
            scope.index.workload(workload).map_or(Doc::Null, |workload| doc(&containers::resources(&workload.resources)))
        }
        Value::Text(_) | Value::InContainer(_) | Value::Image { .. } | Value::ImageLogin(_) | Value::Fingerprint => return None,
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// A part of the image of a workload; nothing if it cannot be told where the tag begins.
pub fn image_part(scope: &Scope<'_>, workload: &str, part: ImagePart) -> Option<PublicText> {
    part.of(scope.index.workload(workload)?.image.reference())
}
