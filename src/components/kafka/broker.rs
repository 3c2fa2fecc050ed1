//! The brokers: which of them vote, what each is told, and how it shows that it can do its work.

use super::{BIN, Kafka, USER, endpoints};
use crate::components::Build;
use crate::platform::{Check, Endpoint, EndpointRef, Health, Image, Mount, Protocol, PublicText, Published, Text, Vantage, Workload};
use crate::value::Duration;

/// Where consumers connect.
pub(super) const INSIDE: &str = "broker";
pub(super) const BROKER: u16 = 9092;
/// Where the quorum votes; never advertised.
const CONTROLLER: u16 = 9093;
/// Where the host connects through the published port: it needs another advertised address, so another listener.
pub(super) const OUTSIDE: &str = "external";
pub(super) const EXTERNAL: u16 = 19092;

/// One lost voter leaves a majority of three. More voters decide more slowly, and who votes cannot be changed later by
/// adding brokers (<https://kafka.apache.org/documentation/#kraft_deployment> recommends three or five).
const VOTERS: u16 = 3;
/// The copies of a topic that does not say how many, and of Kafka's own.
const COPIES: u16 = 3;

/// A broker.
pub(super) struct Broker {
    /// Its number, from 1.
    pub id: u16,
    /// The name of its workload.
    pub name: String,
    /// Whether it is a controller too.
    pub votes: bool,
    /// Where the host finds it.
    pub published: Option<Published>,
}

/// The brokers of a service, by where the host finds each. The only one is called as the service.
pub(super) fn all(service: &str, published: Vec<Option<Published>>) -> Vec<Broker> {
    let alone = published.len() == 1;
    let broker = |(id, published)| {
        let name = if alone { service.to_owned() } else { format!("{service}-{id}") };
        Broker { id, name, votes: id <= VOTERS, published }
    };
    (1..).zip(published).map(broker).collect()
}

impl Broker {
    /// Where consumers connect.
    pub(super) fn endpoint(&self) -> EndpointRef {
        self.at(INSIDE)
    }

    /// Where it keeps its messages.
    pub(super) fn volume(&self) -> String {
        format!("{}-data", self.name)
    }

    pub(super) fn at(&self, endpoint: &str) -> EndpointRef {
        EndpointRef::new(self.name.clone(), endpoint)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |name, port| Endpoint::new(name, port, Protocol::Tcp);
        let controller = self.votes.then(|| endpoint("controller", CONTROLLER));
        let external = self.published.is_some().then(|| endpoint(OUTSIDE, EXTERNAL).published(self.published.clone()));
        std::iter::once(endpoint(INSIDE, BROKER)).chain(controller).chain(external).collect()
    }

    /// The listeners, what is advertised of them, and what each of them speaks.
    fn listeners(&self) -> [Text; 3] {
        let mut listeners = format!("INTERNAL://:{BROKER}");
        let mut advertised = Text::literal("INTERNAL://").then(Text::host_and_port(&self.endpoint(), Vantage::Consumers));
        let mut protocols = "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT".to_owned();
        if self.votes {
            listeners.push_str(&format!(",CONTROLLER://:{CONTROLLER}"));
        }
        if self.published.is_some() {
            listeners.push_str(&format!(",EXTERNAL://:{EXTERNAL}"));
            protocols.push_str(",EXTERNAL:PLAINTEXT");
            advertised = advertised.then(",EXTERNAL://").then(Text::host_and_port(&self.at(OUTSIDE), Vantage::Host));
        }
        [listeners.into(), advertised, protocols.into()]
    }
}

/// How many copies a topic has where there are so many brokers.
pub(super) fn copies(brokers: usize) -> u16 {
    u16::try_from(brokers).map_or(COPIES, |count| count.min(COPIES))
}

/// How many of its copies must have a message before it counts as written: all but the one that may be lost.
pub(super) fn in_sync(copies: u16) -> u16 {
    copies.saturating_sub(1).clamp(1, COPIES - 1)
}

impl Kafka {
    pub(super) fn broker(&self, cx: &mut Build<'_>, broker: &Broker, image: Image) -> Workload {
        let mut server = cx.server(&broker.name, None, image);
        server.runs_as = Some(USER);
        server.endpoints = broker.endpoints();
        server.environment = self.environment(broker);
        server.mounts.insert(0, Mount::volume(broker.volume(), "/var/lib/kafka/data", cx.at.clone()));
        // The image declares these as volumes too; nothing of ours is in them.
        server.scratch = vec!["/etc/kafka/secrets".to_owned(), "/mnt/shared/config".to_owned()];
        // Who connects waits for the first one, and must not wait when just that is lost: any of them answers for it.
        let asked =
            if broker.id == 1 { PublicText::addresses(endpoints(&self.brokers)) } else { PublicText::host_and_port(&broker.endpoint()) };
        server.health = Some(health(&broker.endpoint(), asked));
        server.stop_grace = Some(Duration::seconds(60));
        cx.finish(&mut server);
        server
    }

