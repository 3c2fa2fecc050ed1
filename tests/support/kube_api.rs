//! A real Kubernetes API server of the test's own, with its etcd, on free ports of 127.0.0.1. No node and no controller:
//! it takes or refuses objects, keeps them and gives them back.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running API server; it ends with this value, also when the test fails.
pub struct KubeApi {
    kubectl: PathBuf,
    folder: TempDir,
    /// In the order in which they end.
    servers: Vec<Child>,
}

impl KubeApi {
    /// Starts both servers; `None` where a program is not installed.
    pub fn start() -> Option<KubeApi> {
        let (etcd, server, kubectl) = (super::tool("etcd")?, super::tool("kube-apiserver")?, super::tool("kubectl")?);
        let folder = tempfile::Builder::new().prefix("kube-api").tempdir().expect("a temporary folder");
        let mut api = KubeApi { kubectl, folder, servers: Vec::new() };
        let (store, peers, port) = (super::free_port(), super::free_port(), super::free_port());
        api.keys(port);
        let url = |port| format!("http://127.0.0.1:{port}");
        let mut run = super::command(&etcd);
        run.arg("--data-dir").arg(api.path("etcd")).args(["--unsafe-no-fsync", "--log-level=error"]);
        run.args([format!("--listen-client-urls={}", url(store)), format!("--advertise-client-urls={}", url(store))]);
        run.args([format!("--listen-peer-urls={}", url(peers)), format!("--initial-advertise-peer-urls={}", url(peers))]);
        api.serve(run.arg(format!("--initial-cluster=default={}", url(peers))), "etcd.log");
        let mut run = super::command(&server);
        run.args([format!("--etcd-servers={}", url(store)), format!("--secure-port={port}")]);
        run.args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]);
        run.args(["--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16"]);
        run.args(["--authorization-mode=RBAC", "--allow-privileged=true"]);
        for (option, name) in [
            ("cert-dir", "certificates"),
            ("service-account-key-file", "accounts.key"),
            ("service-account-signing-key-file", "accounts.key"),
            ("token-auth-file", "tokens.csv"),
        ] {
            run.arg(format!("--{option}={}", api.path(name).display()));
        }
        api.serve(&mut run, "kube-apiserver.log");
        api.wait();
        Some(api)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The key that signs tokens of service accounts, the administrator's token and the file that `kubectl` reads it from.
    fn keys(&self, port: u16) {
        super::run(super::command("openssl".as_ref()).args(["genrsa", "-out"]).arg(self.path("accounts.key")))
            .expect("openssl makes a key");
        let write = |name, text: &str| std::fs::write(self.path(name), text).expect("the folder is writable");
        write("tokens.csv", "administrator,administrator,1,system:masters\n");
        // The server makes its certificate itself, and only this test talks to it.
        write(
            "config",
            &format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
                 contexts: [{{ name: test, context: {{ cluster: test, user: administrator }} }}]\n\
                 clusters: [{{ name: test, cluster: {{ server: \"https://127.0.0.1:{port}\", insecure-skip-tls-verify: true }} }}]\n\
                 users: [{{ name: administrator, user: {{ token: administrator }} }}]\n"
            ),
        );
    }

    fn serve(&mut self, command: &mut Command, log: &str) {
        let out = File::create(self.path(log)).expect("the folder is writable");
        let err = out.try_clone().expect("a second handle");
        self.servers.insert(0, command.stdout(out).stderr(err).spawn().expect("the server runs"));
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.kubectl(&["get", "--raw", "/readyz"]).is_err() {
            let ended = self.servers.iter_mut().any(|server| server.try_wait().is_ok_and(|status| status.is_some()));
            assert!(!ended && Instant::now() < deadline, "the API server does not answer:\n{}", self.last_words());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.path("kube-apiserver.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// What `kubectl` prints; else what it said.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        super::run(self.client().args(arguments))
    }

    /// Applies a stream of YAML documents on the server's side, in the name of our scripts. A warning is a fault too,
    /// but for what the strictest standard of pods says of images that start as root.
    pub fn apply(&self, documents: &str) -> Result<String, String> {
        let output = self.with_file(documents, &["apply", "--server-side", "--field-manager=pipegen"]).output().expect("kubectl runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let warned = err.lines().any(|line| line.starts_with("Warning:") && !line.contains("would violate PodSecurity"));
        if output.status.success() && !warned { Ok(out.into_owned()) } else { Err(format!("{out}{err}")) }
    }

    /// The objects of a stream of YAML documents as the server has them now, in their order.
    pub fn stored(&self, documents: &str) -> Result<Vec<Value>, String> {
        let printed = super::run(&mut self.with_file(documents, &["get", "--output=json"]))?;
        let stored: Value = serde_json::from_str(&printed).expect("kubectl prints JSON");
        Ok(match stored["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![stored],
        })
    }

    /// Every object of these kinds, as in `secrets,configmaps`.
    pub fn all(&self, kinds: &str) -> Vec<Value> {
        let printed = self.kubectl(&["get", kinds, "--all-namespaces", "--output=json"]).unwrap_or_else(|error| panic!("{error}"));
        let list: Value = serde_json::from_str(&printed).expect("kubectl prints JSON");
        list["items"].as_array().expect("a list").clone()
    }

    fn with_file(&self, documents: &str, arguments: &[&str]) -> Command {
        let file = self.path("documents.yaml");
        std::fs::write(&file, documents).expect("the folder is writable");
        let mut command = self.client();
        command.args(arguments).arg("--filename").arg(file);
        command
    }

    fn client(&self) -> Command {
        let mut command = super::command(&self.kubectl);
        self.at_home(&mut command);
        command
    }

    /// `kubectl` keeps what it learns of a server below the home folder.
    fn at_home(&self, command: &mut Command) {
        command.env("KUBECONFIG", self.path("config")).env("HOME", self.folder.path());
    }

    /// A script of ours, whose `kubectl` finds this server. Other programs that it calls are looked for in a folder first.
    pub fn script(&self, script: &Path, programs: &Path) -> Command {
        let mut command = super::command(script);
        let kubectl = self.kubectl.parent().expect("a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [programs.to_owned(), kubectl.to_owned()].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).expect("folders"));
        self.at_home(&mut command);
        command
    }

    /// The kinds of the operators that are defined, as `kubectl` reads them.
    fn custom_kinds(&self) -> Vec<String> {
        let names = self.kubectl(&["get", "customresourcedefinitions", "--output=name"]).unwrap_or_else(|error| panic!("{error}"));
        names.lines().filter_map(|name| name.rsplit('/').next()).map(str::to_owned).collect()
    }

    /// Says in the place of controllers and nodes that every workload is ready and every job done.
    pub fn pretend_ready(&self) {
        let mut kinds = vec!["deployments".to_owned(), "statefulsets".to_owned(), "jobs".to_owned()];
        kinds.extend(self.custom_kinds());
        for object in self.all(&kinds.join(",")) {
            let status = ready(&object);
            if subset(&status, &object["status"]) {
                continue;
            }
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).expect("an object has a name");
            let namespace = format!("--namespace={}", text("/metadata/namespace"));
            let patch = format!("--patch={}", json!({ "status": status }));
            let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
            let kind = format!("{}.{group}", text("/kind").to_lowercase());
            let arguments = ["patch", &kind, text("/metadata/name"), &namespace, "--subresource=status", "--type=merge", &patch];
            self.kubectl(&arguments).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// The status of a workload that is as it should be.
fn ready(object: &Value) -> Value {
    let (count, seen) = (&object["spec"]["replicas"], &object["metadata"]["generation"]);
    match object["kind"].as_str() {
        Some("Job") => {
            let time = &object["metadata"]["creationTimestamp"];
            let condition = |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": time, "lastProbeTime": time });
            let conditions = [condition("SuccessCriteriaMet"), condition("Complete")];
            json!({ "startTime": time, "completionTime": time, "succeeded": 1, "conditions": conditions })
        }
        Some("StatefulSet") => json!({
            "observedGeneration": seen, "replicas": count, "readyReplicas": count, "availableReplicas": count,
            "updatedReplicas": count, "currentReplicas": count, "currentRevision": "one", "updateRevision": "one",
        }),
        Some("Deployment") => json!({
            "observedGeneration": seen, "replicas": count, "readyReplicas": count, "availableReplicas": count, "updatedReplicas": count,
        }),
        // What an operator says of its resources: by a condition, by a field, or by a number.
        _ => {
            let time = &object["metadata"]["creationTimestamp"];
            let condition = json!({ "type": "Ready", "status": "True", "lastTransitionTime": time });
            json!({ "observedGeneration": seen, "conditions": [condition], "applied": true, "replicas": count })
        }
    }
}

fn subset(wanted: &Value, value: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, wanted)| value[key] == *wanted))
}

impl Drop for KubeApi {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
