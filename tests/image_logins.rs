//! An image that is pulled with a login: every pod that runs it, or asks its provider with it, has the login, and nothing else has.

mod support;

use serde_json::{Value, json};
use support::manifests;
use support::rendered::Rendered;
use support::secrets_script::{asked_for, made_by_script};

const BLUEPRINT: &str = r#"
blueprint: v1
name: shop
networks: { shared: {} }
stacks: { data: {}, web: {} }
credentials:
  registry: { type: registry, username: robot }
services:
  api:
    component: container
    stack: data
    networks: [shared]
    image: { repository: "${env.REGISTRY}/api", tag: "1", credential: registry }
    ports: { http: 80 }
    health: { http: / }
  page: { component: container, stack: web, networks: [shared], image: "nginx:1.29", uses: [api] }
  cache: { component: redis, stack: web, networks: [shared] }
"#;

fn pulled_with(rendered: &Rendered, workload: &str) -> Value {
    let mut all = manifests::below(&rendered.folder);
    all.retain(|object| object["metadata"]["name"] == workload && object["spec"]["template"].is_object());
    all[0]["spec"]["template"]["spec"]["imagePullSecrets"].clone()
}

#[test]
fn the_pods_that_run_the_image_have_the_login_and_no_others() {
    let rendered = Rendered::text_to("kubernetes", BLUEPRINT, &[]);
    let named = json!([{ "name": "registry-password-pull" }]);
    assert_eq!(pulled_with(&rendered, "api"), named);
    assert_eq!(pulled_with(&rendered, "page"), named, "it waits in the image of its provider");
    assert_eq!(pulled_with(&rendered, "cache"), Value::Null);
}

#[test]
fn the_login_is_what_docker_login_would_write() {
    let rendered = Rendered::text_to("kubernetes", BLUEPRINT, &[]);
    assert_eq!(asked_for(&rendered), ["CACHE_PASSWORD", "REGISTRY_PASSWORD", "REGISTRY"]);
    let password = "a\"b\\c $d `e` ü";
    let values = [("CACHE_PASSWORD", "x"), ("REGISTRY", "registry.example:5000"), ("REGISTRY_PASSWORD", password)];
    let rendered = rendered.with_secrets(&values.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let made = made_by_script(&rendered);
    for namespace in ["shop-data", "shop-web"] {
        let object = &made[&format!("Secret {namespace}/registry-password-pull")];
        assert_eq!(object["type"], "kubernetes.io/dockerconfigjson");
        let config: Value = serde_json::from_str(&object[".dockerconfigjson"]).expect("JSON");
        assert_eq!(config, json!({ "auths": { "registry.example:5000": { "username": "robot", "password": password } } }));
    }
}

#[test]
fn the_chart_of_airflow_gets_the_login() {
    let blueprint = r#"
blueprint: v1
name: shop
credentials: { registry: { type: registry, username: AWS } }
services:
  db: { component: postgres, databases: [airflow] }
  airflow:
    component: airflow
    database: db/airflow
    image: { repository: "registry.example/my-dags", tag: "1", credential: registry }
"#;
    let rendered = Rendered::text_to("helm", blueprint, &[]);
    assert_eq!(rendered.yaml("airflow.values.yaml")["registry"], json!({ "secretName": "registry-password-pull" }));
    assert!(rendered.read("secrets.sh").contains("| secret shop registry-password-pull kubernetes.io/dockerconfigjson\n"));
}

#[test]
fn for_compose_docker_keeps_the_login() {
    let rendered = Rendered::text(BLUEPRINT, &[]);
    assert_eq!(asked_for(&rendered), ["CACHE_PASSWORD", "REGISTRY"]);
    let guide = rendered.read("README.md");
    assert!(guide.contains("docker login --username robot ${REGISTRY}   # asks"), "{guide}");
    assert!(!guide.contains("REGISTRY_PASSWORD"), "{guide}");
}
