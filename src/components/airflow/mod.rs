//! Airflow 3: every role as a workload of its own, one metadata database, one set of keys for all roles.

mod chart;
mod connection;
mod git;
mod jobs;
mod load;
mod logs;
mod metrics;
mod refusals;
mod roles;
mod spec;

use spec::{Dags, Keep, Spec};

use super::credentials::LOGINS;
use super::{Build, Built, Component, Declare, Instance, OwnVolume, Reference, Surface};
use crate::platform::{
    EndpointRef, Image, Login, Mount, MountSource, PathRef, Published, Readiness, Realization, SecretFormat, Text, Workload, WorkloadKind,
};
use crate::value::ParametricText;
use schemars::JsonSchema as _;

/// Series and image tag, newest first.
const TAGS: &[(&str, &str)] = &[("3.3", "3.3.2"), ("3.2", "3.2.2"), ("3.1", "3.1.8"), ("3.0", "3.0.6")];
const HOME: &str = "/opt/airflow";
/// The user `airflow` of the image, whose group is root's (docker-stack docs, "Allowing arbitrary user").
const USER: (u32, u32) = (50000, 0);
/// The group of the image's user, whatever its number is: the image is made for any user of the group 0.
const GROUP: u32 = 0;
/// The build argument with the packages of `python`.
const PACKAGES: &str = "PYTHON_PACKAGES";

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "airflow",
    summary: "Airflow 3 with the executors local, celery and kubernetes",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &[],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

Every role is a workload of its own: `<service>-apiserver`, `-scheduler`, `-dag-processor`, `-triggerer`, `-worker` with
`executor: celery`, and with `executor: kubernetes` a pattern `-task`, from which the scheduler makes a pod for each task; with
`celery_kubernetes` it has both. All of them wait for the job `<service>-init`, which migrates the metadata database and makes the
administrator on every start; the scheduler, the triggerer and the workers also wait for the API server. With `connections`
there is a job `<service>-connections`, which stores them in Airflow and replaces those of the same name.

- `database` is the metadata database, a database of a postgres service. `executor: celery` needs `broker`, a redis service.
- `dags`, a folder beside the blueprint, is mounted read-only at `/opt/airflow/dags`. With `dags: { git: URL, ref: BRANCH_OR_TAG, path: FOLDER }`
  the workload `<service>-git-sync` fetches them once a minute into the volume `<service>-dags`; a private repository needs a
  `credential` with a username.
- The volume `<service>-logs` keeps the logs; `logs` gives it a size, or a folder of the host. With `logs: { to: BUCKET }`, an s3
  service, the logs of tasks are also kept under `logs/<service>` there, and shown from there.
- `roles: { worker: { replicas: { min: 0, max: 10 } } }` makes the number of workers follow the load: as many as the tasks that run or
  are about to need, 16 a worker, or what `AIRFLOW__CELERY__WORKER_CONCURRENCY` says. In a cluster KEDA sees to it. It asks the
  metadata database every 5 s, with Airflow's own login, and a policy lets it in. A worker that is one too many lets its tasks
  end first, but no longer than a stop may take: two minutes, ten under the chart. The chart hands KEDA the address by way of
  the workers, where tasks find it as the connection `airflow_db`. Before a number takes the place of the limits in plain
  manifests, the ScaledObject is deleted and the Deployment scaled to that number by hand.
- `task_pods: { keep: failed }` leaves the pods of failed tasks for a look at them, `always` those of all; otherwise none stays.
- `python` lists packages for an image of one's own. It gets them as the build argument `PYTHON_PACKAGES`, which the Dockerfile
  takes: `ARG PYTHON_PACKAGES`, then `RUN pip install ${PYTHON_PACKAGES}`.
- All roles share three secrets: `<SERVICE>_FERNET_KEY`, `<SERVICE>_JWT_SECRET` and `<SERVICE>_API_SECRET_KEY`. The
  administrator is the credential that `admin` names, else `admin` with `<SERVICE>_ADMIN_PASSWORD`.
- The first of `networks` is the home of all roles. The others are only for the roles that run tasks: workers and
  triggerer, and with `executor: local` the scheduler; and for the API server if logs are kept in a bucket.
- `metrics: prometheus` adds the workload `<service>-statsd`, an exporter to which all roles send their metrics; Prometheus reads
  them at its endpoint `metrics`, port 9102, from a network that both share.
- `publish` is the host port of the API server and its pages, the endpoint `web`.
- `files`, `environment` and `volumes` reach every role; `roles` says what differs in one of them.

## What others get

