//! The same secrets from two stores: what External Secrets makes of a store is, key by key and byte by byte, what the
//! secrets script makes of an `.env` with the same values.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use support::rendered::Rendered;
use support::{custom, manifests, program};

/// Every form in which something reads a secret: alone, in a URL, in JSON, in text, beside values of the deployer.
const PLATFORM: &str = r#"
credentials:
  reader: { type: basic }
  api: { type: token }
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
    image: web:1
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

/// What the deployer gives a value.
fn asked_for(rendered: &Rendered) -> Vec<String> {
    let derived = |name: &String| name.ends_with("_URI") || name.ends_with("_JSON");
    rendered.variables().into_iter().filter(|name| !derived(name)).collect()
}

/// A folder with a `kubectl` that keeps what it is given.
fn keeping(rendered: &Rendered) -> std::path::PathBuf {
    let folder = rendered.home.path().join("programs");
    std::fs::create_dir_all(folder.join("kept")).expect("writable");
    let script = r#"#!/bin/sh
[ "$1" = apply ] || exit 0
cd "${0%/*}/kept"
cat > "$(find . -type f | wc -l).yaml"
"#;
    program::write(&folder.join("kubectl"), script);
    folder
}

/// The objects that `secrets.sh` makes, each with the bytes of its keys.
fn made_by_script(rendered: &Rendered) -> BTreeMap<String, BTreeMap<String, String>> {
    let folder = keeping(rendered);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    support::run(support::command(Path::new("sh")).env("PATH", path).arg(rendered.folder.join("secrets.sh"))).expect("it runs");
    let files = std::fs::read_dir(folder.join("kept")).expect("readable").map(|file| file.expect("a file").path());
    let objects = files.flat_map(|file| manifests::documents(&std::fs::read_to_string(file).expect("readable")));
    objects.filter(|object| object["kind"] == "Secret").map(|object| (manifests::id(&object), texts(&object["data"], decoded))).collect()
}

fn texts(map: &Value, read: fn(&str) -> String) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), read(value.as_str().expect("text")))).collect()
}

fn decoded(base64: &str) -> String {
    let mut decoder = support::command(Path::new("base64"));
    let mut decoder = decoder.arg("-d").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("base64 runs");
    decoder.stdin.take().expect("a pipe").write_all(base64.as_bytes()).expect("it reads");
    String::from_utf8(decoder.wait_with_output().expect("it ends").stdout).expect("UTF-8")
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
fn made_by_operator(
    rendered: &Rendered,
    engine: &Path,
    script: &BTreeMap<String, BTreeMap<String, String>>,
    value: fn(&str) -> String,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, String> {
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
        made.insert(id, filled(engine, &templates, &names.collect())?);
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
    assert_eq!(asked_for(&by_store), ["ERP_HOST"], "only what is no secret is asked for");
    let host = BTreeMap::from([("ERP_HOST".to_owned(), nasty("ERP_HOST"))]);
    let by_store = by_store.with_secrets(&host);
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
    let rendered = from_store().with_secrets(&BTreeMap::from([("ERP_HOST".to_owned(), "erp".to_owned())]));
    let script = made_by_script(&rendered);
    let empty = |name: &str| if name == "READER_PASSWORD" { String::new() } else { name.to_owned() };
    let fault = made_by_operator(&rendered, &engine, &script, empty).expect_err("it is refused");
    assert!(fault.contains("READER_PASSWORD is empty"), "{fault}");
}

#[test]
fn the_objects_keep_to_the_schema_of_the_operator() {
    let objects = external_secrets(&from_store());
    assert!(objects.len() > 10);
    assert_eq!(objects.iter().flat_map(custom::faults).collect::<Vec<_>>(), [""; 0]);
    let mut wrong = objects[0].clone();
    wrong["spec"]["secretStoreRef"]["namespace"] = "shop".into();
    assert_eq!(custom::faults(&wrong).len(), 1, "the schema is closed");
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
