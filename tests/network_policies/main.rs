//! The NetworkPolicies that we write mean what the networks of the blueprint mean: who may talk to whom on which port is
//! worked out from either, and the two must be equal.

#[path = "../support/mod.rs"]
mod support;

mod charts;
mod evaluator;
mod mistakes;
mod operators;
mod relation;
mod strimzi;

use pipegen::compile::{Options, compile};
use pipegen::formats::Layout;
use pipegen::platform::Platform;
use pipegen::source::Source;
use pipegen::targets::{TARGETS, Target};
use proptest::prelude::*;
use serde_json::Value;
use support::manifests::{self, Role};

/// The platform of a blueprint's text.
fn platform(text: &str) -> Platform {
    chosen(text, None)
}

/// The platform of a blueprint's text in an environment.
fn chosen(text: &str, environment: Option<&str>) -> Platform {
    let compiled = compile(&Source::new("blueprint.yml", text), &Options { environment, ..Options::default() });
    compiled.platform.unwrap_or_else(|| panic!("the blueprint has faults:\n{text}"))
}

/// The platform as a target has it: with nothing that stands in for workloads in other targets only.
fn in_target(mut platform: Platform, target: &str) -> Platform {
    for service in &mut platform.services {
        service.realizations.retain(|realization| realization.targets.contains(&target));
    }
    platform
}

/// The platform of a folder's blueprint in its target.
fn of_folder(folder: &std::path::Path, target: &str) -> Platform {
    let (blueprint, environment) = manifests::origin(folder);
    let text = std::fs::read_to_string(support::repository().join(blueprint)).expect("the blueprint is there");
    in_target(chosen(&text, environment.as_deref()), target)
}

/// The targets that write policies, and whether published ports are open to whoever is outside of the cluster.
fn targets() -> impl Iterator<Item = (&'static Target, bool)> {
    TARGETS.iter().filter(|target| ["kubernetes", "kind"].contains(&target.name)).map(|target| (*target, target.name == "kind"))
}

/// The objects that a target makes of a platform.
fn objects(platform: &Platform, target: &Target) -> Vec<Value> {
    let layout = Layout { blueprint: "blueprint.yml".to_owned(), base: ".".to_owned(), parameters: Vec::new() };
    let files = target.render(platform, &layout).unwrap_or_else(|error| panic!("{error}")).files;
    let manifests = files.iter().filter(|(path, file)| manifests::role(path.as_str(), &file.text) == Some(Role::Objects));
    manifests.flat_map(|(_, file)| manifests::documents(&file.text)).collect()
}

#[test]
fn every_example_is_isolated_exactly_as_its_networks_say() {
    for (target, published) in targets() {
        for folder in manifests::golden(&[target.name]) {
            let (platform, objects) = (of_folder(&folder, target.name), manifests::below(&folder));
            assert_eq!(relation::differences(&platform, &objects, published), [""; 0], "in {}", folder.display());
            assert_eq!(relation::within_operators(&platform, &objects), [""; 0], "in {}", folder.display());
        }
    }
}

#[test]
fn the_pods_of_charts_are_isolated_as_well() {
    for folder in manifests::golden(&["helm"]) {
        let platform = of_folder(&folder, "helm");
        let mut objects = manifests::below(&folder);
        objects.extend(charts::made_of(&platform, &folder));
        assert_eq!(relation::differences(&platform, &objects, false), [""; 0], "in {}", folder.display());
        // A pod without our labels is seen.
        for index in 0..objects.len() {
            let mut others = objects.clone();
            if others[index]["kind"] == "Pod" {
                others[index]["metadata"]["labels"].as_object_mut().expect("a map").retain(|key, _| !key.starts_with("net."));
                assert_ne!(relation::differences(&platform, &others, false), [""; 0], "{}", manifests::id(&objects[index]));
            }
        }
    }
}

#[test]
fn what_speaks_udp_is_reached_by_udp_alone() {
    let blueprint = "blueprint: v1\nname: shop\nservices:\n  db: { component: postgres, databases: [airflow] }\n  \
                     airflow: { component: airflow, database: db/airflow, metrics: prometheus }\n";
    for (target, published) in targets() {
        let platform = in_target(platform(blueprint), target.name);
        let objects = objects(&platform, target);
        assert_eq!(relation::differences(&platform, &objects, published), [""; 0], "{}", target.name);
        let ports = |object: &Value| object.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
        let service = objects.iter().find(|object| object["kind"] == "Service" && object["metadata"]["name"] == "airflow-statsd");
        let protocols: Vec<_> = ports(service.expect("it is there")).iter().map(|port| port["protocol"].clone()).collect();
        assert_eq!(protocols, [Value::Null, "UDP".into()]);
    }
}

#[test]
fn each_policy_is_needed() {
    let file = support::repository().join("blueprints/networking.yml");
    let platform = platform(&std::fs::read_to_string(file).expect("the blueprint is there"));
    for (target, published) in targets() {
        let all = objects(&platform, target);
        for policy in all.iter().filter(|object| object["kind"] == "NetworkPolicy") {
            let others: Vec<Value> = all.iter().filter(|object| *object != policy).cloned().collect();
            assert_ne!(relation::differences(&platform, &others, published), [""; 0], "without {}", manifests::id(policy));
        }
    }
}

