//! A real API server takes what we write, keeps every field of it, and has nothing to change the second time.

#[path = "../support/mod.rs"]
mod support;

mod definitions;
mod external_secrets;
mod installed;
mod references;
mod release;
mod subset;

use serde_json::Value;
use support::kube_api::KubeApi;
use support::manifests;

const SAMPLE: &str = include_str!("sample.yaml");

/// Applies a stream of documents again and again; what the server refused, lost or changed after the first time.
fn faults_of_applying(api: &KubeApi, documents: &str) -> Vec<String> {
    let apply_and_read = |_| api.apply(documents).and_then(|_| api.stored(documents));
    let times: Vec<Vec<Value>> = match (0..3).map(apply_and_read).collect() {
        Ok(times) => times,
        Err(refusal) => return vec![refusal],
    };
    let written = manifests::documents(documents);
    assert_eq!(written.len(), times[0].len(), "an object was left out");
    let mut faults = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let [first, second, third] = [0, 1, 2].map(|time| &times[time][index]);
        let name = manifests::id(written);
        faults.extend(subset::lost(written, first).into_iter().map(|fault| format!("{name}: {fault}")));
        // The second time the server may complete its notes on who wrote what (1.34 does for jobs and claims), which
        // makes a new version of an equal object; from then on nothing moves.
        if without_version(first) != without_version(second) || second != third {
            faults.push(format!("{name}: applying it again changed it"));
        }
    }
    faults
}

fn without_version(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = Value::Null;
    object
}

#[test]
fn the_sample_is_taken_kept_and_not_changed_the_second_time() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    assert_eq!(faults_of_applying(&api, SAMPLE), [""; 0]);
}

#[test]
fn what_does_not_settle_is_seen() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    // The server drops an empty list, so that it is new every time.
    let faults = faults_of_applying(&api, &SAMPLE.replace("policyTypes:", "ingress: [], policyTypes:"));
    assert_eq!(faults, ["NetworkPolicy shop/default-deny: applying it again changed it"]);
    // It keeps no `stringData` but the bytes.
    let faults =
        faults_of_applying(&api, &SAMPLE.replace("data: { WEB_PASSWORD: bm90IGEgcmVhbCBvbmU= }", "stringData: { WEB_PASSWORD: x }"));
    assert_eq!(faults, ["Secret shop/shop-secrets: /stringData: written {\"WEB_PASSWORD\":\"x\"}, stored null"]);
}

#[test]
fn a_reference_to_nothing_is_seen() {
    let after = |from: &str, to: &str| {
        assert!(SAMPLE.contains(from), "nothing to sabotage: {from}");
        references::dangling(&manifests::documents(&SAMPLE.replacen(from, to, 1)), &[])
    };
    assert_eq!(after("", ""), [""; 0]);
    for (from, to, missing) in [
        ("key: WEB_PASSWORD", "key: PASSWORD", "Secret shop-secrets PASSWORD"),
        ("name: web-files, items", "name: web-file, items", "ConfigMap web-file page.html"),
        ("key: page.html", "key: index.html", "ConfigMap web-files index.html"),
        ("claimName: pages", "claimName: page", "PersistentVolumeClaim page"),
        ("serviceAccountName: web", "serviceAccountName: www", "ServiceAccount www"),
        ("name: web-files, namespace: shop", "name: web-files, namespace: lab", "ConfigMap web-files page.html"),
    ] {
        assert_eq!(after(from, to), [format!("Deployment shop/web: {missing}")]);
    }
}

#[test]
fn values_that_name_a_missing_secret_are_seen() {
    let stored = manifests::documents("{ kind: Secret, metadata: { name: keys }, data: { one: eA== } }");
    let missing = |values: &str| references::missing_secrets(&manifests::documents(values)[0], &stored);
    let good =
        "{ a: { fernetKeySecretName: keys }, b: [{ secretName: keys, secretKey: one }], c: { secretKeyRef: { name: keys, key: one } } }";
    assert_eq!(missing(good), [""; 0]);
    assert_eq!(missing(&good.replace("fernetKeySecretName: keys", "fernetKeySecretName: key")), ["key "]);
    assert_eq!(missing(&good.replace("secretKey: one", "secretKey: two")), ["keys two"]);
    assert_eq!(missing(&good.replace("key: one }", "key: two }")), ["keys two"]);
}

#[test]
fn a_bad_manifest_is_refused() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    for (from, to, said) in [
        ("replicas: 2", "replica: 2", "field not declared in schema"),
        (
            "matchLabels: { app: web } }\n  template",
            "matchLabels: { app: www } }\n  template",
            "`selector` does not match template `labels`",
        ),
        ("containerPort: 8080", "containerPort: 80800", "must be between 1 and 65535"),
        ("port: http } }", "port: https-port-of-the-web } }", "must be no more than 15 characters"),
        ("memory: 1.5Gi", "memory: 512Mi", "must be less than or equal to memory limit"),
        ("- { name: pages, persistent", "- { name: page, persistent", "Not found: \"pages\""),
        ("namespace: shop }\nautomount", "namespace: lab }\nautomount", "namespaces \"lab\" not found"),
    ] {
        assert!(SAMPLE.contains(from), "nothing to sabotage: {from}");
        let refusal = faults_of_applying(&api, &SAMPLE.replacen(from, to, 1)).concat();
        assert!(refusal.contains(said), "{to}: {refusal}");
    }
}
