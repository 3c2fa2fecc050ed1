//! Networks and volumes of several stacks.

use super::build::{network, platform, render, text, volume, workload};
use super::mount;
use crate::diagnostic::code;
use crate::platform::{MountSource, Network, Platform, Readiness, Workload};
use crate::targets::compose::plan::ComposePlan;

fn on(name: &str, stack: usize, networks: &[&str]) -> Workload {
    Workload { stack, networks: networks.iter().map(|name| (*name).to_owned()).collect(), ..workload(name) }
}

/// Two stacks; `kafka_net` and `data` belong to the first.
fn two_stacks() -> Platform {
    let data = || vec![mount(MountSource::Volume("data".into()), "/data", false)];
    let producer = Workload { mounts: data(), ..on("producer", 0, &["kafka_net"]) };
    let waits = vec![("producer".into(), Readiness::Ready), ("other".into(), Readiness::Started)];
    let worker = Workload { mounts: data(), waits, ..on("worker", 1, &["net", "kafka_net"]) };
    Platform {
        networks: vec![network("net", 1), Network { internal: true, ..network("kafka_net", 0) }],
        volumes: vec![volume("data", 0)],
        ..platform(&["kafka", "airflow"], vec![producer, worker, on("other", 1, &["net"])])
    }
}

#[test]
fn the_owner_makes_it_and_the_other_joins() {
    let rendered = render(&two_stacks());
    insta::assert_snapshot!("owner", text(&rendered, "kafka-docker-compose.yml"));
    insta::assert_snapshot!("other", text(&rendered, "airflow-docker-compose.yml"));
}

#[test]
fn a_network_that_its_owner_does_not_use_is_made_by_the_first_that_does() {
    let platform = Platform {
        networks: vec![network("net", 0), network("shared", 0)],
        ..platform(&["a", "b", "c"], vec![on("one", 0, &["net"]), on("two", 2, &["shared"]), on("three", 1, &["shared"])])
    };
    assert_eq!(ComposePlan::new(&platform).network_makers["shared"], 1);
    let rendered = render(&platform);
    assert!(!text(&rendered, "a-docker-compose.yml").contains("shared"));
    assert!(text(&rendered, "b-docker-compose.yml").ends_with("networks:\n  shared:\n    name: demo_shared\n"));
    assert!(text(&rendered, "c-docker-compose.yml").ends_with("    name: demo_shared\n    external: true\n"));
}

#[test]
fn a_network_that_only_a_profile_makes_is_no_network_for_others() {
    let with_profiles = |maker: &[&str], user: &[&str]| {
        let profiles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let one = Workload { profiles: profiles(maker), ..on("one", 0, &["net"]) };
        let two = Workload { profiles: profiles(user), ..on("two", 1, &["net"]) };
        render(&platform(&["a", "b"], vec![one, two])).diagnostics
    };
    assert_eq!(with_profiles(&[], &[]), []);
    assert_eq!(with_profiles(&[], &["app"]), []);
    assert_eq!(with_profiles(&["app", "all"], &["app"]), []);
    for user in [&[][..], &["other"], &["app", "other"]] {
        let diagnostics = with_profiles(&["app"], user);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].code, &code::TARGET_LIMIT);
        assert_eq!(diagnostics[0].message, "the network `net` is made only under a profile, and `two` needs it without");
    }
}

#[test]
fn a_stack_that_runs_nothing_has_no_file() {
    let platform = platform(&["a", "b"], vec![on("one", 1, &["net"])]);
    let plan = ComposePlan::new(&platform);
    let projects: Vec<_> = plan.stacks.iter().map(|stack| (stack.index, stack.project.as_str(), stack.file.as_str())).collect();
    assert_eq!(projects, [(1, "demo-b", "b-docker-compose.yml")]);
}

#[test]
fn urls_are_for_the_browser_of_the_host() {
    let endpoints = vec![
        super::endpoint("a", 80, Some(("127.0.0.1", 8080))),
        super::endpoint("b", 80, Some(("0.0.0.0", 8081))),
        super::endpoint("c", 80, Some(("192.168.1.5", 8082))),
        super::endpoint("d", 80, Some(("fd00::1", 8083))),
    ];
    let platform = platform(&[], vec![Workload { endpoints, ..workload("web") }]);
    let plan = ComposePlan::new(&platform);
    let urls: Vec<&str> = plan.stacks[0].published.iter().map(|published| published.url.as_str()).collect();
    assert_eq!(urls, ["http://localhost:8080", "http://localhost:8081", "http://192.168.1.5:8082", "http://[fd00::1]:8083"]);
}
