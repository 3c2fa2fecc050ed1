//! Cross-checks on the platform, one file each. Layer 3.

mod build_arg_unused;
mod dependency_cycle;
mod env_in_context;
mod internal_only_publish;
mod mount_taken;
mod not_rendered_yet;
mod override_used;
mod path_not_found;
mod port_taken;

use std::collections::BTreeSet;
use std::path::Path;

use crate::blueprint::Blueprint;
use crate::diagnostic::{Diagnostic, Faults};
use crate::platform::{Build, Image, MountSource, PathRef, Platform};
use crate::yaml::Node;

/// What a rule looks at.
pub struct RuleContext<'a> {
    /// What the user wrote.
    pub blueprint: &'a Blueprint,
    /// What became of it.
    pub platform: &'a Platform,
    /// The tree behind the blueprint, for rules about keys as such.
    pub tree: &'a Node,
    /// The folder of the blueprint's file; without it nothing on the disk is looked at.
    pub base: Option<&'a Path>,
    /// The folder in which the deployer's `.env` will lie, if it is known.
    pub output: Option<&'a Path>,
    /// Where faults were reported already.
    pub faults: &'a Faults,
}

impl<'a> RuleContext<'a> {
    /// Each image to build, as it is written in the blueprint: the workloads of a service share one.
    fn builds(&self) -> impl Iterator<Item = &'a Build> {
        let mut seen = BTreeSet::new();
        let builds = self.platform.workloads.iter().filter_map(|workload| match &workload.image {
            Image::Built { build, .. } => Some(build),
            Image::Pulled { .. } => None,
        });
        builds.filter(move |build| seen.insert((&build.context.origin, &build.dockerfile)))
    }

    /// Each path beside the blueprint that is mounted, as it is written there.
    fn mounted(&self) -> impl Iterator<Item = &'a PathRef> {
        let mut seen = BTreeSet::new();
        let mounts = self.platform.workloads.iter().flat_map(|workload| &workload.mounts);
        let paths = mounts.filter_map(|mount| match &mount.source {
            MountSource::Path(path) => Some(path),
            MountSource::Volume(_) => None,
        });
        paths.filter(move |path| seen.insert(&path.origin))
    }
}

/// A rule: the name of its file, and its check.
pub type Rule = (&'static str, fn(&RuleContext<'_>) -> Vec<Diagnostic>);

/// Every rule, sorted by name.
pub static RULES: &[Rule] = &[
    ("build_arg_unused", build_arg_unused::check),
    ("dependency_cycle", dependency_cycle::check),
    ("env_in_context", env_in_context::check),
    ("internal_only_publish", internal_only_publish::check),
    ("mount_taken", mount_taken::check),
    ("not_rendered_yet", not_rendered_yet::check),
    ("override_used", override_used::check),
    ("path_not_found", path_not_found::check),
    ("port_taken", port_taken::check),
];

/// Runs every rule.
pub fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    RULES.iter().flat_map(|(_, rule)| rule(context)).collect()
}
