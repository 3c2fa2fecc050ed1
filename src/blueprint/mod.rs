//! The language: what the user wrote, typed and closed, nothing resolved. Layer 2.
//!
//! The doc comments here are what an editor shows and what the language page says: they are written for users.

mod pipeline;
mod service;
mod tree;

pub use pipeline::{Dataset, Pipeline, Runs, Step};
pub use service::{
    Build, EndpointKey, FileMode, FileSource, Health, HealthTool, Image, ImageSource, Publish, Published, Readiness, Resources, Role,
    Service, TARGETS, Use, VolumeMount,
};
pub use tree::Tree;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::value::{Map, Name, NetworkName, OneOrMany, ParametricText, ResourceRef, Size, VariableName, variable_of};

/// Words that cannot name a service or volume because references and expectations use them.
pub const RESERVED_NAMES: &[&str] = &["all", "credentials", "env", "host", "internet", "parameters", "volumes"];

/// A data platform, described once: services, networks, credentials and pipelines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Blueprint {
    /// The version of the language.
    pub blueprint: LanguageVersion,
    /// The platform's name, with which projects, networks and built images begin.
    pub name: Name,
    /// What the platform is for, in one sentence for the generated guide.
    #[serde(default)]
    pub description: Option<ParametricText>,
    /// Values, by name, that `--set NAME=VALUE` may change and that strings read as `${parameters.NAME}`.
    #[serde(default)]
    pub parameters: Map<NetworkName, Parameter>,
    /// Zones, by name: only services that share one can talk; without this key there is one, named after the blueprint.
    #[serde(default)]
    pub networks: Map<NetworkName, Network>,
    /// Units that are deployed together, by name, each a Compose file of its own; without this key there is one.
    #[serde(default)]
    pub stacks: Map<Name, Stack>,
    /// The local Kubernetes cluster that Kind makes.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Logins, by name; secret values never stand here, `pipegen secrets init` makes them where the platform is deployed.
    #[serde(default)]
    pub credentials: Map<NetworkName, Credential>,
    /// Storage, by name, that several services mount or that needs a path or a group.
    #[serde(default)]
    pub volumes: Map<NetworkName, Volume>,
    /// What runs, by name.
    pub services: Map<Name, Service>,
    /// Where data lives and which steps read and write it, by name of the pipeline.
    #[serde(default)]
    pub pipelines: Map<NetworkName, Pipeline>,
    /// Who must, and who must never, reach whom; checked on every run, and an error where it does not hold.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// How the guide is generated.
    #[serde(default)]
    pub docs: Option<Docs>,
    /// Where secret values come from.
    #[serde(default)]
    pub secrets: Option<Secrets>,
    /// What differs in an environment, by name: merged over the blueprint with `--env NAME`.
    #[serde(default)]
    pub environments: Map<Name, Overlay>,
}

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum LanguageVersion {
    /// The first version.
    #[serde(rename = "v1")]
    V1,
}

/// A value that is given when rendering.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Parameter {
    /// The value without `--set`; a parameter without a default must be set.
    #[serde(default)]
    pub default: Option<Scalar>,
    /// A regular expression that the value must contain; `^...$` matches the whole.
    #[serde(default)]
    pub pattern: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
}

/// Text, a whole number or a boolean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "integer", "boolean"], "title": "text, a whole number or a boolean" })
    }
}

/// A zone of the platform.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Network {
    /// It has no way to the internet, and a service that has only such networks cannot publish a port.
    #[serde(default)]
    pub internal: bool,
    /// What the network is for, in one sentence for the generated guide.
    #[serde(default)]
    pub description: Option<ParametricText>,
}

/// A unit that is deployed together.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stack {
    /// The network of the stack's services that name none of their own; the stack makes it.
    #[serde(default)]
    pub network: Option<NetworkName>,
    /// What the stack is for, in one sentence for the generated guide.
    #[serde(default)]
    pub description: Option<ParametricText>,
}

/// The local Kubernetes cluster that Kind makes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Kind {
    /// The Kubernetes version, quoted.
    #[serde(default)]
    pub kubernetes: Option<String>,
    /// The number of worker nodes.
    #[serde(default)]
    pub workers: Option<u16>,
}

/// A username and secrets by reference.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Credential {
    /// What kind of secret it has.
    #[serde(default, rename = "type")]
    #[schemars(extend("default" = "password"))]
    pub kind: CredentialType,
    /// The username; without it the credential's own name.
    #[serde(default)]
    pub username: Option<ParametricText>,
    /// The variable of `.env` that holds the secret; without it `<CREDENTIAL>_<FIELD>` in capitals.
    #[serde(default)]
    pub env: Option<VariableName>,
}

