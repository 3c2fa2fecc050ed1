//! The operators that a platform needs, for the scripts that install them or look for them.

use super::realizations::of_service;
use super::scope::Scope;
use crate::formats::said_elsewhere;
use crate::platform::realization::Operator;
use crate::platform::{CustomResource, Realization};

/// An operator, for the scripts.
#[derive(Debug)]
pub struct OperatorRow<'a> {
    /// The operator.
    pub operator: &'a Operator,
    /// The names of the definitions that are needed, sorted.
    pub definitions: Vec<String>,
    /// The line that installs it by hand.
    pub command: String,
}

/// The operators of a platform, each once, in the order of the services.
pub fn operators<'a>(scope: &Scope<'a>) -> Vec<OperatorRow<'a>> {
    let mut rows: Vec<OperatorRow<'a>> = Vec::new();
    let realizations = scope.platform.services.iter().flat_map(|service| of_service(service, scope.target));
    for operator in realizations.filter_map(Realization::operator) {
        let definitions = operator.resources.iter().map(CustomResource::definition);
        match rows.iter_mut().find(|row| row.operator.name == operator.name) {
            Some(row) => row.definitions.extend(definitions),
            None => rows.push(OperatorRow { operator, definitions: definitions.collect(), command: command(operator) }),
        }
    }
    for row in &mut rows {
        row.definitions.sort_unstable();
        row.definitions.dedup();
    }
    rows
}

fn command(operator: &Operator) -> String {
    let Operator { name, version, repository, chart, chart_version, namespace, settings, selector, resources } = operator;
    // The scripts say what it is called, the policies read the selector, and the manifests hold the resources.
    said_elsewhere((name, version, selector, resources));
    let set: String = settings.iter().map(|setting| format!(" --set {setting}")).collect();
    format!(
        "helm upgrade --install {chart} {chart} --repo {repository} --version {chart_version} --namespace {namespace} \
         --create-namespace{set} --wait"
    )
}
