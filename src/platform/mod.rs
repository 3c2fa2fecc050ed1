//! The platform: resolved and neutral. What runs, who talks to whom, which secrets; not how any target writes it.
//!
//! Every piece has an origin, a pointer into the blueprint. Layer 2: may use only `value` and `source`.

mod index;
pub mod realization;
pub mod relation;
mod text;
mod workload;

pub use index::Index;
pub use realization::{
    CustomResource, Gap, ImagePart, Opening, Realization, Realizer, Removal, ReplacedEndpoint, SecretKind, SecretObject, State, Value,
};
pub use text::{AddressPart, Encoding, EndpointRef, Part, PublicText, Text, TextTree, Vantage};
pub use workload::{
    Body, Build, Check, DocumentFormat, Endpoint, File, Health, Image, Mount, MountSource, PathRef, Protocol, Published, RemoteCheck,
    Resources, Workload, WorkloadKind,
};

use crate::source::Pointer;
pub use crate::value::secret::SecretFormat;

/// Everything that is deployed. Lists are in the order in which the blueprint has them, unless said otherwise.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The blueprint's name.
    pub name: String,
    /// One sentence.
    pub description: Option<String>,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// Stacks in the order in which they start.
    pub stacks: Vec<Stack>,
    /// Networks.
    pub networks: Vec<Network>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Secrets that something reads, sorted by variable.
    pub secrets: Vec<Secret>,
    /// Where their values come from.
    pub secret_store: SecretStore,
    /// The images that are pulled with a login.
    pub image_logins: Vec<ImageLogin>,
    /// The cluster that is made for it on one machine.
    pub cluster: Option<Cluster>,
    /// Values of the deployer that something reads, sorted by variable.
    pub settings: Vec<Setting>,
    /// Services.
    pub services: Vec<Service>,
    /// Workloads.
    pub workloads: Vec<Workload>,
    /// Who connects to whom.
    pub edges: Vec<Edge>,
    /// What a step reads and writes, for the guide.
    pub pipelines: Vec<Pipeline>,
    /// Expectations, already found to hold.
    pub expectations: Vec<Expectation>,
}

impl Platform {
    /// A secret by its variable.
    pub fn secret(&self, variable: &str) -> Option<&Secret> {
        self.secrets.binary_search_by(|secret| secret.variable.as_str().cmp(variable)).ok().map(|at| &self.secrets[at])
    }

    /// A value of the deployer by its variable.
    pub fn setting(&self, variable: &str) -> Option<&Setting> {
        self.settings.binary_search_by(|setting| setting.variable.as_str().cmp(variable)).ok().map(|at| &self.settings[at])
    }
}

/// A cluster on one machine.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its version, as `1.34`; without it the newest that is known.
    pub version: Option<String>,
    /// The number of machines beside the one that directs them.
    pub workers: u16,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A unit that is deployed together.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name; the only one of a blueprint without stacks has none.
    pub name: Option<String>,
    /// One sentence.
    pub description: Option<String>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A zone.
#[derive(Debug, Clone)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Without a way to the internet.
    pub internal: bool,
    /// The index of the stack that makes it.
    pub owner: usize,
    /// One sentence.
    pub description: Option<String>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// Storage.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// A path of the host instead of managed storage.
    pub path: Option<PathRef>,
    /// The group that owns it; a job sets it.
    pub group: Option<u32>,
    /// How large it may become.
    pub size: Option<crate::value::Size>,
    /// The index of the stack that makes it.
    pub owner: usize,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A secret by the name of its variable. Its value is never here.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The variable.
    pub variable: String,
    /// How one is made.
    pub format: SecretFormat,
    /// Whose it is, for people.
    pub note: String,
    /// In which forms something reads it.
    pub encodings: Vec<Encoding>,
    /// Where it comes from in the blueprint.
    pub origin: Pointer,
}

/// Where the values of secrets come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretStore {
    /// The deployer's `.env`.
    Env,
    /// A store of the surroundings, that hands them in while the platform runs.
    External {
        /// The store's name.
        name: String,
        /// Under which keys it has them.
        keys: StoreKeys,
    },
}

