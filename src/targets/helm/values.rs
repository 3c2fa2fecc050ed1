//! From the values of a realization to the file of values that a chart reads.

use crate::charts;
use crate::diagnostic::{Diagnostic, Place, code, near};
use crate::formats::document;
use crate::formats::kubernetes::{Scope, claim_name, labels, network_label, resources};
use crate::formats::text::{Hole, Piece, Reader};
use crate::platform::{Encoding, Image, Pods, PublicText, Realization, Value, Workload};
use crate::secrets::FINGERPRINT;
use crate::source::Pointer;
use crate::value::escape;
use crate::yaml::{Doc, Item};

use super::Release;

/// A value that only the deployer knows: `helm --set-literal PATH=...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLiteral {
    /// The path, as Helm reads it.
    pub path: String,
    /// What the value is made of.
    pub pieces: Vec<Piece>,
}

/// The values of a release, and what stands in them when it is installed.
pub fn values(scope: &mut Scope<'_>, release: &Release<'_>) -> (Doc, Vec<SetLiteral>) {
    let mut values = release.values.clone();
    for pods in &release.realization.pods {
        for (key, label) in our_labels(scope, pods) {
            let path: Vec<&str> = pods.labels.iter().map(String::as_str).chain([key.as_str()]).collect();
            values.set(&path, label.into());
        }
    }
    scope.resolver.reader = Reader::InStack(release.stack);
    let mut writer = Writer { scope, release, origin: None, path: Vec::new(), set: Vec::new() };
    let mut doc = writer.write(&values, charts::values(release.chart, release.version));
    for (section, origin, tree) in overrides(writer.scope, release) {
        match Value::try_from(tree) {
            Ok(value) => {
                writer.origin = Some(origin);
                let value = section.iter().rev().fold(value, |value, key| Value::map([(key.as_str(), value)]));
                let over = writer.write(&value, charts::values(release.chart, release.version));
                document::merge(&mut doc, over);
            }
            Err(variable) => {
                let message = format!("the value of `{variable}` would stand in the file of values, which anyone can read");
                let help = "name a secret object instead, or give the value to the service as an environment variable";
                writer.scope.resolver.refuse(&Place::Value(origin), message, help);
            }
        }
    }
    let set = writer.set;
    (doc, set)
}
