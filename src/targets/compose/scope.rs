//! What the lowering of every service needs to know of the rest. Built once, so that no lookup is a scan.

use std::collections::BTreeMap;

use super::plan::ComposePlan;
use super::text::Resolver;
use crate::platform::{Platform, Volume};
use crate::targets::Layout;

/// Lookups into the platform, and what was found on the way.
pub struct Scope<'a, 'p> {
    /// Texts.
    pub resolver: Resolver<'a>,
    /// Paths.
    pub layout: &'p Layout,
    /// Who makes what.
    pub plan: &'p ComposePlan<'a>,
    volumes: BTreeMap<&'a str, &'a Volume>,
    stacks: BTreeMap<&'a str, usize>,
}

impl<'a, 'p> Scope<'a, 'p> {
    /// A scope for a platform.
    pub fn new(platform: &'a Platform, layout: &'p Layout, plan: &'p ComposePlan<'a>) -> Self {
        Self {
            resolver: Resolver::new(platform),
            layout,
            plan,
            volumes: platform.volumes.iter().map(|volume| (volume.name.as_str(), volume)).collect(),
            stacks: platform.workloads.iter().map(|workload| (workload.name.as_str(), workload.stack)).collect(),
        }
    }

    /// A volume of the platform.
    pub fn volume(&self, name: &str) -> Option<&'a Volume> {
        self.volumes.get(name).copied()
    }

    /// The index of the stack in which a workload runs.
    pub fn stack_of(&self, workload: &str) -> Option<usize> {
        self.stacks.get(workload).copied()
    }
}

/// Takes the fields that the Compose files do not say, because the guide, the scripts or another target does. They are
/// named where a struct is taken apart, so that a new field is not forgotten.
pub fn said_elsewhere<T>(_fields: T) {}
