//! Jobs of Kubernetes, which cannot be changed once they are there.

#[path = "support/mod.rs"]
mod support;

use serde_json::json;
use support::rendered::{Rendered, pipegen};

/// The name of the job that a blueprint's container becomes.
fn name_of(more: &str) -> String {
    let blueprint = format!(
        "blueprint: v1\nname: batch\nservices:\n  load:\n    component: container\n    image: example/load:1\n    once: true\n{more}"
    );
    let job = Rendered::text_to("kubernetes", &blueprint, &[]).yaml("load.yaml");
    assert_eq!(job["kind"], "Job");
    job["metadata"]["name"].as_str().expect("it has one").to_owned()
}

#[test]
fn a_job_of_another_content_is_another_job() {
    let plain = name_of("");
    assert!(plain.starts_with("load-"));
    assert_eq!(name_of(""), plain);
    let other = [
        "    command: [load, --all]\n",
        // What is written over it counts like what it was made of.
        "    overrides: { kubernetes: { spec: { backoffLimit: 1 } } }\n",
    ];
    for more in other {
        assert_ne!(name_of(more), plain, "{more}");
    }
}

/// No pod may look at the state of another one, and what has ended answers nobody.
#[test]
fn who_waits_for_the_end_of_a_container_is_told_what_to_write() {
    let blueprint = |uses: &str| {
        format!(
            "blueprint: v1
name: batch
services:
  load: {{ component: container, image: \"load:1\", once: true, ports: {{ http: 80 }}, health: {{ http: / }} }}
  web: {{ component: container, image: \"web:1\", uses: {uses} }}
"
        )
    };
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("blueprint.yml");
    std::fs::write(&file, blueprint("[load]")).expect("the folder is writable");
    let output = pipegen().args(["check", "--target", "kubernetes"]).arg(&file).output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("in Kubernetes `web` cannot see whether `load` is done"), "{said}");
    assert!(said.contains("write `load: { ready: started }` in `uses`, and let `web` try until the work is done"), "{said}");
    Rendered::text_to("kubernetes", &blueprint("{ load: { ready: started } }"), &[]);
}

/// `test -g /volume` asked a container without a volume, so every pod that mounted one with a group waited for ever.
#[test]
fn who_waits_for_the_group_of_a_volume_looks_at_that_volume() {
    let blueprint = "blueprint: v1\nname: batch\nvolumes: { models_a: { group: 2000, mount: /models } }\nservices:\n  \
                     train: { component: container, image: \"example/train:1\", volumes: [models_a] }\n  \
                     serve: { component: container, image: \"example/serve:1\", volumes: [models_a] }\n";
    let rendered = Rendered::text_to("kubernetes", blueprint, &[]);
    for name in ["train.yaml", "serve.yaml"] {
        let pod = rendered.yaml(name)["spec"]["template"]["spec"].clone();
        let step = &pod["initContainers"][0];
        assert_eq!(step["name"], "wait-for-models-a-group");
        assert_eq!(step["volumeMounts"], json!([{ "name": "models-a", "mountPath": "/volume", "readOnly": true }]));
        assert_eq!(pod["volumes"][0]["name"], step["volumeMounts"][0]["name"], "the pod has it");
    }
}
