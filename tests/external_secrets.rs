//! The same secrets from two stores: what External Secrets makes of a store is, key by key and byte by byte, what the
//! secrets script makes of an `.env` with the same values.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use support::manifests;
use support::rendered::Rendered;
use support::secrets_script::{Objects, asked_for, made_by_script, texts};

/// Every form in which something reads a secret: alone, in a URL, in JSON, in text, beside values of the deployer.
const PLATFORM: &str = r#"
credentials:
  reader: { type: basic }
  api: { type: token }
  registry: { type: registry, username: "a\"b" }
services:
  db: { component: postgres, databases: [airflow] }
  queue: { component: redis }
  erp: { component: external, host: "${env.ERP_HOST}", port: 443, protocol: https, credential: reader }
  airflow:
    component: airflow
    executor: celery
    database: db/airflow
    broker: queue
    connections: { own: { to: db/airflow }, erp: { to: erp } }
  web:
    component: container
    image: { repository: "${env.REGISTRY}/web", tag: "1", credential: registry }
    uses: [erp]
    environment: { API_TOKEN: "${credentials.api.token}" }
    files:
      /etc/web.json: { json: { "{": "${credentials.api.token}", "host{": "${env.ERP_HOST}", "{{ x }}": 1 } }
      /etc/token: { text: "{{ no action }} {${credentials.api.token}" }
      /etc/host: { text: "${env.ERP_HOST}{${env.ERP_HOST}" }
"#;

fn platform(secrets: &str) -> Rendered {
    Rendered::text_to("kubernetes", &format!("blueprint: v1\nname: shop\n{secrets}{PLATFORM}"), &[])
}

fn from_store() -> Rendered {
    platform("secrets: { store: external-secrets }\n")
}

/// A value that means something to everything that carries it.
fn nasty(name: &str) -> String {
    format!("{name} 'it''s' \"q\" $HOME $(id) \\n {{{{ .X }}}}{{ a+b&c=d/e?f#g%41 <tag> `x` ü\u{7f}\u{8}\nlast")
}

