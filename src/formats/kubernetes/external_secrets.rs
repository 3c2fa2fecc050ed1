//! Secrets that External Secrets fills from a store: one object per secret and namespace, as the secrets script would make
//! them of `.env`, with the same keys.
//!
//! <https://external-secrets.io/latest/api/externalsecret/>. What a key holds is a template of Go's `text/template` with
//! Sprig's functions, so that encoded forms and whole files are made in the cluster.

use std::collections::BTreeSet;

use serde::Serialize;

use super::model::{Metadata, Object, Spec, Words, doc};
use super::scope::{FilledObject, Reads, Scope, secret_object};
use super::{ENV_ANNOTATION, platform_labels};
use crate::formats::text::{Hole, Piece};
use crate::formats::variables::default;
use crate::platform::{Encoding, Platform, SecretStore, StoreKeys};
use crate::secrets::FINGERPRINT;
use crate::value::escape;
use crate::yaml::Doc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalSecret {
    secret_store_ref: StoreRef,
    target: Target,
    data: Vec<Entry>,
}

#[derive(Serialize)]
struct StoreRef {
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
struct Target {
    template: Template,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Words::is_empty")]
    data: Words,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    template_from: Vec<TemplateFrom>,
}

#[derive(Serialize)]
struct TemplateFrom {
    secret: TemplateSecret,
}

#[derive(Serialize)]
struct TemplateSecret {
    name: String,
    items: Vec<TemplateItem>,
}

#[derive(Serialize)]
struct TemplateItem {
    key: String,
}

/// What a template calls a value, and where it is in the store.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    secret_key: String,
    remote_ref: RemoteRef,
}

#[derive(Serialize)]
struct RemoteRef {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
}

/// Where the store has the value of a variable: the key, and the property of it.
pub fn remote(keys: &StoreKeys, variable: &str) -> (String, Option<String>) {
    match keys {
        StoreKeys::Prefixed(prefix) => (format!("{prefix}{variable}"), None),
        StoreKeys::Properties(key) => (key.clone(), Some(variable.to_owned())),
    }
}

/// The objects of a namespace; none where `.env` has the values.
pub fn objects(scope: &Scope<'_>, namespace: &str, reads: &Reads) -> Vec<Doc> {
    let SecretStore::External { name, keys } = &scope.platform.secret_store else { return Vec::new() };
    let own = reads.secrets.iter().map(|(variable, encodings)| {
        let data = encodings.iter().map(|encoding| (encoding.variable(variable), action(variable, *encoding)));
        Plan { data: data.collect(), ..Plan::new(secret_object(variable), BTreeSet::from([variable.as_str()])) }
    });
    let filled = reads.filled.iter().filter(|object| secrets(object).next().is_some()).map(filled);
    own.chain(filled).map(|plan| plan.object(scope.platform, namespace, name, keys)).collect()
}

/// One object to be.
struct Plan<'a> {
    name: String,
    kind: &'static str,
    /// Labels beside ours.
    labels: &'static [(&'static str, &'static str)],
    /// The variables that it is made of.
    variables: BTreeSet<&'a str>,
    data: Words,
    /// The keys whose templates the secrets script writes, because they hold values of the deployer.
    written: Vec<String>,
}

impl<'a> Plan<'a> {
    fn new(name: String, variables: BTreeSet<&'a str>) -> Self {
        Self { name, kind: FilledObject::OPAQUE, labels: &[], variables, data: Words::new(), written: Vec::new() }
    }

    fn object(self, platform: &Platform, namespace: &str, store: &str, keys: &StoreKeys) -> Doc {
        let labels = platform_labels(&platform.name);
        let entry = |variable: &str| {
            let (key, property) = remote(keys, variable);
            Entry { secret_key: variable.to_owned(), remote_ref: RemoteRef { key, property } }
        };
        let items: Vec<TemplateItem> = self.written.into_iter().map(|key| TemplateItem { key }).collect();
        let mut annotations = Words::new();
        if !items.is_empty() {
            // The controller looks at an object again at once when its annotations change, and at what it refers to much later.
            annotations.insert(ENV_ANNOTATION.to_owned(), format!("${{{FINGERPRINT}}}"));
        }
        let beside = self.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let secret = TemplateSecret { name: template_object(&self.name), items };
        let template = Template {
            kind: (self.kind != FilledObject::OPAQUE).then_some(self.kind),
            metadata: Metadata { labels: labels.clone().into_iter().chain(beside).collect(), ..Metadata::default() },
            data: self.data,
            template_from: if secret.items.is_empty() { Vec::new() } else { vec![TemplateFrom { secret }] },
        };
        let spec = ExternalSecret {
            secret_store_ref: StoreRef { kind: "ClusterSecretStore", name: store.to_owned() },
            target: Target { template },
            data: self.variables.into_iter().map(entry).collect(),
        };
        let metadata = Metadata { name: Some(self.name), namespace: Some(namespace.to_owned()), labels, annotations };
        doc(&Object { api_version: "external-secrets.io/v1", kind: "ExternalSecret", metadata, content: Spec { spec } })
    }
}

