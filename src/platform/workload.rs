//! What runs, and everything that it needs to run.

use std::net::IpAddr;

use super::{EndpointRef, PublicText, Text, TextTree};
use crate::source::Pointer;
use crate::value::{Duration, Replicas, Size};

/// Something that runs.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its name, unique in the platform; other workloads reach it under this name.
    pub name: String,
    /// The service that it is part of.
    pub service: String,
    /// Which part, for services with several.
    pub role: Option<String>,
    /// The index of its stack.
    pub stack: usize,
    /// How it lives.
    pub kind: WorkloadKind,
    /// The scheduled workload before each run of which it runs to its end, beside it and on the same storage.
    pub before: Option<String>,
    /// Its networks, its home first.
    pub networks: Vec<String>,
    /// It runs only when one of these is asked for; empty: always.
    pub profiles: Vec<String>,
    /// The image.
    pub image: Image,
    /// Replaces the image's entry point.
    pub entrypoint: Option<Vec<PublicText>>,
    /// Replaces the image's command.
    pub command: Option<Vec<PublicText>>,
    /// The user, `uid` or `uid:gid`.
    pub user: Option<String>,
    /// The numeric user and group that the image's program ends up as by itself, where that is known: who forbids it to
    /// start as root lets it start as that.
    pub runs_as: Option<(u32, u32)>,
    /// Further numeric groups.
    pub groups: Vec<u32>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// Environment variables in order.
    pub environment: Vec<(String, Text)>,
    /// Files that it reads.
    pub files: Vec<File>,
    /// Storage that it mounts.
    pub mounts: Vec<Mount>,
    /// Paths that hold nothing worth keeping, such as the image's unused volumes.
    pub scratch: Vec<String>,
    /// Ports that it listens on.
    pub endpoints: Vec<Endpoint>,
    /// How it shows that it can do its work.
    pub health: Option<Health>,
    /// What it waits for before it starts.
    pub waits: Vec<(String, super::Readiness)>,
    /// What it may use of the machine.
    pub resources: Resources,
    /// How long it may take to stop; the target's default without it.
    pub stop_grace: Option<Duration>,
    /// Whether it needs a process that reaps its orphans.
    pub reaper: bool,
    /// Labels.
    pub labels: Vec<(String, PublicText)>,
    /// Per target name, what is merged into what the target writes.
    pub overrides: Vec<(String, TextTree)>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

impl Workload {
    /// One of the first stack that has nothing but this: no network, no storage, no limits.
    pub fn new(name: impl Into<String>, service: impl Into<String>, kind: WorkloadKind, image: Image, origin: Pointer) -> Self {
        Self {
            name: name.into(),
            service: service.into(),
            role: None,
            stack: 0,
            kind,
            before: None,
            networks: Vec::new(),
            profiles: Vec::new(),
            image,
            entrypoint: None,
            command: None,
            user: None,
            runs_as: None,
            groups: Vec::new(),
            working_dir: None,
            environment: Vec::new(),
            files: Vec::new(),
            mounts: Vec::new(),
            scratch: Vec::new(),
            endpoints: Vec::new(),
            health: None,
            waits: Vec::new(),
            resources: Resources::default(),
            stop_grace: None,
            reaper: false,
            labels: Vec::new(),
            overrides: Vec::new(),
            origin,
        }
    }

    /// Whether it runs at certain times, and not from the start on.
    pub const fn is_timed(&self) -> bool {
        matches!(self.kind, WorkloadKind::Scheduled { .. }) || self.before.is_some()
    }

    /// Where the blueprint says what holds for this part of its service alone.
    pub fn own_origin(&self) -> Pointer {
        self.role.as_ref().map_or_else(|| self.origin.clone(), |role| self.origin.key("roles").key(role))
    }

    /// Starts it as this user and group, whoever the image says.
    pub fn start_as(&mut self, user: (u32, u32)) {
        self.user = Some(format!("{}:{}", user.0, user.1));
        self.runs_as = Some(user);
    }

    /// An endpoint by name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// A reference to one of its endpoints.
    pub fn endpoint_ref(&self, name: &str) -> EndpointRef {
        EndpointRef::new(self.name.clone(), name)
    }

