//! The job that makes the topics.

use super::{BIN, Kafka, USER, broker, endpoints};
use crate::components::{Build, Topic};
use crate::platform::{Body, Check, File, Image, PublicText, Readiness, RemoteCheck, TextTree, Workload, WorkloadKind};

/// Which part of the service it is.
pub(super) const ROLE: &str = "topics";

/// The name of the job.
pub(super) fn workload(service: &str) -> String {
    format!("{service}-topics")
}

impl Kafka {
    pub(super) fn topics_job(&self, cx: &Build<'_>, image: Image) -> Workload {
        let brokers = PublicText::addresses(endpoints(&self.brokers));
        let mut job = cx.job(&workload(cx.name), Some(ROLE), image);
        job.networks.truncate(1);
        job.runs_as = Some(USER);
        job.command = Some(vec!["bash".into(), "/pipegen/topics.sh".into()]);
        job.environment = vec![("BOOTSTRAP_SERVERS".to_owned(), brokers.text().clone())];
        job.scratch = vec!["/etc/kafka/secrets".to_owned(), "/mnt/shared/config".to_owned(), "/var/lib/kafka/data".to_owned()];
        let script = Body::Template { name: "kafka/topics.sh", context: self.context() };
        job.files = vec![File::new("/pipegen/topics.sh", script, cx.at.clone())];
        // A topic with three copies cannot be made before there are three brokers.
        job.waits = self.brokers.iter().map(|broker| (broker.name.clone(), Readiness::Ready)).collect();
        job.kind = WorkloadKind::Job { evidence: self.topics.last().map(|topic| evidence(brokers, &topic.name)) };
        job
    }

    fn context(&self) -> TextTree {
        let topics = self.topics.iter().map(|topic| {
            TextTree::map([
                ("name", TextTree::from(topic.name.as_str())),
                ("partitions", TextTree::Int(i64::from(topic.partitions))),
                ("replicas", self.own_replicas(topic).map_or(TextTree::Null, |count| TextTree::Int(i64::from(count)))),
                ("in_sync", self.own_in_sync(topic).map_or(TextTree::Null, |count| TextTree::Int(i64::from(count)))),
                ("retention_ms", topic.retention_ms.and_then(|ms| i64::try_from(ms).ok()).map_or(TextTree::Null, TextTree::Int)),
            ])
        });
        let replicated = self.topics.iter().any(|topic| self.own_replicas(topic).is_some());
        TextTree::map([("topics", TextTree::List(topics.collect())), ("replicated", TextTree::Bool(replicated))])
    }

    /// The copies that the topic asks for, where they are not what every topic gets.
    pub(super) fn own_replicas(&self, topic: &Topic) -> Option<u16> {
        let (count, _) = topic.replicas.as_ref()?;
        (*count != broker::copies(self.brokers.len())).then_some(*count)
    }

    /// How many of those must have a message, where that is not what holds for every topic: with fewer copies than the
    /// brokers demand nothing could be written.
    pub(super) fn own_in_sync(&self, topic: &Topic) -> Option<u16> {
        let own = broker::in_sync(self.own_replicas(topic)?);
        (own != broker::in_sync(broker::copies(self.brokers.len()))).then_some(own)
    }
}

/// The last topic is there only when all are.
fn evidence(brokers: PublicText, topic: &str) -> RemoteCheck {
    let program = format!("{BIN}/kafka-topics.sh");
    Check::Exec(vec![program.into(), "--bootstrap-server".into(), brokers, "--describe".into(), "--topic".into(), topic.into()]).into()
}
