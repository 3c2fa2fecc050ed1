//! `pipegen render`: writes the artifacts, or compares them with the disk.

use std::mem;
use std::path::{Path, PathBuf};

use super::arguments::{Format, RenderArgs};
use super::blueprint::{self, Chosen, folder};
use super::{Done, Exit, diagnostics_json, fail, paths, print, report, say_diagnostics};
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, near};
use crate::formats::{Layout, Rendered};
use crate::secrets::{Setting, Wanted};
use crate::targets::{TARGETS, Target, fitting};

/// Renders. What it made is not taken apart: the process is about to end, and the system takes its memory back as a whole.
pub fn run(arguments: &RenderArgs) -> Done {
    let chosen = targets(&arguments.target)?;
    let Chosen { source, mut compiled } = blueprint::choose(&arguments.choice, arguments.format == Format::Json)?;
    let (mut artifacts, mut left_out) = (Vec::new(), Vec::new());
    if let Some(platform) = compiled.platform.take() {
        let targets = match chosen {
            Some(chosen) => chosen,
            None => {
                let (fitting, others) = fitting(&platform);
                left_out = others;
                fitting
            }
        };
        for target in targets {
            let folder = folder(&arguments.choice.out, &platform.name, arguments.choice.env.as_deref(), target.name);
            let layout = layout(&arguments.choice.blueprint, &folder, blueprint::given(&arguments.choice.set))?;
            let Rendered { files, diagnostics, .. } = target.render(&platform, &layout).map_err(|error| our_fault(&error))?;
            compiled.add(diagnostics);
            artifacts.push((folder, files));
        }
        mem::forget(platform);
    }
    match arguments.format {
        Format::Plain => say_diagnostics(&source, &compiled),
        Format::Json => print(&diagnostics_json(&source, &compiled))?,
    }
    if compiled.has_errors() {
        return Err(Exit::Invalid);
    }
    // Who asks what differs is told nothing else.
    if !(arguments.check || arguments.diff || arguments.stdout) {
        report::left_out(&left_out, arguments.format)?;
    }
    let done = if arguments.stdout {
        report::show(&artifacts, arguments.format)
    } else if arguments.check || arguments.diff {
        report::compare(arguments, &artifacts)
    } else {
        report::write(arguments, &artifacts)
    };
    mem::forget((source, compiled, artifacts));
    done
}

/// The targets of these names; nothing if none is named.
pub(super) fn targets(names: &[String]) -> Result<Option<Vec<&'static Target>>, Exit> {
    if names.is_empty() {
        return Ok(None);
    }
    let found: Result<_, _> = names
        .iter()
        .map(|name| {
            TARGETS.iter().find(|target| target.name == name).copied().ok_or_else(|| {
                let known = TARGETS.iter().map(|target| target.name);
                let help = near(name, known.clone()).map_or_else(
                    || format!("there is {}", known.collect::<Vec<_>>().join(", ")),
                    |near| format!("write `--target {near}`"),
                );
                fail(Exit::Usage, &format!("there is no target `{name}`"), &help)
            })
        })
        .collect();
    found.map(Some)
}

fn our_fault(error: &dyn std::error::Error) -> Exit {
    fail(Exit::Internal, &format!("a fault of pipegen's own: {error}"), "please report it, with the blueprint if you can")
}

fn layout(blueprint: &Path, folder: &Path, parameters: Vec<String>) -> Result<Layout, Exit> {
    paths::layout(blueprint, folder, parameters).map_err(|error| fail(Exit::Disk, &error.to_string(), ""))
}

/// What the artifacts of a target would read.
pub(super) struct Needs {
    /// Where they would lie.
    pub folder: PathBuf,
    /// What the target cannot express.
    pub diagnostics: Vec<Diagnostic>,
    pub secrets: Vec<Wanted>,
    pub settings: Vec<Setting>,
}

/// What the chosen targets, or else all that fit, would make of a compiled blueprint. Nothing is written, not even in
/// memory: that would take longer than all else.
pub(super) fn lower(
    compiled: &Compiled,
    blueprint: &Path,
    out: &Path,
    environment: Option<&str>,
    chosen: Option<&[&'static Target]>,
) -> Result<Vec<Needs>, Exit> {
    let Some(platform) = &compiled.platform else { return Ok(Vec::new()) };
    let mut needs = Vec::new();
    for target in chosen.map_or_else(|| fitting(platform).0, <[_]>::to_vec) {
        let folder = folder(out, &platform.name, environment, target.name);
        // No command of an artifact is written here.
        let layout = layout(blueprint, &folder, Vec::new())?;
        let Rendered { diagnostics, secrets, settings, .. } = (target.lower)(platform, &layout);
        needs.push(Needs { folder, diagnostics, secrets, settings });
    }
    Ok(needs)
}