    /// A variable by name.
    pub fn variable(&self, name: &str) -> Option<&Text> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, text)| text)
    }

    /// The volumes of the platform that it mounts, in the order of its mounts.
    pub fn volumes(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().filter_map(|mount| mount.source.volume())
    }

    /// What shows from outside that it has run.
    pub const fn evidence(&self) -> Option<&RemoteCheck> {
        match &self.kind {
            WorkloadKind::Job { evidence } => evidence.as_ref(),
            WorkloadKind::Server { .. } | WorkloadKind::Scheduled { .. } | WorkloadKind::Template { .. } => None,
        }
    }

    /// The questions about it that are asked from outside.
    pub fn remote_checks(&self) -> impl Iterator<Item = &RemoteCheck> {
        self.health.iter().filter_map(|health| health.remote.as_ref()).chain(self.evidence())
    }

    /// Every text in it that a target will resolve, with secrets or without.
    pub fn texts(&self) -> Vec<&Text> {
        let public = self.entrypoint.iter().chain(&self.command).flatten().chain(self.labels.iter().map(|(_, text)| text));
        let health = self.health.iter().flat_map(|health| health.check.argv());
        let remote: Vec<&RemoteCheck> = self.remote_checks().collect();
        let build_args = match &self.image {
            Image::Pulled { .. } => [].as_slice(),
            Image::Built { build, .. } => &build.args,
        };
        public
            .chain(health)
            .chain(remote.iter().flat_map(|remote| remote.check.argv()))
            .chain(build_args.iter().map(|(_, text)| text))
            .chain([self.image.reference()])
            .map(PublicText::text)
            .chain(self.environment.iter().chain(remote.iter().flat_map(|remote| &remote.environment)).map(|(_, text)| text))
            .chain(self.files.iter().flat_map(|file| file.body.texts()))
            .chain(self.overrides.iter().flat_map(|(_, tree)| tree.texts()))
            .collect()
    }
}

/// How a workload lives.
#[derive(Debug, Clone)]
pub enum WorkloadKind {
    /// It runs until it is stopped.
    Server {
        /// How many of it.
        replicas: Replicas,
        /// Whether it is started again after it ended well, too.
        keep_running: bool,
    },
    /// It runs once and ends.
    Job {
        /// Shows from outside that it has run.
        evidence: Option<RemoteCheck>,
    },
    /// It runs at certain times, and ends each time; never twice at once.
    Scheduled {
        /// The times, as five fields of cron, in UTC.
        schedule: String,
    },
    /// A pattern for what another workload starts whenever it needs one.
    Template {
        /// What to write instead, for targets in which nothing can be started like that.
        instead: &'static str,
    },
}

impl WorkloadKind {
    /// Whether it ends by itself each time that it runs.
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Job { .. } | Self::Scheduled { .. })
    }
}

/// Where an image comes from.
#[derive(Debug, Clone)]
pub enum Image {
    /// From a registry.
    Pulled {
        /// `NAME:TAG`.
        reference: PublicText,
    },
    /// Built here.
    Built {
        /// How.
        build: Build,
        /// The name that it gets.
        reference: PublicText,
    },
}

impl Image {
    /// `NAME:TAG`.
    pub const fn reference(&self) -> &PublicText {
        let (Self::Pulled { reference } | Self::Built { reference, .. }) = self;
        reference
    }
}

/// How an image is built.
#[derive(Debug, Clone)]
pub struct Build {
    /// The folder.
    pub context: PathRef,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Option<String>,
    /// Build arguments.
    pub args: Vec<(String, PublicText)>,
    /// The stage.
    pub target: Option<String>,
}

/// A path relative to the folder of the blueprint's file, or absolute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathRef {
    /// The path with `/`.
    pub path: String,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A port that a workload listens on.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name, unique in the workload.
    pub name: String,
    /// The port.
    pub port: u16,
    /// What is spoken.
    pub protocol: Protocol,
    /// Where it is published on the host.
    pub published: Option<Published>,
}

impl Endpoint {
    /// A port that is not published.
    pub fn new(name: impl Into<String>, port: u16, protocol: Protocol) -> Self {
        Self { name: name.into(), port, protocol, published: None }
    }

    /// The same port, published there.
    #[must_use]
    pub fn published(self, published: Option<Published>) -> Self {
        Self { published, ..self }
    }
}

/// What is spoken at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Anything over TCP.
    Tcp,
    /// HTTP.
    Http,
    /// Anything over UDP.
    Udp,
}

impl Protocol {
    /// Whether it is spoken in single messages, without connections.
    pub const fn is_udp(self) -> bool {
        matches!(self, Self::Udp)
    }
}

/// A port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The host's port.
    pub port: u16,
    /// The host's address.
    pub address: IpAddr,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A program that ends with 0 when all is well.
