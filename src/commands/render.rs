//! `pipegen render`: writes the artifacts, or compares them with the disk.

use std::path::{Path, PathBuf};

use super::arguments::{Format, RenderArgs};
use super::blueprint::{self, Chosen, folder};
use super::{Done, Exit, diagnostics_json, fail, paths, print, report, say_diagnostics};
use crate::compile::Compiled;
use crate::diagnostic::near;
use crate::secrets::{Setting, Wanted};
use crate::targets::{Layout, Rendered, TARGETS, Target};

/// Renders.
pub fn run(arguments: &RenderArgs) -> Done {
    let targets = targets(&arguments.target)?;
    let Chosen { source, mut compiled } = blueprint::choose(&arguments.choice, arguments.format == Format::Json)?;
    let mut artifacts = Vec::new();
    if let Some(platform) = compiled.platform.take() {
        for target in targets {
            let folder = folder(&arguments.choice.out, &platform.name, arguments.choice.env.as_deref(), target.name);
            let layout = layout(&arguments.choice.blueprint, &folder)?;
            let Rendered { files, diagnostics, .. } = target.render(&platform, &layout).map_err(|error| our_fault(&error))?;
            compiled.add(diagnostics);
            artifacts.push((folder, files));
        }
    }
    match arguments.format {
        Format::Plain => say_diagnostics(&source, &compiled),
        Format::Json => print(&diagnostics_json(&source, &compiled))?,
    }
    if compiled.has_errors() {
        return Err(Exit::Invalid);
    }
    if arguments.stdout {
        report::show(&artifacts, arguments.format)
    } else if arguments.check || arguments.diff {
        report::compare(arguments, &artifacts)
    } else {
        report::write(arguments, &artifacts)
    }
}

fn targets(names: &[String]) -> Result<Vec<&'static Target>, Exit> {
    if names.is_empty() {
        return Ok(TARGETS.to_vec());
    }
    names
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
        .collect()
}

fn our_fault(error: &dyn std::error::Error) -> Exit {
    fail(Exit::Internal, &format!("a fault of pipegen's own: {error}"), "please report it, with the blueprint if you can")
}

fn layout(blueprint: &Path, folder: &Path) -> Result<Layout, Exit> {
    paths::layout(blueprint, folder).map_err(|error| fail(Exit::Disk, &error.to_string(), ""))
}

/// What the artifacts of a target would read.
pub(super) struct Needs {
    /// Where they would lie.
    pub folder: PathBuf,
    pub secrets: Vec<Wanted>,
    pub settings: Vec<Setting>,
}

/// Adds what the targets cannot express. Nothing is written, not even in memory: that would take longer than all else.
pub(super) fn lower(compiled: &mut Compiled, blueprint: &Path, out: &Path, environment: Option<&str>) -> Result<Vec<Needs>, Exit> {
    let Some(platform) = compiled.platform.take() else { return Ok(Vec::new()) };
    let mut needs = Vec::new();
    for target in TARGETS {
        let folder = folder(out, &platform.name, environment, target.name);
        let layout = layout(blueprint, &folder)?;
        let Rendered { diagnostics, secrets, settings, .. } = (target.lower)(&platform, &layout);
        compiled.add(diagnostics);
        needs.push(Needs { folder, secrets, settings });
    }
    Ok(needs)
}
