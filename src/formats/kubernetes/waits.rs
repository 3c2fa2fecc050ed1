//! Waiting without privileges: an init step asks the provider's own question, in the provider's own image, until the
//! answer is yes. No pod gets a token in order to look at the state of another.

use super::containers::{Parts, as_user, bare};
use super::model::Container;
use super::scope::Scope;
use super::storage;
use crate::diagnostic::Place;
use crate::formats::text::Reader;
use crate::platform::{Check, PublicText, Readiness, RemoteCheck, Workload};
use crate::yaml::Doc;

/// Asks again after 1, 2, 4, 8 and then every 16 seconds: `"$@"` is the question. A question can be a whole Java or Python
/// program, and many pods ask at once: without a growing pause they take the processors from what they wait for.
const LOOP: &str = r#"s=1; until "$@"; do sleep $s; s=$((s < 16 ? 2 * s : s)); done"#;

/// The init steps of a workload, in the order of its waits.
pub fn init_steps(scope: &mut Scope<'_>, workload: &Workload, place: &Place) -> Vec<Container> {
    workload.waits.iter().filter_map(|(provider, readiness)| init_step(scope, workload, provider, *readiness, place)).collect()
}

fn init_step(scope: &mut Scope<'_>, workload: &Workload, provider: &str, readiness: Readiness, place: &Place) -> Option<Container> {
    let provider = scope.index.workload(provider)?;
    // It is a step of this very pod.
    if provider.before.as_ref() == Some(&workload.name) {
        return None;
    }
    // That it was started says nothing about a pod; its name is known from the beginning.
    let question = match readiness {
        Readiness::Started => return None,
        Readiness::Ready => provider.health.as_ref().and_then(|health| health.remote.as_ref()),
        Readiness::Completed => provider.evidence(),
    };
    let Some(question) = question else {
        let message = format!("in Kubernetes `{}` cannot see whether `{}` is {}", workload.name, provider.name, wanted(readiness));
        let help = match readiness {
            // What has ended answers no question, and only its component could know what it left behind.
            Readiness::Completed => {
                format!("write `{}: {{ ready: started }}` in `uses`, and let `{}` try until the work is done", provider.name, workload.name)
            }
            Readiness::Ready | Readiness::Started => {
                "give it a health check that can be asked from outside: `health: { http: ... }` or `{ tcp: ... }`".to_owned()
            }
        };
        scope.resolver.refuse(place, message, &help);
        return None;
    };
    Some(asking(scope, workload, provider, question, place))
}

const fn wanted(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::Started => "started",
        Readiness::Completed => "done",
    }
}

fn asking(scope: &mut Scope<'_>, workload: &Workload, provider: &Workload, question: &RemoteCheck, place: &Place) -> Container {
    let RemoteCheck { check, environment, mounts } = question;
    let argv: Vec<PublicText> = match check {
        Check::Exec(words) => words.clone(),
        Check::Shell(line) => vec!["sh".into(), "-c".into(), line.clone()],
    };
    scope.resolver.reader = Reader::InStack(workload.stack);
    let parts = Parts { entrypoint: None, command: Some(&argv), environment, endpoints: &[], health: None };
    let name = format!("wait-for-{}", provider.name);
    let mut container = bare(scope, &name, &provider.image, workload.stack, &parts, place);
    container.command = Some(Doc::words(["sh", "-c", LOOP, "wait"].map(str::to_owned)));
    container.volume_mounts = mounts.iter().map(storage::mount).collect();
    as_user(container, provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_pause_between_two_questions_grows_to_sixteen_seconds() {
        let clock = "sleep() { echo \"$1\"; }; asked=0; yes_at_last() { asked=$((asked + 1)); [ $asked -gt 7 ]; }; set -- yes_at_last;";
        let output = Command::new("sh").args(["-c", &format!("{clock} {LOOP}")]).output().expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n4\n8\n16\n16\n16\n");
        assert!(output.status.success());
    }
}
