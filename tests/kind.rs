//! The target `kind`: what a cluster on one machine needs beside the manifests, and that the parts of it fit together.

#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use support::manifests;
use support::rendered::{Rendered, pipegen};

/// The objects of a folder, of one kind.
fn objects(rendered: &Rendered, kind: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut folders = vec![rendered.folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it was rendered") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.extend(manifests::documents(&std::fs::read_to_string(path).expect("text")));
            }
        }
    }
    found.retain(|object| object["kind"] == kind);
    found
}

fn cluster(rendered: &Rendered) -> Value {
    objects(rendered, "Cluster").remove(0)
}

#[test]
fn every_published_port_leads_through_the_node_to_its_service_and_past_its_policy() {
    let rendered = Rendered::to("kind", "blueprints/capstone.yml");
    let cluster = cluster(&rendered);
    let services = objects(&rendered, "Service");
    let policies = objects(&rendered, "NetworkPolicy");
    let mappings = cluster["nodes"][0]["extraPortMappings"].as_array().expect("ports");
    let hosts: Vec<u64> = mappings.iter().filter_map(|mapping| mapping["hostPort"].as_u64()).collect();
    assert_eq!(hosts, [5433, 9092, 9000, 8080]);
    for mapping in mappings {
        assert_eq!(mapping["listenAddress"], "127.0.0.1");
        let ports =
            |service: &&Value| service["spec"]["ports"].as_array().is_some_and(|ports| ports[0]["nodePort"] == mapping["containerPort"]);
        let service = services.iter().find(ports).unwrap_or_else(|| panic!("no service has the port of {mapping}"));
        let policy = policies.iter().find(|policy| policy["spec"]["podSelector"]["matchLabels"] == service["spec"]["selector"]);
        let ingress = policy.expect("a policy of the same pods")["spec"]["ingress"].as_array().expect("ways in").clone();
        let outside = ingress.iter().find(|rule| rule["from"][0]["ipBlock"]["cidr"] == "0.0.0.0/0").expect("a way from outside");
        assert_eq!(outside["from"][0]["ipBlock"]["except"], serde_json::json!([cluster["networking"]["podSubnet"]]));
        assert_eq!(outside["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]);
    }
}

#[test]
fn every_manual_claim_has_a_volume_of_its_own_behind_a_folder_that_every_node_mounts() {
    let blueprint = std::fs::read_to_string(support::repository().join("blueprints/capstone.yml")).expect("the blueprint");
    let rendered = Rendered::text_to("kind", &blueprint.replace("name: capstone\n", "name: capstone\nkind: { workers: 2 }\n"), &[]);
    let volumes = objects(&rendered, "PersistentVolume");
    let mut claims = objects(&rendered, "PersistentVolumeClaim");
    claims.retain(|claim| claim["spec"]["storageClassName"] == "manual");
    assert_eq!(claims.len(), 2, "the DAGs and the logs that all roles share");
    let cluster = cluster(&rendered);
    let nodes = cluster["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 3);
    for claim in &claims {
        let is_for = |volume: &&Value| volume["spec"]["claimRef"]["name"] == claim["metadata"]["name"];
        let volume = volumes.iter().find(is_for).unwrap_or_else(|| panic!("no volume for {}", manifests::id(claim)));
        assert_eq!(volume["spec"]["claimRef"]["namespace"], claim["metadata"]["namespace"]);
        assert_eq!(volume["spec"]["accessModes"], claim["spec"]["accessModes"]);
        assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
        for node in nodes {
            let mounts = node["extraMounts"].as_array().expect("mounts");
            let mount = mounts.iter().find(|mount| mount["containerPath"] == volume["spec"]["hostPath"]["path"]);
            let host = mount.expect("every node has the folder")["hostPath"].as_str().expect("a path");
            // Seed 1 had the home folder of its author here.
            assert!(host.starts_with('.'), "{host} is not the same on another machine");
        }
    }
}

/// Two claims that differ only in their namespace were one folder in the nodes, and one path twice was one that Docker refuses.
#[test]
fn claims_of_two_stacks_never_share_a_folder_in_the_nodes() {
    let blueprint = "blueprint: v1\nname: shop\nstacks: { one: {}, two: {} }\nvolumes: { a_b: {}, a-b: {} }\nservices:\n  \
                     p: { component: container, stack: one, image: \"example/p:1\", volumes: [{ volume: a_b, mount: /d }, { path: data, mount: /e }] }\n  \
                     q: { component: container, stack: one, image: \"example/q:1\", volumes: [{ volume: a_b, mount: /d }] }\n  \
                     r: { component: container, stack: two, image: \"example/r:1\", volumes: [{ volume: a-b, mount: /d }, { path: data, mount: /e }] }\n  \
                     s: { component: container, stack: two, image: \"example/s:1\", volumes: [{ volume: a-b, mount: /d }] }\n";
    let rendered = Rendered::text_to("kind", blueprint, &[]);
    let mounts = cluster(&rendered)["nodes"][0]["extraMounts"].as_array().expect("mounts").clone();
    let all = |key: &str| mounts.iter().map(|mount| mount[key].as_str().expect("a path")).collect::<std::collections::BTreeSet<_>>();
    assert_eq!((mounts.len(), all("containerPath").len()), (4, 4));
    assert_eq!(all("hostPath").len(), 3, "the one path of the machine is in both");
    let folders: Vec<Value> =
        objects(&rendered, "PersistentVolume").iter().map(|volume| volume["spec"]["hostPath"]["path"].clone()).collect();
    assert!(folders.iter().all(|folder| all("containerPath").contains(folder.as_str().expect("a path"))), "{folders:?}");
    let script = rendered.read("cluster.sh");
    assert_eq!(script.matches("mkdir -p ").count(), 3, "{script}");
}

#[test]
fn nodes_are_pinned_and_of_a_version_that_charts_take() {
    let rendered = Rendered::to("kind", "blueprints/networking.yml");
    let image = cluster(&rendered)["nodes"][0]["image"].as_str().expect("an image").to_owned();
    assert!(image.starts_with("kindest/node:v1.3") && image.contains("@sha256:"), "{image}");
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        "blueprint: v1\nname: shop\nkind: { kubernetes: \"1.29\" }\nservices:\n  web: { component: container, image: python:3.12-slim }\n";
    std::fs::write(folder.path().join("shop.yml"), text).expect("written");
    let check = pipegen().current_dir(folder.path()).args(["check", "shop.yml"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&check.stderr);
    assert_eq!(check.status.code(), Some(1), "{said}");
    assert!(said.contains("shop.yml:3:21") && said.contains("no node of Kubernetes `1.29`") && said.contains("\"1.34\""), "{said}");
}

#[test]
fn where_manifests_are_not_enough_it_is_the_cluster_that_the_releases_have() {
    let (alone, all) = (Rendered::to("kind", "blueprints/stackexchange.yml"), Rendered::to("helm", "blueprints/stackexchange.yml"));
    for file in ["kind.yaml", "cluster.sh", "cluster/volumes.yaml", ".gitignore"] {
        assert_eq!(alone.read(file), all.read(file), "{file}");
    }
    assert!(!alone.folder.join("kustomization.yaml").exists() && !alone.folder.join("install.sh").exists());
    // It asks for what the images need, and for nothing of what runs.
    assert_eq!(alone.variables(), ["IMAGE_TAG", "REGISTRY"]);
    assert!(alone.read("README.md").contains("`./cluster.sh` makes the Kind cluster"));
}

#[test]
fn more_published_ports_than_a_node_has_are_refused() {
    let service = |index: usize| {
        format!("  s{index}: {{ component: container, image: example/s:1, ports: {{ a: 80 }}, publish: {} }}\n", 20000 + index)
    };
    let blueprint = |count: usize| format!("blueprint: v1\nname: many\nservices:\n{}", (0..count).map(service).collect::<String>());
    let folder = tempfile::tempdir().expect("a folder");
    for (count, status, faults) in [(2768, 0, 0), (2769, 1, 1)] {
        std::fs::write(folder.path().join("many.yml"), blueprint(count)).expect("written");
        let check = pipegen().current_dir(folder.path()).args(["check", "--target", "kind", "many.yml"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&check.stderr);
        assert_eq!((check.status.code(), said.matches("a node has no more than 2768 ports").count()), (Some(status), faults), "{said}");
    }
}
