//! What cannot be said of one Airflow together.

use super::roles;
use super::spec::{Executor, Spec};
use crate::blueprint::ImageSource;
use crate::components::Declare;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::value::Replicas;

/// Reports keys that contradict each other.
pub(super) fn check(cx: &mut Declare<'_>, spec: &Spec) {
    let executor = spec.executor;
    if executor.has_queue() && spec.broker.is_none() && !cx.faults.touches(&cx.at.key("broker")) {
        let message = format!("the executor `{}` needs a broker", executor.name());
        cx.fault(&code::MISSING_KEY, "executor", message, "write `broker: NAME` with the name of a redis service");
    }
    if spec.task_pods.is_some() && !executor.makes_pods() {
        no_pods(cx, executor);
    }
    roles(cx, spec);
    ranges(cx, spec);
    packages(cx, spec);
}

/// Only the workers are as many as there is work for.
fn ranges(cx: &mut Declare<'_>, spec: &Spec) {
    // Of the pods of tasks there is no number at all.
    for role in roles::of(spec.executor).filter(|role| **role != roles::TASK) {
        let Some(Replicas::Range { min, max }) = spec.roles.get(role.key).and_then(|own| own.replicas) else { continue };
        let at = cx.at.key("roles").key(role.key).key("replicas");
        let fault = if *role != roles::WORKER {
            let message = format!("no load says how many the role `{}` needs: only workers follow one", role.key);
            Diagnostic::new(&code::BAD_VALUE, Place::Value(at), message).help("write a number")
        } else if max < min {
            let message = format!("`max` is less than `min`, which is {min}");
            Diagnostic::new(&code::BAD_VALUE, Place::Value(at.key("max")), message).help(format!("write `max: {min}` or more"))
        } else {
            continue;
        };
        cx.diagnostics.push(fault);
    }
}

fn no_pods(cx: &mut Declare<'_>, executor: Executor) {
    let message = format!("the executor `{}` makes no pods for tasks", executor.name());
    let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(cx.at.key("task_pods")), message);
    cx.diagnostics.push(fault.help("remove `task_pods`, or write `executor: kubernetes`"));
}

fn roles(cx: &mut Declare<'_>, spec: &Spec) {
    let at = cx.at.key("roles");
    for role in [&roles::WORKER, &roles::TASK] {
        let there = roles::of(spec.executor).any(|known| known == role);
        if spec.roles.get(role.key).is_some() && !there {
            let message = format!("with the executor `{}` there is no role `{}`", spec.executor.name(), role.key);
            let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(at.key(role.key)), message);
            cx.diagnostics.push(fault.help("remove it, or choose the executor that has it"));
        }
    }
    let replicas = spec.roles.get(roles::TASK.key).is_some_and(|role| role.replicas.is_some());
    if replicas {
        let place = Place::Key(at.key(roles::TASK.key).key("replicas"));
        let fault = Diagnostic::new(&code::BAD_VALUE, place, "a pod is made for each task, so there is no number of them");
        cx.diagnostics.push(fault.help("remove it; `AIRFLOW__CORE__PARALLELISM` limits how many tasks run at a time"));
    }
}

/// Packages go into an image when it is built, one word each: the Dockerfile hands all of them to `pip install`.
fn packages(cx: &mut Declare<'_>, spec: &Spec) {
    let at = cx.at.key("python");
    for (index, package) in spec.python.iter().enumerate() {
        if package.as_str().is_empty() || package.as_str().contains(char::is_whitespace) {
            let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at.index(index)), "a package is one word");
            cx.diagnostics.push(fault.help("write it without blanks, such as `requests>=2.31`"));
        }
    }
    let image = cx.service.image.as_ref().map(|image| &image.source);
    let built = cx.service.build.is_some() || matches!(image, Some(ImageSource::Built { build: Some(_), .. }));
    let excused = ["image", "build"].into_iter().any(|key| cx.faults.touches(&cx.at.key(key)));
    if !spec.python.is_empty() && !built && !excused {
        let fault = Diagnostic::new(&code::MISSING_KEY, Place::Key(at), "packages cannot be added to an image that is only pulled");
        cx.diagnostics.push(fault.help(format!(
            "write `image: {{ build: FOLDER }}`, with a Dockerfile that has `ARG {0}` and `RUN pip install ${{{0}}}`",
            super::PACKAGES
        )));
    }
}
