//! The chart's values, subject by subject.

use std::collections::BTreeSet;

use super::{Chart, JOBS, from_key, secret_text};
use crate::components::airflow::HOME;
use crate::components::airflow::jobs::INIT_PROGRAM;
use crate::components::airflow::load::{self, Load};
use crate::components::airflow::spec::{Dags, Git};
use crate::platform::{Body, ImagePart, Mount, PublicText, Resources, Value, WorkloadKind};
use crate::value::Replicas;

/// The script that makes the administrator, and the command with which it first waits for the schema that the chart's own
/// job makes.
const ADMIN: [&str; 5] = [INIT_PROGRAM, "airflow", "db", "check-migrations", WAIT];
const WAIT: &str = "--migration-wait-timeout=600";

/// How long pods wait for the schema before they end and are started again; the chart's 60 s are short for a first start,
/// which pulls images.
const MIGRATIONS_WAIT: i64 = 600;

impl Chart<'_> {
    pub(super) fn versions(&mut self) {
        // It decides many branches of the templates, so it must be the version in the image.
        let version = self.airflow.image.rsplit(':').next().unwrap_or_default();
        self.set("airflowVersion", version);
        let part = |part| Value::Image { workload: self.main.name.clone(), part };
        let by_tag = [("repository", part(ImagePart::Repository)), ("tag", part(ImagePart::Tag))];
        let by_digest = [("repository", part(ImagePart::Name)), ("digest", part(ImagePart::Digest))];
        let has_digest = ImagePart::Digest.of(self.main.image.reference()).is_some();
        self.set("images.airflow", Value::map(if has_digest { by_digest } else { by_tag.clone() }));
        if self.makes_pods() {
            // Else the pods of tasks run the chart's default image, without the packages of this one. It knows no digest here, and
            // joins the two with a colon, which a digest has, too.
            self.set("images.pod_template", Value::map(by_tag));
        }
        if self.airflow.pulled_with_login {
            self.set("registry.secretName", Value::ImageLogin(self.main.name.clone()));
        }
        self.set("images.migrationsWaitTimeout", MIGRATIONS_WAIT);
        // Not labels: those may hold less than any text.
        for (key, label) in &self.main.labels {
            self.values.set(&["airflowPodAnnotations", key], Value::Text(label.clone()));
        }
        self.set("executor", self.airflow.spec.executor.setting());
    }

    /// The chart would make new ones of the second and the third with every `helm upgrade`, which ends all sessions and
    /// makes running tasks fail.
    pub(super) fn keys(&mut self) {
        let entries = [
            ("fernet-key", "AIRFLOW__CORE__FERNET_KEY"),
            ("jwt-secret", "AIRFLOW__API_AUTH__JWT_SECRET"),
            ("api-secret-key", "AIRFLOW__API__SECRET_KEY"),
        ];
        let entries = entries.into_iter().filter_map(|(key, name)| Some((key.to_owned(), Body::Text(self.variable(name)?))));
        let secret = self.secret("keys", entries.collect());
        for path in ["fernetKeySecretName", "jwtSecretName", "apiSecretKeySecretName"] {
            self.set(path, secret.clone());
        }
    }

    pub(super) fn connections_to_servers(&mut self) {
        let connections = [
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "metadata-connection", "data.metadataSecretName"),
            ("AIRFLOW__CELERY__RESULT_BACKEND", "result-backend-connection", "data.resultBackendSecretName"),
            ("AIRFLOW__CELERY__BROKER_URL", "broker-connection", "data.brokerUrlSecretName"),
        ];
        for (variable, suffix, path) in connections {
            if let Some(text) = self.main.variable(variable) {
                let secret = self.secret(suffix, vec![("connection".to_owned(), Body::Text(text.clone()))]);
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
    pub(super) fn parts(&mut self) {
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

    pub(super) fn roles(&mut self) {
        for (section, workload) in self.roles.clone() {
            let at = |key: &str| format!("{}.{key}", section.values);
            match workload.kind {
                WorkloadKind::Server { replicas: Replicas::Count(count), .. } => self.set(&at("replicas"), i64::from(count)),
                WorkloadKind::Server { replicas: Replicas::Range { .. }, .. } => self.load(),
                WorkloadKind::Job { .. } | WorkloadKind::Scheduled { .. } | WorkloadKind::Template { .. } => {}
            }
            // The chart knows a budget for these two, and its default is that of manifests: one pod may be missing.
            let has_several = matches!(workload.kind, WorkloadKind::Server { replicas, .. } if replicas.max() > 1);
            if has_several && matches!(section.role, "api_server" | "scheduler") {
                self.set(&at("podDisruptionBudget.enabled"), true);
            }
            if workload.resources != Resources::default() {
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

    /// The chart asks for the workers what `load` asks for, and names a variable of theirs as the address: the pods of tasks,
    /// which share the section, have it too.
    fn load(&mut self) {
        let Some(load) = Load::of(self.airflow.spec.executor, self.workloads) else { return };
        let entries = [
            ("enabled", Value::from(true)),
            ("minReplicaCount", Value::Int(load.min.into())),
            ("maxReplicaCount", Value::Int(load.max.into())),
            ("query", load.query().into()),
        ];
        self.set("workers.keda", Value::map(entries));
        let variable = from_key("AIRFLOW_CONN_AIRFLOW_DB", Value::Secret(load.secret()), load::KEY);
        self.values.append(&["workers", "env"], vec![variable]);
    }

    /// As hooks, the jobs would start only after everything else is ready, which waits for them: with `--wait` for ever.
    /// Without a TTL, so that who waits for the end of a job still finds it.
    pub(super) fn jobs(&mut self) {
        for (section, _) in JOBS {
            self.set(section, Value::map([("useHelmHooks", Value::from(false)), ("ttlSecondsAfterFinished", Value::Null)]));
            self.set(&format!("{section}.serviceAccount.automountServiceAccountToken"), false);
        }
        let admin = &self.airflow.admin;
        let secret = self.secret("admin", vec![("password".to_owned(), secret_text(&admin.variable))]);
        let username = Value::map([("name", Value::from("ADMIN_USERNAME")), ("value", Value::InContainer(admin.username.as_str().into()))]);
        let password = from_key("ADMIN_PASSWORD", secret, "password");
        self.set("createUserJob.env", Value::List(vec![username, password]));
        let words = ["python", "-c"].into_iter().chain(ADMIN).map(|word| Value::InContainer(word.into()));
        self.set("createUserJob.args", Value::List(words.collect()));
        // The job is made only with this. What else stands here is for the chart's own command, which ours replaces; without
        // it the notes of the chart would show `admin` as a password.
        let user = [("enabled", Value::from(true)), ("username", admin.username.as_str().into()), ("password", "".into())];
        self.set("webserver.defaultUser", Value::map(user));
    }

    pub(super) fn storage(&mut self) {
        let mut volumes = Vec::new();
        let mut mounts = Vec::new();
        for Mount { source, target, read_only, .. } in &self.main.mounts {
            let claim = Value::Claim(source.clone());
            match target.strip_prefix(HOME) {
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
    pub(super) fn git(&mut self) {
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
    pub(super) fn kept_pods(&mut self) {
        for (name, text) in self.airflow.kept_pods() {
            let option = name.strip_prefix("AIRFLOW__KUBERNETES_EXECUTOR__").unwrap_or(&name).to_lowercase();
            if let Ok(text) = PublicText::try_from(text) {
                self.values.set(&["config", "kubernetes_executor", &option], Value::Text(text));
            }
        }
    }
}