/// The shape of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialType {
    /// A password that pipegen makes.
    #[default]
    Password,
    /// A password of a system that exists already.
    Basic,
    /// A token of a system that exists already.
    Token,
    /// An AWS access key.
    Aws,
    /// A private key.
    SshKey,
    /// The login of an image registry.
    Registry,
}

impl CredentialType {
    /// Its name in a blueprint.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Basic => "basic",
            Self::Token => "token",
            Self::Aws => "aws",
            Self::SshKey => "ssh_key",
            Self::Registry => "registry",
        }
    }

    /// The fields that are secrets.
    pub const fn secret_fields(self) -> &'static [&'static str] {
        match self {
            Self::Password | Self::Basic | Self::Registry => &["password"],
            Self::Token => &["token"],
            Self::Aws => &["access_key_id", "secret_access_key"],
            Self::SshKey => &["private_key"],
        }
    }

    /// Whether it has a username.
    pub const fn has_username(self) -> bool {
        matches!(self, Self::Password | Self::Basic | Self::Registry)
    }
}

impl Credential {
    /// The username of the credential with this name.
    pub fn username_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.username.as_ref().map_or(name, |username| username.as_str())
    }

    /// The variable that holds a secret field of the credential with this name.
    pub fn variable(&self, name: &str, field: &str) -> String {
        match (&self.env, self.kind.secret_fields()) {
            (Some(variable), [_]) => variable.to_string(),
            (Some(prefix), _) => format!("{prefix}_{}", variable_of(field)),
            (None, _) => format!("{}_{}", variable_of(name), variable_of(field)),
        }
    }
}

/// Storage.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Volume {
    /// A folder of the host instead of a managed volume, relative to the blueprint.
    #[serde(default)]
    pub path: Option<ParametricText>,
    /// The absolute path at which services mount it unless they say otherwise.
    #[serde(default)]
    pub mount: Option<ParametricText>,
    /// The numeric group that every mounter gets; new files are group-writable.
    #[serde(default)]
    #[schemars(extend("maximum" = u32::MAX))]
    pub group: Option<u32>,
    /// How large it may become, where the target can say so.
    #[serde(default)]
    pub size: Option<Size>,
}

/// Who must, or must never, reach whom: a service, `service/role`, `host` or `internet`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Expectation {
    /// Who connects: a service, `service/role`, `host` or `internet`.
    pub from: ResourceRef,
    /// Who must be reachable: at least one workload of each side shares a network.
    #[serde(default)]
    pub reaches: Option<ResourceRef>,
    /// Who must not be reachable: no pair of workloads shares a network.
    #[serde(default)]
    pub never_reaches: Option<ResourceRef>,
}

/// The generated guide.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Docs {
    /// Its languages, the first one being the main one.
    #[serde(default)]
    pub languages: Vec<Language>,
}

/// A language of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

/// Where secret values come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Secrets {
    /// The store of the values.
    #[serde(default)]
    #[schemars(extend("default" = "env"))]
    pub store: SecretStore,
    /// The name of the `ClusterSecretStore` of `external-secrets`; without it the blueprint's name.
    #[serde(default)]
    pub name: Option<Name>,
    /// What the keys of the store begin with, before the variable; without it the blueprint's name and `/`.
    #[serde(default)]
    pub prefix: Option<ParametricText>,
    /// One key of the store that holds all values as properties, called like the variables, instead of a key for each.
    #[serde(default)]
    pub key: Option<ParametricText>,
}

/// Where secret values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretStore {
    /// The deployer's `.env`.
    #[default]
    Env,
    /// External Secrets, in Kubernetes.
    ExternalSecrets,
}

/// What differs in an environment. It has the form of a blueprint of which only the changed parts are written;
/// maps are merged by key, everything else is replaced. `remove` takes services out.
#[derive(Debug, Clone, Default)]
pub struct Overlay;

impl<'de> Deserialize<'de> for Overlay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The overlay was merged as a tree before; here only its name counts.
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Overlay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Overlay".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "title": "the parts of a blueprint that differ, and `remove`",
            "description": "What differs in this environment: the form of a blueprint, only the changed parts. Maps are merged by key, everything else is replaced. `remove: [service]` takes services out.",
            "properties": { "remove": { "type": "array", "items": { "$ref": "#/definitions/Name" }, "description": "Services that this environment does not have." } },
        })
    }
}

/// A database, or several, in a short and a long form.
pub type Databases<T> = OneOrMany<crate::value::DatasetName, T>;
