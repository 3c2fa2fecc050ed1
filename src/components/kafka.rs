//! Kafka: one node in KRaft mode, and a job that makes its topics.

use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Build, Built, Component, Declare, Instance, OwnVolume, Resource, Surface, Topic};
use crate::platform::{
    Body, Check, Endpoint, EndpointRef, File, Health, Mount, MountSource, Protocol, PublicText, Published, Readiness, RemoteCheck, Text,
    TextTree, Vantage, Workload, WorkloadKind,
};
use crate::value::{DatasetName, Duration, Map};

/// Series and image tag, newest first.
const TAGS: &[(&str, &str)] = &[("4.3", "4.3.1"), ("4.2", "4.2.1")];
/// Where consumers connect.
/// The first user that the image makes (apache/kafka, docker/jvm/Dockerfile).
const USER: (u32, u32) = (1000, 1000);
const BROKER: u16 = 9092;
/// Where the quorum votes; never advertised.
const CONTROLLER: u16 = 9093;
/// Where the host connects through the published port: it needs another advertised address, so another listener.
const EXTERNAL: u16 = 19092;
const BIN: &str = "/opt/kafka/bin";

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "kafka",
    summary: "Kafka in KRaft mode, with its topics",
    doc: DOC,
    versions: &["4.3", "4.2"],
    runs: true,
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One node in KRaft mode, broker and controller in one, with the volume `<service>-data`. Topics of `topics`, and those that the datasets of a
pipeline name, are made by the job `<service>-topics` on every start.

- The cluster id is derived from the names of blueprint and service: a volume stays usable although nothing but the blueprint is kept.
- Inside, clients connect to port 9092 without encryption or login. `publish` opens a listener of its own for the host, which is
  advertised under the published address, so that a client on the host is not sent to a name that it cannot resolve.

## What others get

`uses: [kafka]` gives `KAFKA_BOOTSTRAP_SERVERS`, with `as: X` it is `X_BOOTSTRAP_SERVERS`. References read
`${kafka.bootstrap_servers}`, `${kafka.host}` and `${kafka.port}`. Ready is when the broker answers and the topics are made.

## Example

