//! Kind: a whole cluster on one machine, with the manifests of the target `kubernetes` in it.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{
    Exposure, POD_SUBNET, Releases, Scope, StackManifests, bundle, claims_of_stack, cluster_alone, cluster_files, stack, without_permission,
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
    let stacks: Vec<_> = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    let mut releases = Releases::default();
    cluster_files(platform, layout, &mut scope, stacks.iter().flat_map(StackManifests::claims), &mut releases);
    bundle(platform, layout, scope, stacks, releases)
}

/// The cluster without what is in it, which another target installs and forwards.
fn lower_cluster<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, WITH_CHARTS, Exposure::Forwarded);
    scope.own_cluster = true;
    let claims: Vec<_> = (0..platform.stacks.len()).map(|index| claims_of_stack(&mut scope, index)).collect();
    let namespaces = scope.namespaces.clone();
    let all = namespaces.iter().zip(&claims).flat_map(|(namespace, claims)| claims.iter().map(|claim| (namespace.as_str(), claim)));
    let mut releases = Releases::default();
    cluster_files(platform, layout, &mut scope, all, &mut releases);
    cluster_alone(platform, layout, scope, releases)
}
