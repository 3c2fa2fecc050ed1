//! Reads and compiles a blueprint as the arguments say.

use std::path::{Path, PathBuf};

use super::arguments::ChoiceArgs;
use super::{Exit, fail};
use crate::compile::{Compiled, Options, compile};
use crate::diagnostic::{Located, near, printable, render_json, render_plain};
use crate::formats::command;
use crate::source::Source;
use crate::yaml;

/// Reads a file.
pub(super) fn load(path: &Path, json: bool) -> Result<Source, Exit> {
    let bytes = fs_err::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fail(
            Exit::Usage,
            &format!("there is no file `{}`", path.display()),
            "give the path of a blueprint; `pipegen init` writes one to start from",
        ),
        std::io::ErrorKind::IsADirectory => {
            fail(Exit::Usage, &format!("`{}` is a folder", path.display()), "give the path of a blueprint's file")
        }
        _ => fail(Exit::Disk, &error.to_string(), ""),
    })?;
    yaml::decode(path, bytes).map_err(|diagnostic| {
        let source = Source::new(path, String::new());
        let located = [Located { diagnostic, span: None, related: Vec::new(), environment: None }];
        if json {
            super::print(&render_json(&source, &located)).err().unwrap_or(Exit::Invalid)
        } else {
            super::say(render_plain(&source, &located, &[], true).trim_end());
            Exit::Invalid
        }
    })
}

/// The pairs of `--set`. The value is never repeated: it may be a secret.
pub(super) fn parameters(set: &[String]) -> Result<Vec<(String, String)>, Exit> {
    set.iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| fail(Exit::Usage, "`--set` without `=`", "write `--set NAME=VALUE`"))
        })
        .collect()
}

/// Whether every `--set` names a parameter of the blueprint.
pub(super) fn known_parameters(compiled: &Compiled, parameters: &[(String, String)]) -> Result<(), Exit> {
    for (name, _) in parameters {
        if !compiled.parameters.contains(name) {
            let help = match near(name, compiled.parameters.iter().map(String::as_str)) {
                Some(near) => format!("write `--set {near}=VALUE`"),
                None if compiled.parameters.is_empty() => "it declares none".to_owned(),
                None => format!("it declares {}", compiled.parameters.join(", ")),
            };
            return Err(fail(Exit::Usage, &format!("the blueprint has no parameter `{name}`"), &help));
        }
    }
    Ok(())
}

/// A blueprint that was compiled as the arguments say.
pub(super) struct Chosen {
    pub source: Source,
    pub compiled: Compiled,
}

/// Compiles what the arguments choose; wrong choices are said and end the command.
pub(super) fn choose(choice: &ChoiceArgs, json: bool) -> Result<Chosen, Exit> {
    let source = load(&choice.blueprint, json)?;
    let parameters = parameters(&choice.set)?;
    let options = Options {
        environment: choice.env.as_deref(),
        parameters: &parameters,
        base: Some(base(&choice.blueprint)),
        output: Some(&choice.out),
    };
    let compiled = compile(&source, &options);
    if let Some(environment) = &choice.env
        && !compiled.environments.contains(environment)
        && !compiled.unreadable
    {
        let help = match near(environment, compiled.environments.iter().map(String::as_str)) {
            Some(near) => format!("write `--env {near}`"),
            None if compiled.environments.is_empty() => "it has none; declare them under `environments`".to_owned(),
            None => format!("it has {}", compiled.environments.join(", ")),
        };
        return Err(fail(Exit::Usage, &format!("the blueprint has no environment `{environment}`"), &help));
    }
    if !compiled.unreadable {
        known_parameters(&compiled, &parameters)?;
    }
    Ok(Chosen { source, compiled })
}

/// The folder of the blueprint's file.
pub(super) fn base(blueprint: &Path) -> &Path {
    match blueprint.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The folder of a platform's artifacts under `--out`.
pub(super) fn folder(out: &Path, name: &str, environment: Option<&str>, target: &str) -> PathBuf {
    let platform = environment.map_or_else(|| name.to_owned(), |environment| format!("{name}@{environment}"));
    out.join(platform).join(target)
}

/// The command that renders the same choice again.
pub(super) fn render_command(choice: &ChoiceArgs) -> String {
    let path = |path: &Path| path.display().to_string();
    command("render", &path(&choice.blueprint), choice.env.as_deref(), &given(&choice.set), &path(&choice.out))
}

/// The names of the parameters that were given, each once.
pub(super) fn given(set: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for pair in set {
        let name = pair.split_once('=').map_or(pair.as_str(), |(name, _)| name);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
