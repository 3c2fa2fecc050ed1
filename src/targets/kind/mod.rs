//! Kind: a whole cluster on one machine, with the manifests of the target `kubernetes` in it.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{
    Exposure, POD_SUBNET, Releases, Scope, StackManifests, bundle, cluster_alone, cluster_files, stack, without_permission,
};
use crate::platform::Platform;

/// The target's name, in `overrides` too.
const NAME: &str = "kind";

/// The target that writes what is in the cluster where manifests are not enough, by its realizations.
const WITH_CHARTS: &str = "helm";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "a Kind cluster on this machine, with images, volumes and manifests",
    doc: include_str!("doc.md"),
    unfit: |_| None,
    lower,
};

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    if without_permission(platform).is_some() {
        return lower_cluster(platform, layout);
    }
    let mut scope = Scope::new(platform, NAME, Exposure::NodePorts { pod_subnet: POD_SUBNET.to_owned() });
    let stacks = stacks(&mut scope);
    let mut releases = Releases::default();
    cluster_files(platform, layout, &mut scope, &stacks, &mut releases);
    bundle(platform, layout, scope, stacks, releases)
}

/// The cluster without what is in it, which another target installs and forwards.
fn lower_cluster<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    // Only the claims matter here: what else is found out is said by who writes the manifests.
    let stacks = stacks(&mut in_own_cluster(platform));
    let mut scope = in_own_cluster(platform);
    let mut releases = Releases::default();
    cluster_files(platform, layout, &mut scope, &stacks, &mut releases);
    cluster_alone(platform, layout, scope, releases)
}

fn in_own_cluster(platform: &Platform) -> Scope<'_> {
    let mut scope = Scope::new(platform, WITH_CHARTS, Exposure::Forwarded);
    scope.own_cluster = true;
    scope
}

fn stacks<'a>(scope: &mut Scope<'a>) -> Vec<StackManifests<'a>> {
    (0..scope.platform.stacks.len()).map(|index| stack(scope, index)).collect()
}