#[test]
fn what_an_operator_and_its_pods_need_is_open_and_no_more() {
    let postgres = "  db: { component: postgres, operator: cloudnative_pg, databases: [shop], publish: 5432 }\n  \
                    app: { component: container, image: \"web:1\", uses: [db/shop] }\n";
    let kafka = "  bus: { component: kafka, operator: strimzi, brokers: 3, topics: { orders: {} }, publish: 9092 }\n  \
                 app: { component: container, image: \"web:1\", uses: [bus] }\n";
    let airflow = "  db: { component: postgres, operator: cloudnative_pg, databases: [airflow] }\n  queue: { component: redis }\n  \
                   flow: { component: airflow, executor: celery, database: db/airflow, broker: queue, \
                   roles: { worker: { replicas: { max: 3 } } } }\n";
    let pooled = airflow.replace("operator: cloudnative_pg", "pool: pgbouncer");
    for services in [postgres, kafka, airflow, &pooled] {
        for (target, published) in targets() {
            let platform = in_target(platform(&format!("blueprint: v1\nname: shop\nservices:\n{services}")), target.name);
            let all = objects(&platform, target);
            assert_eq!(relation::differences(&platform, &all, published), [""; 0], "{}", target.name);
            assert_eq!(relation::within_operators(&platform, &all), [""; 0], "{}", target.name);
            for policy in all.iter().filter(|object| object["kind"] == "NetworkPolicy") {
                let others: Vec<Value> = all.iter().filter(|object| *object != policy).cloned().collect();
                let faults =
                    [relation::differences(&platform, &others, published), relation::within_operators(&platform, &others)].concat();
                assert_ne!(faults, [""; 0], "without {}", manifests::id(policy));
            }
        }
    }
}

/// The only way out left private addresses out, so what the platform is for did not connect.
#[test]
fn what_runs_elsewhere_is_reached_at_a_private_address_too_by_those_who_use_it() {
    let text = "blueprint: v1
name: shop
networks: { inner: { internal: true }, outer: {}, lan: {} }
stacks: { data: {}, web: {} }
credentials: { owner: { type: basic, username: me } }
services:
  erp: { component: external, host: erp.example.com, port: 5439 }
  lake: { component: s3, bucket: b, endpoint: \"${env.ENDPOINT}\" }
  managed: { component: postgres, stack: web, networks: [outer], managed: { host: \"${env.H}\" }, databases: [shop], credential: owner }
  pooled: { component: postgres, stack: data, networks: [lan], managed: { host: 10.0.0.4, port: 6543 }, pool: pgbouncer, databases: [shop], credential: owner }
  app: { component: container, image: \"web:1\", stack: web, networks: [inner, outer], uses: [erp, managed/shop] }
  other: { component: container, image: \"web:1\", stack: data, networks: [lan], uses: [lake, pooled/shop] }
  bystander: { component: container, image: \"web:1\", stack: web, networks: [outer] }
";
    for (target, published) in targets() {
        let platform = in_target(platform(text), target.name);
        let all = objects(&platform, target);
        assert_eq!(relation::differences(&platform, &all, published), [""; 0], "{}", target.name);
        let policies: Vec<&Value> = all.iter().filter(|object| manifests::id(object).contains("elsewhere-")).collect();
        assert_eq!(policies.len(), 4, "{}", target.name);
        for policy in policies {
            let others: Vec<Value> = all.iter().filter(|object| *object != policy).cloned().collect();
            assert_ne!(relation::differences(&platform, &others, published), [""; 0], "without {}", manifests::id(policy));
        }
    }
}

/// A service of a random blueprint: the networks that it is on, by bit, and whether it has a port and publishes it.
#[derive(Debug, Clone)]
struct Part {
    networks: u8,
    stack: u8,
    listens: bool,
    publishes: bool,
}

fn part() -> impl Strategy<Value = Part> {
    (1..16u8, 0..2u8, any::<bool>(), any::<bool>()).prop_map(|(networks, stack, listens, publishes)| Part {
        networks,
        stack,
        listens,
        publishes,
    })
}

/// Two stacks and four networks, of which the bits of `internal` are internal.
fn blueprint(parts: &[Part], internal: u8) -> String {
    let networks: Vec<String> = (0..4).map(|bit| format!("n{bit}: {{ internal: {} }}", internal & 1 << bit != 0)).collect();
    let service = |(index, part): (usize, &Part)| {
        let on: Vec<String> = (0..4).filter(|bit| part.networks & 1 << bit != 0).map(|bit| format!("n{bit}")).collect();
        let ports = if part.listens { format!(", ports: {{ http: {} }}", 8000 + index) } else { String::new() };
        let publishes = part.publishes && part.listens && part.networks & !internal != 0;
        let publish = if publishes { format!(", publish: {}", 20_000 + index) } else { String::new() };
        let stack = part.stack;
        format!(
            "  s{index}: {{ component: container, image: \"web:1\", stack: t{stack}, networks: [{}]{ports}{publish} }}\n",
            on.join(", ")
        )
    };
    let services: String = parts.iter().enumerate().map(service).collect();
    format!("blueprint: v1\nname: shop\nnetworks: {{ {} }}\nstacks: {{ t0: {{}}, t1: {{}} }}\nservices:\n{services}", networks.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_blueprint_is_isolated_exactly_as_its_networks_say(parts in prop::collection::vec(part(), 1..7), internal in 0..16u8) {
        let text = blueprint(&parts, internal);
        let platform = platform(&text);
        for (target, published) in targets() {
            let faults = relation::differences(&platform, &objects(&platform, target), published);
            prop_assert!(faults.is_empty(), "{}: {:?}\n{}", target.name, faults, text);
        }
    }
}
