//! `pipegen render`: writes the artifacts, or compares them with the disk.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::blueprint::{self, Chosen, folder, shown};
use super::{Exit, diagnostics_json, fail, paths, print, say, say_diagnostics};
use crate::cli::{Format, RenderArgs};
use crate::compile::Compiled;
use crate::diagnostic::{near, printable};
use crate::emit::{self, EmitError, Outcome};
use crate::fileset::FileSet;
use crate::platform::Platform;
use crate::targets::{Rendered, TARGETS, Target};

/// Renders.
pub fn run(arguments: &RenderArgs) -> Exit {
    match render(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn render(arguments: &RenderArgs) -> Result<Exit, Exit> {
    let targets = targets(&arguments.target)?;
    let Chosen { source, mut compiled } = blueprint::choose(&arguments.choice, arguments.format == Format::Json)?;
    let mut artifacts = Vec::new();
    if let Some(platform) = compiled.platform.take() {
        for target in targets {
            let folder = folder(&arguments.choice.out, &platform.name, arguments.choice.env.as_deref(), target.name);
            let rendered = of_target(target, &platform, &arguments.choice.blueprint, &folder)?;
            compiled.add(rendered.diagnostics);
            artifacts.push((folder, rendered.files));
        }
    }
    match arguments.format {
        Format::Plain => say_diagnostics(&source, &compiled),
        Format::Json => say(diagnostics_json(&source, &compiled).trim_end()),
    }
    if compiled.has_errors() {
        return Err(Exit::Invalid);
    }
    act(arguments, &artifacts)
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

/// Renders one target; a template that fails is a fault of ours.
pub(super) fn of_target(target: &Target, platform: &Platform, blueprint: &Path, folder: &Path) -> Result<Rendered, Exit> {
    let layout = paths::layout(blueprint, folder).map_err(|error| fail(Exit::Disk, &error.to_string(), ""))?;
    (target.render)(platform, &layout).map_err(|error| {
        fail(Exit::Internal, &format!("a fault of pipegen's own: {error}"), "please report it, with the blueprint if you can")
    })
}

fn act(arguments: &RenderArgs, artifacts: &[(PathBuf, FileSet)]) -> Result<Exit, Exit> {
    if arguments.stdout {
        for (folder, files) in artifacts {
            for (path, file) in files.iter() {
                print(&format!("==> {} <==\n{}\n", folder.join(path.as_str()).display(), file.text));
            }
        }
        return Ok(Exit::Fine);
    }
    if arguments.check || arguments.diff {
        return compare(arguments, artifacts);
    }
    // Everything that is in the way is found before the first file is written.
    for (folder, files) in artifacts {
        let report = emit::write(folder, files, arguments.force).map_err(|error| refused(&error))?;
        match arguments.format {
            Format::Plain => {
                let count = |outcome| report.count(outcome);
                let summary = format!(
                    "{}: {} created, {} updated, {} unchanged, {} removed",
                    shown(folder),
                    count(Outcome::Created),
                    count(Outcome::Updated),
                    count(Outcome::Unchanged),
                    count(Outcome::Removed)
                );
                say(&summary);
            }
            Format::Json => {
                for (path, outcome) in &report.files {
                    print(&format!("{}\n", json!({ "file": folder.join(path), "outcome": format!("{outcome:?}").to_lowercase() })));
                }
            }
        }
    }
    Ok(Exit::Fine)
}

fn compare(arguments: &RenderArgs, artifacts: &[(PathBuf, FileSet)]) -> Result<Exit, Exit> {
    let mut stale = 0;
    for (folder, files) in artifacts {
        let differences = emit::compare(folder, files).map_err(|error| refused(&error))?;
        stale += differences.len();
        for difference in &differences {
            print(&printable(&difference.unified_diff(folder)));
        }
    }
    if stale == 0 {
        return Ok(Exit::Fine);
    }
    if arguments.diff {
        return Ok(Exit::Fine);
    }
    let files = if stale == 1 { "1 file is".to_owned() } else { format!("{stale} files are") };
    let again = format!("pipegen render {} --out {}", arguments.choice.blueprint.display(), arguments.choice.out.display());
    Err(fail(Exit::OutOfDate, &format!("{files} out of date"), &format!("run `{again}` and commit the result")))
}

fn refused(error: &EmitError) -> Exit {
    let message = error.to_string();
    let (message, help) = message.rsplit_once('\n').unwrap_or((&message, ""));
    fail(Exit::Disk, message, help)
}

/// The files of a compiled blueprint that say nothing wrong; for callers that only want to know.
pub(super) fn rendered(
    compiled: &mut Compiled,
    blueprint: &Path,
    out: &Path,
    environment: Option<&str>,
) -> Result<Vec<(PathBuf, Rendered)>, Exit> {
    let Some(platform) = compiled.platform.take() else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for target in TARGETS {
        let folder = folder(out, &platform.name, environment, target.name);
        let mut rendered = of_target(target, &platform, blueprint, &folder)?;
        compiled.add(std::mem::take(&mut rendered.diagnostics));
        all.push((folder, rendered));
    }
    Ok(all)
}