`uses: [airflow]` gives `AIRFLOW_URL`, with `as: X` it is `X_URL`. References read `${airflow.host}`, `${airflow.port}` and
`${airflow.url}`. Ready is when the API server answers.

## Example

```yaml
blueprint: v1
name: nightly
services:
  postgres: { component: postgres, databases: [airflow, sales] }
  redis: { component: redis }
  airflow:
    component: airflow
    version: "3.0"
    executor: celery
    database: postgres/airflow
    broker: redis
    publish: 8080
    connections:
      sales_db: { to: postgres/sales }
```
"#;

/// The variables of the secrets that all roles share.
struct Keys {
    fernet: String,
    jwt: String,
    api: String,
}

struct Airflow {
    surface: Surface,
    spec: Spec,
    image: String,
    keys: Keys,
    admin: Login,
    /// The login for the repository of the DAGs.
    git: Option<Login>,
    published: Option<Published>,
    /// Whether its image is pulled with a login.
    pulled_with_login: bool,
    /// The networks without a way out.
    internal: Vec<String>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec = Spec { name: cx.name.to_owned(), ..cx.spec()? };
    let tag = cx.tag(TAGS, "", spec.version.as_deref())?;
    let published = cx.published(&["web"]).remove(0);
    refusals::check(cx, &spec);
    let admin = admin(cx, &spec)?;
    let git = match &spec.dags {
        Some(Dags::Git(git)) => git::login(cx, git)?,
        _ => None,
    };
    let name = cx.name;
    let keys = Keys {
        fernet: cx.own_secret("FERNET_KEY", SecretFormat::Fernet, format!("{name} encrypts stored connections with it")),
        jwt: cx.own_secret("JWT_SECRET", SecretFormat::Hex64, format!("the roles of {name} sign their tokens with it")),
        api: cx.own_secret("API_SECRET_KEY", SecretFormat::Hex64, format!("{name} signs sessions and log requests with it")),
    };
    let endpoint = EndpointRef::new(roles::API_SERVER.workload(name), "web");
    let job = |role| (jobs::workload(name, role), Some(role));
    let connections = (!spec.connections.is_empty()).then(|| job(jobs::CONNECTIONS));
    let jobs = [job(jobs::INIT)].into_iter().chain(connections);
    let git_sync = matches!(spec.dags, Some(Dags::Git(_))).then(|| (git::workload(name), Some(git::ROLE)));
    let exporter = spec.metrics.is_some().then(|| (metrics::workload(name), Some(metrics::ROLE)));
    let roles = roles::of(spec.executor).map(|role| (role.workload(name), Some(role.key)));
    let surface = Surface {
        workloads: roles.chain(jobs).chain(git_sync).chain(exporter).collect(),
        login: Some(admin.clone()),
        ..Surface::web(endpoint, "AIRFLOW")
    };
    let pulled_with_login = cx.service.image.as_ref().is_some_and(|image| image.credential.is_some());
    let image = format!("apache/airflow:{tag}");
    let internal = cx.blueprint.networks.iter().filter(|(_, network)| network.internal).map(|(name, _)| name.to_string()).collect();
    Some(Box::new(Airflow { surface, spec, image, keys, admin, git, published, pulled_with_login, internal }))
}

fn admin(cx: &mut Declare<'_>, spec: &Spec) -> Option<Login> {
    let Some(credential) = &spec.admin else {
        let variable = cx.own_secret("ADMIN_PASSWORD", SecretFormat::Password, format!("administrator `admin` of {}", cx.name));
        return Some(Login { username: "admin".to_owned(), variable });
    };
    cx.login(credential, cx.at.key("admin"), LOGINS)
}

impl Instance for Airflow {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn references(&self) -> Vec<Reference> {
        let at = |key: &str| self.at().key(key);
        let init = vec![self.init_name()];
        let mut references = vec![Reference {
            key: "database",
            target: self.spec.database.clone(),
            at: at("database"),
            accepts: &["postgres"],
            workloads: Some(self.of_airflow().map(|(name, _)| name.clone()).collect()),
            // The other roles wait for the init job, which waits for the database.
            waits: Some((Readiness::Ready, init)),
        }];
        if let Some(broker) = self.spec.broker.as_ref().filter(|_| self.spec.executor.has_queue()) {
            let users: Vec<String> = [&roles::SCHEDULER, &roles::WORKER].iter().map(|role| role.workload(&self.spec.name)).collect();
            references.push(Reference {
                key: "broker",
                target: broker.clone(),
                at: at("broker"),
                accepts: &["redis"],
                workloads: Some(users.clone()),
                waits: Some((Readiness::Ready, users)),
            });
        }
        for (name, connection) in self.spec.connections.iter() {
            references.push(Reference {
                key: "connections",
                target: connection.to.clone(),
                at: at("connections").key(name.as_str()).key("to"),
                accepts: &[],
                workloads: Some(self.task_roles().map(|role| role.workload(&self.spec.name)).collect()),
                waits: None,
            });
        }
        references.extend(self.log_store());
        references
    }

