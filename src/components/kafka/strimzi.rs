//! Kafka run by Strimzi: what it is asked for, and what its pods and Services are called.
//!
//! The names and ports are those of Strimzi 1.2.0 (`KafkaResources`, `KafkaCluster`, `ListenersUtils` in
//! <https://github.com/strimzi/strimzi-kafka-operator>).

use std::collections::BTreeSet;

use super::broker::{self, Broker};
use super::{Kafka, topics};
use crate::components::{Declare, Topic};
use crate::diagnostic::code;
use crate::platform::realization::{Operator, Pods};
use crate::platform::{
    AddressPart, CustomResource, Gap, Opening, PublicText, Realization, Realizer, Removal, ReplacedEndpoint, Resources, State, Text, Value,
    Vantage, Workload,
};
use crate::source::Pointer;
use crate::value::object_name;

const API: &str = "kafka.strimzi.io/v1";
/// What belongs to a cluster has its name under this label.
const CLUSTER: &str = "strimzi.io/cluster";
/// The versions of Kafka that it runs, each with the format of its metadata (`kafka-versions.yaml`).
const VERSIONS: &[(&str, &str)] = &[("4.3.1", "4.3-IV0"), ("4.3.0", "4.3-IV0"), ("4.2.1", "4.2-IV1"), ("4.2.0", "4.2-IV1")];
/// Where the brokers vote and copy from each other.
const AMONG_BROKERS: [u16; 2] = [9090, 9091];
/// Where they are asked for their state.
const AGENT: u16 = 8443;
/// Names of Services, and the values of labels.
const LONGEST_NAME: usize = 63;

/// Whether the operator runs a version; one that it does not run is reported.
pub(super) fn runs(cx: &mut Declare<'_>, version: &str) -> bool {
    if VERSIONS.iter().any(|(known, _)| *known == version) {
        return true;
    }
    let list = VERSIONS.iter().map(|(known, _)| format!("\"{known}\"")).collect::<Vec<_>>().join(", ");
    cx.fault(
        &code::UNSUPPORTED_VERSION,
        "version",
        format!("Strimzi does not run Kafka `{version}`"),
        format!("write one of {list}, or leave `operator` out"),
    );
    false
}

/// What stands in for the brokers and for the job that makes topics.
pub(super) fn realization(kafka: &Kafka, workloads: &[&Workload]) -> Option<Realization> {
    let servers = workloads.iter().copied().filter(|workload| workload.role.is_none());
    let servers: Vec<&Workload> = servers.collect();
    let cluster = Cluster { kafka, name: &kafka.name, first: servers.first()? };
    let first = cluster.first.name.clone();
    let job = workloads.iter().find(|workload| workload.role.as_deref() == Some(topics::ROLE)).map(|job| job.name.clone());
    let opening = |from: Option<&str>, ports: &[u16]| Opening { from: from.map(str::to_owned), to: first.clone(), ports: ports.to_vec() };
    let brokers = [opening(Some(&first), &AMONG_BROKERS), opening(None, &[AMONG_BROKERS[0], AMONG_BROKERS[1], AGENT])];
    Some(Realization {
        targets: &["kubernetes", "kind", "helm"],
        replaces: workloads.iter().map(|workload| workload.name.clone()).collect(),
        endpoints: kafka.brokers.iter().flat_map(|broker| cluster.endpoints(broker)).collect(),
        pods: cluster.pods(job.as_deref()),
        secrets: Vec::new(),
        // The brokers read their certificates there, and what stands in for the job the topics.
        callers: std::iter::once(first.clone()).chain(job.clone()).collect(),
        openings: brokers.into_iter().chain(job.as_deref().map(|job| opening(Some(job), &AMONG_BROKERS[1..]))).collect(),
        visits: Vec::new(),
        gaps: cluster.gaps(),
        by: Realizer::Operator(Operator {
            name: "Strimzi",
            version: "1.2.0",
            repository: "https://strimzi.io/charts/",
            chart: "strimzi-kafka-operator",
            chart_version: "1.2.0",
            namespace: "strimzi",
            settings: &["watchAnyNamespace=true"],
            selector: &[("strimzi.io/kind", "cluster-operator")],
            resources: cluster.resources(),
        }),
    })
}

