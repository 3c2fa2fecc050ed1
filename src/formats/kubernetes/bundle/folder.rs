//! Which object stands in which file.

use std::collections::{BTreeMap, BTreeSet};

use crate::fileset::FileSet;
use crate::formats::Layout;
use crate::formats::kubernetes::cluster::CONFIG as CLUSTER_FILE;
use crate::formats::kubernetes::model::{Kustomization, Metadata, Nothing, Object, ServiceAccount, doc, documents};
use crate::formats::kubernetes::{SERVICE_ACCOUNT, Scope, StackManifests, WorkloadManifests, external_secrets, platform_labels};
use crate::platform::Platform;
use crate::yaml::{self, Doc};

const NAMESPACES: &str = "namespaces.yaml";
const POLICIES: &str = "network-policies.yaml";
const STORAGE: &str = "storage.yaml";
const EXTERNAL_SECRETS: &str = "external-secrets.yaml";
const LIST: &str = "kustomization.yaml";

/// The files that are no workload's.
const OWN_FILES: [&str; 6] = [NAMESPACES, POLICIES, STORAGE, EXTERNAL_SECRETS, LIST, CLUSTER_FILE];

/// The file of a workload.
fn file_of(workload: &str) -> String {
    format!("{workload}.yaml")
}

/// Whether the file of a workload would be one of the folder's own.
pub fn is_own_file(workload: &str) -> bool {
    OWN_FILES.contains(&file_of(workload).as_str())
}

/// The manifests, and the lists of them for `kubectl apply -k`.
pub fn files(layout: &Layout, scope: &Scope<'_>, stacks: &[StackManifests<'_>]) -> FileSet {
    let (platform, header) = (scope.platform, layout.header());
    let mut folder = Folder { header, files: FileSet::new(), always: Vec::new(), profiles: BTreeMap::new() };
    folder.always(NAMESPACES, &stacks.iter().flat_map(|stack| namespace(platform, stack)).collect::<Vec<_>>());
    for stack in stacks {
        let place = stack_folder(platform, stack);
        folder.always(&format!("{place}{POLICIES}"), &stack.policies);
        folder.always(&format!("{place}{STORAGE}"), &stack.storage);
        if let Some(reads) = scope.reads.get(&stack.stack) {
            folder.always(&format!("{place}{EXTERNAL_SECRETS}"), &external_secrets::objects(scope, &stack.namespace, reads));
        }
        for workload in &stack.workloads {
            folder.workload(&place, workload);
        }
    }
    folder.finish()
}

/// A folder per stack, where there are several.
fn stack_folder(platform: &Platform, stack: &StackManifests<'_>) -> String {
    let name = platform.stacks.get(stack.stack).and_then(|stack| stack.name.as_ref());
    name.map(|name| format!("{name}/")).unwrap_or_default()
}

/// The namespace refuses pods with more than an ordinary engine's powers, and warns of those that the strictest standard
/// would refuse.
fn namespace(platform: &Platform, stack: &StackManifests<'_>) -> [Doc; 2] {
    let ours = platform_labels(&platform.name);
    let mut labels = ours.clone();
    labels.insert("pod-security.kubernetes.io/enforce".to_owned(), "baseline".to_owned());
    labels.insert("pod-security.kubernetes.io/warn".to_owned(), "restricted".to_owned());
    let metadata = Metadata { name: Some(stack.namespace.clone()), labels, ..Metadata::default() };
    let namespace = doc(&Object { api_version: "v1", kind: "Namespace", metadata, content: Nothing {} });
    let metadata =
        Metadata { name: Some(SERVICE_ACCOUNT.to_owned()), namespace: Some(stack.namespace.clone()), labels: ours, ..Metadata::default() };
    let content = ServiceAccount { automount_service_account_token: false };
    [namespace, doc(&Object { api_version: "v1", kind: "ServiceAccount", metadata, content })]
}

struct Folder<'a> {
    header: String,
    files: FileSet,
    /// What is applied without a profile.
    always: Vec<String>,
    /// What is applied with one.
    profiles: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> Folder<'a> {
    fn write(&mut self, path: &str, docs: &[Doc]) -> bool {
        if !docs.is_empty() {
            self.files.insert(path, documents(&self.header, docs));
        }
        !docs.is_empty()
    }

    fn always(&mut self, path: &str, docs: &[Doc]) {
        if self.write(path, docs) {
            self.always.push(path.to_owned());
        }
    }

    /// A workload of several profiles stands in the folder of each: `kubectl` reads no file outside the folder that it
    /// applies, and applying the same object twice changes nothing.
    fn workload(&mut self, place: &str, manifests: &WorkloadManifests<'a>) {
        let file = file_of(&manifests.workload.name);
        if manifests.workload.profiles.is_empty() {
            return self.always(&format!("{place}{file}"), &manifests.docs);
        }
        for profile in &manifests.workload.profiles {
            if self.write(&format!("profiles/{profile}/{file}"), &manifests.docs) {
                self.profiles.entry(profile).or_default().insert(file.clone());
            }
        }
    }

    fn finish(mut self) -> FileSet {
        let list = |resources: Vec<String>, header: &str| yaml::write(header, &doc(&Kustomization::new(resources)));
        self.files.insert(LIST, list(self.always, &self.header));
        for (profile, resources) in self.profiles {
            let path = format!("profiles/{profile}/{LIST}");
            self.files.insert(path, list(resources.into_iter().collect(), &self.header));
        }
        self.files
    }
}