```yaml
blueprint: v1
name: events
services:
  kafka:
    component: kafka
    version: "4.3"
    topics:
      orders: { partitions: 3, retention: 7d }
    publish: 9092
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<super::Version>")]
    version: Option<String>,
    /// Topics, by name, that are made on start.
    #[serde(default)]
    topics: Map<DatasetName, TopicSpec>,
}

/// A topic.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct TopicSpec {
    /// The number of partitions.
    #[serde(default)]
    #[schemars(extend("default" = 1))]
    partitions: Option<u16>,
    /// How long messages are kept; without this key as long as the broker says.
    #[serde(default)]
    retention: Option<Duration>,
}

struct Kafka {
    surface: Surface,
    image: String,
    cluster: String,
    topics: Vec<Topic>,
    published: Option<Published>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let tag = cx.tag(TAGS, "", spec.version.as_deref())?;
    let published = cx.published(&["broker"]).remove(0);
    let at = cx.at.key("topics");
    let mut topics: Vec<Topic> = spec
        .topics
        .iter()
        .map(|(name, topic)| Topic {
            name: name.to_string(),
            partitions: topic.partitions.unwrap_or(1),
            retention_ms: topic.retention.map(Duration::as_milliseconds),
            origin: at.key(name.as_str()),
        })
        .collect();
    for topic in std::mem::take(&mut cx.topics) {
        if !topics.iter().any(|known| known.name == topic.name) {
            topics.push(topic);
        }
    }
    let endpoint = EndpointRef { workload: cx.name.to_owned(), endpoint: "broker".to_owned() };
    let bootstrap = Text::host_and_port(&endpoint, Vantage::Here);
    let mut workloads = vec![(cx.name.to_owned(), None)];
    let mut ready = vec![(cx.name.to_owned(), Readiness::Ready)];
    if !topics.is_empty() {
        let job = format!("{}-topics", cx.name);
        workloads.push((job.clone(), Some("topics")));
        ready.push((job, Readiness::Completed));
    }
    let resources = topics
        .iter()
        .map(|topic| Resource { name: topic.name.clone(), origin: topic.origin.clone(), variables: Vec::new(), properties: Vec::new() })
        .collect();
    let surface = Surface {
        workloads,
        endpoints: vec![endpoint.clone()],
        ready,
        prefix: "KAFKA".to_owned(),
        variables: vec![("BOOTSTRAP_SERVERS", bootstrap.clone())],
        properties: vec![("host", Text::host(&endpoint)), ("port", Text::port(&endpoint)), ("bootstrap_servers", bootstrap)],
        resource_kind: "topic",
        resources,
        default_resource: None,
        scheme: Some("kafka"),
        login: None,
        external: None,
    };
    let cluster = cluster_id(cx.blueprint.name.as_str(), cx.name);
    Some(Box::new(Kafka { surface, image: format!("apache/kafka:{tag}"), cluster, topics, published }))
}

/// The cluster id is no secret, but a storage folder is bound to it for ever: it is derived from the names, so that
/// nothing that can be lost is needed to start an existing volume. Kafka wants 16 bytes in base64url without padding,
/// and its own generator avoids a leading dash (`kafka-storage` would read it as an option).
fn cluster_id(blueprint: &str, service: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = Sha256::digest(format!("{blueprint}/{service}"));
    let bits = hash[..16].iter().fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let id: String = (0..22)
        .map(|index| {
            let shift = 122_i32 - 6 * index;
            let sextet = if shift >= 0 { bits >> shift } else { bits << -shift };
            char::from(ALPHABET[usize::try_from(sextet & 63).unwrap_or(0)])
        })
        .collect();
    if id.starts_with('-') { id.replacen('-', "A", 1) } else { id }
}

impl Instance for Kafka {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&self.image)) else { return Built::default() };
        let name = cx.name.to_owned();
        let volume = format!("{name}-data");
        let mut server = cx.server(&name, None, image.clone());
        server.runs_as = Some(USER);
        let endpoint = |name: &str, port| Endpoint { name: name.to_owned(), port, protocol: Protocol::Tcp, published: None };
        server.endpoints = vec![endpoint("broker", BROKER), endpoint("controller", CONTROLLER)];
        if let Some(published) = &self.published {
            server.endpoints.push(Endpoint { published: Some(published.clone()), ..endpoint("external", EXTERNAL) });
        }
        server.environment = self.environment(&server);
        server.mounts.insert(
            0,
            Mount {
                source: MountSource::Volume(volume.clone()),
                target: "/var/lib/kafka/data".to_owned(),
                read_only: false,
                origin: cx.at.clone(),
            },
        );
        // The image declares these as volumes too; nothing of ours is in them.
        server.scratch = vec!["/etc/kafka/secrets".to_owned(), "/mnt/shared/config".to_owned()];
        server.health = Some(health(&server.endpoint_ref("broker")));
        server.stop_grace = Some(Duration::seconds(60));
        cx.finish(&mut server);
        let mut workloads = vec![server];
        if !self.topics.is_empty() {
            workloads.push(self.topics_job(cx, image));
        }
        Built { workloads, volumes: vec![OwnVolume::new(volume, cx.at.clone())], connections: None }
    }
}

impl Kafka {
    fn environment(&self, server: &Workload) -> Vec<(String, Text)> {
        let broker = server.endpoint_ref("broker");
        let controller = server.endpoint_ref("controller");
        let mut listeners = format!("INTERNAL://:{BROKER},CONTROLLER://:{CONTROLLER}");
        let mut advertised = Text::literal("INTERNAL://").then(Text::host_and_port(&broker, Vantage::Consumers));
        let mut protocols = "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT".to_owned();
        if self.published.is_some() {
            listeners.push_str(&format!(",EXTERNAL://:{EXTERNAL}"));
            protocols.push_str(",EXTERNAL:PLAINTEXT");
            advertised = advertised.then(",EXTERNAL://").then(Text::host_and_port(&server.endpoint_ref("external"), Vantage::Host));
        }
        let literal = |name: &str, value: &str| (name.to_owned(), Text::literal(value));
        vec![
            literal("CLUSTER_ID", &self.cluster),
            literal("KAFKA_NODE_ID", "1"),
            literal("KAFKA_PROCESS_ROLES", "broker,controller"),
            ("KAFKA_CONTROLLER_QUORUM_VOTERS".to_owned(), Text::literal("1@").then(Text::host_and_port(&controller, Vantage::Consumers))),
            literal("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
            literal("KAFKA_INTER_BROKER_LISTENER_NAME", "INTERNAL"),
            ("KAFKA_LISTENERS".to_owned(), listeners.into()),
            ("KAFKA_ADVERTISED_LISTENERS".to_owned(), advertised),
            ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP".to_owned(), protocols.into()),
            // One node: every internal topic has one copy, else transactions and groups hang.
            literal("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"),
            literal("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1"),
            literal("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1"),
            literal("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1"),
            literal("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1"),
            literal("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0"),
            // Not the root of the volume: on a file system of its own that has a `lost+found`, which Kafka takes for a topic.
            literal("KAFKA_LOG_DIRS", "/var/lib/kafka/data/logs"),
        ]
    }

    fn topics_job(&self, cx: &Build<'_>, image: crate::platform::Image) -> Workload {
        let broker = EndpointRef { workload: cx.name.to_owned(), endpoint: "broker".to_owned() };
        let mut job = cx.job(&format!("{}-topics", cx.name), Some("topics"), image);
        job.networks.truncate(1);
        job.runs_as = Some(USER);
        job.command = Some(vec!["bash".into(), "/pipegen/topics.sh".into()]);
        job.environment = vec![("BOOTSTRAP_SERVERS".to_owned(), Text::host_and_port(&broker, Vantage::Here))];
        job.scratch = vec!["/etc/kafka/secrets".to_owned(), "/mnt/shared/config".to_owned(), "/var/lib/kafka/data".to_owned()];
        let topics = self.topics.iter().map(|topic| {
            TextTree::map([
                ("name", TextTree::from(topic.name.as_str())),
                ("partitions", TextTree::Int(i64::from(topic.partitions))),
                ("retention_ms", topic.retention_ms.and_then(|ms| i64::try_from(ms).ok()).map_or(TextTree::Null, TextTree::Int)),
            ])
        });
        job.files = vec![File {
            mount: "/pipegen/topics.sh".to_owned(),
            executable: false,
            body: Body::Template { name: "kafka/topics.sh", context: TextTree::map([("topics", TextTree::List(topics.collect()))]) },
            origin: cx.at.clone(),
        }];
        job.waits = vec![(cx.name.to_owned(), Readiness::Ready)];
        job.kind = WorkloadKind::Job { evidence: self.topics.last().map(|topic| evidence(&broker, &topic.name)) };
        job
    }
}

/// The last topic is there only when all are.
fn evidence(broker: &EndpointRef, topic: &str) -> RemoteCheck {
    let program = format!("{BIN}/kafka-topics.sh");
    let words = vec![
        program.into(),
        "--bootstrap-server".into(),
        PublicText::host_and_port(broker),
        "--describe".into(),
        "--topic".into(),
        topic.into(),
    ];
    Check::Exec(words).into()
}

/// Each question starts a JVM (two to four seconds of processor time), hence the long interval.
fn health(broker: &EndpointRef) -> Health {
    let program = format!("{BIN}/kafka-broker-api-versions.sh");
    let ask = |address: PublicText| Check::Exec(vec![program.as_str().into(), "--bootstrap-server".into(), address]);
    Health {
        check: ask(PublicText::from("localhost:").then(PublicText::port(broker))),
        remote: Some(ask(PublicText::host_and_port(broker)).into()),
        interval: Duration::seconds(15),
        timeout: Duration::seconds(15),
        retries: 8,
        start_period: Duration::seconds(60),
        start_interval: None,
    }
}

#[cfg(test)]
mod tests {
    use super::cluster_id;

    #[test]
    fn cluster_ids_are_what_kafka_makes() {
        for service in ["kafka", "events", "a", "b", "c"] {
            let id = cluster_id("capstone", service);
            assert_eq!(id.len(), 22, "{id}");
            assert!(!id.starts_with('-'));
            // 22 characters carry 132 bits; the last four are padding and must be zero to decode strictly.
            assert!("AQgw".contains(id.chars().last().expect("not empty")), "{id}");
        }
        assert_eq!(cluster_id("capstone", "kafka"), cluster_id("capstone", "kafka"));
        assert_ne!(cluster_id("capstone", "kafka"), cluster_id("bigdata", "kafka"));
    }
}
