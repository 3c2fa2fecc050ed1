//! The facts that Kubernetes manifests state, and the script that publishes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use pipegen::fileset::FileSet;
use regex::{Captures, Regex};
use serde_json::Value;

use super::{Facts, slug};
use crate::support::manifests::{self, Role};
use crate::support::rendered::strings;

static HOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\$|\$\(([^)]*)\)").expect("a pattern"));

static FORWARD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^ *forward \S+ (\S+) (\S+) (\d+) (\d+) &$").expect("a pattern"));

/// The label by which a pod says which workload it belongs to.
const WORKLOAD: &str = "app.kubernetes.io/name";

/// Every object of a file set, with the path of its file.
struct Cluster {
    objects: Vec<(String, Value)>,
    /// `workload.namespace` of every workload: how others write its address.
    addresses: Vec<(String, String)>,
}

/// The facts of every manifest and of `forward.sh`.
pub fn facts(files: &FileSet) -> Facts {
    let cluster = Cluster::new(files);
    let mut facts = Facts::new();
    for (path, object) in &cluster.objects {
        let Some(template) = object.pointer("/spec/template") else { continue };
        let name = text(&template["metadata"]["labels"][WORKLOAD]);
        let mut state = |about: &str, fact: String| drop(facts.insert(format!("{name}: {about}"), fact));
        if let Some((profile, _)) = path.strip_prefix("profiles/").and_then(|path| path.split_once('/')) {
            state("profiles", format!("[{profile:?}]"));
        }
        cluster.runs(object, template, &mut state);
        cluster.environment(&template["spec"]["containers"][0], &mut state);
        cluster.storage(object, template, &mut state);
        cluster.readiness(object, template, &mut state);
    }
    for (_, file) in files.iter().filter(|(path, _)| path.as_str() == "forward.sh") {
        let published = FORWARD.captures_iter(&file.text);
        facts.extend(published.map(|line| (format!("{}: published {}", &line[1], &line[4]), format!("{}:{}", &line[2], &line[3]))));
    }
    facts
}

impl Cluster {
    fn new(files: &FileSet) -> Cluster {
        let manifests = files.iter().filter(|(path, file)| manifests::role(path.as_str(), &file.text) == Some(Role::Objects));
        let objects = manifests
            .flat_map(|(path, file)| manifests::documents(&file.text).into_iter().map(|object| (path.as_str().to_owned(), object)));
        let objects: Vec<(String, Value)> = objects.collect();
        let services = objects.iter().filter(|(_, object)| object["kind"] == "Service");
        let address = |object: &Value| {
            let (name, namespace) = (text(&object["metadata"]["name"]), text(&object["metadata"]["namespace"]));
            (format!("{name}.{namespace}"), name.to_owned())
        };
        let addresses = services.map(|(_, object)| address(object)).collect();
        Cluster { objects, addresses }
    }

    /// A text in which an address of another namespace is written as within its own.
    fn local(&self, text: &str) -> String {
        let text = text.replace(".svc.cluster.local", "");
        self.addresses.iter().fold(text, |text, (address, name)| text.replace(address, name))
    }

