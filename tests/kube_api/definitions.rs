//! The definitions of the operators' resources, made of their schemas, so that the server itself refuses what they would.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::support;
use crate::support::kube_api::KubeApi;
use crate::support::rendered::Rendered;

/// Every schema below `tests/schemas/operators`: its group, kind, version and content.
fn schemas() -> Vec<(String, String, String, Value)> {
    let mut files = support::files_below(&support::repository().join("tests/schemas/operators"));
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort();
    let read = |file: std::path::PathBuf| {
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("it can be read")).expect("JSON");
        let kind = schema["properties"]["kind"]["const"].as_str().expect("a schema is of one kind").to_owned();
        let api = schema["properties"]["apiVersion"]["const"].as_str().expect("of one version").to_owned();
        let (group, version) = api.split_once('/').expect("of a group");
        (group.to_owned(), kind, version.to_owned(), schema)
    };
    files.into_iter().map(read).collect()
}

/// What a definition holds of a JSON Schema: unknown fields are refused without a word in it, and a value that is a number or
/// a text has a word of its own.
fn structural(schema: &Value) -> Value {
    let Value::Object(object) = schema else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in object {
        match key.as_str() {
            "properties" => {
                let fields = value.as_object().expect("fields").iter().map(|(name, schema)| (name.clone(), structural(schema)));
                out.insert(key.clone(), Value::Object(fields.collect()));
            }
            "items" => drop(out.insert(key.clone(), structural(value))),
            "additionalProperties" if value.is_object() => drop(out.insert(key.clone(), structural(value))),
            // A default makes no difference to what is refused.
            "additionalProperties" | "default" | "$schema" | "title" => {}
            "anyOf" if value.to_string().contains("\"integer\"") && value.to_string().contains("\"string\"") => {
                out.insert("x-kubernetes-int-or-string".to_owned(), true.into());
            }
            _ => drop(out.insert(key.clone(), value.clone())),
        }
    }
    let open = object.get("type") == Some(&json!("object")) && !object.contains_key("properties");
    if open && object.get("additionalProperties").is_none_or(Value::is_boolean) {
        out.insert("x-kubernetes-preserve-unknown-fields".to_owned(), true.into());
    }
    Value::Object(out)
}

fn definition(group: &str, kind: &str, version: &str, schema: &Value) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let mut schema = structural(schema);
    schema["properties"]["apiVersion"] = json!({ "type": "string" });
    schema["properties"]["kind"] = json!({ "type": "string" });
    schema["properties"]["metadata"] = json!({ "type": "object" });
    schema["properties"]["status"] = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "names": { "kind": kind, "singular": singular, "plural": plural },
            "scope": "Namespaced",
            "versions": [{
                "name": version, "served": true, "storage": true,
                "schema": { "openAPIV3Schema": schema }, "subresources": { "status": {} },
            }],
        },
    })
}

/// Brings all of them to a server.
pub fn install(api: &KubeApi) {
    let all: String =
        schemas().iter().map(|(group, kind, version, schema)| format!("---\n{}\n", definition(group, kind, version, schema))).collect();
    api.apply(&all).unwrap_or_else(|error| panic!("{error}"));
    // It fails where there are no conditions yet.
    let established = || api.kubectl(&["wait", "customresourcedefinitions", "--all", "--for=condition=Established", "--timeout=60s"]);
    let mut tries = (0..60).map(|_| established().inspect_err(|_| std::thread::sleep(Duration::from_secs(1))));
    assert!(tries.any(|tried| tried.is_ok()), "the definitions are not established");
}

const DATABASE: &str = "
{ apiVersion: postgresql.cnpg.io/v1, kind: Database, metadata: { name: shop, namespace: default },
  spec: { name: shop, owner: shop, cluster: { name: postgres } } }";

#[test]
fn a_bad_custom_resource_is_refused() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    install(&api);
    api.apply(DATABASE).expect("it is sound");
    for (from, to, said) in [
        ("owner: shop", "owners: shop", "field not declared in schema"),
        ("cluster: { name: postgres }", "cluster: { names: postgres }", "field not declared in schema"),
        ("name: shop, owner", "name: 1, owner", "string"),
        ("owner: shop,", "", "spec.owner: Required value"),
        ("owner: shop", "owner: shop, ensure: gone", "Unsupported value: \"gone\""),
    ] {
        assert!(DATABASE.contains(from), "nothing to sabotage: {from}");
        let refusal = api.apply(&DATABASE.replacen(from, to, 1)).expect_err(to);
        assert!(refusal.contains(said), "{to}: {refusal}");
    }
}

#[test]
fn a_missing_operator_is_said_before_anything_is_applied() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    let blueprint = "blueprint: v1\nname: shop\nservices:\n  db: { component: postgres, operator: cloudnative_pg, databases: [shop] }\n";
    let rendered = Rendered::text_to("kubernetes", blueprint, &[]).with_secrets(&Default::default());
    let output = api.script(&rendered.folder.join("install.sh"), &rendered.folder).output().expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for word in ["no clusters.postgresql.cnpg.io", "CloudNativePG 1.30.0", "helm upgrade --install cloudnative-pg cloudnative-pg "] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(api.kubectl(&["get", "namespace", "shop"]).is_err(), "something was applied");
}
