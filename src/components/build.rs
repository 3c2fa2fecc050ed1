//! The second step of a component: its workloads, now that everything that it refers to is known.

use std::collections::BTreeMap;

use crate::blueprint::{self, FileMode, FileSource, ImageSource, Role, Service, Tree};
use crate::diagnostic::{Diagnostic, Faults, Place, code};
use crate::platform::{
    self, Body, ConnectionSetup, DocumentFormat, File, Image, ImageLogin, Login, Mount, PathRef, PublicText, Resources, Text, TextTree,
    Workload, WorkloadKind,
};
use crate::source::Pointer;
use crate::value::{Deployable, Replicas, ResourceRef, Size, TextSource};

/// What a component made of a service.
#[derive(Debug, Default)]
pub struct Built {
    /// Its workloads.
    pub workloads: Vec<Workload>,
    /// Volumes of its own, each of which a workload mounts.
    pub volumes: Vec<OwnVolume>,
    /// The job that writes connections into it.
    pub connections: Option<ConnectionSetup>,
}

/// A volume that a component makes for its service.
#[derive(Debug)]
pub struct OwnVolume {
    /// Its name.
    pub name: String,
    /// A path of the host instead of managed storage.
    pub path: Option<PathRef>,
    /// The group that owns it; a job sets it.
    pub group: Option<u32>,
    /// How large it may become.
    pub size: Option<Size>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

impl OwnVolume {
    /// Managed storage.
    pub fn new(name: String, origin: Pointer) -> Self {
        Self { name, path: None, group: None, size: None, origin }
    }
}

/// Reads the rest of the blueprint. Compilation provides it.
pub trait Scope {
    /// Resolves the holes of a string of the class *text*; a fault is reported there and leaves nothing.
    fn text(&mut self, service: &str, source: &str, at: &Pointer) -> Option<Text>;
    /// What a reference reads; nothing if a fault was reported for it.
    fn resolve(&self, target: &ResourceRef) -> Option<Resolved>;
    /// The storage that a service's `volumes` mount, and the groups that come with it.
    fn mounts(&mut self, service: &str) -> (Vec<Mount>, Vec<u32>);
    /// Whether one of the networks has a way to the internet.
    fn has_way_out(&self, networks: &[String]) -> bool;
}

/// What a reference reads: the service's properties and those of the resource that is meant.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The service that is meant: another one than is written where that does not exist, which is reported elsewhere.
    pub service: String,
    /// Properties by name, the resource's winning over the service's.
    pub properties: BTreeMap<&'static str, Text>,
    /// How connections to it are usually called: `postgres`, `redis`, `kafka`, `http`.
    pub scheme: Option<&'static str>,
}

impl Resolved {
    /// A property.
    pub fn get(&self, name: &str) -> Option<Text> {
        self.properties.get(name).cloned()
    }
}

/// What a component reads when it builds a service.
pub struct Build<'a> {
    /// The service's name.
    pub name: &'a str,
    /// The blueprint's name.
    pub blueprint: &'a str,
    /// Where the service stands.
    pub at: Pointer,
    /// The fields that all components share.
    pub service: &'a Service,
    /// The index of its stack.
    pub stack: usize,
    /// All its networks, its home first.
    pub networks: Vec<String>,
    /// The rest of the blueprint.
    pub scope: &'a mut dyn Scope,
    /// Where faults were reported already.
    pub faults: &'a Faults,
    /// The login that the service's image names.
    pub image_login: Option<Login>,
    /// The images that are pulled with it.
    pub image_logins: Vec<ImageLogin>,
    /// Faults.
    pub diagnostics: Vec<Diagnostic>,
}

