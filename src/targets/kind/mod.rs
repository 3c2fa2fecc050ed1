//! Kind: a whole cluster on one machine, with the manifests of the target `kubernetes` in it.

use super::{Layout, Rendered, Target, Writer};
use crate::formats::kubernetes::{Exposure, POD_SUBNET, Releases, Scope, bundle, cluster_files, stack};
use crate::platform::{Platform, Workload, WorkloadKind};

/// The target's name, in `overrides` too.
const NAME: &str = "kind";

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "a Kind cluster on this machine, with images, volumes and manifests",
    doc: include_str!("doc.md"),
    unfit,
    lower,
};

/// As in any cluster without the chart that brings the permission.
fn unfit(platform: &Platform) -> Option<String> {
    let is_template = |workload: &&Workload| matches!(workload.kind, WorkloadKind::Template { .. });
    let template = platform.workloads.iter().find(is_template)?;
    Some(format!("the pods of `{}` are made by a program that needs the cluster's permission", template.service))
}

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut scope = Scope::new(platform, NAME, Exposure::NodePorts { pod_subnet: POD_SUBNET.to_owned() });
    let stacks: Vec<_> = (0..platform.stacks.len()).map(|index| stack(&mut scope, index)).collect();
    let cluster = cluster_files(platform, layout, &mut scope, &stacks, Releases::default());
    bundle(platform, layout, scope, stacks, cluster)
}