    fn consumers(&self) -> Option<Vec<String>> {
        Some(roles::of(self.spec.executor).map(|role| role.workload(&self.spec.name)).collect())
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&self.image)).map(|image| self.with_packages(image)) else { return Built::default() };
        let Some(environment) = self.environment(cx) else { return Built::default() };
        let mut workloads: Vec<Workload> =
            roles::of(self.spec.executor).map(|role| self.server(cx, role, image.clone(), &environment)).collect();
        workloads.push(self.init(cx, image.clone(), &environment));
        let connections = self.connections(cx, image, &environment).map(|job| {
            let setup = self.connection_setup(&job.name);
            workloads.push(job);
            setup
        });
        let mut volumes = vec![self.logs(cx)];
        if let Some(Dags::Git(git)) = &self.spec.dags {
            workloads.push(git::sync(cx, git, self.git.as_ref()));
            volumes.push(OwnVolume::new(git::volume(cx.name), cx.at.key("dags")));
        }
        if self.spec.metrics.is_some() {
            workloads.push(self.exporter(cx));
        }
        Built { workloads, volumes, connections }
    }

    fn realizations(&self, workloads: &[&Workload]) -> Vec<Realization> {
        chart::realization(self, workloads).into_iter().chain(load::realization(self.spec.executor, workloads)).collect()
    }
}

impl Airflow {
    fn at(&self) -> crate::source::Pointer {
        crate::source::Pointer::root().key("services").key(&self.spec.name)
    }

    /// The workloads that run Airflow itself.
    fn of_airflow(&self) -> impl Iterator<Item = &(String, Option<&'static str>)> {
        let beside = [Some(git::ROLE), Some(metrics::ROLE)];
        self.surface.workloads.iter().filter(move |(_, role)| !beside.contains(role))
    }

    fn init_name(&self) -> String {
        jobs::workload(&self.spec.name, jobs::INIT)
    }

    fn logs_name(&self) -> String {
        format!("{}-logs", self.spec.name)
    }

    fn logs(&self, cx: &Build<'_>) -> OwnVolume {
        let at = cx.at.key("logs");
        let path = self.spec.logs.path.as_ref().map(|path| PathRef { path: path.0.clone(), origin: at.key("path") });
        OwnVolume {
            // A folder of the host belongs to whoever made it; Airflow's user writes as a member of this group.
            group: path.is_some().then_some(GROUP),
            size: self.spec.logs.size,
            path,
            ..OwnVolume::new(self.logs_name(), at)
        }
    }

    fn with_packages(&self, mut image: Image) -> Image {
        if let (Image::Built { build, .. }, false) = (&mut image, self.spec.python.is_empty()) {
            let packages: Vec<&str> = self.spec.python.iter().map(ParametricText::as_str).collect();
            build.args.push((PACKAGES.to_owned(), packages.join(" ").into()));
        }
        image
    }