    /// A text as the container sees it (`third_party/forked/golang/expansion` in Kubernetes), with `‹NAME›` for a variable.
    fn read(&self, text: &str, variables: &BTreeMap<&str, String>) -> String {
        let seen = HOLE.replace_all(text, |found: &Captures<'_>| match found.get(1) {
            None => "$".to_owned(),
            Some(name) => variables.get(name.as_str()).cloned().unwrap_or_else(|| found[0].to_owned()),
        });
        self.local(&seen)
    }

    fn words(&self, list: &Value, container: &Value) -> String {
        let variables = variables(container);
        Value::from(strings(list).into_iter().map(|word| self.read(word, &variables)).collect::<Vec<_>>()).to_string()
    }

    fn runs(&self, object: &Value, template: &Value, state: &mut impl FnMut(&str, String)) {
        let (pod, container) = (&template["spec"], &template["spec"]["containers"][0]);
        state("kind", if object["kind"] == "Job" { "job" } else { "server" }.to_owned());
        state("image", super::compose::read(text(&container["image"])));
        state("replicas", object.pointer("/spec/replicas").map_or("1".to_owned(), Value::to_string));
        state("reaper", (pod["shareProcessNamespace"] == true).to_string());
        for (key, about) in [("command", "entry point"), ("args", "command")] {
            if container[key].is_array() {
                state(about, self.words(&container[key], container));
            }
        }
        if let Some(user) = pod["securityContext"].get("runAsUser") {
            let group = pod["securityContext"].get("runAsGroup").map(|group| format!(":{group}"));
            state("user", format!("{user}{}", group.unwrap_or_default()));
        }
        for (pointer, about) in [("/workingDir", "folder"), ("/resources/limits/cpu", "processors"), ("/resources/limits/memory", "memory")]
        {
            container.pointer(pointer).into_iter().for_each(|value| state(about, text(value).to_owned()));
        }
        for (key, value) in
            template["metadata"]["annotations"].as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with("pipegen.io/"))
        {
            state(&format!("label {key}"), text(value).to_owned());
        }
    }

    /// The variables that only carry a secret into another variable have no counterpart.
    fn environment(&self, container: &Value, state: &mut impl FnMut(&str, String)) {
        let variables = variables(container);
        for variable in container["env"].as_array().into_iter().flatten() {
            let name = text(&variable["name"]);
            if !name.starts_with("PIPEGEN_") {
                let fact = variable["value"].as_str().map_or_else(|| variables[name].clone(), |text| self.read(text, &variables));
                state(&format!("variable {name}"), fact);
            }
        }
    }

    fn storage(&self, object: &Value, template: &Value, state: &mut impl FnMut(&str, String)) {
        let (pod, namespace) = (&template["spec"], &object["metadata"]["namespace"]);
        for mount in pod["containers"][0]["volumeMounts"].as_array().into_iter().flatten() {
            let volumes = pod["volumes"].as_array().expect("a mount has a volume");
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).expect("a mount has a volume");
            let read_only = if mount["readOnly"] == true { ", read only" } else { "" };
            let target = text(&mount["mountPath"]);
            if let Some(claim) = volume.get("persistentVolumeClaim") {
                state(&format!("storage {target}"), slug(text(&claim["claimName"])) + read_only);
            } else if volume.get("emptyDir").is_some() {
                state(&format!("storage {target}"), "scratch".to_owned());
            } else if volume.get("secret").is_some() {
                state(&format!("file {target}"), "filled in when it is deployed".to_owned());
            } else {
                state(&format!("file {target}"), self.file(namespace, &volume["configMap"], text(&mount["subPath"])));
            }
        }
    }

    /// The key of a config map that a mount shows.
    fn file(&self, namespace: &Value, source: &Value, path: &str) -> String {
        let is_it = |object: &&Value| {
            object["kind"] == "ConfigMap" && object["metadata"]["namespace"] == *namespace && object["metadata"]["name"] == source["name"]
        };
        let Some(map) = self.objects.iter().map(|(_, object)| object).find(is_it) else { return "the user's".to_owned() };
        let item = source["items"].as_array().into_iter().flatten().find(|item| item["path"] == path).expect("the mount's path is an item");
        self.local(text(&map["data"][text(&item["key"])]))
    }

    fn readiness(&self, object: &Value, template: &Value, state: &mut impl FnMut(&str, String)) {
        let namespace = &object["metadata"]["namespace"];
        for step in template["spec"]["initContainers"].as_array().into_iter().flatten() {
            let provider = text(&step["name"]).strip_prefix("wait-for-").expect("init steps wait");
            let is_provider = |other: &&(String, Value)| {
                other.1.pointer("/spec/template/metadata/labels").is_some_and(|labels| labels[WORKLOAD] == provider)
            };
            let (_, other) = self.objects.iter().find(is_provider).expect("the provider is there");
            // Compose orders stacks instead.
            if other["metadata"]["namespace"] == *namespace {
                state(&format!("waits for {provider}"), if other["kind"] == "Job" { "done" } else { "ready" }.to_owned());
            }
        }
        if let Some(grace) = template["spec"].get("terminationGracePeriodSeconds") {
            state("stops within", grace.to_string());
        }
        let Some(probe) = template["spec"]["containers"][0].get("readinessProbe") else { return };
        // Nothing is replaced in what a probe runs.
        state("health", self.local(&probe["exec"]["command"].to_string()));
        for (key, about) in [("periodSeconds", "period"), ("timeoutSeconds", "timeout"), ("failureThreshold", "failures")] {
            state(&format!("health, {about}"), probe[key].to_string());
        }
    }
}

/// What the variables of a container that are read from an object stand for.
fn variables(container: &Value) -> BTreeMap<&str, String> {
    let mut variables = BTreeMap::new();
    for variable in container["env"].as_array().into_iter().flatten() {
        for source in ["secretKeyRef", "configMapKeyRef"] {
            if let Some(reference) = variable["valueFrom"].get(source) {
                variables.insert(text(&variable["name"]), format!("‹{}›", text(&reference["key"])));
            }
        }
    }
    variables
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
