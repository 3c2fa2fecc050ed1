//! PostgreSQL: a server, and a job that makes roles and databases on every start.

mod backup;
mod init;
mod managed;
mod operator;
mod pool;
mod spec;

use schemars::JsonSchema as _;

use spec::Spec;

use crate::components::credentials::LOGINS;
use crate::components::{Build, Built, Component, Declare, Instance, OwnVolume, Reference, Resource, Surface, set};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{
    Check, Encoding, Endpoint, EndpointRef, External, Health, Image, Login, Mount, PathRef, Protocol, PublicText, Published, Readiness,
    Realization, SecretFormat, Text, Workload,
};
use crate::source::Pointer;
use crate::value::{DatasetName, Duration, NetworkName, Size};

/// Series and image tag, newest first (official library list of 2026-08).
const TAGS: &[(&str, &str)] = &[("18", "18.5-bookworm"), ("17", "17.11-bookworm"), ("16", "16.15-bookworm"), ("15", "15.19-bookworm")];
const SERVER_PORT: u16 = 5432;
/// The official image's superuser; a credential of its own, that no consumer receives.
const SUPERUSER: &str = "postgres";
/// The `postgres` user of the Debian images.
const USER: (u32, u32) = (999, 999);

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "postgres",
    summary: "PostgreSQL: databases, each with an owner",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &["table"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One server with the volume `<service>-data`, and with `databases` the job `<service>-init`. On every start the job makes the roles and
databases that are missing, and sets owners and passwords to what they are now; it removes nothing. The SQL files of `init` are run
once per database, as its owner, in one transaction.

- The owner of a database is its `owner`, else `credential`, else the role `<service>_owner` with the password `<SERVICE>_PASSWORD`.
  Only owners may connect to their databases.
- The superuser `postgres` has a password of its own, `<SERVICE>_ADMIN_PASSWORD`, that no other service gets.
- `publish` is the host port of the server, the endpoint `postgres`.
- `pool: pgbouncer` adds the workload `<service>-pool`, which all others then connect to. It hands connections on by transaction: what a
  client sets for its session (`SET`, `LISTEN`, advisory locks) does not hold.
- `managed: { host: HOST }` means a server that exists already, usually in one of the `environments`. Then nothing runs here, and what
  says how it runs means nothing. The databases are there, and so are their owners: credentials of the type `basic`. The
  connection is encrypted unless `tls` says otherwise.

- `operator: cloudnative_pg` gives it to CloudNativePG in `kubernetes`, `kind` and `helm`: `instances` servers (2), of which one writes and
  another takes over when that one fails. Roles, databases and passwords are what they are with the job, and everyone finds it at
  `<service>-rw`. The operator is installed once per cluster: the target `helm` does it, the scripts of the others say how.
  It begins with empty databases, so the data of a server that ran without it has to be copied.
- `backup: { schedule: "0 3 * * *", to: S3_SERVICE }` dumps every database as its owner, in the form that `pg_restore` reads, and puts the
  dumps below `<blueprint>/<service>/` in the bucket, in a folder that is called after the time (UTC). `<service>-backup` does it, with
  `<service>-dump` before it; the volume `<service>-backup` keeps the last dumps. What becomes of old ones is the bucket's (a
  lifecycle rule). Compose keeps no schedule: there it runs when it is asked to. A managed server is copied as well.
- `storage: 100Gi` is how much of the cluster's storage each server claims; Compose has no limit.

## What others get

`uses: [postgres/shop]`, or `uses: [postgres]` if there is one database, gives `POSTGRES_HOST`, `POSTGRES_PORT`, `POSTGRES_USER`,
`POSTGRES_PASSWORD` and `POSTGRES_DB`; with `as: X` they are `X_HOST`, `X_PORT`, `X_USER`, `X_PASSWORD` and `X_NAME`.

References read `${postgres.host}` and `${postgres.port}`, and of a database `${postgres/shop.database}`, `username`, `password`,
`url` (`postgresql://`), `sqlalchemy_url` (`postgresql+psycopg2://`) and `jdbc_url` (without the login). A managed server also gives
`POSTGRES_SSLMODE` and `${postgres.sslmode}`. Ready is when the server answers and the job has ended.

## Example

```yaml
blueprint: v1
name: shop
credentials:
  shop_db: { username: shop }
  reports_db: { username: reports }
services:
  postgres:
    component: postgres
    version: "17"
    databases:
      shop: shop_db
      reports: { owner: reports_db }
    publish: 5432
```
"#;