    /// The roles that run the tasks of users: only they get the further networks.
    fn task_roles(&self) -> impl Iterator<Item = &'static roles::Role> {
        let executor = self.spec.executor;
        roles::of(executor).filter(move |role| role.runs_tasks(executor))
    }

    /// What every role reads. All of them must have the same keys: the task workers talk to the API server with tokens
    /// signed by one secret, which is random per process unless it is set (apache/airflow#49646).
    fn environment(&self, cx: &Build<'_>) -> Option<Vec<(String, Text)>> {
        let database = cx.scope.resolve(&self.spec.database)?;
        let mut environment = self.core()?.to_vec();
        environment.extend([
            ("AIRFLOW__CORE__FERNET_KEY".to_owned(), Text::secret(&self.keys.fernet)),
            ("AIRFLOW__API_AUTH__JWT_SECRET".to_owned(), Text::secret(&self.keys.jwt)),
            ("AIRFLOW__API__SECRET_KEY".to_owned(), Text::secret(&self.keys.api)),
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN".to_owned(), database.get("sqlalchemy_url")?),
        ]);
        if self.spec.executor.has_queue() {
            let broker = cx.scope.resolve(self.spec.broker.as_ref()?)?;
            environment.push(("AIRFLOW__CELERY__BROKER_URL".to_owned(), broker.get("url")?));
            environment.push(("AIRFLOW__CELERY__RESULT_BACKEND".to_owned(), Text::literal("db+").then(database.get("url")?)));
        }
        environment.extend(self.kept_pods());
        environment.extend(self.dags_folder());
        environment.extend(self.log_settings(cx)?);
        if self.spec.metrics.is_some() {
            environment.extend(metrics::environment(&self.spec.name));
        }
        Some(environment)
    }

    /// What runs tasks, who logs in, and where tasks find the API server.
    fn core(&self) -> Option<[(String, Text); 4]> {
        let (_, url) = self.surface.properties.iter().find(|(name, _)| *name == "url")?;
        let literal = |name: &str, value: &str| (name.to_owned(), Text::literal(value));
        Some([
            literal("AIRFLOW__CORE__EXECUTOR", self.spec.executor.setting()),
            literal("AIRFLOW__CORE__AUTH_MANAGER", "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"),
            literal("AIRFLOW__CORE__LOAD_EXAMPLES", "false"),
            ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL".to_owned(), url.clone().then("/execution/")),
        ])
    }

    /// Airflow 3 reads these from the section of the executor's provider; the section `kubernetes` of Airflow 2 says nothing any more.
    fn kept_pods(&self) -> Vec<(String, Text)> {
        if !self.spec.executor.makes_pods() {
            return Vec::new();
        }
        let keep = self.spec.task_pods.as_ref().map(|pods| pods.keep).unwrap_or_default();
        let option = |name: &str, deleted: bool| {
            (format!("AIRFLOW__KUBERNETES_EXECUTOR__{name}"), Text::literal(if deleted { "true" } else { "false" }))
        };
        vec![option("DELETE_WORKER_PODS", keep != Keep::Always), option("DELETE_WORKER_PODS_ON_FAILURE", keep == Keep::Never)]
    }

    /// Where the DAGs are, if they are fetched.
    fn dags_folder(&self) -> Option<(String, Text)> {
        let Some(Dags::Git(git)) = &self.spec.dags else { return None };
        Some(("AIRFLOW__CORE__DAGS_FOLDER".to_owned(), git::folder(git).into()))
    }

    fn server(&self, cx: &mut Build<'_>, role: &'static roles::Role, image: Image, environment: &[(String, Text)]) -> Workload {
        let mut server = cx.server(&role.workload(cx.name), Some(role.key), image);
        server.runs_as = Some(USER);
        role.configure(&mut server, self.published.as_ref());
        server.environment.splice(0..0, environment.iter().cloned());
        if !role.runs_tasks(self.spec.executor) && !self.needs_log_store(role) {
            server.networks.truncate(1);
        }
        server.mounts.splice(0..0, self.mounts(cx, role));
        if matches!(server.kind, WorkloadKind::Template { .. }) {
            return self.own(cx, server, role);
        }
        server.waits = vec![(self.init_name(), Readiness::Completed)];
        if matches!(self.spec.dags, Some(Dags::Git(_))) && role.reads_dags(self.spec.executor) {
            server.waits.push((git::workload(cx.name), Readiness::Ready));
        }
        if self.spec.metrics.is_some() {
            server.waits.push(metrics::wait(cx.name));
        }
        if role.needs_api() {
            server.waits.push((roles::API_SERVER.workload(cx.name), Readiness::Ready));
        }
        self.own(cx, server, role)
    }

    /// With what the service says for all roles and for this one.
    fn own(&self, cx: &mut Build<'_>, mut server: Workload, role: &roles::Role) -> Workload {
        cx.finish(&mut server);
        if let Some(own) = self.spec.roles.get(role.key) {
            cx.role(&mut server, own, &cx.at.key("roles").key(role.key));
        }
        server
    }

    fn mounts(&self, cx: &Build<'_>, role: &roles::Role) -> Vec<Mount> {
        let dags = match &self.spec.dags {
            Some(Dags::Folder(path)) => Some(Mount {
                source: MountSource::Path(PathRef { path: path.0.clone(), origin: cx.at.key("dags") }),
                target: format!("{HOME}/dags"),
                read_only: true,
                origin: cx.at.key("dags"),
            }),
            Some(Dags::Git(_)) if role.reads_dags(self.spec.executor) => Some(git::mount(cx, true)),
            _ => None,
        };
        // One volume for all: the API server shows the logs that the task roles wrote.
        let logs = Mount::volume(self.logs_name(), format!("{HOME}/logs"), cx.at.key("logs"));
        dags.into_iter().chain([logs]).collect()
    }
}
