//! Volumes and host paths of a service.

use super::model::{Bind, VolumeMount};
use super::scope::Scope;
use crate::formats::said_elsewhere;
use crate::platform::{Mount, MountSource, PathRef};
use crate::value::escape;

/// A mount of a service.
pub fn mount(scope: &Scope<'_, '_>, mount: &Mount) -> VolumeMount {
    let Mount { source, target, read_only, origin } = mount;
    said_elsewhere(origin);
    let target = escape::compose(target);
    match source {
        // The user's own files: a path that is not there is a mistake, and an empty folder would hide it.
        MountSource::Path(path) => bind(scope, path, target, *read_only, false),
        MountSource::Volume(name) => match scope.plan.index.volume(name).and_then(|volume| volume.path.as_ref()) {
            Some(path) => bind(scope, path, target, *read_only, true),
            None => named(name, target, *read_only),
        },
    }
}

fn named(name: &str, target: String, read_only: bool) -> VolumeMount {
    if target.contains(':') {
        return VolumeMount::Long { kind: "volume", source: name.to_owned(), target, read_only, bind: None };
    }
    VolumeMount::Short(format!("{name}:{target}{}", if read_only { ":ro" } else { "" }))
}

fn bind(scope: &Scope<'_, '_>, path: &PathRef, target: String, read_only: bool, create_host_path: bool) -> VolumeMount {
    let PathRef { path, origin } = path;
    said_elsewhere(origin);
    let source = escape::compose(&scope.layout.relative(path));
    VolumeMount::Long { kind: "bind", source, target, read_only, bind: Some(Bind { create_host_path }) }
}
