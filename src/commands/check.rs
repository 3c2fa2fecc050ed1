//! `pipegen check`: every fault of blueprints and of all their environments; writes nothing.

use std::mem;
use std::path::Path;

use super::arguments::{CheckArgs, Format};
use super::blueprint::{base, known_parameters, load, parameters};
use super::render::{lower, targets};
use super::{Done, Exit, print, say};
use crate::compile::{Compiled, Options, compile, masked};
use crate::diagnostic::{render_json, render_plain, sort_and_dedup};
use crate::source::Source;
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
    let source = load(path, choice.format == Format::Json)?;
    let mut compiled = compiled(&source, path, None, choice)?;
    let mut diagnostics = mem::take(&mut compiled.diagnostics);
    for environment in mem::take(&mut compiled.environments) {
        compiled = self::compiled(&source, path, Some(&environment), choice)?;
        diagnostics.append(&mut compiled.diagnostics);
    }
    // The last one, often the only one, is not taken apart: the process is about to end, or to read another file.
    mem::forget(compiled);
    // Most faults of the base are there in every environment, and are said once: by the base, which was first.
    sort_and_dedup(&mut diagnostics);
    match choice.format {
        Format::Json => print(&render_json(&source, &diagnostics))?,
        Format::Plain if diagnostics.is_empty() => say(&format!("{}: no faults", super::blueprint::shown(path))),
        Format::Plain => say(render_plain(&source, &diagnostics, &masked(&source), true).trim_end()),
    }
    let failed = diagnostics.iter().any(|located| located.diagnostic.is_error());
    if failed { Err(Exit::Invalid) } else { Ok(()) }
}

/// A blueprint, or one of its environments, with what the targets say of it.
fn compiled(source: &Source, path: &Path, environment: Option<&str>, choice: &Choice) -> Result<Compiled, Exit> {
    let options = Options { environment, parameters: &choice.parameters, base: Some(base(path)), output: Some(Path::new(OUT)) };
    let mut compiled = compile(source, &options);
    if environment.is_none() && !compiled.unreadable {
        known_parameters(&compiled, &choice.parameters)?;
    }
    for needs in lower(&compiled, path, Path::new(OUT), environment, choice.targets.as_deref())? {
        compiled.add(needs.diagnostics);
    }
    Ok(compiled)
}
