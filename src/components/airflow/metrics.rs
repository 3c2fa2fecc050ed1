//! Metrics: every role sends them to an exporter by StatsD, and the exporter has them for Prometheus.

use super::Airflow;
use crate::components::Build;
use crate::platform::{Check, Endpoint, EndpointRef, Health, Image, Protocol, PublicText, Readiness, Text, Workload};

const IMAGE: &str = "quay.io/prometheus/statsd-exporter:v0.28.0";
/// The image's user (`nobody`).
const USER: (u32, u32) = (65534, 65534);
/// Where it listens unless it is told otherwise: for StatsD, and for Prometheus.
const INGEST: u16 = 9125;
const SCRAPE: u16 = 9102;
/// The role's name.
pub(super) const ROLE: &str = "statsd";

/// The name of the workload.
pub(super) fn workload(service: &str) -> String {
    format!("{service}-statsd")
}

/// What a role waits for: in Compose the name of what does not run is unknown, and Airflow then sends nothing at all.
pub(super) fn wait(service: &str) -> (String, Readiness) {
    (workload(service), Readiness::Started)
}

/// What every role reads.
pub(super) fn environment(service: &str) -> [(String, Text); 3] {
    let ingest = EndpointRef::new(workload(service), "ingest");
    let entry = |name: &str, text: Text| (format!("AIRFLOW__METRICS__STATSD_{name}"), text);
    [entry("ON", "true".into()), entry("HOST", Text::host(&ingest)), entry("PORT", Text::port(&ingest))]
}

impl Airflow {
    /// What exports.
    pub(super) fn exporter(&self, cx: &Build<'_>) -> Workload {
        let mut exporter = cx.server_beside(&workload(cx.name), Some(ROLE), Image::Pulled { reference: IMAGE.into() });
        // All roles are there; the further networks are for those that run tasks.
        exporter.networks.truncate(1);
        exporter.runs_as = Some(USER);
        exporter.endpoints = vec![Endpoint::new("metrics", SCRAPE, Protocol::Http), Endpoint::new("ingest", INGEST, Protocol::Udp)];
        exporter.health = Some(health(&exporter.endpoint_ref("metrics")));
        exporter.resources = Default::default();
        exporter.origin = cx.at.key("metrics");
        exporter
    }
}

/// The image has BusyBox.
fn health(endpoint: &EndpointRef) -> Health {
    let ask = |host: PublicText| {
        let url = PublicText::from("http://").then(host).then("/metrics");
        Check::Exec(["wget", "-q", "-O", "/dev/null"].map(PublicText::from).into_iter().chain([url]).collect())
    };
    Health::new(ask(format!("127.0.0.1:{SCRAPE}").into()), Some(ask(PublicText::host_and_port(endpoint)).into()))
}