#[derive(Debug, Clone)]
pub enum Check {
    /// Started as it is.
    Exec(Vec<PublicText>),
    /// Given to the image's `sh`.
    Shell(PublicText),
}

impl From<Check> for RemoteCheck {
    fn from(check: Check) -> Self {
        Self { check, environment: Vec::new(), mounts: Vec::new() }
    }
}

impl Check {
    /// A program from words.
    pub fn exec<T: Into<PublicText>>(words: impl IntoIterator<Item = T>) -> Self {
        Self::Exec(words.into_iter().map(Into::into).collect())
    }

    /// The words, or the one line.
    pub fn argv(&self) -> &[PublicText] {
        match self {
            Self::Exec(words) => words,
            Self::Shell(line) => std::slice::from_ref(line),
        }
    }
}

/// A question that is asked from outside: a program in the workload's own image, with variables of its own.
#[derive(Debug, Clone)]
pub struct RemoteCheck {
    /// The program.
    pub check: Check,
    /// What it reads.
    pub environment: Vec<(String, Text)>,
    /// Storage that it looks at. Whoever asks mounts it as well.
    pub mounts: Vec<Mount>,
}

/// How a workload shows that it can do its work.
#[derive(Debug, Clone)]
pub struct Health {
    /// Asked inside the workload.
    pub check: Check,
    /// The same question, asked from outside.
    pub remote: Option<RemoteCheck>,
    /// How often.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many failures in a row make it unhealthy.
    pub retries: u16,
    /// How long failures at the start do not count.
    pub start_period: Duration,
    /// How often it is asked during that time; without it as often as later. For checks too costly to be asked often.
    pub start_interval: Option<Duration>,
}

impl Health {
    /// Asked every 10 s, with 5 s for an answer; six failures in a row make it unhealthy, and those of the first 10 s do not count.
    pub fn new(check: Check, remote: Option<RemoteCheck>) -> Self {
        Self {
            check,
            remote,
            interval: Duration::seconds(10),
            timeout: Duration::seconds(5),
            retries: 6,
            start_period: Duration::seconds(10),
            start_interval: None,
        }
    }
}

/// A file that a workload reads.
#[derive(Debug, Clone)]
pub struct File {
    /// The absolute path at which it is read.
    pub mount: String,
    /// Whether it is a program.
    pub executable: bool,
    /// What is in it.
    pub body: Body,
    /// Where it comes from in the blueprint.
    pub origin: Pointer,
}

impl File {
    /// A file that is no program.
    pub fn new(mount: impl Into<String>, body: Body, origin: Pointer) -> Self {
        Self { mount: mount.into(), executable: false, body, origin }
    }
}

/// What is in a file.
#[derive(Debug, Clone)]
pub enum Body {
    /// One of our templates, with the values that it reads.
    Template {
        /// The template's name.
        name: &'static str,
        /// What it reads.
        context: TextTree,
    },
    /// A document.
    Document {
        /// In which format.
        format: DocumentFormat,
        /// Its content.
        tree: TextTree,
    },
    /// Plain text.
    Text(Text),
    /// A file of the user's.
    Path(PathRef),
}

impl Body {
    /// Every text in it.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Template { context: tree, .. } | Self::Document { tree, .. } => tree.texts(),
            Self::Text(text) => vec![text],
            Self::Path(_) => Vec::new(),
        }
    }

    /// Whether it can be written only when deploying.
    pub fn is_deploy_time(&self) -> bool {
        self.texts().into_iter().any(Text::is_deploy_time)
    }
}

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFormat {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// Java properties.
    Properties,
}

/// Storage at a path.
#[derive(Debug, Clone)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Where: an absolute path.
    pub target: String,
    /// Not writable.
    pub read_only: bool,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

impl Mount {
    /// A volume of the platform, to write into.
    pub fn volume(name: impl Into<String>, target: impl Into<String>, origin: Pointer) -> Self {
        Self { source: MountSource::Volume(name.into()), target: target.into(), read_only: false, origin }
    }
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A volume of the platform.
    Volume(String),
    /// A file or folder beside the blueprint.
    Path(PathRef),
}

impl MountSource {
    /// The volume, if it is one.
    pub fn volume(&self) -> Option<&str> {
        match self {
            Self::Volume(name) => Some(name),
            Self::Path(_) => None,
        }
    }
}

/// What a workload may use of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Processors, as decimal text.
    pub cpu: Option<String>,
    /// Memory.
    pub memory: Option<Size>,
}
