//! The real tools on every Kubernetes artifact under `golden/`, and on artifacts with one fault, which they must find.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::manifests::{self, Role};

/// The oldest and the newest release of Kubernetes that the manifests are for; `tests/schemas/kubernetes` has both.
const RELEASES: [&str; 2] = ["1.34.0", "1.36.0"];
/// The targets that write objects for an API server.
const TARGETS: [&str; 3] = ["kubernetes", "kind", "helm"];

/// Everything that kubeconform has against these files.
fn against_schemas(kubeconform: &Path, release: &str, files: &[PathBuf]) -> Result<String, String> {
    let mut check = support::command(kubeconform);
    check.args(["-strict", "-kubernetes-version", release, "-schema-location"]);
    check.arg(support::repository().join("tests/schemas/kubernetes"));
    let operators = support::repository().join("tests/schemas/operators").display().to_string();
    check.args(["-schema-location", &format!("{operators}/{{{{ .Group }}}}/{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json")]);
    support::run(check.args(files))
}

#[test]
fn every_manifest_keeps_to_the_official_schemas() {
    let Some(kubeconform) = support::tool("kubeconform") else {
        return;
    };
    for folder in manifests::rendered(&TARGETS) {
        let files = manifests::files(&folder, Role::Objects);
        assert!(!files.is_empty(), "{} holds no manifest", folder.display());
        for release in RELEASES {
            assert_eq!(against_schemas(&kubeconform, release, &files), Ok(String::new()), "Kubernetes {release}");
        }
    }
}

#[test]
fn kind_reads_every_cluster() {
    let Some(kind_config) = support::tool("kind-config") else {
        return;
    };
    for folder in manifests::rendered(&["kind"]) {
        let files = manifests::files(&folder, Role::Kind);
        assert_eq!(files.len(), 1, "{} holds one cluster", folder.display());
    }
    for folder in manifests::rendered(&TARGETS) {
        let files = manifests::files(&folder, Role::Kind);
        assert_eq!(support::run(support::command(&kind_config).args(files)), Ok(String::new()));
    }
}

#[test]
fn kustomize_builds_every_kustomization() {
    let Some(kubectl) = support::tool("kubectl") else {
        return;
    };
    for folder in manifests::golden(&TARGETS) {
        for file in manifests::files(&folder, Role::Kustomization) {
            let built = kustomize(&kubectl, file.parent().expect("a file has a folder"));
            assert!(built.is_ok(), "{}: {built:?}", file.display());
        }
    }
}

fn kustomize(kubectl: &Path, folder: &Path) -> Result<String, String> {
    support::run(support::command(kubectl).arg("kustomize").arg(folder))
}

const DEPLOYMENT: &str = r"apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: nginx:1.29
          ports: [{ name: http, containerPort: 80 }]
";

const CLUSTER: &str = r"apiVersion: kind.x-k8s.io/v1alpha4
kind: Cluster
name: shop
networking: { podSubnet: 10.244.0.0/16 }
nodes:
  - role: control-plane
    extraPortMappings: [{ containerPort: 30080, hostPort: 8080, listenAddress: 127.0.0.1 }]
";

/// A file with this text after one replacement.
fn sabotage(text: &str, from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    assert!(text.contains(from), "nothing to sabotage: {from}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("sample.yaml");
    fs::write(&file, text.replacen(from, to, 1)).expect("the folder is writable");
    (folder, file)
}

#[test]
fn a_manifest_outside_of_the_schemas_is_seen() {
    let Some(kubeconform) = support::tool("kubeconform") else {
        return;
    };
    let check = |release, from, to| {
        let (_keep, file) = sabotage(DEPLOYMENT, from, to);
        against_schemas(&kubeconform, release, &[file])
    };
    for release in RELEASES {
        assert_eq!(check(release, "", ""), Ok(String::new()));
        for (from, to, said) in [
            ("replicas: 1", "replica: 1", "additional properties 'replica' not allowed"),
            ("containerPort: 80", "containerPort: \"80\"", "got string, want integer"),
            ("image: nginx:1.29", "image: nginx:1.29\n          imagePolicy: Always", "additional properties 'imagePolicy' not allowed"),
            ("image: nginx:1.29", "image: nginx:1.29\n          image: nginx:1.28", "key \"image\" already set"),
            ("kind: Deployment", "kind: Deploymnet", "could not find schema for Deploymnet"),
            ("apiVersion: apps/v1\n", "", "missing 'apiVersion' key"),
        ] {
            let fault = check(release, from, to).expect_err(to);
            assert!(fault.contains(said), "{fault}");
        }
    }
}

#[test]
fn a_cluster_that_kind_would_refuse_is_seen() {
    let Some(kind_config) = support::tool("kind-config") else {
        return;
    };
    let check = |from, to| {
        let (_keep, file) = sabotage(CLUSTER, from, to);
        support::run(support::command(&kind_config).arg(file))
    };
    assert_eq!(check("", ""), Ok(String::new()));
    for (from, to, said) in [
        ("podSubnet", "podSubnets", "field podSubnets not found in type v1alpha4.Networking"),
        ("hostPort: 8080", "hostPort: web", "cannot unmarshal !!str `web` into int32"),
        ("v1alpha4", "v1alpha3", "kind.x-k8s.io/v1alpha3 Cluster is no Kind cluster"),
        ("nodes:", "---\nnodes:", "a second document"),
    ] {
        let fault = check(from, to).expect_err(to);
        assert!(fault.contains(said), "{fault}");
    }
}

#[test]
fn a_kustomization_that_names_a_missing_file_is_seen() {
    let Some(kubectl) = support::tool("kubectl") else {
        return;
    };
    let (folder, _) = sabotage(DEPLOYMENT, "", "");
    let file = folder.path().join("kustomization.yaml");
    let list = |name: &str| fs::write(&file, format!("resources: [{name}]\n")).expect("the folder is writable");
    list("sample.yaml");
    assert!(kustomize(&kubectl, folder.path()).is_ok_and(|built| built.contains("name: web")));
    list("other.yaml");
    assert!(kustomize(&kubectl, folder.path()).is_err_and(|fault| fault.contains("other.yaml")));
}
