//! The official Helm chart in place of the roles, made from the very workloads that it replaces.
//!
//! <https://airflow.apache.org/docs/helm-chart/1.18.0/>; every path that is written here stands in the table of
//! `schema/charts/`, and the tests of the target `helm` render the chart with it.

use std::collections::BTreeSet;

use super::spec::{Dags, Git};
use super::{Airflow, roles};
use crate::platform::realization::Pods;
use crate::platform::{
    Body, Gap, ImagePart, Mount, PublicText, Realization, Realizer, ReplacedEndpoint, SecretObject, Text, TextTree, Value, Workload,
    WorkloadKind,
};

/// The script that makes the administrator, and the command with which it first waits for the schema that the chart's own
/// job makes.
const ADMIN: [&str; 5] = [include_str!("../../../templates/airflow/init.py"), "airflow", "db", "check-migrations", WAIT];
const WAIT: &str = "--migration-wait-timeout=600";

/// How long pods wait for the schema before they end and are started again; the chart's 60 s are short for a first start,
/// which pulls images.
const MIGRATIONS_WAIT: i64 = 600;

/// The variables that the chart sets itself, by values of their own or always.
const OF_THE_CHART: [&str; 11] = [
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__RESULT_BACKEND",
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__LOAD_EXAMPLES",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "DUMB_INIT_SETSID",
];

/// The variables that only who makes pods has to know.
const OF_THE_EXECUTOR: &str = "AIRFLOW__KUBERNETES_EXECUTOR__";

/// What the chart calls a role: in its values, in the label `component`, and its Service with the endpoint that it leads to.
struct Section {
    role: &'static str,
    values: &'static str,
    component: &'static str,
    service: Option<(&'static str, &'static str, u16)>,
}

const SECTIONS: [Section; 6] = [
    Section { role: "api_server", values: "apiServer", component: "api-server", service: Some(("web", "api-server", 8080)) },
    Section { role: "scheduler", values: "scheduler", component: "scheduler", service: None },
    Section { role: "dag_processor", values: "dagProcessor", component: "dag-processor", service: None },
    Section { role: "triggerer", values: "triggerer", component: "triggerer", service: Some(("logs", "triggerer", 8794)) },
    Section { role: "worker", values: "workers", component: "worker", service: Some(("logs", "worker", 8793)) },
    // The pods of tasks have the section of the workers.
    Section { role: "task", values: "workers", component: "worker", service: None },
];

/// The jobs that take the place of `<service>-init`.
const JOBS: [(&str, &str); 2] = [("migrateDatabaseJob", "run-airflow-migrations"), ("createUserJob", "create-user-job")];

/// The chart that can stand in for a service's workloads.
pub(super) fn realization(airflow: &Airflow, workloads: &[&Workload]) -> Option<Realization> {
    let mut chart = Chart::new(airflow, workloads)?;
    chart.versions();
    chart.keys();
    chart.connections_to_servers();
    chart.parts();
    chart.roles();
    chart.jobs();
    chart.storage();
    chart.git();
    chart.kept_pods();
    chart.environment();
    chart.connections();
    Some(Realization {
        targets: &["helm"],
        replaces: workloads.iter().map(|workload| workload.name.clone()).collect(),
        endpoints: chart.endpoints(),
        pods: chart.pods(),
        callers: chart.callers(),
        gaps: chart.gaps(),
        secrets: chart.secrets,
        by: Realizer::Chart { repository: "https://airflow.apache.org", name: "airflow", version: "1.18.0", values: chart.values },
    })
}

/// The values as far as they are made.
struct Chart<'a> {
    airflow: &'a Airflow,
    workloads: &'a [&'a Workload],
    /// The roles with their sections.
    roles: Vec<(&'static Section, &'a Workload)>,
    /// The API server, which has what all roles have.
    main: &'a Workload,
    values: Value,
    secrets: Vec<SecretObject>,
}

impl<'a> Chart<'a> {
    fn new(airflow: &'a Airflow, workloads: &'a [&'a Workload]) -> Option<Self> {
        let section = |workload: &&'a Workload| {
            let role = workload.role.as_deref()?;
            Some((SECTIONS.iter().find(|section| section.role == role)?, *workload))
        };
        let roles: Vec<_> = workloads.iter().filter_map(section).collect();
        let main = roles.iter().find(|(section, _)| section.role == roles::API_SERVER.key)?.1;
        Some(Self { airflow, workloads, roles, main, values: Value::Map(Vec::new()), secrets: Vec::new() })
    }

