//! Health checks as probes.

use super::environment::plain;
use super::model::{Ask, Probe};
use super::scope::Scope;
use crate::diagnostic::Place;
use crate::formats::said_elsewhere;
use crate::platform::{Check, Endpoint, Health};
use crate::value::Duration;
use crate::yaml::Doc;

/// How many times more failures than for readiness restart a container: a slow answer is no reason to lose work.
const PATIENCE: u64 = 3;

/// The probes of a container.
#[derive(Debug, Default)]
pub struct Probes {
    /// Until it succeeds, the others wait.
    pub startup: Option<Probe>,
    /// Whether the pod gets traffic, and whether `kubectl rollout status` is content.
    pub readiness: Option<Probe>,
    /// Whether the container is started again.
    pub liveness: Option<Probe>,
}

/// The probes of a health check. Liveness asks the port where there is one: that is cheap, and a program that checks
/// more would restart a database that recovers.
pub fn probes(scope: &mut Scope<'_>, health: Option<&Health>, endpoints: &[Endpoint], place: &Place) -> Probes {
    let Some(Health { check, remote, interval, timeout, retries, start_period, start_interval }) = health else {
        return Probes::default();
    };
    // The init steps of others ask it.
    said_elsewhere(remote);
    let command = asked(scope, check, place);
    let exec = || Ask::Exec { command: command.clone() };
    let probe = |ask, period: &Duration, failures| Probe {
        ask,
        period_seconds: seconds(period),
        timeout_seconds: seconds(timeout),
        failure_threshold: failures,
    };
    let retries = u64::from(*retries).max(1);
    let at_start = start_interval.as_ref().unwrap_or(interval);
    // As Compose has it: failures during the start period do not count, and then as many as later.
    let startup = seconds(start_period).div_ceil(seconds(at_start)) + retries;
    let alive = match endpoints.first() {
        Some(endpoint) => Ask::TcpSocket { port: endpoint.port },
        None => exec(),
    };
    Probes {
        startup: Some(probe(exec(), at_start, startup)),
        readiness: Some(probe(exec(), interval, retries)),
        liveness: Some(probe(alive, interval, retries * PATIENCE)),
    }
}

fn asked(scope: &mut Scope<'_>, check: &Check, place: &Place) -> Doc {
    let words = check.argv().iter().map(|word| plain(scope, word, place, "a probe")).collect::<Vec<_>>();
    match check {
        Check::Exec(_) => Doc::words(words),
        Check::Shell(_) => Doc::words(["sh".to_owned(), "-c".to_owned()].into_iter().chain(words)),
    }
}

/// Whole seconds, at least one: the API knows no others.
pub fn seconds(duration: &Duration) -> u64 {
    duration.as_milliseconds().div_ceil(1000).max(1)
}
