//! What every service may say, whatever its component is.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Tree;
use crate::value::{
    Cpu, Deployable, Duration, EnvName, Map, Name, NetworkName, OneOrMany, ParametricText, Port, Replicas, ResourceRef, Size, TextSource,
    VariableName, either, text_or_map,
};

/// The fields that all components share. The component's own fields are read from the same map by the component.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Service {
    /// What it is: an entry of the catalog (`pipegen components`).
    pub component: String,
    /// The stack that it is deployed with; needed where there are several.
    #[serde(default)]
    pub stack: Option<Name>,
    /// All its networks, the first being its home; without this key its stack's network.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub networks: Vec<NetworkName>,
    /// Services that it connects to, each with their address in variables, the wait until they are ready, and the right to connect.
    #[serde(default)]
    pub uses: OneOrMany<ResourceRef, Use>,
    /// Profiles of which one must be asked for (`up.sh --profile NAME`), else it does not run.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub profiles: Vec<Name>,
    /// Environment variables, which win over those that `uses` gives.
    #[serde(default)]
    pub environment: Map<EnvName, TextSource>,
    /// Files, by the absolute path at which the service reads them.
    #[serde(default)]
    pub files: Map<ParametricText, FileSource>,
    /// Labels of its containers.
    #[serde(default)]
    pub labels: Map<ParametricText, ParametricText>,
    /// Storage that it mounts: the name of a volume, or what is mounted where.
    #[serde(default)]
    pub volumes: Vec<VolumeMount>,
    /// The processors and the memory that it may use.
    #[serde(default)]
    pub resources: Option<Resources>,
    /// The host port of its main endpoint, or one per endpoint, on 127.0.0.1 unless said otherwise.
    #[serde(default)]
    pub publish: Option<Publish>,
    /// The image instead of the catalog's: `NAME:TAG`, or how it is built and called.
    #[serde(default)]
    pub image: Option<Image>,
    /// The folder from which the image is built, or more words on that: short for `image: { build: ... }`.
    #[serde(default)]
    pub build: Option<Build>,
    /// Keys in a target's own format, by target, merged unchecked into what is rendered; a warning reports them.
    #[serde(default)]
    #[schemars(with = "Overrides")]
    pub overrides: Map<Name, Tree>,
}

impl Service {
    /// The keys of it that only containers of ours know what to do with: who lets others run it has to say so.
    pub fn of_containers(&self) -> Vec<&'static str> {
        let said = [
            ("image", self.image.is_some()),
            ("build", self.build.is_some()),
            ("environment", !self.environment.is_empty()),
            ("files", !self.files.is_empty()),
            ("volumes", !self.volumes.is_empty()),
        ];
        said.into_iter().filter(|(_, said)| *said).map(|(key, _)| key).collect()
    }
}

/// What an edge needs in words.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Use {
    /// The prefix of the variables that it gives, instead of the component's usual one.
    #[serde(default, rename = "as")]
    pub prefix: Option<VariableName>,
    /// What to wait for before starting.
    #[serde(default)]
    #[schemars(extend("default" = "ready"))]
    pub ready: Option<Readiness>,
}

/// What to wait for before starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Readiness {
    /// Until it can do its work.
    #[default]
    Ready,
    /// Until it was started.
    Started,
    /// Until it has ended well.
    Completed,
    /// For nothing.
    None,
}

/// A file that a service reads; exactly one of `yaml`, `json`, `properties`, `text` and `path`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FileSource {
    /// The body as a YAML document.
    #[serde(default)]
    pub yaml: Option<Tree>,
    /// The body as a JSON document.
    #[serde(default)]
    pub json: Option<Tree>,
    /// The body as Java properties.
    #[serde(default)]
    pub properties: Option<Map<ParametricText, TextSource>>,
    /// The body as plain text.
    #[serde(default)]
    pub text: Option<TextSource>,
    /// A file, relative to the blueprint, that is mounted as it is.
    #[serde(default)]
    pub path: Option<ParametricText>,
    /// Whether it may be executed.
    #[serde(default)]
    #[schemars(extend("default" = "readable"))]
    pub mode: FileMode,
}

/// Whether a file is a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileMode {
    /// Readable.
    #[default]
    Readable,
    /// Readable and executable.
    Executable,
}

