//! Kind: a whole cluster on one machine, with the manifests of the target `kubernetes` in it.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{Exposure, POD_SUBNET, Releases, Scope, bundle, cluster_files, stack, without_permission};
use crate::platform::Platform;

/// The target's name, in `overrides` too.
const NAME: &str = "kind";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "a Kind cluster on this machine, with images, volumes and manifests",
    doc: include_str!("doc.md"),
    unfit: without_permission,
    lower,
};

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, NAME, Exposure::NodePorts { pod_subnet: POD_SUBNET.to_owned() });
    let stacks: Vec<_> = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    let mut releases = Releases::default();
    cluster_files(platform, layout, &mut scope, &stacks, &mut releases);
    bundle(platform, layout, scope, stacks, releases)
}