    fn environment(&self, broker: &Broker) -> Vec<(String, Text)> {
        let literal = |name: &str, value: &str| (name.to_owned(), Text::literal(value));
        let [listeners, advertised, protocols] = broker.listeners();
        let roles = if broker.votes { "broker,controller" } else { "broker" };
        let mut environment = vec![
            literal("CLUSTER_ID", &self.cluster),
            literal("KAFKA_NODE_ID", &broker.id.to_string()),
            literal("KAFKA_PROCESS_ROLES", roles),
            ("KAFKA_CONTROLLER_QUORUM_VOTERS".to_owned(), self.voters()),
            literal("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
            literal("KAFKA_INTER_BROKER_LISTENER_NAME", "INTERNAL"),
            ("KAFKA_LISTENERS".to_owned(), listeners),
            ("KAFKA_ADVERTISED_LISTENERS".to_owned(), advertised),
            ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP".to_owned(), protocols),
        ];
        environment.extend(self.copies().into_iter().map(|(setting, count)| (variable(setting), count.to_string().into())));
        environment.extend([
            literal("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0"),
            // Not the root of the volume: on a file system of its own that has a `lost+found`, which Kafka takes for a topic.
            literal("KAFKA_LOG_DIRS", "/var/lib/kafka/data/logs"),
        ]);
        environment
    }

    fn voters(&self) -> Text {
        let voters = self.brokers.iter().filter(|broker| broker.votes);
        voters.fold(Text::default(), |list, broker| {
            let before = if broker.id == 1 { String::new() } else { ",".to_owned() };
            list.then(format!("{before}{}@", broker.id)).then(Text::host_and_port(&broker.at("controller"), Vantage::Consumers))
        })
    }

    /// The copies of the internal topics: with more of them than brokers, transactions and groups hang. Of several brokers
    /// the topics of others have as many.
    pub(super) fn copies(&self) -> Vec<(&'static str, u16)> {
        let copies = copies(self.brokers.len());
        let in_sync = in_sync(copies);
        let others = [("default.replication.factor", copies), ("min.insync.replicas", in_sync)];
        let internal = [
            ("offsets.topic.replication.factor", copies),
            ("transaction.state.log.replication.factor", copies),
            ("transaction.state.log.min.isr", in_sync),
            ("share.coordinator.state.topic.replication.factor", copies),
            ("share.coordinator.state.topic.min.isr", in_sync),
        ];
        others.into_iter().filter(|_| copies > 1).chain(internal).collect()
    }
}

/// The variable of a setting, as the image spells it.
fn variable(setting: &str) -> String {
    format!("KAFKA_{}", setting.to_uppercase().replace('.', "_"))
}

/// Each question starts a JVM (two to four seconds of processor time), hence the long interval.
fn health(broker: &EndpointRef, from_outside: PublicText) -> Health {
    let program = format!("{BIN}/kafka-broker-api-versions.sh");
    let ask = |address: PublicText| Check::Exec(vec![program.as_str().into(), "--bootstrap-server".into(), address]);
    Health {
        interval: Duration::seconds(15),
        timeout: Duration::seconds(15),
        retries: 8,
        start_period: Duration::seconds(60),
        ..Health::new(ask(PublicText::from("localhost:").then(PublicText::port(broker))), Some(ask(from_outside).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{all, copies, in_sync};

    #[test]
    fn one_of_several_may_be_lost() {
        let votes = |count| all("kafka", vec![None; count]).iter().filter(|broker| broker.votes).count();
        assert_eq!([1, 3, 4, 5, 9].map(votes), [1, 3, 3, 3, 3]);
        assert_eq!([1, 3, 4, 9].map(copies), [1, 3, 3, 3]);
        assert_eq!([1, 2, 3, 5].map(in_sync), [1, 1, 2, 2]);
    }

    #[test]
    fn the_only_broker_is_called_as_the_service() {
        let names = |count| all("bus", vec![None; count]).into_iter().map(|broker| broker.name).collect::<Vec<_>>();
        assert_eq!(names(1), ["bus"]);
        assert_eq!(names(3), ["bus-1", "bus-2", "bus-3"]);
    }
}
