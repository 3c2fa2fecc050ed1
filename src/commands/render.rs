//! `pipegen render`: writes the artifacts, or compares them with the disk.

use std::path::{Path, PathBuf};

use super::arguments::{Format, RenderArgs};
use super::blueprint::{self, Chosen, folder};
use super::{Done, Exit, diagnostics_json, fail, paths, print, report, say_diagnostics};
use crate::compile::Compiled;
use crate::diagnostic::near;
use crate::formats::Rendered;
use crate::platform::Platform;
use crate::targets::{TARGETS, Target, fitting};

/// Renders.
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
            let rendered = of_target(target, &platform, &arguments.choice.blueprint, &folder)?;
            compiled.add(rendered.diagnostics);
            artifacts.push((folder, rendered.files));
        }
    }
    match arguments.format {
        Format::Plain => say_diagnostics(&source, &compiled),
        Format::Json => print(&diagnostics_json(&source, &compiled))?,
    }
    if compiled.has_errors() {
        return Err(Exit::Invalid);
    }
    report::left_out(&left_out, arguments.format)?;
    if arguments.stdout {
        report::show(&artifacts, arguments.format)
    } else if arguments.check || arguments.diff {
        report::compare(arguments, &artifacts)
    } else {
        report::write(arguments, &artifacts)
    }
}

/// The targets of these names; nothing if none is named.
fn targets(names: &[String]) -> Result<Option<Vec<&'static Target>>, Exit> {
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

/// Renders one target; a template that fails is a fault of ours.
pub(super) fn of_target(target: &Target, platform: &Platform, blueprint: &Path, folder: &Path) -> Result<Rendered, Exit> {
    let layout = paths::layout(blueprint, folder).map_err(|error| fail(Exit::Disk, &error.to_string(), ""))?;
    (target.render)(platform, &layout).map_err(|error| {
        fail(Exit::Internal, &format!("a fault of pipegen's own: {error}"), "please report it, with the blueprint if you can")
    })
}

/// The files of every target that fits a compiled blueprint, each with its diagnostics; for callers that only want to know.
pub(super) fn rendered(
    compiled: &mut Compiled,
    blueprint: &Path,
    out: &Path,
    environment: Option<&str>,
) -> Result<Vec<(PathBuf, Rendered)>, Exit> {
    let Some(platform) = compiled.platform.take() else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for target in fitting(&platform).0 {
        let folder = folder(out, &platform.name, environment, target.name);
        let rendered = of_target(target, &platform, blueprint, &folder)?;
        all.push((folder, rendered));
    }
    Ok(all)
}
