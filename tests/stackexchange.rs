//! The system of a document that describes Airflow 3 on Kind with KubernetesExecutor, git-sync, an image from ECR, S3 and
//! Databricks: every fact of it has its place in the platform, and none of the defects of its files is there.
//!
//! What a single target writes of it is tested where that target is.

mod support;

use std::path::Path;
use std::sync::LazyLock;

use pipegen::compile::{Options, compile};
use pipegen::platform::{
    Body, Encoding, Image, Index, MountSource, Part, Platform, Protocol, Readiness, SecretFormat, SecretStore, StoreKeys, Text, TextTree,
    Workload, WorkloadKind,
};
use pipegen::source::Source;
use pipegen::value::Replicas;
use support::rendered::{Rendered, pipegen};

const BLUEPRINT: &str = "blueprints/stackexchange.yml";
/// What Airflow runs on its own; the pods of tasks are made when they are needed.
const ROLES: [&str; 4] = ["airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"];

static BASE: LazyLock<Platform> = LazyLock::new(|| platform(None));
static PRODUCTION: LazyLock<Platform> = LazyLock::new(|| platform(Some("production")));

fn file(path: &str) -> String {
    std::fs::read_to_string(support::repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn platform(environment: Option<&str>) -> Platform {
    let base = support::repository().join("blueprints");
    let options = Options { environment, base: Some(&base), output: Some(Path::new("generated")), ..Options::default() };
    let compiled = compile(&Source::new(BLUEPRINT, file(BLUEPRINT)), &options);
    compiled.platform.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn workload<'a>(platform: &'a Platform, name: &str) -> &'a Workload {
    Index::new(platform).workload(name).unwrap_or_else(|| panic!("nothing is called {name}"))
}

/// A text with `<NAME>` for a secret, `{NAME}` for a value of the deployer, and addresses as `<workload>.<part>`.
fn shown(text: &Text) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Secret { variable, encoding: Encoding::Raw } => format!("<{variable}>"),
        Part::Secret { variable, encoding } => format!("<{}>", encoding.variable(variable)),
        Part::Setting { variable, .. } => format!("{{{variable}}}"),
        Part::Address { endpoint, part, .. } => format!("{}.{part:?}", endpoint.workload),
        Part::Addresses { endpoints, .. } => endpoints.iter().map(|endpoint| endpoint.workload.as_str()).collect::<Vec<_>>().join(","),
    };
    text.parts().iter().map(part).collect()
}

fn variable(workload: &Workload, name: &str) -> Option<String> {
    workload.environment.iter().find(|(known, _)| known == name).map(|(_, text)| shown(text))
}

fn has(workload: &Workload, name: &str, value: &str) {
    assert_eq!(variable(workload, name).as_deref(), Some(value), "{name} of {}", workload.name);
}

/// The paths at which a workload mounts a volume.
fn mounts(workload: &Workload, volume: &str) -> Vec<(String, bool)> {
    let of_volume = workload.mounts.iter().filter(|mount| mount.source == MountSource::Volume(volume.to_owned()));
    of_volume.map(|mount| (mount.target.clone(), mount.read_only)).collect()
}

/// All of Airflow that runs the user's code or finds out what there is to run.
fn readers_of_dags(platform: &Platform) -> Vec<&Workload> {
    ["airflow-dag-processor", "airflow-triggerer", "airflow-task"].map(|name| workload(platform, name)).into()
}

// --- the facts of the document, in its order ---

#[test]
fn airflow_has_the_four_roles_and_tasks_in_pods_of_their_own() {
    for name in ROLES {
        assert!(matches!(workload(&BASE, name).kind, WorkloadKind::Server { replicas: Replicas::Count(1), .. }), "{name}");
        has(workload(&BASE, name), "AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor");
    }
    assert!(matches!(workload(&BASE, "airflow-task").kind, WorkloadKind::Template { .. }));
    let index = Index::new(&BASE);
    assert!(index.workload("airflow-worker").is_none(), "workers: 0, dynamic");
    assert!(BASE.services.iter().all(|service| service.component != "redis"), "no queue, so no Redis and no Flower");
}