    fn set(&mut self, path: &str, value: impl Into<Value>) {
        self.values.set(&path.split('.').collect::<Vec<_>>(), value.into());
    }

    fn name(&self) -> &'a str {
        &self.airflow.spec.name
    }

    /// A secret object of the service, and its name as a value.
    fn secret(&mut self, suffix: &str, entries: Vec<(String, Body)>) -> Value {
        let name = format!("{}-{suffix}", self.name());
        self.secrets.push(SecretObject { name: name.clone(), entries });
        Value::Secret(name)
    }

    /// The variable of the API server.
    fn variable(&self, name: &str) -> Option<Text> {
        self.main.environment.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
    }

    fn versions(&mut self) {
        // It decides many branches of the templates, so it must be the version in the image.
        let version = self.airflow.image.rsplit(':').next().unwrap_or_default();
        self.set("airflowVersion", version);
        let part = |part| Value::Image { workload: self.main.name.clone(), part };
        let image = [("repository", part(ImagePart::Repository)), ("tag", part(ImagePart::Tag))];
        self.set("images.airflow", Value::map(image.clone()));
        if self.makes_pods() {
            // Else the pods of tasks run the chart's default image, without the packages of this one.
            self.set("images.pod_template", Value::map(image));
        }
        self.set("images.migrationsWaitTimeout", MIGRATIONS_WAIT);
        // Not labels: those may hold less than any text.
        for (key, label) in &self.main.labels {
            self.values.set(&["airflowPodAnnotations", key], Value::Text(label.clone()));
        }
        self.set("executor", self.airflow.spec.executor.setting());
    }

    fn makes_pods(&self) -> bool {
        self.airflow.spec.executor.makes_pods()
    }

    /// The chart would make new ones of the second and the third with every `helm upgrade`, which ends all sessions and
    /// makes running tasks fail.
    fn keys(&mut self) {
        let keys = &self.airflow.keys;
        let entries = [("fernet-key", &keys.fernet), ("jwt-secret", &keys.jwt), ("api-secret-key", &keys.api)];
        let secret = self.secret("keys", entries.map(|(key, variable)| (key.to_owned(), secret_text(variable))).into());
        for path in ["fernetKeySecretName", "jwtSecretName", "apiSecretKeySecretName"] {
            self.set(path, secret.clone());
        }
    }

    fn connections_to_servers(&mut self) {
        let connections = [
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "metadata-connection", "data.metadataSecretName"),
            ("AIRFLOW__CELERY__RESULT_BACKEND", "result-backend-connection", "data.resultBackendSecretName"),
            ("AIRFLOW__CELERY__BROKER_URL", "broker-connection", "data.brokerUrlSecretName"),
        ];
        for (variable, suffix, path) in connections {
            if let Some(text) = self.variable(variable) {
                let secret = self.secret(suffix, vec![("connection".to_owned(), Body::Text(text))]);
                self.set(path, secret);
            }
        }
        if !self.airflow.spec.executor.has_queue() {
            // Nothing reads it then, but without a name the chart makes a secret of its own, which `helm uninstall` leaves behind.
            self.set("data.brokerUrlSecretName", Value::Secret(format!("{}-keys", self.name())));
        }
        // Old names of the first, which Airflow 3 warns of, and the metadata database as a connection that every task could use.
        for variable in ["AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__CELERY__CELERY_RESULT_BACKEND", "AIRFLOW_CONN_AIRFLOW_DB"] {
            self.set(&format!("enableBuiltInSecretEnvVars.{variable}"), false);
        }
    }

    /// What the chart would bring along, and what pods may do.
    fn parts(&mut self) {
        for path in ["postgresql.enabled", "redis.enabled", "statsd.enabled"] {
            self.set(path, false);
        }
        self.set("allowPodLaunching", self.makes_pods());
        self.set("apiServer.allowPodLogReading", self.makes_pods());
        // Else the workers, or under `local` the scheduler, have claims of 100Gi each for the logs.
        self.set("workers.persistence.enabled", false);
        let groups: BTreeSet<u32> = self.workloads.iter().flat_map(|workload| &workload.groups).copied().collect();
        let mut context = vec![("runAsNonRoot", Value::from(true)), ("runAsUser", 50_000.into()), ("fsGroup", 0.into())];
        if !groups.is_empty() {
            context.push(("supplementalGroups", Value::List(groups.into_iter().map(|group| i64::from(group).into()).collect())));
        }
        context.push(("seccompProfile", Value::map([("type", Value::from("RuntimeDefault"))])));
        self.set("securityContexts.pod", Value::map(context));
        // The chart knows when its own secrets and config maps change, and not when those change that it only reads.
        self.values.set(&["airflowPodAnnotations", "pipegen.io/env"], Value::Fingerprint);
    }

    fn roles(&mut self) {
        for (section, workload) in self.roles.clone() {
            let at = |key: &str| format!("{}.{key}", section.values);
            if let WorkloadKind::Server { replicas, .. } = workload.kind {
                self.set(&at("replicas"), i64::from(replicas));
            }
            if workload.resources != crate::platform::Resources::default() {
                self.set(&at("resources"), Value::Resources(workload.name.clone()));
            }
            // Only who makes pods, or reads their logs, talks to the cluster.
            self.set(&at("serviceAccount.automountServiceAccountToken"), self.calls_cluster(section));
            // All roles write to one claim, and one sweeper is enough for it. The API server has none.
            if !matches!(section.role, "api_server" | "scheduler") {
                self.set(&at("logGroomerSidecar.enabled"), false);
            }
        }
        self.set("triggerer.persistence.enabled", false);
    }

    /// Who makes pods, or reads the logs of those that run.
    fn calls_cluster(&self, section: &Section) -> bool {
        self.makes_pods() && matches!(section.role, "scheduler" | "api_server" | "triggerer")
    }

    /// As hooks, the jobs would start only after everything else is ready, which waits for them: with `--wait` for ever.
    /// Without a TTL, so that who waits for the end of a job still finds it.
    fn jobs(&mut self) {
        for (section, _) in JOBS {
            let entries =
                [("useHelmHooks", Value::from(false)), ("applyCustomEnv", false.into()), ("ttlSecondsAfterFinished", Value::Null)];
            self.set(section, Value::map(entries));
            self.set(&format!("{section}.serviceAccount.automountServiceAccountToken"), false);
        }
        let admin = &self.airflow.admin;
        let secret = self.secret("admin", vec![("password".to_owned(), secret_text(&admin.variable))]);
        let reference = Value::map([("name", secret), ("key", "password".into())]);
        let username = Value::map([("name", Value::from("ADMIN_USERNAME")), ("value", Value::InContainer(admin.username.as_str().into()))]);
        let password = Value::map([("name", Value::from("ADMIN_PASSWORD")), ("valueFrom", Value::map([("secretKeyRef", reference)]))]);
        self.set("createUserJob.env", Value::List(vec![username, password]));
        let words = ["python", "-c"].into_iter().chain(ADMIN).map(|word| Value::InContainer(word.into()));
        self.set("createUserJob.args", Value::List(words.collect()));
        // The job is made only with this. What else stands here is for the chart's own command, which ours replaces; without
        // it the notes of the chart would show `admin` as a password.
        let user = [("enabled", Value::from(true)), ("username", admin.username.as_str().into()), ("password", "".into())];
        self.set("webserver.defaultUser", Value::map(user));
    }

    fn storage(&mut self) {
        let mut volumes = Vec::new();
        let mut mounts = Vec::new();
        for Mount { source, target, read_only, .. } in &self.main.mounts {
            let claim = Value::Claim(source.clone());
            match target.strip_prefix(super::HOME) {
                Some("/logs") => {
                    self.set("logs.persistence", Value::map([("enabled", true.into()), ("existingClaim", claim)]));
                }
                Some("/dags") => {
                    self.set("dags.persistence", Value::map([("enabled", true.into()), ("existingClaim", claim)]));
                }
                _ => {
                    let name = format!("mount-{}", volumes.len() + 1);
                    let claim = Value::map([("claimName", claim)]);
                    volumes.push(Value::map([("name", Value::from(name.as_str())), ("persistentVolumeClaim", claim)]));
                    let mount = [("name", Value::from(name)), ("mountPath", target.as_str().into()), ("readOnly", (*read_only).into())];
                    mounts.push(Value::map(mount));
                }
            }
        }
        if !volumes.is_empty() {
            self.set("volumes", Value::List(volumes));
            self.set("volumeMounts", Value::List(mounts));
        }
    }

    /// The chart fetches in the pods themselves, and keeps nothing.
    fn git(&mut self) {
        let Some(Dags::Git(Git { git: repository, reference, path, credential })) = &self.airflow.spec.dags else { return };
        let mut values = vec![
            ("enabled", Value::from(true)),
            ("repo", repository.as_str().into()),
            // `branch` and `rev` are for git-sync 3.
            ("ref", reference.as_ref().map_or("HEAD", |reference| reference.as_str()).into()),
            ("subPath", path.as_ref().map_or("", |path| path.as_str().trim_matches('/')).into()),
            ("period", "60s".into()),
            ("maxFailures", (-1).into()),
        ];
        if let (Some(login), Some(_)) = (&self.airflow.git, credential) {
            // All four must be there, for git-sync 3 and 4, or no pod starts.
            let username =
                ["GIT_SYNC_USERNAME", "GITSYNC_USERNAME"].map(|key| (key.to_owned(), Body::Text(login.username.as_str().into())));
            let password = ["GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD"].map(|key| (key.to_owned(), secret_text(&login.variable)));
            values.push(("credentialsSecret", self.secret("git", username.into_iter().chain(password).collect())));
        }
        self.set("dags.gitSync", Value::map(values));
    }

    /// In the configuration, not as variables: those the chart would hand on to every pod of a task.
    fn kept_pods(&mut self) {
        let entries = self.main.environment.iter().filter_map(|(name, text)| Some((name.strip_prefix(OF_THE_EXECUTOR)?, text)));
        for (option, text) in entries {
            if let Ok(text) = PublicText::try_from(text.clone()) {
                self.values.set(&["config", "kubernetes_executor", &option.to_lowercase()], Value::Text(text));
            }
        }
    }

    fn callers(&self) -> Vec<String> {
        self.roles.iter().filter(|(section, _)| self.calls_cluster(section)).map(|(_, workload)| workload.name.clone()).collect()
    }

    /// What all roles have is in `env` and `secret`, the rest in the sections of the roles.
    fn environment(&mut self) {
        let in_all = |entry: &&(String, Text)| self.roles.iter().all(|(_, workload)| workload.environment.contains(entry));
        let fetched = matches!(self.airflow.spec.dags, Some(Dags::Git(_)));
        let own = |entry: &&(String, Text)| {
            let of_the_chart = OF_THE_CHART.contains(&entry.0.as_str()) || entry.0.starts_with(OF_THE_EXECUTOR);
            !of_the_chart && !(fetched && entry.0 == "AIRFLOW__CORE__DAGS_FOLDER")
        };
        let common: Vec<&(String, Text)> = self.main.environment.iter().filter(own).filter(in_all).collect();
        let mut hidden = Vec::new();
        let mut env = Vec::new();
        let mut secret = Vec::new();
        let object = format!("{}-environment", self.name());
        for (name, text) in &common {
            match PublicText::try_from(text.clone()).ok().filter(|_| !text.is_deploy_time()) {
                Some(text) => env.push(Value::map([("name", Value::from(name.as_str())), ("value", Value::InContainer(text))])),
                None => {
                    secret.push(from_secret(name, &object, name));
                    hidden.push((name.clone(), Body::Text(text.clone())));
                }
            }
        }
        for (section, workload) in self.roles.clone() {
            let rest = workload.environment.iter().filter(own).filter(|entry| !common.contains(entry));
            let entries: Vec<Value> = rest.map(|(name, text)| role_entry(section, name, text, &object, &mut hidden)).collect();
            // Workers and the pods of tasks share a section, and mostly what stands there.
            let known = self.values.get(&[section.values, "env"]).cloned();
            let new = entries.into_iter().filter(|entry| !matches!(&known, Some(Value::List(known)) if known.contains(entry)));
            self.values.append(&[section.values, "env"], new.collect());
        }
        if !env.is_empty() {
            self.set("env", Value::List(env));
        }
        if !secret.is_empty() {
            self.set("secret", Value::List(secret));
        }
        if !hidden.is_empty() {
            self.secrets.push(SecretObject { name: object, entries: hidden });
        }
    }

    /// Connections as variables, which Airflow reads before its database: nothing has to be written there, and nothing of a
    /// removed connection stays there.
    fn connections(&mut self) {
        let files = self.workloads.iter().filter(|workload| workload.role.as_deref() == Some("connections")).flat_map(|job| &job.files);
        let entries = files.filter_map(|file| match &file.body {
            Body::Document { format, tree: TextTree::Map(entries) } => Some((format, entries)),
            _ => None,
        });
        let bodies: Vec<(String, Body)> = entries
            .flat_map(|(format, entries)| {
                entries.iter().map(|(name, tree)| (name.clone(), Body::Document { format: *format, tree: tree.clone() }))
            })
            .collect();
        if bodies.is_empty() {
            return;
        }
        let object = format!("{}-connections", self.name());
        let variables = bodies.iter().map(|(name, _)| from_secret(&format!("AIRFLOW_CONN_{}", name.to_uppercase()), &object, name));
        let variables: Vec<Value> = variables.collect();
        self.values.append(&["secret"], variables);
        self.secrets.push(SecretObject { name: object, entries: bodies });
    }

    /// The release has the service's name, and the chart names its Services after the release.
    fn endpoints(&self) -> Vec<ReplacedEndpoint> {
        let found = self.roles.iter().filter_map(|(section, workload)| {
            let (endpoint, suffix, port) = section.service?;
            Some(ReplacedEndpoint { endpoint: workload.endpoint_ref(endpoint), service: format!("{}-{suffix}", self.name()), port })
        });
        found.collect()
    }

    fn pods(&self) -> Vec<Pods> {
        let pods = |workload: &Workload, section: &str, component: &str| {
            let labels = [("tier", "airflow"), ("component", component), ("release", self.name())];
            // The only role without labels of its own: it has those of everything.
            let shared = section == "dagProcessor";
            Pods {
                workload: workload.name.clone(),
                selector: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                labels: (!shared).then_some(section).into_iter().chain(["labels"]).map(str::to_owned).collect(),
                shared,
            }
        };
        let servers = self.roles.iter().map(|(section, workload)| pods(workload, section.values, section.component));
        let init = self.workloads.iter().filter(|workload| workload.role.as_deref() == Some("init"));
        let jobs = init.flat_map(|workload| JOBS.iter().map(move |(section, component)| pods(workload, section, component)));
        servers.chain(jobs).collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if let Some(file) = self.main.files.first() {
            gaps.push(Gap {
                origin: file.origin.clone(),
                message: format!("the chart of Airflow cannot give the file `{}` to its pods", file.mount),
                help: "put it into the image (`build:`), or use the target `kubernetes`, which needs no chart".to_owned(),
            });
        }
        if !self.main.profiles.is_empty() {
            gaps.push(Gap {
                origin: self.main.origin.key("profiles"),
                message: "a Helm release has no profiles".to_owned(),
                help: "leave `profiles` out, or use the target `kubernetes`, which needs no chart".to_owned(),
            });
        }
        gaps
    }
}

fn secret_text(variable: &str) -> Body {
    Body::Text(Text::secret(variable))
}

/// An entry of `secret:`.
fn from_secret(variable: &str, object: &str, key: &str) -> Value {
    Value::map([("envName", Value::from(variable)), ("secretName", Value::Secret(object.to_owned())), ("secretKey", key.into())])
}

/// An entry of a role's `env:`; what is known only when deploying comes from the secret object.
fn role_entry(section: &Section, name: &str, text: &Text, object: &str, hidden: &mut Vec<(String, Body)>) -> Value {
    let value = match PublicText::try_from(text.clone()).ok().filter(|_| !text.is_deploy_time()) {
        Some(text) => ("value", Value::InContainer(text)),
        None => {
            let key = format!("{}.{name}", section.role);
            hidden.push((key.clone(), Body::Text(text.clone())));
            let reference = Value::map([("name", Value::Secret(object.to_owned())), ("key", key.into())]);
            ("valueFrom", Value::map([("secretKeyRef", reference)]))
        }
    };
    Value::map([("name", Value::from(name)), value])
}
