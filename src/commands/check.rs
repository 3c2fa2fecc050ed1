//! `pipegen check`: every fault of blueprints and of all their environments; writes nothing.

use std::path::Path;

use super::arguments::{CheckArgs, Format};
use super::blueprint::{base, load, parameters};
use super::render::lower;
use super::{Done, Exit, errors, print, say};
use crate::compile::{Compiled, Options, compile};
use crate::diagnostic::{Located, render_json, render_plain, sort_and_dedup};
use crate::source::{Source, Span};

/// Where artifacts would go, for the checks that look at it.
const OUT: &str = "generated";

/// Checks every blueprint; the worst outcome is the exit status.
pub fn run(arguments: &CheckArgs) -> Done {
    let parameters = parameters(&arguments.set)?;
    let worst = arguments.blueprints.iter().filter_map(|path| blueprint(path, &parameters, arguments.format).err()).max();
    worst.map_or(Ok(()), Err)
}

fn blueprint(path: &Path, parameters: &[(String, String)], format: Format) -> Done {
    let (source, diagnostics, masked, failed) = all_environments(path, parameters, format == Format::Json)?;
    match format {
        Format::Json => print(&render_json(&source, &diagnostics))?,
        Format::Plain if diagnostics.is_empty() => say(&format!("{}: no faults", super::blueprint::shown(path))),
        Format::Plain => say(render_plain(&source, &diagnostics, &masked, true).trim_end()),
    }
    if failed { Err(Exit::Invalid) } else { Ok(()) }
}

type Found = (Source, Vec<Located>, Vec<Span>, bool);

fn all_environments(path: &Path, parameters: &[(String, String)], json: bool) -> Result<Found, Exit> {
    let source = load(path, json)?;
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
        for needs in lower(&mut compiled, path, Path::new(OUT), environment.as_deref())? {
            compiled.add(needs.diagnostics);
        }
        failed |= errors(&compiled) > 0;
        if !compiled.diagnostics.is_empty() {
            masked.append(&mut compiled.masked(&source));
        }
        diagnostics.append(&mut compiled.diagnostics);
        next += 1;
    }
    // Most faults of the base are there in every environment, and are said once.
    sort_and_dedup(&mut diagnostics);
    Ok((source, diagnostics, masked, failed))
}
