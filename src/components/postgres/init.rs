//! The job that makes roles and databases, and the files that it reads.

use super::{Owned, Postgres, SUPERUSER, USER};
use crate::components::{Build, set};
use crate::platform::{Body, Check, EndpointRef, File, Image, PublicText, Readiness, RemoteCheck, Text, TextTree, Workload, WorkloadKind};
use crate::source::Pointer;

impl Postgres {
    /// The job.
    pub(super) fn init(&self, cx: &Build<'_>, image: Image) -> Workload {
        let endpoint = EndpointRef { workload: cx.name.to_owned(), endpoint: "postgres".to_owned() };
        let mut job = cx.job(&format!("{}-init", cx.name), Some("init"), image);
        job.networks.truncate(1);
        job.command = Some(vec!["sh".into(), "/pipegen/init.sh".into()]);
        job.user = Some(format!("{}:{}", USER.0, USER.1));
        job.runs_as = Some(USER);
        // The image declares its data folder as a volume; here it stays empty.
        job.scratch = vec![self.data.to_owned()];
        job.environment = vec![
            ("PGHOST".to_owned(), Text::host(&endpoint)),
            ("PGPORT".to_owned(), Text::port(&endpoint)),
            ("PGUSER".to_owned(), SUPERUSER.into()),
            ("PGDATABASE".to_owned(), SUPERUSER.into()),
            ("PGPASSWORD".to_owned(), Text::secret(&self.admin)),
        ];
        for database in &self.databases {
            set(&mut job.environment, &database.variable, Text::secret(&database.variable));
        }
        job.files = self.files(&cx.at);
        job.waits = vec![(cx.name.to_owned(), Readiness::Ready)];
        job.kind = WorkloadKind::Job { evidence: self.databases.last().map(|database| evidence(&endpoint, database)) };
        job
    }

    fn files(&self, at: &Pointer) -> Vec<File> {
        let owners = self.owners();
        let owners = owners
            .iter()
            .map(|(username, variable)| TextTree::map([("name", (*username).clone().into()), ("variable", TextTree::from(*variable))]));
        let databases = self.databases.iter().map(|database| {
            let init = database.init.iter().enumerate().map(|(index, _)| TextTree::from(init_mount(database, index)));
            TextTree::map([
                ("name", TextTree::from(database.name.as_str())),
                ("owner", database.username.clone().into()),
                ("init", TextTree::List(init.collect())),
            ])
        });
        let context = TextTree::map([("owners", TextTree::List(owners.collect())), ("databases", TextTree::List(databases.collect()))]);
        let template = |name, mount: &str| File {
            mount: mount.to_owned(),
            executable: false,
            body: Body::Template { name, context: context.clone() },
            origin: at.clone(),
        };
        let user_files = self.databases.iter().flat_map(|database| {
            database.init.iter().enumerate().map(move |(index, path)| File {
                mount: init_mount(database, index),
                executable: false,
                body: Body::Path(path.clone()),
                origin: path.origin.clone(),
            })
        });
        [template("postgres/init.sh", "/pipegen/init.sh"), template("postgres/init.sql", "/pipegen/init.sql")]
            .into_iter()
            .chain(user_files)
            .collect()
    }
}

fn init_mount(database: &Owned, index: usize) -> String {
    format!("/pipegen/{}-{:02}.sql", database.name, index + 1)
}

/// Asked from another container, as an owner: the last database is there only when all are.
fn evidence(endpoint: &EndpointRef, database: &Owned) -> RemoteCheck {
    let words = ["psql", "--no-psqlrc", "--quiet", "--command", "select 1"].map(PublicText::from);
    RemoteCheck {
        environment: vec![
            ("PGHOST".to_owned(), Text::host(endpoint)),
            ("PGPORT".to_owned(), Text::port(endpoint)),
            ("PGUSER".to_owned(), database.username.clone()),
            ("PGPASSWORD".to_owned(), Text::secret(&database.variable)),
            ("PGDATABASE".to_owned(), Text::literal(database.name.as_str())),
        ],
        ..Check::Exec(words.into()).into()
    }
}