struct Owned {
    name: DatasetName,
    origin: Pointer,
    init: Vec<PathRef>,
    owner: Login,
}

/// Where a server is found, and how connections to it are encrypted if that is not left to the client.
#[derive(Clone)]
struct Address {
    host: Text,
    port: Text,
    sslmode: Option<&'static str>,
}

impl Address {
    fn of(endpoint: &EndpointRef) -> Self {
        Self { host: Text::host(endpoint), port: Text::port(endpoint), sslmode: None }
    }

    /// The properties of the service, each with the suffix of its variable.
    fn properties(&self) -> Vec<(&'static str, &'static str, Text)> {
        let sslmode = self.sslmode.map(|mode| ("sslmode", "SSLMODE", Text::literal(mode)));
        [("host", "HOST", self.host.clone()), ("port", "PORT", self.port.clone())].into_iter().chain(sslmode).collect()
    }
}

struct Postgres {
    name: String,
    surface: Surface,
    image: String,
    data: &'static str,
    admin: String,
    databases: Vec<Owned>,
    published: Option<Published>,
    /// The volume of the data, and how large it may become.
    volume: String,
    storage: Option<Size>,
    backup: Option<backup::Backup>,
    /// How many servers an operator runs, if there is one.
    operated: Option<u16>,
    /// The keys of the service that an operator does not hear of.
    ignored_keys: Vec<&'static str>,
    /// The server exists already.
    managed: bool,
    /// Where the server itself is.
    server: Address,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let managed = match &spec.managed {
        Some(managed) => Some(managed::read(cx, managed)?),
        None => None,
    };
    let tag = cx.tag(TAGS, "", spec.version.as_deref())?;
    // From 18 on the image keeps its data in a folder per major version below the mount.
    let data = if tag.starts_with("18") { "/var/lib/postgresql" } else { "/var/lib/postgresql/data" };
    let published = cx.published(&["postgres"]).remove(0);
    let admin =
        cx.own_secret("ADMIN_PASSWORD", SecretFormat::Password, format!("superuser `{SUPERUSER}` of {}; no service gets it", cx.name));
    let databases = owned(cx, &spec);
    let endpoint = EndpointRef::new(cx.name, "postgres");
    let server = managed.as_ref().map_or_else(|| Address::of(&endpoint), |(address, _)| address.clone());
    let surface = surface(cx.name, &spec, &databases, managed.clone());
    if let Some(backup) = &spec.backup {
        backup::check(cx, backup, &databases, server.sslmode);
    }
    Some(Box::new(Postgres {
        name: cx.name.to_owned(),
        surface,
        image: format!("postgres:{tag}"),
        data,
        admin,
        databases,
        published,
        volume: format!("{}-data", cx.name),
        storage: spec.storage,
        operated: operator::instances(cx, &spec),
        ignored_keys: cx.service.of_containers(),
        backup: spec.backup,
        managed: managed.is_some(),
        server,
    }))
}

/// What others may see: the pool if there is one, else the server.
fn surface(name: &str, spec: &Spec, databases: &[Owned], managed: Option<(Address, External)>) -> Surface {
    let (mut workloads, mut ready, mut endpoint) = (Vec::new(), Vec::new(), None);
    if managed.is_none() {
        workloads.push((name.to_owned(), None));
        ready.push((name.to_owned(), Readiness::Ready));
        if !databases.is_empty() {
            workloads.push((init::workload(name), Some(init::ROLE)));
            ready.push((init::workload(name), Readiness::Completed));
        }
        endpoint = Some(EndpointRef::new(name, "postgres"));
    }
    if spec.pool.is_some() {
        workloads.push((pool::endpoint(name).workload, Some(pool::ROLE)));
        ready.push(pool::ready(name));
        endpoint = Some(pool::endpoint(name));
    }
    if spec.backup.is_some() {
        workloads.push((backup::dump(name), Some(backup::DUMP_ROLE)));
        workloads.push((backup::workload(name), Some(backup::ROLE)));
    }
    let upstream = managed.as_ref().map(|(_, server)| server.clone());
    let (address, external) = match (&endpoint, managed) {
        (Some(endpoint), _) => (Address::of(endpoint), None),
        (None, Some((address, external))) => (address, Some(external)),
        (None, None) => return Surface::default(),
    };
    let properties = address.properties();
    Surface {
        workloads,
        endpoints: endpoint.into_iter().collect(),
        ready,
        prefix: "POSTGRES".to_owned(),
        variables: properties.iter().map(|(_, variable, text)| (*variable, text.clone())).collect(),
        properties: properties.iter().map(|(name, _, text)| (*name, text.clone())).collect(),
        resource_kind: "database",
        resources: databases.iter().map(|database| resource(database, &address)).collect(),
        scheme: Some("postgres"),
        external,
        upstream,
        ..Surface::default()
    }
}