fn filled(object: &FilledObject) -> Plan<'_> {
    let FilledObject { name, kind, labels, keys } = object;
    let variables = secrets(object).map(|hole| hole.variable.as_str());
    let mut plan = Plan { kind, labels, ..Plan::new(name.clone(), variables.collect()) };
    for (key, pieces) in keys {
        match Piece::known(&template(pieces)) {
            Some(text) => {
                plan.data.insert(key.clone(), text);
            }
            None => plan.written.push(key.clone()),
        }
    }
    plan
}

/// What the secrets script fills in: all secrets where `.env` has the values. Otherwise objects without any, and the templates
/// in which values of the deployer stand beside secrets.
pub fn by_script(platform: &Platform, reads: &Reads) -> Vec<FilledObject> {
    let of_env = |object: &FilledObject| platform.secret_store == SecretStore::Env || secrets(object).next().is_none();
    let made = reads.filled.iter().map(|object| if of_env(object) { object.clone() } else { templates(platform, object) });
    made.filter(|object| !object.keys.is_empty()).collect()
}

fn templates(platform: &Platform, object: &FilledObject) -> FilledObject {
    let with_default = |piece: Piece| match piece {
        Piece::Hole(hole) => {
            let default = default(platform, &hole.variable).map(|default| hole.encoding.apply(default));
            Piece::Hole(Hole { default, ..hole })
        }
        known => known,
    };
    let keys = object.keys.iter().map(|(key, pieces)| (key.clone(), template(pieces)));
    let keys = keys.filter(|(_, pieces)| Piece::known(pieces).is_none());
    let keys = keys.map(|(key, pieces)| (key, pieces.into_iter().map(with_default).collect())).collect();
    FilledObject { keys, ..FilledObject::opaque(template_object(&object.name)) }
}

/// The variables of all secrets that something in a namespace reads.
pub fn variables(reads: &Reads) -> BTreeSet<&str> {
    let filled = reads.filled.iter().flat_map(secrets).map(|hole| hole.variable.as_str());
    reads.secrets.keys().map(String::as_str).chain(filled).collect()
}

fn template_object(object: &str) -> String {
    format!("{object}-template")
}

fn secrets(object: &FilledObject) -> impl Iterator<Item = &Hole> {
    object.keys.iter().flat_map(|(_, pieces)| pieces).filter_map(|piece| match piece {
        Piece::Hole(hole) => Some(hole).filter(|hole| hole.secret),
        Piece::Known(_) => None,
    })
}

/// A text as a template. Values of the deployer stay holes, in Base64, in which nothing means anything to a template.
fn template(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Known(text) => push(&mut out, &known(text)),
            Piece::Hole(hole) if hole.secret => push(&mut out, &action(&hole.variable, hole.encoding)),
            Piece::Hole(hole) => {
                push(&mut out, "{{ \"");
                out.push(Piece::Hole(Hole { encoding: Encoding::Base64, default: None, ..hole.clone() }));
                push(&mut out, &format!("\" | b64dec{} }}}}", filters(hole.encoding)));
            }
        }
    }
    out
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Known(before)) => before.push_str(text),
        _ => pieces.push(Piece::Known(text.to_owned())),
    }
}

/// Text in which `{{` opens no action, also where one follows.
fn known(text: &str) -> String {
    let text = escape::chart(text);
    match text.strip_suffix('{') {
        Some(before) => format!("{before}{{{{`{{`}}}}"),
        None => text,
    }
}

/// The value of a variable of the store. An empty one is refused, as it is in `.env`.
fn action(variable: &str, encoding: Encoding) -> String {
    format!("{{{{ or .{variable} (fail \"{variable} is empty\"){} }}}}", filters(encoding))
}

/// What makes the encoded form of a value.
const fn filters(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Raw => "",
        // It writes a blank as `+`, and nothing else so: a plus is `%2B`.
        Encoding::Uri => " | urlquery | replace \"+\" \"%20\"",
        // `toJson` would escape `<`, `>` and `&` as well. Both escape U+2028 and U+2029, which is the same to all who read JSON.
        Encoding::Json => " | toRawJson",
        Encoding::Base64 => " | b64enc",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(variable: &str, encoding: Encoding, secret: bool) -> Piece {
        Piece::Hole(Hole { variable: variable.to_owned(), encoding, default: None, secret })
    }

    #[test]
    fn no_text_opens_an_action() {
        for (text, written) in
            [("{{ x }}", "{{`{{`}} x }}"), ("a{", "a{{`{`}}"), ("{{{", "{{`{{`}}{{`{`}}"), ("{{", "{{`{{`}}"), ("a}}", "a}}")]
        {
            assert_eq!(known(text), written);
        }
    }

    #[test]
    fn a_template_without_values_of_the_deployer_is_known() {
        let pieces = [Piece::Known("{".to_owned()), hole("P", Encoding::Json, true), Piece::Known("}".to_owned())];
        let written = "{{`{`}}{{ or .P (fail \"P is empty\") | toRawJson }}}";
        assert_eq!(Piece::known(&template(&pieces)).as_deref(), Some(written));
    }

    #[test]
    fn a_value_of_the_deployer_stays_a_hole_in_base64() {
        let Some(Piece::Hole(hole)) = template(&[hole("HOST", Encoding::Uri, false)]).into_iter().nth(1) else { panic!("a hole") };
        assert_eq!((hole.name().as_str(), hole.secret), ("HOST_BASE64", false));
    }
}
