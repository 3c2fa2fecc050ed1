//! Where artifacts lie relative to the blueprint.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::formats::Layout;

/// The layout of a folder of artifacts: paths from there to the blueprint, with `/`. Links are followed, because `..`
/// in an artifact is read by the system.
///
/// # Errors
/// The current folder is not known, or a path is not UTF-8.
pub(super) fn layout(blueprint: &Path, folder: &Path, parameters: Vec<String>) -> io::Result<Layout> {
    let file = fs_err::canonicalize(blueprint)?;
    let base = file.parent().unwrap_or(Path::new("/"));
    let folder = physical(folder)?;
    let base = relative(&folder, base)?;
    let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(|| not_utf8(&file))?;
    let blueprint = if base == "." { name.to_owned() } else { format!("{base}/{name}") };
    Ok(Layout { blueprint, base, parameters })
}

/// The path with the links of its existing part followed.
fn physical(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut existing = absolute.as_path();
    let mut rest = Vec::new();
    while !existing.exists() {
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                existing = parent;
            }
            _ => break,
        }
    }
    let mut physical = fs_err::canonicalize(existing)?;
    physical.extend(rest.into_iter().rev());
    Ok(physical)
}

fn relative(from: &Path, to: &Path) -> io::Result<String> {
    let from: Vec<Component<'_>> = from.components().collect();
    let to: Vec<Component<'_>> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", from.len() - shared).map(|part| Ok(part.to_owned()));
    let down = to[shared..].iter().map(|part| part.as_os_str().to_str().map(str::to_owned).ok_or_else(|| not_utf8(part.as_ref())));
    let parts = up.chain(down).collect::<io::Result<Vec<String>>>()?;
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// Artifacts hold the path, and they are text.
fn not_utf8(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is not UTF-8: rename it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::relative;
    use std::path::Path;

    #[test]
    fn paths_lead_from_the_artifacts_to_the_blueprint() {
        let path = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).expect("UTF-8");
        assert_eq!(path("/p/golden/capstone/compose", "/p/blueprints"), "../../../blueprints");
        assert_eq!(path("/p/a", "/p/a"), ".");
        assert_eq!(path("/p/a", "/p/a/b"), "b");
        assert_eq!(path("/p/a", "/"), "../..");
    }
}
