//! Jobs of Kubernetes, which cannot be changed once they are there.

#[path = "support/mod.rs"]
mod support;

use support::rendered::Rendered;

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