/// What a service may use of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Resources {
    /// The most processors that it may use, quoted: `"0.5"`.
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// The most memory that it may use.
    #[serde(default)]
    pub memory: Option<Size>,
}

/// What one workload of a service with several may say for itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Role {
    /// How many of it run, or within which limits their number follows the load.
    #[serde(default)]
    pub replicas: Option<Replicas>,
    /// The processors and the memory that this role may use.
    #[serde(default)]
    pub resources: Option<Resources>,
    /// Environment variables of this role alone.
    #[serde(default)]
    pub environment: Map<EnvName, TextSource>,
    /// Keys in a target's own format, by target, for this role alone.
    #[serde(default)]
    #[schemars(with = "Overrides")]
    pub overrides: Map<Name, Tree>,
}

/// The targets that `overrides` may name. Their registry is in a layer above; a test compares the two.
pub const TARGETS: &[&str] = &["compose", "helm", "kind", "kubernetes"];

struct Overrides;

impl JsonSchema for Overrides {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Overrides".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let of_target = |name: &&str| {
            let schema = serde_json::json!({ "type": "object", "description": format!("Keys in the format of the target `{name}`.") });
            ((*name).to_owned(), schema)
        };
        let properties: serde_json::Map<String, serde_json::Value> = TARGETS.iter().map(of_target).collect();
        schemars::json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

/// A host port, and the address that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The host port.
    pub port: Port,
    /// The address; `None` is 127.0.0.1.
    pub address: Option<std::net::IpAddr>,
}

/// Ports of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// The only endpoint, or the main one.
    Main(Published),
    /// By endpoint.
    Endpoints(Map<EndpointKey, Published>),
}

/// The name of an endpoint as a blueprint writes it: snake_case, as all keys.
pub type EndpointKey = NetworkName;

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct PublishedLong {
    /// The host port.
    port: Port,
    /// The address of the host that it is bound to.
    #[serde(default)]
    #[schemars(with = "Option<Address>", extend("default" = "127.0.0.1"))]
    address: Option<std::net::IpAddr>,
}

struct Address;

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string", "title": "an IP address of the host",
            "pattern": r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*)$", "examples": ["0.0.0.0"],
        })
    }
}

