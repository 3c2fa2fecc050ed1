//! Kubernetes manifests: a namespace per stack, a file per workload, policies that keep the meaning of the networks, and
//! the scripts that bring them into a cluster.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{Exposure, Releases, Scope, bundle, stack, without_permission};
use crate::platform::Platform;

/// The target's name, in `overrides` too.
const NAME: &str = "kubernetes";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "Kubernetes manifests with network policies, and the scripts that install them",
    doc: include_str!("doc.md"),
    unfit: without_permission,
    lower,
};

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, NAME, Exposure::Forwarded);
    let stacks = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    bundle(platform, layout, scope, stacks, Releases::default())
}
