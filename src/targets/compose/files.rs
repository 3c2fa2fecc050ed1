//! Files that workloads read: what is in them, where they lie, which of them are one.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Config, ConfigMount};
use super::text::ComposeText;
use crate::diagnostic::Place;
use crate::formats::Layout;
use crate::formats::text::Resolver;
use crate::formats::{body, said_elsewhere};
use crate::platform::{File, PathRef};
use crate::value::escape;

/// What is in a file, before anything is filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// For Compose to fill in and to copy into the container.
    Inline(String),
    /// Known now, and committed beside the Compose files.
    Committed(String),
    /// A file of the user's, by its path from the Compose file.
    Theirs(String),
}

/// What is in a file.
pub fn content(resolver: &mut Resolver<'_>, layout: &Layout, file: &File, content: body::Content) -> Content {
    match content {
        body::Content::Known(text) => Content::Committed(text),
        body::Content::Filled(pieces) => Content::Inline(resolver.written(pieces, &Place::Value(file.origin.clone()))),
        body::Content::Theirs(PathRef { path, origin }) => {
            said_elsewhere(origin);
            Content::Theirs(layout.relative(&path))
        }
    }
}

/// A file to be committed.
#[derive(Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its path from the folder of the artifacts.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// Whether it is a program.
    pub executable: bool,
}

/// The configs of one Compose file. Equal files of one blueprint service are one config; those of different services are
/// not, or the order of the services would decide whose name it has.
#[derive(Debug, Default)]
pub struct Configs {
    ids: BTreeMap<(String, Content, bool), String>,
    taken: BTreeSet<String>,
    /// In the order of their first use.
    pub entries: Vec<(String, Config)>,
    /// What they refer to.
    pub committed: Vec<Committed>,
}

impl Configs {
    /// Mounts a file into a workload of a service.
    pub fn mount(&mut self, service: &str, file: &File, content: Content) -> ConfigMount {
        // A file is mounted as it is; what Compose copies into the container is readable to all unless said otherwise.
        let mode = (file.executable && matches!(content, Content::Inline(_))).then_some("0555");
        let key = (service.to_owned(), content, file.executable);
        let source = match self.ids.get(&key) {
            Some(id) => id.clone(),
            None => self.add(service, file, key),
        };
        ConfigMount { source, target: escape::compose(&file.mount), mode }
    }

    fn add(&mut self, service: &str, file: &File, key: (String, Content, bool)) -> String {
        let (id, name) = self.free_name(service, &file.mount);
        let config = match &key.1 {
            Content::Inline(text) => Config::Content(text.clone()),
            Content::Theirs(path) => Config::File(escape::compose(path)),
            Content::Committed(text) => {
                let path = format!("files/{service}/{name}");
                let config = Config::File(format!("./{path}"));
                self.committed.push(Committed { path, text: text.clone(), executable: file.executable });
                config
            }
        };
        self.entries.push((id.clone(), config));
        self.ids.insert(key, id.clone());
        id
    }

    fn free_name(&mut self, service: &str, mount: &str) -> (String, String) {
        // No service has a dot in its name, so the first one parts the two for certain.
        let id = |name: &str| format!("{service}.{name}");
        let name = body::free_name(mount, |name| !self.taken.contains(&id(name)));
        let id = id(&name);
        self.taken.insert(id.clone());
        (id, name)
    }
}
