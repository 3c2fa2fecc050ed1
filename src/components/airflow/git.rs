//! DAGs from Git: git-sync fetches them again and again into a volume that the roles read.

use super::spec::Git;
use crate::components::credentials::LOGINS;
use crate::components::{Build, Declare};
use crate::diagnostic::Place;
use crate::platform::{Check, Endpoint, EndpointRef, Health, Image, Login, Mount, Protocol, PublicText, Text, Workload};
use crate::value::Duration;

/// Names that git-sync 4 reads are `GITSYNC_*`; those of git-sync 3 were `GIT_SYNC_*`.
const IMAGE: &str = "registry.k8s.io/git-sync/git-sync:v4.3.0";
/// Where the volume is, in all of them. No path of the Airflow image: Docker fills an empty volume with what the image has
/// there, and gives it to that image's user, so that git-sync could not write.
const ROOT: &str = "/git";
/// The link to what was fetched last; it changes at once.
const LINK: &str = "repo";
const PORT: u16 = 8080;
/// The image's user, to whom the volume's folder in the image belongs.
const USER: (u32, u32) = (65533, 65533);
/// The role's name.
pub(super) const ROLE: &str = "git_sync";

/// The login, if one is needed; nothing if it is faulty.
pub(super) fn login(cx: &mut Declare<'_>, git: &Git) -> Option<Option<Login>> {
    let Some(credential) = &git.credential else { return Some(None) };
    cx.login(credential, cx.at.key("dags").key("credential"), LOGINS).map(Some)
}

/// The name of the workload.
pub(super) fn workload(service: &str) -> String {
    format!("{service}-git-sync")
}

/// The name of the volume.
pub(super) fn volume(service: &str) -> String {
    format!("{service}-dags")
}

/// Where the DAGs are.
pub(super) fn folder(git: &Git) -> String {
    let path = git.path.as_ref().map(|path| path.as_str().trim_matches('/')).filter(|path| !path.is_empty());
    path.map_or_else(|| format!("{ROOT}/{LINK}"), |path| format!("{ROOT}/{LINK}/{path}"))
}

/// The volume, where it is read or written.
pub(super) fn mount(cx: &Build<'_>, read_only: bool) -> Mount {
    Mount { read_only, ..Mount::volume(volume(cx.name), ROOT, cx.at.key("dags")) }
}

/// What fetches.
pub(super) fn sync(cx: &mut Build<'_>, git: &Git, login: Option<&Login>) -> Workload {
    let at = cx.at.key("dags");
    cx.needs_way_out("the repository", Place::Value(at.key("git")));
    let image = Image::Pulled { reference: IMAGE.into() };
    let mut sync = cx.server_beside(&workload(cx.name), Some(ROLE), image);
    sync.runs_as = Some(USER);
    sync.environment = environment(git, login);
    sync.mounts = vec![mount(cx, false)];
    sync.endpoints = vec![Endpoint::new("http", PORT, Protocol::Http)];
    sync.health = Some(health(git, &sync.endpoint_ref("http")));
    sync.resources = Default::default();
    sync.origin = at;
    sync
}

fn environment(git: &Git, login: Option<&Login>) -> Vec<(String, Text)> {
    let reference = git.reference.as_ref().map_or("HEAD", |reference| reference.as_str());
    let bind = format!(":{PORT}");
    let mut environment: Vec<(String, Text)> = [
        ("GITSYNC_REPO", git.git.as_str()),
        ("GITSYNC_REF", reference),
        ("GITSYNC_DEPTH", "1"),
        ("GITSYNC_ROOT", ROOT),
        ("GITSYNC_LINK", LINK),
        ("GITSYNC_PERIOD", "60s"),
        // Else it ends at the first fetch that fails; the DAGs that are there stay good.
        ("GITSYNC_MAX_FAILURES", "-1"),
        ("GITSYNC_HTTP_BIND", bind.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.into()))
    .into();
    if let Some(Login { username, variable }) = login {
        environment.push(("GITSYNC_USERNAME".to_owned(), username.as_str().into()));
        environment.push(("GITSYNC_PASSWORD".to_owned(), Text::secret(variable)));
    }
    environment
}

/// Inside, the folder is looked for, which shows a wrong `path` as well. From outside git-sync is asked: it answers 200 once
/// it has fetched (git-sync, `--http-bind`). The image has bash and coreutils, and no program that speaks HTTP.
fn health(git: &Git, endpoint: &EndpointRef) -> Health {
    let ask = PublicText::from("exec 3<>/dev/tcp/")
        .then(PublicText::host(endpoint))
        .then("/")
        .then(PublicText::port(endpoint))
        .then(" && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '");
    let remote = Check::Exec(vec!["bash".into(), "-c".into(), ask]);
    Health { start_period: Duration::seconds(60), ..Health::new(Check::exec(["test", "-d", folder(git).as_str()]), Some(remote.into())) }
}
