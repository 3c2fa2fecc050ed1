//! `.env.example`: every variable that the Compose files read, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ComposePlan, ENV_HASH, reads_deploy_time_file};
use crate::platform::Encoding;
use crate::secrets::{self, Wanted};

/// The names of all variables that are read.
pub fn names(plan: &ComposePlan<'_>, used: &BTreeMap<String, BTreeSet<Encoding>>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        used.iter().flat_map(|(variable, encodings)| encodings.iter().map(|encoding| encoding.variable(variable))).collect();
    let mut services = plan.stacks.iter().flat_map(|stack| &stack.services);
    if services.any(|workload| reads_deploy_time_file(workload)) {
        names.insert(ENV_HASH.to_owned());
    }
    names
}

/// The text of `.env.example`.
pub fn example(wanted: &[Wanted], settings: &[secrets::Setting], names: &BTreeSet<String>) -> String {
    let header = "The variables of the Compose files. `pipegen secrets init` writes a `.env` with them.";
    secrets::example(header, wanted, settings, names.contains(ENV_HASH))
}
