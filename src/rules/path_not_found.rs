//! Paths beside the blueprint that are not there. A warning: they may be made later, on the deployer's side. What is there
//! and can never be a file is an error.

use std::path::Path;

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Body, PathRef};
use crate::source::Pointer;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let Some(base) = context.base else { return Vec::new() };
    let mut found = Vec::new();
    for build in context.builds() {
        let dockerfile = build.dockerfile.as_deref().unwrap_or("Dockerfile");
        if report_missing(base, &build.context, &mut found) {
            continue;
        }
        if !base.join(&build.context.path).join(dockerfile).exists() {
            // The usual name is not written anywhere: the folder that lacks it is.
            let written = build.dockerfile.is_some();
            let at = if written { build.context.origin.parent().key("dockerfile") } else { build.context.origin.clone() };
            found.push(not_found(&format!("{}/{dockerfile}", build.context.path), at));
        }
    }
    for path in context.mounted() {
        report_missing(base, path, &mut found);
    }
    for file in context.platform.workloads.iter().flat_map(|workload| &workload.files) {
        if let Body::Path(path) = &file.body
            && !report_missing(base, path, &mut found)
            && base.join(&path.path).is_dir()
        {
            let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(path.origin.clone()), format!("`{}` is a folder", path.path));
            found.push(fault.help("`files` has files; mount a folder with `volumes: [{ path: ..., mount: ... }]`"));
        }
    }
    steps(context, base, &mut found);
    found
}

/// Whether a path is not there; then that is reported.
fn report_missing(base: &Path, path: &PathRef, found: &mut Vec<Diagnostic>) -> bool {
    let absent = !base.join(&path.path).exists();
    if absent {
        found.push(not_found(&path.path, path.origin.clone()));
    }
    absent
}

fn not_found(path: &str, at: Pointer) -> Diagnostic {
    Diagnostic::new(&code::PATH_NOT_FOUND, Place::Value(at), format!("`{path}` does not exist"))
        .help("paths are relative to the blueprint's own file")
}

/// The DAG files of steps, in the folder of the service that runs them; and the programs for `spark-submit`.
fn steps(context: &RuleContext<'_>, base: &Path, found: &mut Vec<Diagnostic>) {
    let section = Pointer::root().key("pipelines");
    for (pipeline, spec) in context.blueprint.pipelines.iter() {
        for (name, step) in spec.steps.iter() {
            let at = section.key(pipeline.as_str()).key("steps").key(name.as_str());
            let dags = context.tree.get("services").and_then(|services| services.get(step.on.as_str())?.get("dags")?.as_str());
            if let (Some(dag), Some(folder)) = (&step.dag, dags) {
                let folder = base.join(folder);
                if folder.exists() && !folder.join(&dag.0).exists() {
                    found.push(not_found(&dag.0, at.key("dag")).help("a `dag` is relative to the service's `dags` folder"));
                }
            }
            if let Some(program) = &step.spark_submit {
                report_missing(base, &PathRef { path: program.0.clone(), origin: at.key("spark_submit") }, found);
            }
        }
    }
}
