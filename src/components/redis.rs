//! Redis: a cache and a broker, always with a password.

use schemars::JsonSchema;
use serde::Deserialize;

use super::credentials::LOGINS;
use super::{Build, Built, Component, Declare, Instance, OwnVolume, Resource, Surface};
use crate::platform::{
    Body, Check, Encoding, Endpoint, EndpointRef, File, Health, Mount, Protocol, PublicText, Published, Readiness, RemoteCheck,
    SecretFormat, Text, Vantage,
};
use crate::value::{Duration, NetworkName};

/// Series and image tag. 7.2 is the last BSD series and the one that Airflow's own Compose file pins.
const TAGS: &[(&str, &str)] = &[("7.2", "7.2.16-bookworm"), ("7.4", "7.4.11-bookworm")];
// By the image's Dockerfile (docker-library/redis).
const USER: (u32, u32) = (999, 999);
const CONFIG: &str = "/usr/local/etc/redis/redis.conf";
/// The databases that an unchanged server has.
const DATABASES: u8 = 16;

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "redis",
    summary: "Redis: a cache and a broker, always with a password",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &[],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One server that asks everyone for a password, with the volume `<service>-data` unless `persistence: none`. The password is that of
`credential`, else `<SERVICE>_PASSWORD`. `publish` is the host port of the server, the endpoint `redis`.

## What others get

`uses: [redis]` means the database 0, `uses: [redis/3]` another of the 16. It gives `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and
`REDIS_DB`; with `as: X` they are `X_HOST`, `X_PORT`, `X_PASSWORD` and `X_NAME`. References read `${redis.host}`,
`${redis.port}`, `${redis.password}`, and of a database `${redis/3.url}` and `${redis/3.database}`.

## Example

```yaml
blueprint: v1
name: sessions
services:
  redis: { component: redis, persistence: append_only }
  app:
    component: container
    image: python:3.12-slim
    command: [python, -c, "import os; print(os.environ['REDIS_HOST'])"]
    uses: [redis/3]
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<super::Version>")]
    version: Option<String>,
    /// The credential whose password it asks for; without this key it has one of its own.
    #[serde(default)]
    credential: Option<NetworkName>,
    /// What survives a restart.
    #[serde(default)]
    #[schemars(extend("default" = "snapshot"))]
    persistence: Persistence,
}

/// What survives a restart.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Persistence {
    /// A copy from time to time.
    #[default]
    Snapshot,
    /// Every write.
    AppendOnly,
    /// Nothing.
    None,
}

struct Redis {
    surface: Surface,
    image: String,
    variable: String,
    persistence: Persistence,
    published: Option<Published>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let tag = cx.tag(TAGS, "-bookworm", spec.version.as_deref())?;
    let published = cx.published(&["redis"]).remove(0);
    let variable = match &spec.credential {
        Some(credential) => cx.login(credential, cx.at.key("credential"), LOGINS)?.variable,
        None => cx.own_secret("PASSWORD", SecretFormat::Password, format!("password of {}", cx.name)),
    };
    let endpoint = EndpointRef::new(cx.name, "redis");
    let password = Text::secret(&variable);
    let resources = (0..DATABASES).map(|number| resource(number, &endpoint, &password, cx)).collect();
    let surface = Surface {
        workloads: vec![(cx.name.to_owned(), None)],
        endpoints: vec![endpoint.clone()],
        ready: vec![(cx.name.to_owned(), Readiness::Ready)],
        prefix: "REDIS".to_owned(),
        variables: vec![("HOST", Text::host(&endpoint)), ("PORT", Text::port(&endpoint)), ("PASSWORD", password.clone())],
        properties: vec![("host", Text::host(&endpoint)), ("port", Text::port(&endpoint)), ("password", password)],
        resource_kind: "database",
        resources,
        default_resource: Some("0".to_owned()),
        scheme: Some("redis"),
        login: None,
        external: None,
        upstream: None,
    };
    Some(Box::new(Redis { surface, image: format!("redis:{tag}"), variable, persistence: spec.persistence, published }))
}

fn resource(number: u8, endpoint: &EndpointRef, password: &Text, cx: &Declare<'_>) -> Resource {
    let url = Text::literal("redis://:")
        .then(password.clone().encoded(Encoding::Uri))
        .then("@")
        .then(Text::host_and_port(endpoint, Vantage::Here))
        .then(format!("/{number}"));
    Resource {
        name: number.to_string(),
        origin: cx.at.clone(),
        variables: vec![("DB", number.to_string().into())],
        properties: vec![("url", url), ("database", number.to_string().into())],
    }
}

impl Instance for Redis {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&self.image)) else { return Built::default() };
        let name = cx.name.to_owned();
        let mut server = cx.server(&name, None, image);
        server.runs_as = Some(USER);
        server.command = Some(vec!["redis-server".into(), CONFIG.into()]);
        // The client reads the password from here, so that no command line shows it.
        server.environment = vec![("REDISCLI_AUTH".to_owned(), Text::secret(&self.variable))];
        server.files.push(File::new(CONFIG, Body::Text(self.config()), cx.at.clone()));
        server.endpoints = vec![Endpoint::new("redis", 6379, Protocol::Tcp).published(self.published.clone())];
        server.health = Some(health(&server.endpoint_ref("redis"), server.environment.clone()));
        let mut volumes = Vec::new();
        if matches!(self.persistence, Persistence::None) {
            server.scratch.push("/data".to_owned());
        } else {
            let volume = format!("{name}-data");
            server.mounts.insert(0, Mount::volume(volume.clone(), "/data", cx.at.clone()));
            volumes.push(OwnVolume::new(volume, cx.at.clone()));
        }
        cx.finish(&mut server);
        Built { workloads: vec![server], volumes, connections: None }
    }
}

impl Redis {
    /// `redis.conf` reads a double-quoted word as JSON does, so any password survives.
    fn config(&self) -> Text {
        let persistence = match self.persistence {
            Persistence::Snapshot => "appendonly no\n",
            Persistence::AppendOnly => "appendonly yes\n",
            Persistence::None => "appendonly no\nsave \"\"\n",
        };
        Text::literal("dir /data\n")
            .then(persistence)
            .then("requirepass ")
            .then(Text::secret(&self.variable).encoded(Encoding::Json))
            .then("\n")
    }
}

/// `redis-cli` ends with 0 even when the server refuses, hence the look at the answer.
fn health(endpoint: &EndpointRef, login: Vec<(String, Text)>) -> Health {
    let remote = PublicText::from("redis-cli -h ").then(PublicText::host(endpoint)).then(" -p ").then(PublicText::port(endpoint));
    let remote = RemoteCheck { environment: login, ..Check::Shell(remote.then(" ping | grep -q PONG")).into() };
    Health {
        interval: Duration::seconds(5),
        retries: 12,
        ..Health::new(Check::Shell("redis-cli ping | grep -q PONG".into()), Some(remote))
    }
}