impl<'de> Deserialize<'de> for Published {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Published;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port or a map with `port`")
            }
            fn visit_u64<E: de::Error>(self, port: u64) -> Result<Published, E> {
                let port = u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| E::custom("expected a port from 1 to 65535"))?;
                Ok(Published { port: Port(port), address: None })
            }
            fn visit_i64<E: de::Error>(self, port: i64) -> Result<Published, E> {
                self.visit_u64(u64::try_from(port).unwrap_or(0))
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Published, A::Error> {
                let long = PublishedLong::deserialize(de::value::MapAccessDeserializer::new(access))?;
                Ok(Published { port: long.port, address: long.address })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Published {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Published".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(Port::json_schema(generator), PublishedLong::json_schema(generator))
    }
}

impl<'de> Deserialize<'de> for Publish {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Publish;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port or a map from endpoint to port")
            }
            fn visit_u64<E: de::Error>(self, port: u64) -> Result<Publish, E> {
                Published::deserialize(de::value::U64Deserializer::new(port)).map(Publish::Main)
            }
            fn visit_i64<E: de::Error>(self, port: i64) -> Result<Publish, E> {
                self.visit_u64(u64::try_from(port).unwrap_or(0))
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Publish, A::Error> {
                Map::deserialize(de::value::MapAccessDeserializer::new(access)).map(Publish::Endpoints)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Publish {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Publish".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(Port::json_schema(generator), Map::<EndpointKey, Published>::json_schema(generator))
    }
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Pulled or built.
    pub source: ImageSource,
    /// The login with which it is pulled.
    pub credential: Option<NetworkName>,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `NAME:TAG`.
    Pulled(Deployable),
    /// Built here, with an optional name to push or tag it under.
    Built {
        /// How it is built.
        build: Option<Build>,
        /// `REGISTRY/NAME`.
        repository: Option<Deployable>,
        /// The tag.
        tag: Option<Deployable>,
    },
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ImageLong {
    /// How the image is built.
    #[serde(default)]
    build: Option<Build>,
    /// The image's name without its tag.
    #[serde(default)]
    repository: Option<Deployable>,
    /// The image's tag.
    #[serde(default)]
    tag: Option<Deployable>,
    /// The credential, of the type `registry`, with which a cluster pulls the image.
    #[serde(default)]
    credential: Option<NetworkName>,
}

impl From<ImageLong> for Image {
    fn from(long: ImageLong) -> Self {
        let ImageLong { build, repository, tag, credential } = long;
        Self { source: ImageSource::Built { build, repository, tag }, credential }
    }
}

text_or_map!(Image, ImageLong, "Image", Deployable, |reference| Image { source: ImageSource::Pulled(reference), credential: None });

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The folder with what it needs, relative to the blueprint.
    pub context: ParametricText,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Option<ParametricText>,
    /// Build arguments. Never a secret: they stay readable in the image.
    pub args: Map<EnvName, Deployable>,
    /// The stage to build.
    pub target: Option<ParametricText>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BuildLong {
    /// The folder with what the image needs, relative to the blueprint.
    context: ParametricText,
    /// The Dockerfile, relative to the context.
    #[serde(default)]
    #[schemars(extend("default" = "Dockerfile"))]
    dockerfile: Option<ParametricText>,
    /// Build arguments, never secrets: they stay readable in the image.
    #[serde(default)]
    args: Map<EnvName, Deployable>,
    /// The stage to build; without this key the last one.
    #[serde(default)]
    target: Option<ParametricText>,
}

impl From<BuildLong> for Build {
    fn from(long: BuildLong) -> Self {
        let BuildLong { context, dockerfile, args, target } = long;
        Self { context, dockerfile, args, target }
    }
}

text_or_map!(Build, BuildLong, "Build", ParametricText, |context| Build { context, dockerfile: None, args: Map::default(), target: None });

/// What a service mounts, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMount {
    /// A volume of the blueprint.
    pub volume: Option<NetworkName>,
    /// A file or folder, relative to the blueprint; exactly one of the two is right.
    pub path: Option<ParametricText>,
    /// Where; without it the volume's own `mount`.
    pub mount: Option<ParametricText>,
    /// Not writable.
    pub read_only: bool,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct VolumeMountLong {
    /// A volume of the blueprint.
    #[serde(default)]
    volume: Option<NetworkName>,
    /// A file or folder, relative to the blueprint.
    #[serde(default)]
    path: Option<ParametricText>,
    /// Where it is mounted: an absolute path.
    #[serde(default)]
    mount: Option<ParametricText>,
    /// It cannot write there.
    #[serde(default)]
    read_only: bool,
}

impl From<VolumeMountLong> for VolumeMount {
    fn from(long: VolumeMountLong) -> Self {
        let VolumeMountLong { volume, path, mount, read_only } = long;
        Self { volume, path, mount, read_only }
    }
}

text_or_map!(VolumeMount, VolumeMountLong, "VolumeMount", NetworkName, |volume| VolumeMount {
    volume: Some(volume),
    path: None,
    mount: None,
    read_only: false
});

/// How a container shows that it can do its work; exactly one of `http`, `tcp` and `command`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Health {
    /// A path that answers with a success.
    #[serde(default)]
    pub http: Option<ParametricText>,
    /// An endpoint that accepts connections.
    #[serde(default)]
    pub tcp: Option<EndpointKey>,
    /// A program that ends with 0.
    #[serde(default)]
    pub command: Option<Vec<TextSource>>,
    /// The endpoint that `http` asks; needed where there are several.
    #[serde(default)]
    pub endpoint: Option<EndpointKey>,
    /// The program that asks and that the image must have; without this key `curl` for `http` and `bash` for `tcp`.
    #[serde(default)]
    pub with: Option<HealthTool>,
    /// How often it is asked.
    #[serde(default)]
    #[schemars(extend("default" = "10s"))]
    pub interval: Option<Duration>,
    /// How long an answer may take.
    #[serde(default)]
    #[schemars(extend("default" = "5s"))]
    pub timeout: Option<Duration>,
    /// The number of failures in a row that make it unhealthy.
    #[serde(default)]
    #[schemars(extend("default" = 6, "minimum" = 1))]
    pub retries: Option<u16>,
    /// How long failures after the start do not count.
    #[serde(default)]
    #[schemars(extend("default" = "20s"))]
    pub start_period: Option<Duration>,
}

/// A program that can ask over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthTool {
    /// `curl`.
    Curl,
    /// `wget`.
    Wget,
    /// `python3`.
    Python,
    /// `bash`, for `tcp`.
    Bash,
}