impl Build<'_> {
    /// A server with what the service says for all its workloads, except the environment and the files, which a
    /// component adds with [`Build::finish`] after its own.
    pub fn server(&mut self, name: &str, role: Option<&str>, image: Image) -> Workload {
        let (mounts, groups) = self.scope.mounts(self.name);
        Workload { mounts, groups, ..self.server_beside(name, role, image) }
    }

    /// A server beside the service's own, without its storage.
    pub fn server_beside(&self, name: &str, role: Option<&str>, image: Image) -> Workload {
        self.bare(name, role, image, WorkloadKind::Server { replicas: Replicas::Count(1), keep_running: true })
    }

    /// A job without the service's storage.
    pub fn job(&self, name: &str, role: Option<&str>, image: Image) -> Workload {
        self.bare(name, role, image, WorkloadKind::Job { evidence: None })
    }

    fn bare(&self, name: &str, role: Option<&str>, image: Image, kind: WorkloadKind) -> Workload {
        let resources = self.service.resources.as_ref().map(resources).unwrap_or_default();
        let labels = self.service.labels.iter().map(|(key, value)| (key.0.clone(), PublicText::from(value.0.as_str()))).collect();
        Workload {
            role: role.map(str::to_owned),
            stack: self.stack,
            networks: self.networks.clone(),
            profiles: self.service.profiles.iter().map(ToString::to_string).collect(),
            resources,
            labels,
            ..Workload::new(name, self.name, kind, image, self.at.clone())
        }
    }

    /// Adds the service's own environment, files and overrides, which win over the component's.
    pub fn finish(&mut self, workload: &mut Workload) {
        let service = self.service;
        let environment = self.at.key("environment");
        self.environment(workload, &service.environment, &environment);
        for (mount, source) in service.files.iter() {
            let at = self.at.key("files").key(&mount.0);
            if let Some(file) = self.file(&mount.0, source, at) {
                workload.files.push(file);
            }
        }
        let at = self.at.key("overrides");
        self.overrides(workload, &service.overrides, &at);
    }

    /// Adds what the service says for one of its roles.
    pub fn role(&mut self, workload: &mut Workload, role: &Role, at: &Pointer) {
        if let (Some(own), WorkloadKind::Server { replicas, .. }) = (role.replicas, &mut workload.kind) {
            *replicas = own;
        }
        if let Some(own) = &role.resources {
            workload.resources = resources(own);
        }
        self.environment(workload, &role.environment, &at.key("environment"));
        self.overrides(workload, &role.overrides, &at.key("overrides"));
    }

    fn environment(&mut self, workload: &mut Workload, entries: &crate::value::Map<crate::value::EnvName, TextSource>, at: &Pointer) {
        // Names of one map differ, so only what was there before is looked up, and not by a scan: a map may be huge.
        let before = workload.environment.iter().enumerate().map(|(index, (name, _))| (name.clone(), index));
        let before: BTreeMap<String, usize> = before.collect();
        for (name, source) in entries.iter() {
            let Some(text) = self.text(&source.0, &at.key(name.as_str())) else { continue };
            match before.get(name.as_str()) {
                Some(index) => workload.environment[*index].1 = text,
                None => workload.environment.push((name.to_string(), text)),
            }
        }
    }

    fn overrides(&mut self, workload: &mut Workload, entries: &crate::value::Map<crate::value::Name, Tree>, at: &Pointer) {
        for (target, tree) in entries.iter() {
            let tree = self.tree(tree, &at.key(target.as_str()));
            workload.overrides.push((target.to_string(), tree));
        }
    }

    /// A text with its holes resolved; a fault is reported and leaves nothing.
    pub fn text(&mut self, source: &str, at: &Pointer) -> Option<Text> {
        self.scope.text(self.name, source, at)
    }

    /// A text that may hold no secret.
    pub fn public(&mut self, source: &str, at: &Pointer) -> Option<PublicText> {
        let text = self.text(source, at)?;
        PublicText::try_from(text)
            .map_err(|variable| {
                let fault = Diagnostic::new(
                    &code::SECRET_NOT_ALLOWED,
                    Place::Value(at.clone()),
                    "a secret cannot stand here: anyone who lists processes or artifacts would read it",
                );
                self.diagnostics.push(fault.help(format!(
                    "give it to the service as an environment variable (`environment: {{ {variable}: ... }}`) or in a file (`files:`)"
                )));
            })
            .ok()
    }

    /// Reports that something is elsewhere, if the service has only networks that do not lead there.
    pub fn needs_way_out(&mut self, what: &str, place: Place) {
        if !self.scope.has_way_out(&self.networks) {
            let message = format!("{what} is elsewhere, and `{}` is only on internal networks", self.name);
            let help = format!("put `{}` on a network that is not internal as well (`networks:`)", self.name);
            self.diagnostics.push(Diagnostic::new(&code::NO_WAY_OUT, place, message).help(help));
        }
    }

    /// A tree with the holes of its strings resolved.
    pub fn tree(&mut self, tree: &Tree, at: &Pointer) -> TextTree {
        match tree {
            Tree::Null => TextTree::Null,
            Tree::Bool(value) => TextTree::Bool(*value),
            Tree::Int(value) => TextTree::Int(*value),
            Tree::Float(value) => TextTree::Float(*value),
            Tree::Text(source) => self.text(source, at).map_or(TextTree::Null, TextTree::Text),
            Tree::List(items) => TextTree::List(items.iter().enumerate().map(|(index, item)| self.tree(item, &at.index(index))).collect()),
            Tree::Map(entries) => TextTree::Map(entries.iter().map(|(key, value)| (key.clone(), self.tree(value, &at.key(key)))).collect()),
        }
    }

    fn file(&mut self, mount: &str, source: &FileSource, at: Pointer) -> Option<File> {
        let FileSource { yaml, json, properties, text, path, mode } = source;
        let mut bodies = Vec::new();
        if let Some(tree) = yaml {
            bodies.push(Body::Document { format: DocumentFormat::Yaml, tree: self.tree(tree, &at.key("yaml")) });
        }
        if let Some(tree) = json {
            bodies.push(Body::Document { format: DocumentFormat::Json, tree: self.tree(tree, &at.key("json")) });
        }
        if let Some(entries) = properties {
            let place = at.key("properties");
            let entries = entries
                .iter()
                .filter_map(|(key, value)| Some((key.0.clone(), TextTree::Text(self.text(&value.0, &place.key(&key.0))?))))
                .collect();
            bodies.push(Body::Document { format: DocumentFormat::Properties, tree: TextTree::Map(entries) });
        }
        if let Some(source) = text {
            bodies.push(Body::Text(self.text(&source.0, &at.key("text"))?));
        }
        if let Some(path) = path {
            bodies.push(Body::Path(PathRef { path: path.0.clone(), origin: at.key("path") }));
        }
        if bodies.len() != 1 || !mount.starts_with('/') {
            let (message, help) = if bodies.len() == 1 {
                ("the key of a file is the absolute path at which it is read", "write a path that begins with `/`")
            } else {
                ("a file has exactly one body", "write one of `yaml`, `json`, `properties`, `text` and `path`")
            };
            // A body of the wrong type is a body, and reported already.
            self.diagnostics.push(Diagnostic::new(&code::BAD_VALUE, Place::Key(at.clone()), message).help(help).depends_on(at));
            return None;
        }
        Some(File { executable: *mode == FileMode::Executable, ..File::new(mount, bodies.remove(0), at) })
    }

    /// The image: the user's own if one is written, else the catalog's.
    pub fn image(&mut self, catalog: Option<&str>) -> Option<Image> {
        let at = self.at.key("image");
        match (&self.service.image, &self.service.build) {
            (Some(_), Some(_)) => {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(self.at.key("build")), "`build` beside `image`");
                self.diagnostics.push(fault.help("write `image: { build: ..., repository: ..., tag: ... }`"));
                None
            }
            (Some(image), None) => match &image.source {
                ImageSource::Pulled(reference) => self.pulled(reference, &at),
                ImageSource::Built { build, repository, tag } => {
                    self.named(catalog, build.as_ref(), repository.as_ref(), tag.as_ref(), &at)
                }
            },
            (None, Some(build)) => self.named(catalog, Some(build), None, None, &self.at.key("build")),
            (None, None) => match catalog {
                Some(reference) => Some(Image::Pulled { reference: reference.into() }),
                None if self.faults.touches(&at) || self.faults.touches(&self.at.key("build")) => None,
                None => {
                    let fault = Diagnostic::new(&code::MISSING_KEY, Place::Key(self.at.clone()), format!("`{}` has no image", self.name));
                    self.diagnostics.push(fault.help("write `image: NAME:TAG`, or `build: FOLDER`"));
                    None
                }
            },
        }
    }

    fn pulled(&mut self, reference: &Deployable, at: &Pointer) -> Option<Image> {
        let text = self.public(&reference.0, at)?;
        self.has_fixed_tag(&text, at).then_some(Image::Pulled { reference: text })
    }

    /// Whether an image means the same tomorrow, as far as that is known now; one that does not is reported.
    fn has_fixed_tag(&mut self, reference: &PublicText, at: &Pointer) -> bool {
        let Some(reference) = reference.text().as_literal() else { return true };
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let tag = name.split_once('@').map(|(_, digest)| digest).or_else(|| name.split_once(':').map(|(_, tag)| tag));
        if tag.is_some_and(|tag| !tag.is_empty() && tag != "latest") {
            return true;
        }
        let message = if tag == Some("latest") {
            "the tag `latest` means another image tomorrow"
        } else {
            "an image without a tag means another image tomorrow"
        };
        self.diagnostics.push(
            Diagnostic::new(&code::FLOATING_TAG, Place::Value(at.clone()), message)
                .help("write the tag that you tested, such as `python:3.12-slim`"),
        );
        false
    }

    fn named(
        &mut self,
        catalog: Option<&str>,
        build: Option<&blueprint::Build>,
        repository: Option<&Deployable>,
        tag: Option<&Deployable>,
        at: &Pointer,
    ) -> Option<Image> {
        let repository = match (repository, build, catalog) {
            (Some(repository), ..) => self.public(&repository.0, &at.key("repository"))?,
            (None, Some(_), _) => PublicText::from(format!("{}/{}", self.blueprint, self.name)),
            (None, None, Some(catalog)) => PublicText::from(catalog.split_once(':').map_or(catalog, |(name, _)| name)),
            (None, None, None) if self.faults.touches(at) => return None,
            (None, None, None) => {
                self.diagnostics.push(
                    Diagnostic::new(&code::MISSING_KEY, Place::Key(at.clone()), "an image without a name").help("write `repository: NAME`"),
                );
                return None;
            }
        };
        let tag = match (tag, build, catalog) {
            (Some(tag), ..) => self.public(&tag.0, &at.key("tag"))?,
            (None, None, Some(catalog)) => PublicText::from(catalog.rsplit(':').next().unwrap_or("local")),
            _ => PublicText::from("local"),
        };
        let reference = PublicText::try_from(repository.text().clone().then(":").then(tag.text().clone())).ok()?;
        if !self.has_fixed_tag(&reference, &at.key("tag")) {
            return None;
        }
        self.pulled_with_login(&reference);
        match build {
            Some(build) => Some(Image::Built { build: self.build_of(build, at)?, reference }),
            None => Some(Image::Pulled { reference }),
        }
    }

    fn build_of(&mut self, build: &blueprint::Build, at: &Pointer) -> Option<platform::Build> {
        let at = if self.service.build.is_some() { at.clone() } else { at.key("build") };
        let short = build.dockerfile.is_none() && build.args.is_empty() && build.target.is_none();
        let origin = if short { at.clone() } else { at.key("context") };
        let mut args = Vec::new();
        for (name, value) in build.args.iter() {
            args.push((name.to_string(), self.public(&value.0, &at.key("args").key(name.as_str()))?));
        }
        Some(platform::Build {
            context: PathRef { path: build.context.0.clone(), origin },
            dockerfile: build.dockerfile.as_ref().map(|file| file.0.clone()),
            args,
            target: build.target.as_ref().map(|target| target.0.clone()),
        })
    }
}

/// Sets a variable: in place if it is there, else at the end.
pub fn set(environment: &mut Vec<(String, Text)>, name: &str, value: Text) {
    match environment.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => environment.push((name.to_owned(), value)),
    }
}

fn resources(own: &blueprint::Resources) -> Resources {
    Resources { cpu: own.cpu.as_ref().map(|cpu| cpu.as_str().to_owned()), memory: own.memory }
}