/// Under which keys a store has the values of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKeys {
    /// Each under a key of its own: this, and then the variable.
    Prefixed(String),
    /// All under this key, each as a property with the name of the variable.
    Properties(String),
}

/// A value of the deployer by the name of its variable.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The variable.
    pub variable: String,
    /// What holds when it is unset or empty.
    pub default: Option<String>,
    /// In which forms something reads it.
    pub encodings: Vec<Encoding>,
    /// Where it is read first in the blueprint.
    pub origin: Pointer,
}

/// A named entry of the blueprint.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it is.
    pub component: &'static str,
    /// Where a person logs in, for the guide.
    pub login: Option<Login>,
    /// Its resources (databases, topics), for the guide: kind and names.
    pub resources: Vec<(String, Vec<String>)>,
    /// The job that writes connections into it, and their names.
    pub connections: Option<ConnectionSetup>,
    /// Where it is, if nothing of it runs here.
    pub external: Option<External>,
    /// What its own workloads connect to elsewhere, such as the server behind a pool of connections.
    pub upstream: Option<External>,
    /// What may stand in for some of its workloads, or look after them.
    pub realizations: Vec<Realization>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A system that runs elsewhere. Edges to it have no endpoint: they leave the platform, by a network that is not internal.
#[derive(Debug, Clone)]
pub struct External {
    /// Where it is found, for people: a host, `host:port` or a URL. What connects to it reads its properties.
    pub address: PublicText,
    /// Its port over TCP; none where only whoever deploys knows it.
    pub port: Option<u16>,
}

/// A username with its password.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// The username.
    pub username: String,
    /// The variable that holds the password.
    pub variable: String,
}

/// With what an image is pulled.
#[derive(Debug, Clone)]
pub struct ImageLogin {
    /// The image, `NAME:TAG`.
    pub image: PublicText,
    /// Where it is pulled from: a host, or one value of the deployer.
    pub registry: PublicText,
    /// Who pulls it.
    pub login: Login,
    /// The password of the login.
    pub password: Text,
}

/// The set-up of connections inside a service.
#[derive(Debug, Clone)]
pub struct ConnectionSetup {
    /// The job that writes them.
    pub job: String,
    /// A workload in which a person can look at them.
    pub inspect: String,
    /// The words of a command that tries a connection there; the connection's name follows them.
    pub test: Vec<String>,
    /// Each connection: its name, and the service or resource that it leads to.
    pub connections: Vec<(String, String)>,
}

/// What a consumer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Readiness {
    /// Until the provider can do its work.
    Ready,
    /// Until it was started.
    Started,
    /// Until it has ended well.
    Completed,
}

/// A consumer's connection to a provider.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The service that connects.
    pub from: String,
    /// Those of its workloads that share a network with the provider.
    pub workloads: Vec<String>,
    /// The service that is connected to.
    pub to: String,
    /// The resource that is meant.
    pub resource: Option<String>,
    /// The endpoints that are connected to; a provider that runs nothing has none.
    pub endpoints: Vec<EndpointRef>,
    /// What is waited for, workload by workload; empty where nothing is.
    pub waits: Vec<(String, Readiness)>,
    /// The key that made it, for people: `uses`, `database`, `reads`.
    pub reason: &'static str,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A pipeline, for the guide.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub description: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step, for the guide.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The service that runs it.
    pub on: String,
    /// The program.
    pub program: Option<String>,
    /// When it runs.
    pub schedule: Option<String>,
    /// What it starts elsewhere.
    pub starts: Option<String>,
    /// What it reads: where, and the data.
    pub reads: Vec<String>,
    /// What it writes.
    pub writes: Vec<String>,
}

/// A peer of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// The outside world.
    Internet,
    /// The machine itself, through published ports.
    Host,
    /// Workloads of a service.
    Workloads {
        /// As written.
        label: String,
        /// The workloads.
        names: Vec<String>,
    },
}

/// Who must, or must never, reach whom.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Who connects.
    pub from: Peer,
    /// To whom.
    pub to: Peer,
    /// Must, or must never.
    pub reaches: bool,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}
