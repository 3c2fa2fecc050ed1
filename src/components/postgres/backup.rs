//! Copies of the databases: at certain times each is dumped, and the dumps go into a bucket.
//!
//! Two programs in a row, since no official image has both: PostgreSQL's own dumps into a volume, Amazon's own uploads.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Owned, Postgres, USER, init, of_owner};
use crate::components::{Build, Declare, OwnVolume, Reference, set};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Body, File, Image, Mount, PublicText, Readiness, Resources, Text, TextTree, Workload, WorkloadKind};
use crate::source::Pointer;
use crate::value::{ParametricText, ResourceRef, is_cron};

/// The AWS CLI (<https://docs.aws.amazon.com/cli/latest/userguide/getting-started-docker.html>).
const UPLOADER: &str = "amazon/aws-cli:2.31.9";
/// Where it has the volume, and in that the dumps.
const FOLDER: &str = "/backup";
const DUMPS: &str = "/backup/dumps";
/// The role of what uploads, which is what runs at the times of the schedule.
pub(super) const ROLE: &str = "backup";
/// The role of what dumps.
pub(super) const DUMP_ROLE: &str = "dump";

/// Copies of the databases.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Backup {
    /// When, as five fields of cron; times are UTC.
    schedule: ParametricText,
    /// Where to: an s3 service.
    to: ResourceRef,
}

/// The name of what uploads.
pub(super) fn workload(service: &str) -> String {
    format!("{service}-backup")
}

/// The name of what dumps.
pub(super) fn dump(service: &str) -> String {
    format!("{service}-dump")
}

/// Reports a schedule that is none, nothing to dump, and a server whose certificate could not be checked.
pub(super) fn check(cx: &mut Declare<'_>, backup: &Backup, databases: &[Owned], sslmode: Option<&str>) {
    if !is_cron(backup.schedule.as_str()) {
        let message = format!("`{}` is no schedule of cron", backup.schedule.as_str());
        let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(cx.at.key("backup").key("schedule")), message);
        cx.diagnostics.push(fault.help("write minute, hour, day, month and weekday: `\"0 3 * * *\"`"));
    }
    if databases.is_empty() {
        cx.fault(&code::BAD_VALUE, "backup", "there is no database to copy", "declare it under `databases`");
    }
    if sslmode == Some("verify-full") {
        let message = "the image with `pg_dump` has no authorities to check a certificate against";
        cx.fault(&code::BAD_VALUE, "backup", message, "let the provider of the server copy it, or write `tls: require`");
    }
}

/// The service that stores the dumps.
pub(super) fn reference(postgres: &Postgres, backup: &Backup) -> Reference {
    Reference {
        key: "backup",
        target: backup.to.clone(),
        at: Pointer::root().key("services").key(&postgres.name).key("backup").key("to"),
        accepts: &["s3"],
        workloads: Some(vec![workload(&postgres.name)]),
        waits: None,
    }
}

impl Postgres {
    /// What dumps, what uploads, and the volume between them.
    pub(super) fn backup(&self, cx: &Build<'_>, image: Image, backup: &Backup) -> Option<(Vec<Workload>, OwnVolume)> {
        let bucket = cx.scope.resolve(&backup.to)?;
        let volume = OwnVolume { size: self.storage, ..OwnVolume::new(workload(cx.name), cx.at.key("backup")) };
        let at_rest = |target: &str| Mount::volume(volume.name.clone(), target, cx.at.key("backup"));
        let mut dump = self.step(cx, &dump(cx.name), DUMP_ROLE, image);
        dump.before = Some(workload(cx.name));
        dump.command = Some(vec!["sh".into(), "/pipegen/backup.sh".into()]);
        // Where the image has a folder that belongs to its user: a new volume takes that over.
        dump.mounts = vec![at_rest(self.data)];
        dump.environment = vec![("PGHOST".to_owned(), self.server.host.clone()), ("PGPORT".to_owned(), self.server.port.clone())];
        dump.environment.extend(self.server.sslmode.map(|mode| ("PGSSLMODE".to_owned(), Text::literal(mode))));
        self.give_passwords(&mut dump);
        dump.files = vec![self.script(cx)];
        if !self.managed {
            dump.waits = vec![(cx.name.to_owned(), Readiness::Ready), (init::workload(cx.name), Readiness::Completed)];
        }
        let mut upload = self.step(cx, &workload(cx.name), ROLE, Image::Pulled { reference: UPLOADER.into() });
        upload.kind = WorkloadKind::Scheduled { schedule: backup.schedule.as_str().to_owned() };
        let target = PublicText::try_from(bucket.get("url")?).ok()?.then(format!("/{}/{}/", cx.blueprint, cx.name));
        let words = ["s3", "cp", "--recursive", "--only-show-errors", DUMPS].map(PublicText::from);
        upload.command = Some(words.into_iter().chain([target]).collect());
        upload.mounts = vec![at_rest(FOLDER)];
        upload.environment =
            LOGIN.iter().filter_map(|(variable, property)| Some(((*variable).to_owned(), bucket.get(property)?))).collect();
        if bucket.get("endpoint").is_some() {
            // Stores other than Amazon's may not know the checksums that it sends unasked since 2.23.
            set(&mut upload.environment, "AWS_REQUEST_CHECKSUM_CALCULATION", "when_required".into());
        }
        upload.waits = vec![(dump.name.clone(), Readiness::Completed)];
        Some((vec![dump, upload], volume))
    }

    fn step(&self, cx: &Build<'_>, name: &str, role: &str, image: Image) -> Workload {
        let mut step = cx.job(name, Some(role), image);
        step.start_as(USER);
        // What the service may use of the machine is said of its server.
        step.resources = Resources::default();
        step
    }

    fn script(&self, cx: &Build<'_>) -> File {
        let row = |database: &Owned| {
            TextTree::map([
                ("name", TextTree::from(database.name.as_str())),
                ("owner", TextTree::from(database.owner.username.as_str())),
                ("variable", TextTree::from(of_owner(&database.owner.variable))),
            ])
        };
        let context =
            TextTree::map([("databases", TextTree::List(self.databases.iter().map(row).collect())), ("folder", TextTree::from(self.data))]);
        let body = Body::Template { name: "postgres/backup.sh", context };
        File::new("/pipegen/backup.sh", body, cx.at.key("backup"))
    }
}

/// The variables that the AWS CLI reads, and the properties of the bucket that they hold.
const LOGIN: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_REGION", "region"),
    ("AWS_ENDPOINT_URL", "endpoint"),
];
