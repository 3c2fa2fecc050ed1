//! Helm: charts stand in for the services that have one, the rest are manifests of the target `kubernetes`.

mod releases;
mod values;

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{Exposure, Scope, StackManifests, bundle, cluster_files, realizations_of, stack};
use crate::platform::{Platform, Realization, Realizer, Value};
use crate::source::Pointer;

/// The target's name, in `overrides` too.
const NAME: &str = "helm";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "Helm releases of the charts that stand in for services, and Kubernetes manifests for the rest",
    doc: include_str!("doc.md"),
    unfit,
    lower,
};

/// Without a chart the folder would be that of the target `kubernetes`.
fn unfit(platform: &Platform) -> Option<String> {
    let has_chart = platform.services.iter().any(|service| realizations_of(service, NAME).next().is_some());
    (!has_chart).then(|| "no service of it has a Helm chart, and `kubernetes` writes everything else".to_owned())
}

/// A chart that is installed under a name.
struct Release<'a> {
    /// Its name, that of the service.
    name: &'a str,
    /// The index of the stack in whose namespace it is.
    stack: usize,
    realization: &'a Realization,
    repository: &'static str,
    chart: &'static str,
    version: &'static str,
    values: &'a Value,
    origin: &'a Pointer,
}

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, NAME, Exposure::Forwarded);
    scope.own_cluster = platform.cluster.is_some();
    let stacks: Vec<_> = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    let mut releases = releases::files(platform, layout, &mut scope);
    if scope.own_cluster {
        cluster_files(platform, layout, &mut scope, stacks.iter().flat_map(StackManifests::claims), &mut releases);
    }
    bundle(platform, layout, scope, stacks, releases)
}

/// The releases, in the order in which their stacks start.
fn releases<'a>(scope: &Scope<'a>) -> Vec<Release<'a>> {
    let mut found: Vec<Release<'a>> = Vec::new();
    let services = scope.platform.services.iter();
    for (service, realization) in services.flat_map(|service| realizations_of(service, NAME).map(move |found| (service, found))) {
        let Realizer::Chart { repository, name, version, values } = &realization.by else { continue };
        let workload = realization.replaces.iter().find_map(|name| scope.index.workload(name));
        let Some(workload) = workload else { continue };
        found.push(Release {
            name: &service.name,
            stack: workload.stack,
            realization,
            repository,
            chart: name,
            version,
            values,
            origin: &service.origin,
        });
    }
    found.sort_by_key(|release| release.stack);
    found
}
