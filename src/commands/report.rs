//! What `render` does with the artifacts: prints them, compares them with the disk, or writes them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::arguments::{Format, RenderArgs};
use super::blueprint::{render_command, shown};
use super::{Done, Exit, fail, print_all, print_texts, say};
use crate::emit::{self, Change, Difference, EmitError, Outcome, Report};
use crate::fileset::FileSet;

/// The files of each target, with the folder where they belong.
type Artifacts = [(PathBuf, FileSet)];

/// Says which targets write nothing of this platform, and why.
pub(super) fn left_out(targets: &[(&str, String)], format: Format) -> Done {
    if format == Format::Json {
        return lines(targets.iter().map(|(target, reason)| json!({ "target": target, "outcome": "left out", "reason": reason })));
    }
    for (target, reason) in targets {
        say(&format!("{target}: left out: {reason}"));
    }
    Ok(())
}

/// Prints the artifacts.
pub(super) fn show(artifacts: &Artifacts, format: Format) -> Done {
    let all = artifacts.iter().flat_map(|(folder, files)| files.iter().map(|(path, file)| (folder.join(path.as_str()), file)));
    match format {
        Format::Plain => print_texts(all.flat_map(|(path, file)| {
            let heading = format!("==> {} <==\n", path.display());
            [heading.into(), file.text.as_str().into(), "\n".into()]
        })),
        Format::Json => {
            lines(all.map(|(path, file)| json!({ "file": path.display().to_string(), "executable": file.executable, "text": file.text })))
        }
    }
}

/// Prints what differs on the disk; with `--check` that is a failure.
pub(super) fn compare(arguments: &RenderArgs, artifacts: &Artifacts) -> Done {
    let mut stale = 0;
    for (folder, files) in artifacts {
        let differences = emit::compare(folder, files).map_err(|error| refused(&error))?;
        stale += differences.len();
        match arguments.format {
            Format::Plain => print_texts(differences.iter().map(|difference| difference.unified_diff(&in_patch(folder)).into()))?,
            Format::Json => lines(differences.iter().map(|difference| changed(folder, difference)))?,
        }
    }
    if stale == 0 || arguments.diff {
        return Ok(());
    }
    let files = if stale == 1 { "1 file is".to_owned() } else { format!("{stale} files are") };
    let help = format!("run `{}` and commit the result", render_command(&arguments.choice));
    Err(fail(Exit::OutOfDate, &format!("{files} out of date"), &help))
}

/// Writes the artifacts. Everything that is in the way in a folder is found before its first file is written.
pub(super) fn write(arguments: &RenderArgs, artifacts: &Artifacts) -> Done {
    for (folder, files) in artifacts {
        let report = emit::write(folder, files, arguments.force).map_err(|error| refused(&error))?;
        match arguments.format {
            Format::Plain => say(&summary(folder, &report)),
            Format::Json => lines(
                report
                    .files
                    .iter()
                    .map(|(path, outcome)| json!({ "file": folder.join(path).display().to_string(), "outcome": outcome_word(*outcome) })),
            )?,
        }
    }
    Ok(())
}

fn summary(folder: &Path, report: &Report) -> String {
    let all = [Outcome::Created, Outcome::Updated, Outcome::Unchanged, Outcome::Removed];
    let counts = all.map(|outcome| format!("{} {}", report.count(outcome), outcome_word(outcome)));
    format!("{}: {}", shown(folder), counts.join(", "))
}

/// The folder as patch programs take it: relative to the current one, or else to the root.
fn in_patch(folder: &Path) -> PathBuf {
    let Ok(absolute) = std::path::absolute(folder) else { return folder.to_owned() };
    let current = std::env::current_dir().unwrap_or_default();
    let relative = absolute.strip_prefix(current).or_else(|_| absolute.strip_prefix("/"));
    relative.map(Path::to_owned).unwrap_or(absolute)
}

fn changed(folder: &Path, difference: &Difference) -> Value {
    let change = match difference.change() {
        Change::Missing => "missing",
        Change::Extra => "extra",
        Change::Content => "content",
        Change::Mode => "mode",
    };
    json!({ "file": folder.join(&difference.path).display().to_string(), "change": change })
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
        Outcome::Removed => "removed",
    }
}

fn lines(records: impl Iterator<Item = Value>) -> Done {
    print_all(records.map(|record| format!("{record}\n")))
}

fn refused(error: &EmitError) -> Exit {
    fail(Exit::Disk, &error.to_string(), error.help())
}
