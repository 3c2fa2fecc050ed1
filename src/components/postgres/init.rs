//! The job that makes roles and databases, and the files that it reads.

use super::{Owned, Postgres, SUPERUSER, USER, of_owner};
use crate::components::Build;
use crate::platform::{Body, Check, EndpointRef, File, Image, PublicText, Readiness, RemoteCheck, Text, TextTree, Workload, WorkloadKind};
use crate::source::Pointer;

/// The role's name.
pub(super) const ROLE: &str = "init";

/// The name of the job.
pub(super) fn workload(service: &str) -> String {
    format!("{service}-init")
}

impl Postgres {
    /// The job.
    pub(super) fn init(&self, cx: &Build<'_>, image: Image) -> Workload {
        let endpoint = EndpointRef::new(cx.name, "postgres");
        let mut job = cx.job(&workload(cx.name), Some(ROLE), image);
        job.networks.truncate(1);
        job.command = Some(vec!["sh".into(), "/pipegen/init.sh".into()]);
        job.start_as(USER);
        // The image declares its data folder as a volume; here it stays empty.
        job.scratch = vec![self.data.to_owned()];
        job.environment = vec![
            ("PGHOST".to_owned(), Text::host(&endpoint)),
            ("PGPORT".to_owned(), Text::port(&endpoint)),
            ("PGUSER".to_owned(), SUPERUSER.into()),
            ("PGDATABASE".to_owned(), SUPERUSER.into()),
            ("PGPASSWORD".to_owned(), Text::secret(&self.admin)),
        ];
        self.give_passwords(&mut job);
        job.files = self.files(&cx.at);
        job.waits = vec![(cx.name.to_owned(), Readiness::Ready)];
        job.kind = WorkloadKind::Job { evidence: self.databases.last().map(|database| evidence(&endpoint, database)) };
        job
    }

    fn files(&self, at: &Pointer) -> Vec<File> {
        let owners = self.owners().into_iter().map(|owner| {
            TextTree::map([("name", TextTree::from(owner.username.as_str())), ("variable", TextTree::from(of_owner(&owner.variable)))])
        });
        let databases = self.databases.iter().map(|database| {
            let init = database.init.iter().enumerate().map(|(index, _)| TextTree::from(init_mount(database, index)));
            TextTree::map([
                ("name", TextTree::from(database.name.as_str())),
                ("owner", TextTree::from(database.owner.username.as_str())),
                ("init", TextTree::List(init.collect())),
            ])
        });
        let context = TextTree::map([("owners", TextTree::List(owners.collect())), ("databases", TextTree::List(databases.collect()))]);
        let template = |name, mount| File::new(mount, Body::Template { name, context: context.clone() }, at.clone());
        let user_files = self.databases.iter().flat_map(|database| {
            let paths = database.init.iter().enumerate();
            paths.map(move |(index, path)| File::new(init_mount(database, index), Body::Path(path.clone()), path.origin.clone()))
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
            ("PGUSER".to_owned(), Text::literal(&*database.owner.username)),
            ("PGPASSWORD".to_owned(), Text::secret(&database.owner.variable)),
            ("PGDATABASE".to_owned(), Text::literal(database.name.as_str())),
        ],
        ..Check::Exec(words.into()).into()
    }
}
