//! Kafka in KRaft mode: one broker or several, and a job that makes the topics.

mod broker;
mod cluster_id;
mod spec;
mod strimzi;
mod topics;

use schemars::JsonSchema as _;

use broker::Broker;
use spec::{Operator, Spec};

use super::{Build, Built, Component, Declare, Instance, OwnVolume, Resource, Surface, Topic};
use crate::platform::{EndpointRef, Readiness, Realization, Text, Workload};
use crate::value::Size;

/// Series and image tag, newest first.
const TAGS: &[(&str, &str)] = &[("4.3", "4.3.1"), ("4.2", "4.2.1")];
/// The first user that the image makes (apache/kafka, docker/jvm/Dockerfile).
const USER: (u32, u32) = (1000, 1000);
const BIN: &str = "/opt/kafka/bin";

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "kafka",
    summary: "Kafka in KRaft mode, with its topics",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &["topic"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One node in KRaft mode, broker and controller in one, with the volume `<service>-data`. Topics of `topics`, and those that the datasets of a
pipeline name, are made by the job `<service>-topics` on every start.

- The cluster id is derived from the names of blueprint and service: a volume stays usable although nothing but the blueprint is kept.
- Inside, clients connect to port 9092 without encryption or login. `publish` opens a listener of its own for the host, which is
  advertised under the published address, so that a client on the host is not sent to a name that it cannot resolve.

`brokers: 3` makes the workloads `<service>-1` to `<service>-3`, each with a volume of its own, and one of them may be lost: a topic has three
copies, unless its `replicas` says otherwise, and what is written is in at least two of them.

- The first three are controllers too, also where there are more brokers: those can be added without changing who votes.
- `publish: 9092` (of the endpoint `broker`) takes as many ports as there are brokers, from 9092 on.
- One broker and several are different clusters: going from one to the other starts with empty volumes.

`operator: strimzi` lets Strimzi 1.2.0 run it in the targets `kubernetes`, `kind` and `helm`; Compose runs the containers as before.

- It is asked for a `Kafka`, a `KafkaNodePool` (with more than three brokers a second one for those that do not vote) and a `KafkaTopic` for each
  topic, instead of the job. It runs Kafka 4.2.0, 4.2.1, 4.3.0 and 4.3.1, in images of its own.
- Inside, clients connect to the Service `<service>-kafka-bootstrap`; from the host each broker is found under its own port, as without it.
- Further settings of Kafka stand in `overrides`, which are merged into the `Kafka`: `environment`, `files` and `volumes` are for containers only.
- `uninstall.sh` pauses the `Kafka` and deletes its pods: only this resource knows the id of the cluster, to which the storage is bound.

## What others get

`uses: [kafka]` gives `KAFKA_BOOTSTRAP_SERVERS`, with `as: X` it is `X_BOOTSTRAP_SERVERS`. References read
`${kafka.bootstrap_servers}`, `${kafka.host}` and `${kafka.port}`. Ready is when the broker answers and the topics are made.
Of several brokers `bootstrap_servers` names all, `host` and `port` the first: enough to begin with, but only while that one runs.

## Example

```yaml
blueprint: v1
name: events
services:
  kafka:
    component: kafka
    version: "4.3"
    brokers: 3
    topics:
      orders: { partitions: 3, retention: 7d }
    publish: 9092
```
"#;

struct Kafka {
    name: String,
    surface: Surface,
    version: String,
    operator: Option<Operator>,
    /// The keys of the service that an operator knows nothing of.
    ignored_keys: Vec<&'static str>,
    storage: Option<Size>,
    cluster: String,
    brokers: Vec<Broker>,
    topics: Vec<Topic>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let version = cx.tag(TAGS, "", spec.version.as_deref())?;
    if matches!(spec.operator, Some(Operator::Strimzi)) && !strimzi::runs(cx, &version) {
        return None;
    }
    let count = spec::brokers(cx, &spec)?;
    let brokers = broker::all(cx.name, spec::published(cx, count)?);
    let topics = spec::topics(cx, &spec, count);
    let surface = surface(cx.name, &brokers, &topics)?;
    let cluster = cluster_id::cluster_id(cx.blueprint.name.as_str(), cx.name);
    Some(Box::new(Kafka {
        name: cx.name.to_owned(),
        surface,
        version,
        operator: spec.operator,
        ignored_keys: cx.service.of_containers(),
        storage: spec.storage,
        cluster,
        brokers,
        topics,
    }))
}

fn surface(name: &str, brokers: &[Broker], topics: &[Topic]) -> Option<Surface> {
    let first = brokers.first()?;
    let bootstrap = Text::addresses(endpoints(brokers));
    let mut workloads: Vec<_> = brokers.iter().map(|broker| (broker.name.clone(), None)).collect();
    let mut ready = vec![(first.name.clone(), Readiness::Ready)];
    if !topics.is_empty() {
        let job = topics::workload(name);
        workloads.push((job.clone(), Some(topics::ROLE)));
        ready.push((job, Readiness::Completed));
    }
    let resource =
        |topic: &Topic| Resource { name: topic.name.clone(), origin: topic.origin.clone(), variables: Vec::new(), properties: Vec::new() };
    Some(Surface {
        workloads,
        endpoints: endpoints(brokers),
        ready,
        prefix: "KAFKA".to_owned(),
        variables: vec![("BOOTSTRAP_SERVERS", bootstrap.clone())],
        properties: vec![
            ("host", Text::host(&first.endpoint())),
            ("port", Text::port(&first.endpoint())),
            ("bootstrap_servers", bootstrap),
        ],
        resource_kind: "topic",
        resources: topics.iter().map(resource).collect(),
        default_resource: None,
        scheme: Some("kafka"),
        login: None,
        external: None,
        upstream: None,
    })
}

/// Where to begin: whoever reaches one of the brokers learns the others from it.
fn endpoints(brokers: &[Broker]) -> Vec<EndpointRef> {
    brokers.iter().map(Broker::endpoint).collect()
}

impl Instance for Kafka {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&format!("apache/kafka:{}", self.version))) else { return Built::default() };
        let mut workloads: Vec<_> = self.brokers.iter().map(|broker| self.broker(cx, broker, image.clone())).collect();
        let volumes =
            self.brokers.iter().map(|broker| OwnVolume { size: self.storage, ..OwnVolume::new(broker.volume(), cx.at.clone()) }).collect();
        if !self.topics.is_empty() {
            workloads.push(self.topics_job(cx, image));
        }
        Built { workloads, volumes, connections: None }
    }

    fn realizations(&self, workloads: &[&Workload]) -> Vec<Realization> {
        self.operator.and_then(|Operator::Strimzi| strimzi::realization(self, workloads)).into_iter().collect()
    }
}
