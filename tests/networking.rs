//! The networking example keeps the rules that a course on Docker networks teaches.

mod support;

use std::sync::LazyLock;

use serde_json::{Value, json};
use support::rendered::{Rendered, keys, pipegen, strings};

static FILE: LazyLock<Value> = LazyLock::new(|| Rendered::of("blueprints/networking.yml").yaml("docker-compose.yml"));

fn service(name: &str) -> &'static Value {
    &FILE["services"][name]
}

/// The codes that `check` reports for the example after one replacement.
fn codes_after(from: &str, to: &str) -> Vec<String> {
    let example = std::fs::read_to_string(support::repository().join("blueprints/networking.yml")).expect("the example");
    assert!(example.contains(from), "nothing to replace: {from}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("networking.yml");
    std::fs::write(&file, example.replacen(from, to, 1)).expect("written");
    let checked = pipegen().args(["check", "--format", "json"]).arg(&file).output().expect("it runs");
    let lines = String::from_utf8(checked.stdout).expect("UTF-8");
    let code = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["code"].as_str().expect("a code").to_owned();
    lines.lines().map(code).collect()
}

#[test]
fn every_service_is_on_user_defined_networks_where_names_resolve() {
    let declared = keys(&FILE["networks"]);
    assert_eq!(declared, ["frontend", "backend"]);
    for name in keys(&FILE["services"]) {
        let networks = strings(&service(name)["networks"]);
        assert!(!networks.is_empty() && networks.iter().all(|network| declared.contains(network)), "{name}: {networks:?}");
        assert_eq!(service(name)["network_mode"], Value::Null, "{name}");
    }
}

#[test]
fn the_database_is_only_on_the_internal_backend() {
    assert_eq!(service("db")["networks"], json!(["backend"]));
    assert_eq!(FILE["networks"]["backend"]["internal"], true);
    assert_eq!(FILE["networks"]["frontend"]["internal"], Value::Null);
}

#[test]
fn the_api_sees_both_sides_and_the_web_server_only_one() {
    assert_eq!(service("api")["networks"], json!(["frontend", "backend"]));
    assert_eq!(service("web")["networks"], json!(["frontend"]));
}

#[test]
fn containers_find_each_other_by_service_name_and_container_port() {
    let environment = &service("api")["environment"];
    assert_eq!(environment["DB_HOST"], "db");
    assert_eq!(environment["DB_PORT"], "5432");
    assert_eq!(environment["DB_USER"], "app");
    assert_eq!(environment["DB_NAME"], "app");
    assert_eq!(environment["DB_PASSWORD"], "${APP_DB_PASSWORD:?run pipegen secrets init}");
}

#[test]
fn the_web_server_asks_name_servers_which_know_whole_names_only() {
    assert!(Rendered::of("blueprints/networking.yml").read("files/web/default.conf.template").contains("set $target http://api:8000;"));
    let manifests = Rendered::to("kubernetes", "blueprints/networking.yml").read("web.yaml");
    assert!(manifests.contains("set $target http://api.networking.svc.cluster.local:8000;"), "{manifests}");
}

#[test]
fn localhost_means_the_container_itself_and_is_no_address_of_another_one() {
    for name in keys(&FILE["services"]) {
        for (variable, value) in service(name)["environment"].as_object().into_iter().flatten() {
            let value = value.as_str().expect("a string");
            assert!(!value.contains("localhost") && !value.contains("127.0.0.1"), "{name}: {variable}={value}");
        }
    }
}

#[test]
fn only_what_the_host_needs_is_published_and_on_loopback() {
    assert_eq!(service("web")["ports"], json!(["127.0.0.1:8080:80"]));
    for name in keys(&FILE["services"]).into_iter().filter(|name| *name != "web") {
        assert_eq!(service(name)["ports"], Value::Null, "{name}: containers need no published port to talk");
    }
}

#[test]
fn one_host_port_serves_one_container() {
    assert_eq!(codes_after("ports: { http: 8000 }", "ports: { http: 8000 }\n    publish: 8080"), ["port-taken"]);
    assert_eq!(codes_after("ports: { http: 8000 }", "ports: { http: 8000 }\n    publish: 8081"), [""; 0]);
}

#[test]
fn nothing_can_be_published_from_an_internal_network() {
    assert_eq!(codes_after("databases: [app] }", "databases: [app], publish: 5433 }"), ["internal-only-publish"]);
}

#[test]
fn without_a_shared_network_nobody_connects() {
    let codes = codes_after("networks: [frontend, backend]", "networks: [frontend]");
    assert_eq!(codes, ["no-shared-network", "broken-expectation"], "what it uses, and what was promised");
}

#[test]
fn isolation_that_is_promised_is_proved() {
    assert_eq!(codes_after("networks: [frontend],", "networks: [frontend, backend],"), ["broken-expectation"]);
}
