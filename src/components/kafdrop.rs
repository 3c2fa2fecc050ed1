//! Kafdrop: a web page that shows what is in Kafka.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Build, Built, Component, Declare, Instance, Surface};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Check, Endpoint, EndpointRef, Health, Protocol, PublicText, Published};
use crate::value::{Duration, ResourceRef};

const TAGS: &[(&str, &str)] = &[("4.2", "4.2.0")];
const PORT: u16 = 9000;

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "kafdrop",
    summary: "Kafdrop: a web page that shows what is in Kafka",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &[],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One server without a volume, for the one Kafka that `uses` names. `publish` is the host port of its page, the endpoint `ui`.
The page has no login: whoever reaches it reads every message.

## What others get

`uses: [kafdrop]` gives `KAFDROP_URL`, with `as: X` it is `X_URL`. References read `${kafdrop.host}`, `${kafdrop.port}` and
`${kafdrop.url}`.

## Example

```yaml
blueprint: v1
name: events
services:
  kafka: { component: kafka }
  kafdrop:
    component: kafdrop
    uses: [kafka]
    publish: 9000
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<super::Version>")]
    version: Option<String>,
}

struct Kafdrop {
    surface: Surface,
    image: String,
    kafka: ResourceRef,
    published: Option<Published>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let tag = cx.tag(TAGS, "", spec.version.as_deref())?;
    let published = cx.published(&["ui"]).remove(0);
    let kafka = kafka(cx)?;
    let surface = Surface::web(EndpointRef::new(cx.name, "ui"), "KAFDROP");
    Some(Box::new(Kafdrop { surface, image: format!("obsidiandynamics/kafdrop:{tag}"), kafka, published }))
}

/// The one Kafka that `uses` names.
fn kafka(cx: &mut Declare<'_>) -> Option<ResourceRef> {
    let uses = &cx.service.uses;
    if let [(target, _)] = uses.entries.iter().collect::<Vec<_>>().as_slice() {
        return Some((*target).clone());
    }
    if !cx.faults.touches(&cx.at.key("uses")) {
        let fault = Diagnostic::new(&code::MISSING_KEY, Place::Key(cx.at.clone()), "kafdrop shows exactly one Kafka");
        cx.diagnostics.push(fault.help("write `uses: [kafka]` with the name of the Kafka service"));
    }
    None
}

impl Instance for Kafdrop {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn uses(&self) -> &'static [&'static str] {
        &["kafka"]
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&self.image)) else { return Built::default() };
        let name = cx.name.to_owned();
        let mut server = cx.server(&name, None, image);
        let Some(brokers) = cx.scope.resolve(&self.kafka).and_then(|kafka| kafka.get("bootstrap_servers")) else { return Built::default() };
        // Upstream's sample gives it 64 MiB, in which a cluster with many topics does not fit.
        server.environment = vec![
            ("KAFKA_BROKERCONNECT".to_owned(), brokers),
            ("SERVER_PORT".to_owned(), PORT.to_string().into()),
            ("JVM_OPTS".to_owned(), "-Xms32M -Xmx256M".into()),
        ];
        server.endpoints = vec![Endpoint::new("ui", PORT, Protocol::Http).published(self.published.clone())];
        server.health = Some(health(&server.endpoint_ref("ui")));
        cx.finish(&mut server);
        Built { workloads: vec![server], ..Built::default() }
    }
}

/// The image has neither curl nor wget (eclipse-temurin 25): bash asks by itself.
fn health(endpoint: &EndpointRef) -> Health {
    let ask = |host: PublicText| {
        let open = PublicText::from("exec 3<>/dev/tcp/").then(host).then("/").then(PublicText::port(endpoint));
        let line = open.then(" && printf 'GET /actuator/health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '\"UP\"' <&3");
        Check::Exec(vec!["bash".into(), "-c".into(), line])
    };
    Health {
        retries: 12,
        start_period: Duration::seconds(30),
        ..Health::new(ask("127.0.0.1".into()), Some(ask(PublicText::host(endpoint)).into()))
    }
}
