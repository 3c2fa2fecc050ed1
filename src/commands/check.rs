//! `pipegen check`: every fault of blueprints and of all their environments; writes nothing.

use std::mem;
use std::path::Path;

use super::arguments::{CheckArgs, Format};
use super::blueprint::{base, load, parameters};
use super::render::{lower, targets};
use super::{Done, Exit, errors, print, say};
use crate::compile::{Compiled, Options, compile};
use crate::diagnostic::{Located, render_json, render_plain, sort_and_dedup};
use crate::source::{Source, Span};
use crate::targets::Target;

/// Where artifacts would go, for the checks that look at it.
const OUT: &str = "generated";

/// Checks every blueprint; the worst outcome is the exit status.
pub fn run(arguments: &CheckArgs) -> Done {
    let choice = Choice { targets: targets(&arguments.target)?, parameters: parameters(&arguments.set)?, format: arguments.format };
    let worst = arguments.blueprints.iter().filter_map(|path| blueprint(path, &choice).err()).max();
    worst.map_or(Ok(()), Err)
}

/// What is asked of every blueprint.
struct Choice {
    /// Nothing for all that fit.
    targets: Option<Vec<&'static Target>>,
    parameters: Vec<(String, String)>,
    format: Format,
}

fn blueprint(path: &Path, choice: &Choice) -> Done {
    let (source, diagnostics, masked, failed) = all_environments(path, choice)?;
    match choice.format {
        Format::Json => print(&render_json(&source, &diagnostics))?,
        Format::Plain if diagnostics.is_empty() => say(&format!("{}: no faults", super::blueprint::shown(path))),
        Format::Plain => say(render_plain(&source, &diagnostics, &masked, true).trim_end()),
    }
    if failed { Err(Exit::Invalid) } else { Ok(()) }
}

type Found = (Source, Vec<Located>, Vec<Span>, bool);

fn all_environments(path: &Path, choice: &Choice) -> Result<Found, Exit> {
    let Choice { targets, parameters, format } = choice;
    let source = load(path, *format == Format::Json)?;
    let (mut diagnostics, mut masked, mut failed) = (Vec::new(), Vec::new(), false);
    let mut environments = vec![None];
    let mut next = 0;
    while next < environments.len() {
        let environment: Option<String> = environments[next].clone();
        let options = Options { environment: environment.as_deref(), parameters, base: Some(base(path)), output: Some(Path::new(OUT)) };
        let mut compiled: Compiled = compile(&source, &options);
        if next == 0 {
            if !compiled.unreadable {
                super::blueprint::known_parameters(&compiled, parameters)?;
            }
            environments.extend(compiled.environments.iter().cloned().map(Some));
        }
        for needs in lower(&compiled, path, Path::new(OUT), environment.as_deref(), targets.as_deref())? {
            compiled.add(needs.diagnostics);
        }
        failed |= errors(&compiled) > 0;
        if *format == Format::Plain && !compiled.diagnostics.is_empty() {
            masked.append(&mut compiled.masked(&source));
        }
        diagnostics.append(&mut compiled.diagnostics);
        next += 1;
        if next == environments.len() {
            // The last one, often the only one, is not taken apart: the process is about to end, or to read another file.
            mem::forget(compiled);
        }
    }
    // Most faults of the base are there in every environment, and are said once: by the base, which was first.
    sort_and_dedup(&mut diagnostics);
    Ok((source, diagnostics, masked, failed))
}
