//! What the lowering of every service needs to know of the rest. Built once, so that no lookup is a scan.

use std::collections::BTreeMap;

use super::plan::ComposePlan;
use crate::formats::Layout;
use crate::formats::text::Resolver;
use crate::platform::{Platform, Volume};

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
            resolver: super::text::resolver(platform),
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
