//! Two things at one path of a workload: one would hide the other.

use std::collections::BTreeMap;

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for workload in &context.platform.workloads {
        let mut taken: BTreeMap<&str, &Pointer> = BTreeMap::new();
        let scratch = workload.scratch.iter().map(|path| (path.as_str(), &workload.origin));
        let files = workload.files.iter().map(|file| (file.mount.as_str(), &file.origin));
        let mounts = workload.mounts.iter().map(|mount| (mount.target.as_str(), &mount.origin));
        for (path, origin) in scratch.chain(mounts).chain(files) {
            if let Some(first) = taken.insert(path.trim_end_matches('/'), origin) {
                let fault = Diagnostic::new(
                    &code::MOUNT_TAKEN,
                    Place::Key(origin.clone()),
                    format!("`{path}` is taken already in `{}`", workload.name),
                );
                found.push(fault.related(Place::Key(first.clone()), "taken here").help("choose another path"));
            }
        }
    }
    found
}
