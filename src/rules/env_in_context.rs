//! A build context or a mount that contains the deployer's `.env` hands every secret to an image or a container.

use std::path::{Component, Path, PathBuf};

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::PathRef;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let (Some(base), Some(output)) = (context.base, context.output) else { return Vec::new() };
    let (base, env) = (clean(base), clean(&output.join(".env")));
    let mut found = Vec::new();
    for build in context.builds() {
        let folder = clean(&base.join(&build.context.path));
        if env.strip_prefix(&folder).is_ok_and(|inside| !ignored(&folder, inside)) {
            found.push(warning(
                &build.context,
                "the build context contains the rendered `.env`: its secrets would be in the image's layers",
                "add the line `**/.env` to the `.dockerignore` of the folder, or render somewhere else (`--out`)",
            ));
        }
    }
    for path in context.mounted() {
        if env.starts_with(clean(&base.join(&path.path))) {
            found.push(warning(
                path,
                "the mounted folder contains the rendered `.env`: the service could read every secret",
                "render somewhere else (`--out`), or mount a folder below",
            ));
        }
    }
    found
}

fn warning(path: &PathRef, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&code::ENV_IN_CONTEXT, Place::Value(path.origin.clone()), message).help(help)
}

/// The path without `.` and `..`, made absolute by the current folder's own path; symlinks are followed where they exist.
fn clean(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut cleaned = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                cleaned.pop();
            }
            Component::CurDir => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// Whether `.dockerignore` leaves the file out: by its name everywhere, by its own path, or by a folder above it.
fn ignored(context: &Path, inside: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(context.join(".dockerignore")) else { return false };
    let mut ignored = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (negated, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let pattern = pattern.trim_start_matches('/').trim_end_matches('/');
        let by_name = pattern.strip_prefix("**/").is_some_and(|name| inside.components().any(|part| part.as_os_str() == name));
        if matches!(pattern, "*" | "**") || by_name || inside.starts_with(pattern) {
            ignored = !negated;
        }
    }
    ignored
}
