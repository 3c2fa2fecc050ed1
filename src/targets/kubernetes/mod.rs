//! Kubernetes manifests: a namespace per stack, a file per workload, policies that keep the meaning of the networks, and
//! the scripts that bring them into a cluster.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{Exposure, Releases, Scope, bundle, stack};
use crate::platform::{Platform, Workload, WorkloadKind};

/// The target's name, in `overrides` too.
const NAME: &str = "kubernetes";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "Kubernetes manifests with network policies, and the scripts that install them",
    doc: include_str!("doc.md"),
    unfit,
    lower,
};

/// Whatever makes pods needs permissions of the cluster, which a chart brings.
fn unfit(platform: &Platform) -> Option<String> {
    let is_template = |workload: &&Workload| matches!(workload.kind, WorkloadKind::Template { .. });
    let template = platform.workloads.iter().find(is_template)?;
    Some(format!("the pods of `{}` are made by a program that needs the cluster's permission", template.service))
}

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, NAME, Exposure::Forwarded);
    let stacks = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    bundle(platform, layout, scope, stacks, Ok(Releases::default()))
}