fn owned(cx: &mut Declare<'_>, spec: &Spec) -> Vec<Owned> {
    let at = cx.at.key("databases");
    let mut databases = Vec::new();
    for (index, (name, database)) in spec.databases.entries.iter().enumerate() {
        let origin = if spec.databases.short { at.index(index) } else { at.key(name.as_str()) };
        // The database of an owner that was reported is still there for whoever names it.
        let owner = owner(cx, spec, database, &origin).unwrap_or_default();
        let init = database
            .init
            .iter()
            .enumerate()
            .map(|(index, path)| PathRef { path: path.0.clone(), origin: origin.key("init").index(index) })
            .collect();
        databases.push(Owned { name: name.clone(), origin, init, owner });
    }
    databases
}

/// The owner of a database; nothing if a fault was reported for it.
fn owner(cx: &mut Declare<'_>, spec: &Spec, database: &spec::Database, origin: &Pointer) -> Option<Login> {
    let managed = spec.managed.is_some();
    let Some(credential) = database.owner.as_ref().or(spec.credential.as_ref()) else {
        if managed {
            managed::no_owner(cx, origin);
            return None;
        }
        // Not just the service's name: most are called `postgres`, as the superuser is.
        let username = format!("{}_owner", cx.name);
        let note = format!("owner `{username}` of the databases of {}", cx.name);
        return Some(Login { variable: cx.own_secret("PASSWORD", SecretFormat::Password, note), username });
    };
    let at = match (&database.owner, database.init.is_empty()) {
        (Some(_), true) => origin.clone(),
        (Some(_), false) => origin.key("owner"),
        (None, _) => cx.at.key("credential"),
    };
    let login = cx.login(credential, at, if managed { managed::OWNERS } else { LOGINS })?;
    if login.username == SUPERUSER && !managed {
        let fault = superuser_taken(cx, credential, origin);
        cx.diagnostics.push(fault);
    }
    Some(login)
}

fn superuser_taken(cx: &Declare<'_>, credential: &NetworkName, database: &Pointer) -> Diagnostic {
    let name = credential.as_str();
    let written = cx.blueprint.credentials.get(name).is_some_and(|credential| credential.username.is_some());
    let at = Pointer::root().key("credentials").key(name);
    let place = if written { Place::Value(at.key("username")) } else { Place::Key(at) };
    Diagnostic::new(&code::NAME_TAKEN, place, format!("the superuser of `{}` is called `{SUPERUSER}` already", cx.name))
        .related(Place::Value(database.clone()), "it would own this database")
        .help("give the credential another `username`")
}

fn resource(database: &Owned, address: &Address) -> Resource {
    let name = Text::literal(database.name.as_str());
    let username = Text::literal(&*database.owner.username);
    let password = Text::secret(&database.owner.variable);
    let path = Text::literal("/")
        .then(name.clone().encoded(Encoding::Uri))
        .then(address.sslmode.map_or_else(String::new, |mode| format!("?sslmode={mode}")));
    let address = address.host.clone().then(":").then(address.port.clone());
    let login = username.clone().encoded(Encoding::Uri).then(":").then(password.clone().encoded(Encoding::Uri)).then("@");
    let url = |scheme: &str| Text::literal(scheme).then(login.clone()).then(address.clone()).then(path.clone());
    Resource {
        name: database.name.to_string(),
        origin: database.origin.clone(),
        variables: vec![("USER", username.clone()), ("PASSWORD", password.clone()), ("DB", name.clone())],
        properties: vec![
            ("database", name),
            ("username", username),
            ("password", password),
            ("url", url("postgresql://")),
            ("sqlalchemy_url", url("postgresql+psycopg2://")),
            ("jdbc_url", Text::literal("jdbc:postgresql://").then(address.clone()).then(path.clone())),
        ],
    }
}

