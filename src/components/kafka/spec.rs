//! What a blueprint says of Kafka, and what of it cannot be.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::components::{Declare, Topic};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::Published;
use crate::source::Pointer;
use crate::value::{DatasetName, Duration, Map, Size};

/// More than anyone runs from one file; a number that was mistyped should not make thousands of workloads.
const MOST_BROKERS: u16 = 99;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<crate::components::Version>")]
    pub version: Option<String>,
    /// The number of brokers: 1, or 3 and more.
    #[serde(default)]
    #[schemars(extend("default" = 1))]
    pub brokers: Option<u16>,
    /// Who runs it in a cluster, instead of pods of ours; Compose has no such thing.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// How large the data of a broker may become, where storage is claimed by size.
    #[serde(default)]
    pub storage: Option<Size>,
    /// Topics, by name, that are made on start.
    #[serde(default)]
    pub topics: Map<DatasetName, TopicSpec>,
}

/// Who runs it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operator {
    /// Strimzi.
    Strimzi,
}

/// A topic.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TopicSpec {
    /// The number of partitions.
    #[serde(default)]
    #[schemars(extend("default" = 1, "minimum" = 1))]
    pub partitions: Option<u16>,
    /// The number of brokers that keep a copy; without this key 3, or 1 if there is one broker.
    #[serde(default)]
    pub replicas: Option<u16>,
    /// How long messages are kept; without this key as long as the broker says.
    #[serde(default)]
    pub retention: Option<Duration>,
}

/// How many brokers there are. With two of them neither may be lost: half of a quorum of two decides nothing, and a
/// quorum of one is gone with its only member.
pub(super) fn brokers(cx: &mut Declare<'_>, spec: &Spec) -> Option<u16> {
    let (message, help) = match spec.brokers.unwrap_or(1) {
        0 => ("no brokers".to_owned(), "write `brokers: 1`, or remove the service".to_owned()),
        2 => {
            let message = "two brokers are no safer than one: each is needed for a decision";
            (message.to_owned(), "write `brokers: 3`, of which one may be lost, or `brokers: 1`".to_owned())
        }
        count if count > MOST_BROKERS => (format!("{count} brokers"), format!("write at most {MOST_BROKERS}")),
        count => return Some(count),
    };
    cx.fault(&code::BAD_VALUE, "brokers", message, help);
    None
}

/// The ports of the host: that of the first broker is written, and the others take those that follow.
pub(super) fn published(cx: &mut Declare<'_>, brokers: u16) -> Option<Vec<Option<Published>>> {
    let Some(first) = cx.published(&["broker"]).remove(0) else { return Some(vec![None; usize::from(brokers)]) };
    if first.port.checked_add(brokers - 1).is_none() {
        let message = format!("each of the {brokers} brokers takes a port, from {} on, and there are none above {}", first.port, u16::MAX);
        let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(first.origin), message);
        cx.diagnostics.push(fault.help(format!("write at most {}", u16::MAX - (brokers - 1))));
        return None;
    }
    Some((0..brokers).map(|index| Some(Published { port: first.port + index, ..first.clone() })).collect())
}

/// The topics of the service and of the datasets in it.
pub(super) fn topics(cx: &mut Declare<'_>, spec: &Spec, brokers: u16) -> Vec<Topic> {
    let at = cx.at.key("topics");
    let own = spec.topics.iter().map(|(name, topic)| Topic {
        name: name.to_string(),
        partitions: topic.partitions.unwrap_or(1),
        replicas: topic.replicas.map(|count| (count, at.key(name.as_str()).key("replicas"))),
        retention_ms: topic.retention.map(Duration::as_milliseconds),
        origin: at.key(name.as_str()),
    });
    let mut topics: Vec<Topic> = own.collect();
    for topic in std::mem::take(&mut cx.topics) {
        if !topics.iter().any(|known| known.name == topic.name) {
            topics.push(topic);
        }
    }
    for (count, at) in topics.iter().filter_map(|topic| topic.replicas.as_ref()) {
        cx.diagnostics.extend(impossible(*count, brokers, at));
    }
    topics
}

fn impossible(replicas: u16, brokers: u16, at: &Pointer) -> Option<Diagnostic> {
    let message = match replicas {
        0 => "a topic without a copy".to_owned(),
        count if count > brokers && brokers == 1 => format!("{count} copies, and there is one broker"),
        count if count > brokers => format!("{count} copies, and there are {brokers} brokers"),
        _ => return None,
    };
    let help =
        if brokers == 1 { "write `replicas: 1`, or `brokers: 3` at the service".to_owned() } else { format!("write 1 to {brokers}") };
    Some(Diagnostic::new(&code::BAD_VALUE, Place::Value(at.clone()), message).help(help))
}
