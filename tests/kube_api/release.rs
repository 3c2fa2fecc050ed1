//! The folder of the target `helm` on the API server: its own scripts, the real Helm and the real chart bring it there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::installed::{install, nasty, stream};
use crate::support::kube_api::KubeApi;
use crate::support::rendered::Rendered;
use crate::support::{self, manifests, program};
use crate::{definitions, references, subset};

/// A `helm` that takes the chart from a folder instead of its repository, and does not wait: without controllers no pod
/// ever becomes ready. The words are those that `releases.sh` is known to write.
fn helm_with_chart(rendered: &Rendered, helm: &Path, chart: &Path) -> PathBuf {
    let script = format!(
        r#"#!/bin/sh
[ "$1 $2" = 'upgrade --install' ] || exec {helm} "$@"
release=$3 chart={chart}
shift 8
for word in "$@"; do
  shift
  case $word in
    --wait | --wait-for-jobs) ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec {helm} upgrade --install "$release" "$chart" "$@"
"#,
        helm = helm.display(),
        chart = chart.display(),
    );
    let folder = rendered.home.path().join("tools");
    std::fs::create_dir_all(&folder).expect("writable");
    program::write(&folder.join("helm"), &script);
    // The cluster is there.
    for name in ["kind", "docker"] {
        program::write(&folder.join(name), "#!/bin/sh\n");
    }
    folder
}

/// Values that are as hard on what carries them as those of the manifests, but for the name of an image, which is a name.
fn values(rendered: &Rendered) -> BTreeMap<String, String> {
    let mut values = nasty(rendered);
    for (name, value) in [("REGISTRY", "registry.example"), ("IMAGE_TAG", "20260106")] {
        values.entry(name.to_owned()).and_modify(|known| value.clone_into(known));
    }
    values
}

/// What the release consists of, as Helm recorded it.
fn objects(api: &KubeApi, helm: &Path, tools: &Path, namespace: &str) -> Vec<Value> {
    let printed = support::run(api.script(helm, tools).args(["get", "manifest", "airflow", "--namespace", namespace]));
    let mut objects = manifests::documents(&printed.unwrap_or_else(|error| panic!("{error}")));
    for object in &mut objects {
        // Helm leaves it to the release's namespace.
        object["metadata"]["namespace"] = namespace.into();
    }
    objects
}

/// Workers of which there are as many as there is work for: the chart asks an operator for that.
const LOAD: &str = "blueprint: v1
name: load
services:
  postgres: { component: postgres, databases: [airflow] }
  redis: { component: redis }
  airflow:
    component: airflow
    executor: celery
    database: postgres/airflow
    broker: redis
    roles: { worker: { replicas: { max: 5 } } }
";

#[test]
fn a_release_is_installed_upgraded_and_removed() {
    let (Some(helm), Some(chart)) = (support::tool("helm"), support::airflow_chart()) else {
        return;
    };
    let example = |name: &str| Rendered::to("helm", &format!("blueprints/{name}.yml"));
    for (blueprint, rendered, namespace) in [
        ("capstone", example("capstone"), "capstone-airflow"),
        ("stackexchange", example("stackexchange"), "stackexchange"),
        ("load", Rendered::text_to("helm", LOAD, &[]), "load"),
    ] {
        let Some(api) = KubeApi::start() else {
            return;
        };
        definitions::install(&api);
        let values = values(&rendered);
        let rendered = rendered.with_secrets(&values);
        let tools = helm_with_chart(&rendered, &helm, &chart);
        install(&api, &rendered, &tools);

        let release = objects(&api, &helm, &tools, namespace);
        assert!(release.len() > 15, "{blueprint}: {release:?}");
        let stored = api.stored(&stream(&release)).unwrap_or_else(|error| panic!("{blueprint}: {error}"));
        for (object, stored) in release.iter().zip(&stored) {
            let mut lost = subset::lost(object, stored);
            // The chart writes empty maps and lists, zeros and `false` for what the server then leaves out.
            lost.retain(|fault| !["{}", "[]", "0", "false"].iter().any(|empty| fault.ends_with(&format!("written {empty}, stored null"))));
            assert_eq!(lost, [""; 0], "{blueprint}: {}", manifests::id(object));
        }
        // Every key that a pod of the chart reads is there, and every claim.
        let others = api.all("secrets,configmaps,persistentvolumeclaims,serviceaccounts");
        assert_eq!(references::dangling(&release, &others), [""; 0], "{blueprint}");
        let servers = || api.all("deployments,statefulsets").into_iter().map(|one| (manifests::id(&one), one["spec"].clone()));
        let before: Vec<_> = servers().collect();
        install(&api, &rendered, &tools);
        assert_eq!(before, servers().collect::<Vec<_>>(), "{blueprint}: installing it again changed a server");
        removed(&api, &rendered, &tools, blueprint);
    }
}

/// `uninstall.sh` leaves the storage, the namespaces, and what the cluster has by itself.
fn removed(api: &KubeApi, rendered: &Rendered, tools: &Path, blueprint: &str) {
    let claims = api.all("persistentvolumeclaims").len();
    support::run(&mut api.script(&rendered.folder.join("uninstall.sh"), tools)).unwrap_or_else(|error| panic!("{error}"));
    let kinds = "deployments,statefulsets,jobs,services,networkpolicies,configmaps,secrets,roles,rolebindings,serviceaccounts";
    let ours = |object: &Value| {
        let part_of = object.pointer("/metadata/labels/app.kubernetes.io~1part-of").and_then(Value::as_str) == Some(blueprint);
        let release = object.pointer("/metadata/labels/release").and_then(Value::as_str) == Some("airflow");
        (part_of || release) && object["metadata"]["name"] != "workloads"
    };
    let left: Vec<String> = api.all(kinds).iter().filter(|object| ours(object)).map(manifests::id).collect();
    assert_eq!(left, [""; 0], "{blueprint}");
    assert_eq!(api.all("persistentvolumeclaims").len(), claims, "{blueprint}: storage stays");
}
