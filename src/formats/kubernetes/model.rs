//! The Kubernetes objects that we write, as far as we write them: keys in the order in which people write them.
//!
//! <https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/>. What is absent keeps the default of the API.

#![expect(missing_docs, reason = "the fields have the API's names, and its reference describes them")]

use std::collections::BTreeMap;

use serde::Serialize;

use crate::platform::Protocol;
use crate::yaml::{self, Doc};

/// Labels and annotations, sorted.
pub type Words = BTreeMap<String, String>;

/// An object of the API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object<T> {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub metadata: Metadata,
    #[serde(flatten)]
    pub content: T,
}

/// Most kinds hold nothing but a `spec`.
#[derive(Debug, Serialize)]
pub struct Spec<T> {
    pub spec: T,
}

/// What identifies an object.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub labels: Words,
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub annotations: Words,
}

/// What an object without a `spec` holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    pub automount_service_account_token: bool,
}

/// Text by key.
#[derive(Debug, Serialize)]
pub struct ConfigMap {
    pub data: Words,
}

/// Nothing beside the metadata.
#[derive(Debug, Serialize)]
pub struct Nothing {}

/// Pods by their labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub match_labels: Words,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Expression>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expression {
    pub key: String,
    pub operator: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Controller {
    /// Not said where something else sets it, which would fight over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    pub selector: Selector,
    pub template: PodTemplate,
}

/// What makes the pods of a server, for who changes their number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControllerRef {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub name: String,
}

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub backoff_limit: u16,
    pub template: PodTemplate,
}

/// A job at certain times.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CronJob {
    pub schedule: String,
    pub time_zone: &'static str,
    pub concurrency_policy: &'static str,
    pub successful_jobs_history_limit: u16,
    pub failed_jobs_history_limit: u16,
    pub job_template: Spec<Job>,
}

/// Pods to be made.
#[derive(Debug, Serialize)]
pub struct PodTemplate {
    pub metadata: Metadata,
    pub spec: Pod,
}

/// A pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    pub service_account_name: String,
    pub automount_service_account_token: bool,
    pub enable_service_links: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub share_process_namespace: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<Spread>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<Named>,
    pub security_context: PodSecurity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
}

/// How pods are spread over what there are several of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    pub max_skew: u16,
    pub topology_key: &'static str,
    pub when_unsatisfiable: &'static str,
    pub label_selector: Selector,
}

/// An object by its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    pub name: String,
}

/// Who the pod runs as.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurity {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub run_as_non_root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group_change_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supplemental_groups: Vec<u32>,
    pub seccomp_profile: Seccomp,
}

/// Which system calls are open.
#[derive(Debug, Serialize)]
pub struct Seccomp {
    #[serde(rename = "type")]
    pub kind: &'static str,
}

impl Default for Seccomp {
    fn default() -> Self {
        Self { kind: "RuntimeDefault" }
    }
}

/// A container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    pub name: String,
    pub image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    pub security_context: ContainerSecurity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
}

/// What a container may do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSecurity {
    pub allow_privilege_escalation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<u32>,
    pub capabilities: Capabilities,
}

/// Parts of root's power.
#[derive(Debug, Serialize)]
pub struct Capabilities {
    pub drop: Doc,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add: Option<Doc>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueFrom>,
}

/// Where a variable's value is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueFrom {
    SecretKeyRef(KeyRef),
    ConfigMapKeyRef(KeyRef),
}

/// A key of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyRef {
    pub name: String,
    pub key: String,
}

/// What is spoken, as the API calls it.
pub const fn transport(protocol: Protocol) -> &'static str {
    if protocol.is_udp() { "UDP" } else { "TCP" }
}

/// Whether it is what the API assumes.
fn is_tcp(transport: &&'static str) -> bool {
    *transport == "TCP"
}

/// A port of a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// At most 15 characters, unlike ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub container_port: u16,
    #[serde(skip_serializing_if = "is_tcp")]
    pub protocol: &'static str,
}

/// A question to a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    #[serde(flatten)]
    pub ask: Ask,
    pub period_seconds: u64,
    pub timeout_seconds: u64,
    pub failure_threshold: u64,
}

/// How a probe asks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ask {
    Exec { command: Doc },
    TcpSocket { port: u16 },
}

/// A share of the machine.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Resources {
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub requests: Words,
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub limits: Words,
}

impl Resources {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Storage at a path of a container.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount {
    pub name: String,
    pub mount_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// Storage of a pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Volume {
    pub name: String,
    #[serde(flatten)]
    pub source: Source,
}

/// Where storage comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    #[serde(rename_all = "camelCase")]
    PersistentVolumeClaim {
        claim_name: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        read_only: bool,
    },
    ConfigMap {
        name: String,
        items: Vec<KeyToPath>,
    },
    #[serde(rename_all = "camelCase")]
    Secret {
        secret_name: String,
        items: Vec<KeyToPath>,
    },
    EmptyDir {},
}

/// A key as a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyToPath {
    pub key: String,
    pub path: String,
    pub mode: u32,
}

/// A claim of storage.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub access_modes: Doc,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<&'static str>,
    pub resources: Resources,
}

/// A name and an address for pods.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "clusterIP")]
    pub cluster_ip: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub publish_not_ready_addresses: bool,
    pub selector: Words,
    pub ports: Vec<ServicePort>,
}

/// A port of a service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    pub name: String,
    pub port: u16,
    pub target_port: u16,
    #[serde(skip_serializing_if = "is_tcp")]
    pub protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_port: Option<u16>,
}

/// How many pods may be away at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisruptionBudget {
    pub max_unavailable: u16,
    pub selector: Selector,
}

/// Who may talk to some pods, and to whom they may.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicy {
    pub pod_selector: Selector,
    pub policy_types: Doc,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<Ingress>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Egress>,
}

/// Who may come in.
#[derive(Debug, Serialize)]
pub struct Ingress {
    pub from: Vec<Peer>,
    pub ports: Vec<PolicyPort>,
}

/// Where to.
#[derive(Debug, Serialize)]
pub struct Egress {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Peer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PolicyPort>,
}

/// Pods, or addresses.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
}

/// A range of addresses without others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IpBlock {
    pub cidr: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// A port of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PolicyPort {
    pub protocol: &'static str,
    pub port: u16,
}

/// A list of files for `kubectl apply -k`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kustomization {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub resources: Vec<String>,
}

impl Kustomization {
    /// Of these files, relative to its own folder.
    pub fn new(resources: Vec<String>) -> Self {
        Self { api_version: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources }
    }
}

/// A part of the model as a tree.
///
/// # Panics
/// Never: the writer refuses only keys that are no text and numbers that no type here can hold.
pub fn doc<T: Serialize>(part: &T) -> Doc {
    yaml::to_doc(part).expect("the model has text for keys and no 128-bit numbers")
}

/// Several documents in one file.
pub fn documents(header: &str, docs: &[Doc]) -> String {
    let mut docs = docs.iter();
    let first = docs.next().map(|doc| yaml::write(header, doc)).unwrap_or_default();
    docs.fold(first, |text, doc| text + "---\n" + &yaml::write("", doc))
}