#[test]
fn the_api_server_is_what_a_person_opens_on_port_8080() {
    let api = workload(&BASE, "airflow-apiserver");
    let web = api.endpoint("web").expect("it listens");
    let published = web.published.as_ref().expect("it is published");
    assert_eq!((web.port, published.port, published.address.is_loopback()), (8080, 8080, true));
    for other in BASE.workloads.iter().filter(|other| other.name != api.name) {
        assert!(other.endpoints.iter().all(|endpoint| endpoint.published.is_none()), "{}", other.name);
    }
}

#[test]
fn postgres_keeps_the_metadata_and_the_sessions_of_airflow() {
    let database = workload(&BASE, "airflow-postgres");
    assert_eq!(mounts(database, "airflow-postgres-data").len(), 1, "not lost with the pod, as it was");
    has(
        workload(&BASE, "airflow-scheduler"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "postgresql+psycopg2://airflow:<METADATA_DB_PASSWORD_URI>@airflow-postgres.Host:airflow-postgres.Port/airflow",
    );
    has(
        workload(&BASE, "airflow-apiserver"),
        "AIRFLOW__CORE__AUTH_MANAGER",
        "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    );
}

#[test]
fn logs_are_on_a_volume_of_5_gibibytes_that_all_roles_share() {
    let volume = BASE.volumes.iter().find(|volume| volume.name == "airflow-logs").expect("it is there");
    assert_eq!(volume.size.expect("a size").to_string(), "5Gi");
    assert_eq!(volume.path.as_ref().expect("a folder of the host").path, "../tmp/logs");
    for name in ROLES.into_iter().chain(["airflow-task"]) {
        assert_eq!(mounts(workload(&BASE, name), "airflow-logs"), [("/opt/airflow/logs".to_owned(), false)], "{name}");
    }
}

#[test]
fn the_image_is_built_here_and_named_by_registry_and_tag_of_the_deployer() {
    for name in ROLES.into_iter().chain(["airflow-task", "airflow-init"]) {
        let Image::Built { build, reference } = &workload(&BASE, name).image else { panic!("{name} has an image of its own") };
        assert_eq!(shown(reference.text()), "{REGISTRY}/my-dags:{IMAGE_TAG}", "{name}");
        assert_eq!(build.context.path, "stackexchange");
        let packages = build.args.iter().find(|(argument, _)| argument == "PYTHON_PACKAGES").map(|(_, text)| shown(text.text()));
        let packages = packages.expect("the packages");
        for package in ["py7zr==1.0.0", "requests", "apache-airflow-providers-amazon", "apache-airflow-providers-databricks"] {
            assert!(packages.split(' ').any(|known| known == package), "{packages}");
        }
    }
    let dockerfile = file("blueprints/stackexchange/Dockerfile");
    assert!(dockerfile.contains("FROM apache/airflow:3.0.2-python3.11\n"), "{dockerfile}");
    assert!(dockerfile.contains("ARG PYTHON_PACKAGES\n"), "{dockerfile}");
}

#[test]
fn git_sync_fetches_the_dags_with_a_login() {
    let sync = workload(&BASE, "airflow-git-sync");
    has(sync, "GITSYNC_REPO", "https://github.com/example/stackexchange-dags.git");
    has(sync, "GITSYNC_REF", "master");
    has(sync, "GITSYNC_DEPTH", "1");
    has(sync, "GITSYNC_USERNAME", "git");
    has(sync, "GITSYNC_PASSWORD", "<GIT_PASSWORD>");
    assert_eq!(mounts(sync, "airflow-dags"), [("/git".to_owned(), false)]);
    for reader in readers_of_dags(&BASE) {
        assert_eq!(mounts(reader, "airflow-dags"), [("/git".to_owned(), true)], "{}", reader.name);
        has(reader, "AIRFLOW__CORE__DAGS_FOLDER", "/git/repo/dags");
    }
    let supplied = BASE.secrets.iter().find(|secret| secret.variable == "GIT_PASSWORD").expect("it is read");
    assert!(matches!(supplied.format, SecretFormat::Supplied { .. }), "nobody makes up the password of an account that exists");
}

#[test]
fn the_connections_to_s3_and_databricks_are_stored_from_secrets() {
    let job = workload(&BASE, "airflow-connections");
    let file = job.files.iter().find(|file| file.mount.ends_with(".json")).expect("the connections");
    let Body::Document { tree: TextTree::Map(connections), .. } = &file.body else { panic!("a document") };
    let fields = |name: &str| {
        let (_, connection) = connections.iter().find(|(known, _)| known == name).expect("it is there");
        connection.texts().into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(fields("aws_conn"), ["aws", "<AWS_ACCESS_KEY_ID>", "<AWS_SECRET_ACCESS_KEY>", "us-east-1"]);
    assert_eq!(fields("databricks_conn"), ["databricks", "{DATABRICKS_HOST}", "<DATABRICKS_TOKEN_TOKEN>"]);
    assert_eq!(job.waits, [("airflow-init".to_owned(), Readiness::Completed)]);
}

#[test]
fn s3_and_databricks_run_elsewhere_and_tasks_reach_them() {
    for (service, address) in [("lake", "s3.us-east-1.amazonaws.com"), ("databricks", "{DATABRICKS_HOST}")] {
        let index = Index::new(&BASE);
        assert!(index.workloads_of(service).is_empty(), "{service}");
        let external = index.service(service).expect("declared").external.as_ref().expect("elsewhere");
        assert_eq!(shown(external.address.text()), address);
        let to = |edge: &&pipegen::platform::Edge| edge.to == service && edge.workloads.iter().any(|name| name == "airflow-task");
        assert!(BASE.edges.iter().any(|edge| to(&edge)), "{service}");
    }
}

#[test]
fn the_two_dags_are_steps_of_one_pipeline_and_the_second_waits_for_both_assets() {
    let steps = &BASE.pipelines[0].steps;
    let programs: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.program.as_deref().expect("a DAG"))).collect();
    assert_eq!(
        programs,
        [("produce_data_asset", "produce_data_assets.py"), ("trigger_databricks_workflow_dag", "trigger_databricks_workflow.py")]
    );
    assert_eq!(steps[0].schedule.as_deref(), Some("@daily"));
    assert_eq!(steps[0].writes, ["object raw/Posts.xml in lake", "object raw/Users.xml in lake"]);
    assert_eq!(steps[1].schedule.as_deref(), Some("when posts and users changed"));
    assert_eq!(steps[1].starts.as_deref(), Some("a job on databricks"));
    for (name, program) in programs {
        let code = file(&format!("blueprints/stackexchange/dags/{program}"));
        assert!(code.contains(&format!("\ndef {name}():\n")), "{program} makes the DAG {name}");
    }
    assert!(file("blueprints/stackexchange/dags/trigger_databricks_workflow.py").contains("schedule=(posts & users),"));
    assert!(file("blueprints/stackexchange/dags/produce_data_assets.py").contains("outlets=[posts, users]"));
}

#[test]
fn pods_are_kept_for_debugging_and_in_production_only_those_of_failed_tasks() {
    let section = "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS";
    for (platform, all, failed) in [(&*BASE, "false", "false"), (&*PRODUCTION, "true", "false")] {
        has(workload(platform, "airflow-scheduler"), section, all);
        has(workload(platform, "airflow-scheduler"), &format!("{section}_ON_FAILURE"), failed);
    }
}

// --- the ten recommendations for production, in the document's order ---

#[test]
fn recommendation_1_the_database_is_managed_elsewhere_behind_a_pool() {
    let index = Index::new(&PRODUCTION);
    let names: Vec<&str> = index.workloads_of("airflow-postgres").iter().map(|workload| workload.name.as_str()).collect();
    assert_eq!(names, ["airflow-postgres-pool", "airflow-postgres-dump", "airflow-postgres-backup"], "no server");
    has(
        workload(&PRODUCTION, "airflow-scheduler"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "postgresql+psycopg2://airflow:<METADATA_DB_PASSWORD_URI>@airflow-postgres-pool.Host:airflow-postgres-pool.Port/airflow",
    );
    let pool = workload(&PRODUCTION, "airflow-postgres-pool");
    let settings = pool.files.iter().find(|file| file.mount.ends_with("pgbouncer.ini")).expect("its settings");
    let settings: String = settings.body.texts().into_iter().map(shown).collect();
    assert!(settings.contains("airflow = host={DB_HOST} port=5432 dbname=airflow\n"), "{settings}");
    assert!(settings.contains("server_tls_sslmode = require\n"), "{settings}");
    has(pool, "OWNER_METADATA_DB_PASSWORD", "<METADATA_DB_PASSWORD>");
    let password = PRODUCTION.secrets.iter().find(|secret| secret.variable == "METADATA_DB_PASSWORD").expect("it is read");
    assert!(matches!(password.format, SecretFormat::Supplied { .. }), "the server knows the password already");
}

#[test]
fn recommendation_2_the_registry_is_the_deployers() {
    let variables: Vec<&str> = PRODUCTION.settings.iter().map(|setting| setting.variable.as_str()).collect();
    assert!(["REGISTRY", "IMAGE_TAG"].iter().all(|name| variables.contains(name)), "{variables:?}");
    let login = &PRODUCTION.image_logins[0];
    assert_eq!(
        (shown(login.image.text()).as_str(), shown(login.registry.text()).as_str()),
        ("{REGISTRY}/my-dags:{IMAGE_TAG}", "{REGISTRY}")
    );
    assert_eq!((login.login.username.as_str(), shown(&login.password).as_str()), ("robot", "<REGISTRY_PASSWORD>"));
    let values = Rendered::chosen("helm", BLUEPRINT, Some("production")).yaml("airflow.values.yaml");
    assert_eq!(values["registry"]["secretName"], "registry-password-pull");
}

#[test]
fn recommendation_3_every_credential_is_a_secret_by_reference() {
    let names: Vec<&str> = PRODUCTION.secrets.iter().map(|secret| secret.variable.as_str()).collect();
    let expected = [
        "AIRFLOW_ADMIN_PASSWORD",
        "AIRFLOW_API_SECRET_KEY",
        "AIRFLOW_FERNET_KEY",
        "AIRFLOW_JWT_SECRET",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "DATABRICKS_TOKEN_TOKEN",
        "GIT_PASSWORD",
        "METADATA_DB_PASSWORD",
        "REGISTRY_PASSWORD",
    ];
    assert_eq!(names, expected);
    assert_eq!(BASE.secret_store, SecretStore::Env);
    let keys = StoreKeys::Prefixed("stackexchange/".to_owned());
    assert_eq!(PRODUCTION.secret_store, SecretStore::External { name: "stackexchange".to_owned(), keys });
    // A store fills them, not a file, which asks only for what is no secret.
    let rendered = Rendered::chosen("helm", BLUEPRINT, Some("production"));
    assert_eq!(rendered.variables().iter().filter(|name| names.contains(&name.as_str())).count(), 0);
    let store = rendered.read("external-secrets.yaml");
    for name in expected {
        assert!(store.contains(&format!("        key: stackexchange/{name}\n")), "{name}");
    }
}

#[test]
fn recommendation_4_all_of_airflow_sends_metrics_to_an_exporter() {
    for name in ROLES.into_iter().chain(["airflow-task"]) {
        has(workload(&PRODUCTION, name), "AIRFLOW__METRICS__STATSD_ON", "true");
        has(workload(&PRODUCTION, name), "AIRFLOW__METRICS__STATSD_HOST", "airflow-statsd.Host");
        has(workload(&PRODUCTION, name), "AIRFLOW__METRICS__STATSD_PORT", "airflow-statsd.Port");
        assert_eq!(variable(workload(&BASE, name), "AIRFLOW__METRICS__STATSD_ON"), None);
    }
    let exporter = workload(&PRODUCTION, "airflow-statsd");
    let endpoints: Vec<_> = exporter.endpoints.iter().map(|endpoint| (endpoint.name.as_str(), endpoint.port, endpoint.protocol)).collect();
    assert_eq!(endpoints, [("metrics", 9102, Protocol::Http), ("ingest", 9125, Protocol::Udp)]);
    let rendered = Rendered::chosen("helm", BLUEPRINT, Some("production"));
    let values = rendered.yaml("airflow.values.yaml");
    assert_eq!(values["statsd"]["enabled"], false, "the chart would run one even if nobody asked for it");
    let host = serde_json::json!({ "name": "AIRFLOW__METRICS__STATSD_HOST", "value": "airflow-statsd" });
    assert!(values["env"].as_array().expect("a list").contains(&host), "{values:#}");
    assert!(rendered.read("airflow-statsd.yaml").contains("protocol: UDP"));
}

#[test]
fn recommendation_5_logs_of_tasks_are_kept_in_the_bucket() {
    for name in ROLES.into_iter().chain(["airflow-task"]) {
        let role = workload(&PRODUCTION, name);
        has(role, "AIRFLOW__LOGGING__REMOTE_LOGGING", "true");
        has(role, "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", "s3://{LAKE_BUCKET}/logs/airflow");
        has(role, "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID", "airflow_logs");
        has(role, "AIRFLOW_CONN_AIRFLOW_LOGS", "aws://<AWS_ACCESS_KEY_ID_URI>:<AWS_SECRET_ACCESS_KEY_URI>@/?region_name=us-east-1");
        assert_eq!(variable(workload(&BASE, name), "AIRFLOW__LOGGING__REMOTE_LOGGING"), None);
    }
    let edge = PRODUCTION.edges.iter().find(|edge| edge.reason == "logs").expect("it leads to the bucket");
    assert_eq!((edge.to.as_str(), edge.workloads.join(" ").as_str()), ("lake", "airflow-apiserver airflow-triggerer airflow-task"));
    let store = Rendered::chosen("helm", BLUEPRINT, Some("production")).read("external-secrets.yaml");
    assert!(
        store.contains("secret:\n            name: airflow-environment-template") || store.contains("AIRFLOW_CONN_AIRFLOW_LOGS: "),
        "{store}"
    );
}

#[test]
fn recommendation_10_the_metadata_database_is_dumped_and_stored_every_night() {
    let (dump, upload) = (workload(&PRODUCTION, "airflow-postgres-dump"), workload(&PRODUCTION, "airflow-postgres-backup"));
    assert_eq!(dump.before.as_deref(), Some("airflow-postgres-backup"));
    has(dump, "PGHOST", "{DB_HOST}");
    has(dump, "PGSSLMODE", "require");
    has(dump, "OWNER_METADATA_DB_PASSWORD", "<METADATA_DB_PASSWORD>");
    assert!(matches!(&upload.kind, WorkloadKind::Scheduled { schedule } if schedule == "0 3 * * *"), "{:?}", upload.kind);
    has(upload, "AWS_ACCESS_KEY_ID", "<AWS_ACCESS_KEY_ID>");
    has(upload, "AWS_SECRET_ACCESS_KEY", "<AWS_SECRET_ACCESS_KEY>");
    has(upload, "AWS_REGION", "us-east-1");
    let words: Vec<String> = upload.command.iter().flatten().map(|word| shown(word.text())).collect();
    assert_eq!(words.join(" "), "s3 cp --recursive --only-show-errors /backup/dumps s3://{LAKE_BUCKET}/stackexchange/airflow-postgres/");
    assert_eq!(mounts(dump, "airflow-postgres-backup").len(), 1, "what the one leaves the other finds");
    assert_eq!(mounts(upload, "airflow-postgres-backup"), [("/backup".to_owned(), false)]);
}

#[test]
fn recommendations_6_and_7_scheduler_and_api_server_have_two_replicas_and_limits() {
    for name in ["airflow-scheduler", "airflow-apiserver"] {
        let role = workload(&PRODUCTION, name);
        assert!(matches!(role.kind, WorkloadKind::Server { replicas: Replicas::Count(2), .. }), "{name}");
    }
    for name in ["airflow-scheduler", "airflow-apiserver", "airflow-task"] {
        let resources = &workload(&PRODUCTION, name).resources;
        let memory = resources.memory.map(|size| size.to_string());
        assert_eq!((resources.cpu.as_deref(), memory.as_deref()), (Some("1"), Some("2Gi")), "{name}");
    }
}

#[test]
fn recommendation_8_pods_of_tasks_that_went_well_are_deleted() {
    has(workload(&PRODUCTION, "airflow-scheduler"), "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS", "true");
}

#[test]
fn recommendation_9_dags_are_released_by_a_git_tag() {
    has(workload(&PRODUCTION, "airflow-git-sync"), "GITSYNC_REF", "v1.4.0");
    has(workload(&PRODUCTION, "airflow-git-sync"), "GITSYNC_REPO", "https://github.com/example/stackexchange-dags.git");
}

/// The logs of what is no task are the cluster's: everything writes to its standard output.
#[test]
fn all_of_it_is_rendered() {
    let checked = pipegen().args(["check", "--format", "json"]).arg(support::repository().join(BLUEPRINT)).output().expect("it runs");
    assert!(checked.status.success());
    let said = String::from_utf8(checked.stdout).expect("UTF-8");
    // In a cluster of one's own the folder of the logs is the cluster's, which is worth a word.
    let mut codes = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["code"].clone());
    assert!(codes.all(|code| code == "host-path"), "nothing else is said: {said}");
}

// --- the defects of its files ---

/// The session table was missing, and every start waited for migrations for ever: a pod of its own ran the migration
/// without the name of the auth manager, whose tables it therefore left out.
#[test]
fn defect_1_the_migration_knows_the_auth_manager_and_so_does_its_evidence() {
    let init = workload(&BASE, "airflow-init");
    has(init, "AIRFLOW__CORE__AUTH_MANAGER", "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager");
    let WorkloadKind::Job { evidence: Some(evidence) } = &init.kind else { panic!("it shows that it has run") };
    assert!(evidence.environment.iter().any(|(name, _)| name == "AIRFLOW__CORE__AUTH_MANAGER"));
}

#[test]
fn defect_2_no_option_of_the_dead_section_kubernetes() {
    for workload in &BASE.workloads {
        let dead = workload.environment.iter().find(|(name, _)| name.starts_with("AIRFLOW__KUBERNETES__"));
        assert!(dead.is_none(), "{dead:?} of {}", workload.name);
    }
}

#[test]
fn defect_4_the_configuration_is_not_exposed() {
    let exposing = |workload: &&Workload| workload.environment.iter().any(|(name, _)| name.ends_with("__EXPOSE_CONFIG"));
    assert!(BASE.workloads.iter().find(exposing).is_none());
}

/// The script built a new tag and deployed the old one; another one rewrote the tag of PostgreSQL; CI pushed the same tag
/// for ever. Here all roles read one variable, and nothing else reads it.
#[test]
fn defects_6_7_and_8_the_tag_is_one_variable_of_the_deployer() {
    for workload in &BASE.workloads {
        let reference = match &workload.image {
            Image::Pulled { reference } | Image::Built { reference, .. } => shown(reference.text()),
        };
        let is_airflow = workload.service == "airflow" && workload.name != "airflow-git-sync";
        assert_eq!(reference.ends_with(":{IMAGE_TAG}"), is_airflow, "{}: {reference}", workload.name);
    }
    assert!(!file(BLUEPRINT).contains("20260106092458"));
}

/// The administrator was made by a job that raced the migration. Here one job does both, and all roles wait for it.
#[test]
fn defect_9_the_administrator_is_made_after_the_migration() {
    has(workload(&BASE, "airflow-init"), "ADMIN_PASSWORD", "<AIRFLOW_ADMIN_PASSWORD>");
    for name in ROLES {
        assert!(workload(&BASE, name).waits.contains(&("airflow-init".to_owned(), Readiness::Completed)), "{name}");
    }
}

/// git-sync 4 reads `GITSYNC_REF`; the branch and revision of version 3 were set beside it and said nothing.
#[test]
fn defect_10_git_sync_gets_the_names_that_its_version_reads() {
    let sync = workload(&BASE, "airflow-git-sync");
    assert!(sync.environment.iter().all(|(name, _)| name.starts_with("GITSYNC_")), "{:?}", sync.environment);
    let Image::Pulled { reference } = &sync.image else { panic!("it is pulled") };
    assert!(shown(reference.text()).contains("git-sync:v4."));
}

/// DAGs that were baked into the image were hidden by the mount. Here none are, and the mount hides nothing.
#[test]
fn defect_11_no_dags_are_baked_into_the_image() {
    let dockerfile = file("blueprints/stackexchange/Dockerfile");
    assert!(!dockerfile.contains("COPY") && !dockerfile.contains("ADD "), "{dockerfile}");
}

/// A folder of the host belongs to root when Docker or the kubelet makes it, and Airflow is not root.
#[test]
fn defect_12_airflow_may_write_its_logs_on_the_host() {
    let job = workload(&BASE, "airflow-logs-group");
    assert_eq!(job.user.as_deref(), Some("0:0"));
    assert_eq!(mounts(job, "airflow-logs").len(), 1);
    for name in ROLES {
        assert!(workload(&BASE, name).waits.contains(&("airflow-logs-group".to_owned(), Readiness::Completed)), "{name}");
    }
}

#[test]
fn defect_13_no_account_no_path_of_one_machine_and_no_default_password() {
    let paths = ["", "/Dockerfile", "/README.md", "/dags/produce_data_assets.py", "/dags/trigger_databricks_workflow.py"];
    for path in paths.map(|path| if path.is_empty() { BLUEPRINT.to_owned() } else { format!("blueprints/stackexchange{path}") }) {
        let text = file(&path);
        for found in ["/Users/", "032517660248", "198061833260489", "nifesimi", ".dkr.ecr."] {
            assert!(!text.contains(found), "{path} has {found}");
        }
    }
    let job = BASE.settings.iter().find(|setting| setting.variable == "DATABRICKS_JOB_ID").expect("the deployer says which job");
    assert_eq!(job.default, None);
    for reader in readers_of_dags(&BASE) {
        has(reader, "DATABRICKS_JOB_ID", "{DATABRICKS_JOB_ID}");
        has(reader, "LAKE_BUCKET", "{LAKE_BUCKET}");
    }
    let admin = BASE.secrets.iter().find(|secret| secret.variable == "AIRFLOW_ADMIN_PASSWORD").expect("it is read");
    assert!(matches!(admin.format, SecretFormat::Password), "made for each deployment");
}

// --- what is asked of the targets ---

#[test]
fn compose_has_no_scheduler_of_pods_and_is_left_out_unless_it_is_asked_for() {
    let out = tempfile::tempdir().expect("a folder");
    let render = |more: &[&str]| {
        let blueprint = support::repository().join(BLUEPRINT);
        pipegen().args(["render", "--out"]).arg(out.path()).args(more).arg(blueprint).output().expect("it runs")
    };
    let all = render(&[]);
    let said = String::from_utf8_lossy(&all.stderr).into_owned();
    assert!(all.status.success() && said.contains("compose: left out: `airflow-task` is started by another workload"), "{said}");
    assert!(!out.path().join("stackexchange/compose").exists());
    let asked = render(&["--target", "compose", "--format", "json"]);
    let said = String::from_utf8(asked.stdout).expect("UTF-8");
    let limits: Vec<&str> = said.lines().filter(|line| line.contains("target-limit")).collect();
    assert_eq!((asked.status.code(), limits.len()), (Some(1), 1), "{said}");
    assert!(limits[0].contains("write `executor: celery` or `executor: local`"), "{said}");
}
