//! The files of a workload: keys of objects, mounted at their paths.

use std::collections::BTreeSet;

use super::containers::placeholder;
use super::model::{KeyToPath, Source, Volume, VolumeMount, Words};
use super::scope::{FilledObject, LocalFile, Scope};
use crate::diagnostic::Place;
use crate::formats::body::{self, Content};
use crate::formats::text::Piece;
use crate::platform::Workload;

/// An object holds at most this many bytes (`MaxSecretSize` in Kubernetes, and etcd's limit on requests).
const MOST_BYTES: usize = 1024 * 1024;

/// The files of one workload.
#[derive(Debug, Default)]
pub struct Files {
    /// What is known now, by key: the data of a config map.
    pub known: Words,
    /// Changes whenever a content does.
    pub fingerprint: Option<String>,
    groups: Vec<Group>,
}

/// The keys of one object.
#[derive(Debug)]
struct Group {
    volume: String,
    object: String,
    is_secret: bool,
    /// Each with the path at which it is read.
    items: Vec<(KeyToPath, String)>,
}

/// The config map with what is known now.
pub fn known_object(workload: &str) -> String {
    format!("{workload}-files")
}

/// The config map with the user's own files.
pub fn local_object(workload: &str) -> String {
    format!("{workload}-local-files")
}

/// What the names of the volumes begin with: a pod has those of its steps too.
fn prefix(workload: &Workload) -> String {
    workload.before.as_ref().map(|_| format!("{}-", workload.name)).unwrap_or_default()
}

/// The files of a workload; what the secrets script makes of them is noted in the scope.
pub fn files(scope: &mut Scope<'_>, workload: &Workload) -> Files {
    let mut files = Files::default();
    let mut taken = BTreeSet::new();
    let mut filled: Option<FilledObject> = None;
    let contents: Vec<Content> = workload.files.iter().map(|file| body::content(&mut scope.resolver, file)).collect();
    if !contents.is_empty() {
        let known = body::fingerprint(workload.files.iter().zip(&contents));
        // What is in the user's own files is only known when they are brought there: the install script fills it in.
        let theirs = contents.iter().any(|content| matches!(content, Content::Theirs(_)));
        let marked = || format!("{known}-{}", placeholder(&local_object(&workload.name)));
        files.fingerprint = Some(if theirs { marked() } else { known.clone() });
    }
    for (file, content) in workload.files.iter().zip(contents) {
        let key = body::free_name(&file.mount, |name| !taken.contains(name));
        taken.insert(key.clone());
        let item = KeyToPath { key: key.clone(), path: key.clone(), mode: if file.executable { 0o555 } else { 0o444 } };
        let (volume, object, is_secret) = match content {
            Content::Known(text) => {
                files.known.insert(key, text);
                ("pipegen-files", known_object(&workload.name), false)
            }
            Content::Filled(pieces) => {
                let object = format!("{}-secret-files", workload.name);
                match filled.as_mut() {
                    Some(filled) => filled.keys.push((key, pieces)),
                    None => filled = Some(FilledObject { keys: vec![(key, pieces)], ..FilledObject::opaque(object.clone()) }),
                }
                ("pipegen-secret-files", object, true)
            }
            Content::Theirs(path) => {
                if path.path.contains('=') {
                    let message = format!("`kubectl` reads no file whose path has a `=`, such as `{}`", path.path);
                    scope.resolver.refuse(&Place::Value(path.origin.clone()), message, "give the file another name");
                }
                let object = local_object(&workload.name);
                scope.reads.entry(workload.stack).or_default().local.insert(LocalFile { object: object.clone(), key, path: path.path });
                ("pipegen-local-files", object, false)
            }
        };
        files.add(format!("{}{volume}", prefix(workload)), object, is_secret, item, &file.mount);
    }
    if let Some(filled) = filled {
        fill(scope, workload.stack, filled);
    }
    if files.known.values().map(String::len).sum::<usize>() > MOST_BYTES {
        let message = format!("the files of `{}` are larger than Kubernetes lets an object be", workload.name);
        scope.resolver.refuse(&Place::Key(workload.origin.clone()), message, "put them into the image");
    }
    files
}

/// Notes a secret that the secrets script fills in.
pub fn fill(scope: &mut Scope<'_>, stack: usize, object: FilledObject) {
    for piece in object.keys.iter().flat_map(|(_, pieces)| pieces) {
        if let Piece::Hole(hole) = piece {
            scope.needs(hole);
        }
    }
    scope.reads.entry(stack).or_default().filled.push(object);
}

impl Files {
    fn add(&mut self, volume: String, object: String, is_secret: bool, item: KeyToPath, mount: &str) {
        let item = (item, mount.to_owned());
        match self.groups.iter_mut().find(|group| group.volume == volume) {
            Some(group) => group.items.push(item),
            None => self.groups.push(Group { volume, object, is_secret, items: vec![item] }),
        }
    }

    /// Where a container reads them. Single files, so that what else is in their folders stays.
    pub fn mounts(&self) -> impl Iterator<Item = VolumeMount> {
        self.groups.iter().flat_map(|group| {
            group.items.iter().map(|(item, mount)| VolumeMount {
                name: group.volume.clone(),
                mount_path: mount.clone(),
                sub_path: Some(item.path.clone()),
                read_only: true,
            })
        })
    }

    /// Where the pod has them from.
    pub fn volumes(&self) -> impl Iterator<Item = Volume> {
        self.groups.iter().map(|group| {
            let items = group.items.iter().map(|(item, _)| item.clone()).collect();
            let source = if group.is_secret {
                Source::Secret { secret_name: group.object.clone(), items }
            } else {
                Source::ConfigMap { name: group.object.clone(), items }
            };
            Volume { name: group.volume.clone(), source }
        })
    }
}