/// What the engine makes of templates; else what it said.
fn filled(
    engine: &Path,
    templates: &BTreeMap<String, String>,
    values: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut engine = support::command(engine);
    let mut engine = engine.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let given = json!({ "templates": templates, "values": values }).to_string();
    engine.stdin.take().expect("a pipe").write_all(given.as_bytes()).expect("it reads");
    let output = engine.wait_with_output().expect("it ends");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn external_secrets(rendered: &Rendered) -> Vec<Value> {
    let mut all = manifests::below(&rendered.folder);
    all.retain(|object| object["kind"] == "ExternalSecret");
    all
}

/// The objects that External Secrets makes of a store in which each variable has the value that `value` says.
fn made_by_operator(rendered: &Rendered, engine: &Path, script: &Objects, value: fn(&str) -> String) -> Result<Objects, String> {
    let mut made = BTreeMap::new();
    for object in external_secrets(rendered) {
        let id = manifests::id(&object).replace("ExternalSecret", "Secret");
        let entries = object["spec"]["data"].as_array().expect("a list").iter();
        let names = entries.map(|entry| {
            let key = entry["remoteRef"]["key"].as_str().expect("a key");
            (entry["secretKey"].as_str().expect("a name").to_owned(), value(key.strip_prefix("shop/").expect("the prefix")))
        });
        let target = &object["spec"]["target"]["template"];
        let mut templates = texts(&target["data"], str::to_owned);
        for from in target["templateFrom"].as_array().into_iter().flatten() {
            let source = &script[&format!("Secret shop/{}", from["secret"]["name"].as_str().expect("a name"))];
            let items = from["secret"]["items"].as_array().expect("items").iter();
            templates.extend(items.map(|item| item["key"].as_str().expect("a key")).map(|key| (key.to_owned(), source[key].clone())));
        }
        let mut keys = filled(engine, &templates, &names.collect())?;
        keys.insert("type".to_owned(), target["type"].as_str().unwrap_or("Opaque").to_owned());
        made.insert(id, keys);
    }
    Ok(made)
}

#[test]
fn the_store_gives_the_secrets_that_the_script_would_make() {
    let Some(engine) = support::tool("go-template") else { return };
    let by_env = platform("");
    let values: BTreeMap<String, String> = asked_for(&by_env).into_iter().map(|name| (name.clone(), nasty(&name))).collect();
    let by_env = by_env.with_secrets(&values);
    let expected = made_by_script(&by_env);

    let by_store = from_store();
    assert_eq!(asked_for(&by_store), ["ERP_HOST", "REGISTRY"], "only what is no secret is asked for");
    let settings = ["ERP_HOST", "REGISTRY"].map(|name| (name.to_owned(), nasty(name)));
    let by_store = by_store.with_secrets(&settings.into());
    let script = made_by_script(&by_store);
    let mut made = made_by_operator(&by_store, &engine, &script, nasty).expect("every template is filled in");
    assert!(made.len() > 10, "{made:#?}");
    let own = script.into_iter().filter(|(id, _)| !id.ends_with("-template"));
    for (id, keys) in own {
        assert!(made.insert(id.clone(), keys).is_none(), "{id} is made twice");
    }
    assert_eq!(made, expected);
}

#[test]
fn an_empty_value_makes_no_secret() {
    let Some(engine) = support::tool("go-template") else { return };
    let rendered = from_store().with_secrets(&["ERP_HOST", "REGISTRY"].map(|name| (name.to_owned(), name.to_owned())).into());
    let script = made_by_script(&rendered);
    let empty = |name: &str| if name == "READER_PASSWORD" { String::new() } else { name.to_owned() };
    let fault = made_by_operator(&rendered, &engine, &script, empty).expect_err("it is refused");
    assert!(fault.contains("READER_PASSWORD is empty"), "{fault}");
}

#[test]
fn the_objects_keep_to_the_schema_of_the_operator() {
    let objects = external_secrets(&from_store());
    assert!(objects.len() > 10);
    let schema = support::repository().join("tests/schemas/operators/external-secrets.io/externalsecret_v1.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(schema).expect("it is there")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for object in &objects {
        let faults: Vec<String> = validator.iter_errors(object).map(|error| error.to_string()).collect();
        assert_eq!(faults, [""; 0], "{}", manifests::id(object));
    }
    let mut wrong = objects[0].clone();
    wrong["spec"]["secretStoreRef"]["namespace"] = "shop".into();
    assert_eq!(validator.iter_errors(&wrong).count(), 1, "the schema is closed");
}

#[test]
fn the_name_of_the_store_and_its_keys_are_the_blueprints() {
    let of = |secrets: &str| {
        let object = external_secrets(&platform(secrets)).remove(0);
        (object["spec"]["secretStoreRef"].clone(), object["spec"]["data"][0]["remoteRef"].clone())
    };
    let store = |name: &str| json!({ "kind": "ClusterSecretStore", "name": name });
    let (reference, remote) = of("secrets: { store: external-secrets }\n");
    assert_eq!((reference, remote), (store("shop"), json!({ "key": "shop/AIRFLOW_ADMIN_PASSWORD" })));
    let (reference, remote) = of("secrets: { store: external-secrets, name: vault, prefix: prod- }\n");
    assert_eq!((reference, remote), (store("vault"), json!({ "key": "prod-AIRFLOW_ADMIN_PASSWORD" })));
    let (_, remote) = of("secrets: { store: external-secrets, key: data/shop }\n");
    assert_eq!(remote, json!({ "key": "data/shop", "property": "AIRFLOW_ADMIN_PASSWORD" }));
}

#[test]
fn the_guide_says_what_must_be_in_the_store() {
    let rendered = from_store();
    let guide = rendered.read("README.md");
    for object in external_secrets(&rendered) {
        for entry in object["spec"]["data"].as_array().expect("a list") {
            let row = format!("| `{}` |", entry["remoteRef"]["key"].as_str().expect("a key"));
            assert_eq!(guide.matches(&row).count(), 1, "{row}");
        }
    }
    let install = rendered.read("install.sh");
    assert!(install.contains("kubectl get clustersecretstore shop "), "{install}");
    assert!(
        install.contains("kubectl wait externalsecrets --selector app.kubernetes.io/part-of=shop --for condition=Ready --namespace shop")
    );
}