impl Instance for Postgres {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn references(&self) -> Vec<Reference> {
        self.backup.iter().map(|backup| backup::reference(self, backup)).collect()
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let mut built = Built { workloads: self.pooled().then(|| self.pool(cx)).into_iter().collect(), ..Built::default() };
        let Some(image) = cx.image(Some(&self.image)) else { return built };
        if !self.managed {
            let (workloads, data) = self.server(cx, &image);
            built.workloads.splice(0..0, workloads);
            built.volumes.push(data);
        }
        if let Some((workloads, dumps)) = self.backup.as_ref().and_then(|backup| self.backup(cx, image, backup)) {
            built.workloads.extend(workloads);
            built.volumes.push(dumps);
        }
        built
    }

    fn realizations(&self, workloads: &[&Workload]) -> Vec<Realization> {
        let instances = self.operated.filter(|_| !self.managed);
        instances.and_then(|instances| operator::realization(self, instances, workloads)).into_iter().collect()
    }
}

impl Postgres {
    /// The server and the job that makes roles and databases, with the volume of the data.
    fn server(&self, cx: &mut Build<'_>, image: &Image) -> (Vec<Workload>, OwnVolume) {
        let name = cx.name.to_owned();
        let mut server = cx.server(&name, None, image.clone());
        server.environment =
            vec![("POSTGRES_USER".to_owned(), SUPERUSER.into()), ("POSTGRES_PASSWORD".to_owned(), Text::secret(&self.admin))];
        if self.data.ends_with("/data") {
            // Not the root of the volume: it may hold a `lost+found` and belong to root, and initdb wants neither
            // (docker-library/docs, postgres, "PGDATA"). From 18 on the image does this by itself.
            server.environment.push(("PGDATA".to_owned(), format!("{}/pgdata", self.data).into()));
        }
        server.runs_as = Some(USER);
        server.endpoints = vec![Endpoint::new("postgres", SERVER_PORT, Protocol::Tcp).published(self.published.clone())];
        server.mounts.insert(0, Mount::volume(self.volume.clone(), self.data, cx.at.clone()));
        server.health = Some(health(&server.endpoint_ref("postgres")));
        // A smart shutdown waits for clients, the image's SIGINT does not; a large checkpoint still takes its time.
        server.stop_grace = Some(Duration::seconds(60));
        cx.finish(&mut server);
        let mut workloads = vec![server];
        if !self.databases.is_empty() {
            workloads.push(self.init(cx, image.clone()));
        }
        (workloads, OwnVolume { size: self.storage, ..OwnVolume::new(self.volume.clone(), cx.at.clone()) })
    }

    fn pooled(&self) -> bool {
        self.surface.workloads.iter().any(|(_, role)| *role == Some(pool::ROLE))
    }

    /// Gives a workload the passwords of all owners.
    fn give_passwords(&self, workload: &mut Workload) {
        for Owned { owner, .. } in &self.databases {
            set(&mut workload.environment, &of_owner(&owner.variable), Text::secret(&owner.variable));
        }
    }

    /// The owners of databases, each once.
    fn owners(&self) -> Vec<&Login> {
        let mut owners: Vec<&Login> = Vec::new();
        for Owned { owner, .. } in &self.databases {
            if !owners.iter().any(|known| known.username == owner.username) {
                owners.push(owner);
            }
        }
        owners
    }
}

/// The variable inside of our containers that holds an owner's password. The one in `.env` is called as its author likes, who
/// may like `PGPASSWORD` or `PATH`.
fn of_owner(variable: &str) -> String {
    format!("OWNER_{variable}")
}

/// Asked over TCP: while the image initialises, its temporary server listens on the socket only, and would seem ready.
fn health(endpoint: &EndpointRef) -> Health {
    let ask = |host: PublicText| {
        let words = ["pg_isready", "--quiet", "--username", SUPERUSER, "--dbname", SUPERUSER, "--host"].map(PublicText::from);
        Check::Exec(words.into_iter().chain([host, "--port".into(), PublicText::port(endpoint)]).collect())
    };
    Health {
        interval: Duration::seconds(5),
        retries: 12,
        start_period: Duration::seconds(30),
        ..Health::new(ask("127.0.0.1".into()), Some(ask(PublicText::host(endpoint)).into()))
    }
}