/// Brokers with the same roles: a resource of their own.
struct Pool<'a> {
    name: String,
    roles: &'static [&'static str],
    brokers: &'a [Broker],
}

struct Cluster<'a> {
    kafka: &'a Kafka,
    name: &'a str,
    first: &'a Workload,
}

impl<'a> Cluster<'a> {
    /// Those that vote, and those that do not.
    fn pools(&self) -> Vec<Pool<'a>> {
        let brokers = &self.kafka.brokers;
        let (voters, others) = brokers.split_at(brokers.iter().take_while(|broker| broker.votes).count());
        let voting = Pool { name: self.name.to_owned(), roles: &["controller", "broker"], brokers: voters };
        let more = Pool { name: format!("{}-more", self.name), roles: &["broker"], brokers: others };
        [voting, more].into_iter().filter(|pool| !pool.brokers.is_empty()).collect()
    }

    fn pool_of(&self, broker: &Broker) -> String {
        let pools = self.pools();
        pools.iter().find(|pool| pool.brokers.iter().any(|one| one.id == broker.id)).map_or_else(String::new, |pool| pool.name.clone())
    }

    /// What selects the pods of all brokers: to the policies they are one.
    fn selector(&self) -> Vec<(String, String)> {
        vec![(CLUSTER.to_owned(), self.name.to_owned()), ("strimzi.io/name".to_owned(), format!("{}-kafka", self.name))]
    }

    /// Inside, the Service of the cluster leads to any broker; from the host each has one of its own.
    fn endpoints(&self, broker: &Broker) -> Vec<ReplacedEndpoint> {
        let pool = self.pool_of(broker);
        let pod = ("strimzi.io/pod-name".to_owned(), format!("{}-{pool}-{}", self.name, broker.id));
        let inside = ReplacedEndpoint {
            endpoint: broker.endpoint(),
            service: format!("{}-kafka-bootstrap", self.name),
            port: broker::BROKER,
            selector: self.selector(),
        };
        let outside = broker.published.as_ref().map(|_| ReplacedEndpoint {
            endpoint: broker.at(broker::OUTSIDE),
            service: format!("{}-{pool}-{}-{}", self.name, broker::OUTSIDE, broker.id),
            port: broker::EXTERNAL,
            selector: self.selector().into_iter().chain([pod]).collect(),
        });
        std::iter::once(inside).chain(outside).collect()
    }

    fn pods(&self, job: Option<&str>) -> Vec<Pods> {
        let place = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect();
        let mut pods = Vec::new();
        for (index, pool) in self.pools().iter().enumerate() {
            pods.extend(pool.brokers.iter().map(|broker| Pods {
                workload: broker.name.clone(),
                selector: self.selector(),
                labels: place(&["template", "pod", "metadata", "labels"]),
                // The cluster itself is the first resource.
                resource: index + 1,
                shared: false,
            }));
        }
        pods.extend(job.map(|job| Pods {
            workload: job.to_owned(),
            selector: vec![
                (CLUSTER.to_owned(), self.name.to_owned()),
                ("strimzi.io/name".to_owned(), format!("{}-entity-operator", self.name)),
            ],
            labels: place(&["entityOperator", "template", "pod", "metadata", "labels"]),
            resource: 0,
            shared: false,
        }));
        pods
    }

    fn resources(&self) -> Vec<CustomResource> {
        let pools = self.pools();
        let pools = pools.iter().map(|pool| self.pool(pool));
        let topics = self.kafka.topics.iter().map(|topic| self.topic(topic));
        std::iter::once(self.cluster()).chain(pools).chain(topics).collect()
    }

    fn resource(&self, kind: &'static str, plural: &'static str, name: String, spec: Value) -> CustomResource {
        CustomResource {
            workload: self.first.name.clone(),
            api_version: API,
            kind,
            plural,
            name,
            labels: vec![(CLUSTER, self.name.to_owned())],
            annotations: Vec::new(),
            spec,
            ready: Some(State::Condition("Ready")),
            removal: Removal::Keep,
        }
    }

    fn cluster(&self) -> CustomResource {
        let version = self.kafka.version.as_str();
        let config = self.kafka.copies().into_iter().chain([("group.initial.rebalance.delay.ms", 0)]);
        let metadata = VERSIONS.iter().find(|(known, _)| *known == version).map(|(_, metadata)| *metadata);
        let kafka = Value::map([
            ("version", Value::from(version)),
            ("metadataVersion", metadata.map_or(Value::Null, Value::from)),
            ("listeners", self.listeners()),
            ("config", Value::map(config.map(|(setting, count)| (setting, Value::Int(count.into()))))),
        ]);
        let mut spec = Value::map([("kafka", kafka)]);
        if !self.kafka.topics.is_empty() {
            spec.set(&["entityOperator", "topicOperator"], Value::Map(Vec::new()));
        }
        CustomResource {
            labels: Vec::new(),
            // The id of the cluster, to which the storage is bound, is known to this resource alone.
            removal: Removal::Halt {
                annotation: ("strimzi.io/pause-reconciliation", "true"),
                kinds: "strimzipodsets.core.strimzi.io,deployments.apps",
                label: CLUSTER,
            },
            ..self.resource("Kafka", "kafkas", self.name.to_owned(), spec)
        }
    }

    /// As in containers, on the same ports. Without peers its own policies would let everyone in.
    fn listeners(&self) -> Value {
        let listener = |name: &str, port: u16, kind: &str| {
            Value::map([
                ("name", Value::from(name)),
                ("port", Value::Int(port.into())),
                ("type", kind.into()),
                ("tls", false.into()),
                ("networkPolicyPeers", Value::Peers(self.first.endpoint_ref(name))),
            ])
        };
        let mut listeners = vec![listener(broker::INSIDE, broker::BROKER, "internal")];
        let published: Vec<Value> = self.kafka.brokers.iter().filter_map(advertised).collect();
        if !published.is_empty() {
            // Of this type each broker has a Service of its own.
            let mut outside = listener(broker::OUTSIDE, broker::EXTERNAL, "cluster-ip");
            outside.set(&["configuration", "brokers"], Value::List(published));
            listeners.push(outside);
        }
        Value::List(listeners)
    }

    fn pool(&self, pool: &Pool<'_>) -> CustomResource {
        let count = u16::try_from(pool.brokers.len()).unwrap_or(u16::MAX);
        let volume = pool.brokers.first().map(Broker::volume).unwrap_or_default();
        let disk = Value::map([
            ("id", Value::Int(0)),
            ("type", "persistent-claim".into()),
            ("size", Value::Size(volume)),
            ("deleteClaim", false.into()),
            ("kraftMetadata", "shared".into()),
        ]);
        let mut spec = Value::map([
            ("replicas", Value::Int(count.into())),
            ("roles", Value::List(pool.roles.iter().map(|role| Value::from(*role)).collect())),
            ("storage", Value::map([("type", Value::from("jbod")), ("volumes", Value::List(vec![disk]))])),
        ]);
        if self.first.resources != Resources::default() {
            spec.set(&["resources"], Value::Resources(self.first.name.clone()));
        }
        if !self.first.labels.is_empty() {
            let words = self.first.labels.iter().map(|(key, text)| (key.clone(), Value::Text(text.clone())));
            spec.set(&["template", "pod", "metadata", "annotations"], Value::map(words));
        }
        if self.kafka.brokers.len() > 1 {
            spec.set(&["template", "pod", "topologySpreadConstraints"], Value::List(vec![self.spread()]));
        }
        let ids = pool.brokers.first().zip(pool.brokers.last()).map(|(first, last)| format!("[{}-{}]", first.id, last.id));
        CustomResource {
            // Else the number of a broker would depend on the order in which the pools are found.
            annotations: ids.map(|ids| ("strimzi.io/next-node-ids", ids)).into_iter().collect(),
            ready: Some(State::Count(".status.replicas", count)),
            ..self.resource("KafkaNodePool", "kafkanodepools", pool.name.clone(), spec)
        }
    }

    /// Where there are several nodes, the brokers are on different ones.
    fn spread(&self) -> Value {
        let labels = self.selector().into_iter().map(|(key, value)| (key, Value::from(value)));
        Value::map([
            ("maxSkew", Value::Int(1)),
            ("topologyKey", "kubernetes.io/hostname".into()),
            ("whenUnsatisfiable", "ScheduleAnyway".into()),
            ("labelSelector", Value::map([("matchLabels", Value::map(labels))])),
        ])
    }

    fn topic(&self, topic: &Topic) -> CustomResource {
        let copies = self.kafka.own_replicas(topic).unwrap_or_else(|| broker::copies(self.kafka.brokers.len()));
        let mut spec = Value::map([
            ("topicName", Value::from(topic.name.as_str())),
            ("partitions", Value::Int(topic.partitions.into())),
            ("replicas", Value::Int(copies.into())),
        ]);
        if let Some(milliseconds) = topic.retention_ms.and_then(|ms| i64::try_from(ms).ok()) {
            spec.set(&["config", "retention.ms"], Value::Int(milliseconds));
        }
        if let Some(count) = self.kafka.own_in_sync(topic) {
            spec.set(&["config", "min.insync.replicas"], Value::Int(count.into()));
        }
        // Without it the topic is deleted, and what is in it.
        CustomResource { workload: topics::workload(self.name), ..self.resource("KafkaTopic", "kafkatopics", self.topic_name(topic), spec) }
    }

    /// The topics of all clusters of a namespace are side by side.
    fn topic_name(&self, topic: &Topic) -> String {
        object_name(&format!("{}-{}", self.name, topic.name))
    }

    fn gaps(&self) -> Vec<Gap> {
        let origin = &self.first.origin;
        let gap = |origin: Pointer, message: String, help: &str| Gap { origin, message, help: help.to_owned() };
        let ignored =
            self.kafka.ignored_keys.iter().map(|key| gap(origin.key(key), format!("Strimzi takes no `{key}` from here"), SETTINGS));
        let mut gaps: Vec<Gap> = ignored.collect();
        let last =
            self.kafka.brokers.last().map(|broker| format!("{}-{}-{}-{}", self.name, self.pool_of(broker), broker::OUTSIDE, broker.id));
        if let Some(longest) = last.filter(|name| name.len() > LONGEST_NAME) {
            let message = format!("Strimzi would call a Service `{longest}`, which is longer than {LONGEST_NAME} characters");
            gaps.push(gap(origin.clone(), message, "choose a shorter name"));
        }
        let mut taken = BTreeSet::new();
        for topic in &self.kafka.topics {
            let name = self.topic_name(topic);
            if !taken.insert(name.clone()) {
                let message = format!("Kubernetes cannot tell the topic `{}` from another one: both are `{name}` there", topic.name);
                gaps.push(gap(topic.origin.clone(), message, "rename one of them, or leave `operator` out"));
            }
        }
        gaps
    }
}

const SETTINGS: &str =
    "write the settings of its own resource: `overrides: { kubernetes: { spec: { kafka: { ... } } } }`, or leave `operator` out";

/// What a broker says to the host of itself.
fn advertised(broker: &Broker) -> Option<Value> {
    let published = broker.published.as_ref()?;
    let host = Text::address(&broker.at(broker::OUTSIDE), Vantage::Host, AddressPart::Host);
    Some(Value::map([
        ("broker", Value::Int(broker.id.into())),
        ("advertisedHost", PublicText::try_from(host).map_or(Value::Null, Value::Text)),
        ("advertisedPort", Value::Int(published.port.into())),
    ]))
}
