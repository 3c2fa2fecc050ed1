//! `pipegen explain`: prints what the registries say of a component, a target or a code.

use super::{Done, Exit, fail, print};
use crate::components::COMPONENTS;
use crate::diagnostic::{CODES, near};
use crate::reference;
use crate::targets::TARGETS;

/// Prints one text, or the list of all topics.
pub fn run(topic: Option<&str>) -> Done {
    let Some(topic) = topic else {
        return print(&list());
    };
    match text(topic) {
        Some(text) => print(&text),
        None => {
            let help = near(topic, topics())
                .map_or_else(|| "`pipegen explain` lists all topics".to_owned(), |near| format!("write `pipegen explain {near}`"));
            Err(fail(Exit::Usage, &format!("nothing is known of `{topic}`"), &help))
        }
    }
}

fn topics() -> impl Iterator<Item = &'static str> {
    let components = COMPONENTS.iter().map(|component| component.name);
    components.chain(TARGETS.iter().map(|target| target.name)).chain(CODES.iter().map(|code| code.name))
}

fn text(topic: &str) -> Option<String> {
    let component = COMPONENTS.iter().find(|component| component.name == topic).map(|component| reference::component(component));
    let target = || TARGETS.iter().find(|target| target.name == topic).map(|target| reference::target(target));
    let code = || CODES.iter().find(|code| code.name == topic).map(|code| reference::diagnostic(code));
    component.or_else(target).or_else(code)
}

fn list() -> String {
    let mut text = String::from("Components\n");
    for component in COMPONENTS {
        text.push_str(&format!("  {:24} {}\n", component.name, component.summary));
    }
    text.push_str("\nTargets\n");
    for target in TARGETS {
        text.push_str(&format!("  {:24} {}\n", target.name, target.summary));
    }
    text.push_str("\nCodes\n");
    for code in CODES {
        text.push_str(&format!("  {:24} {}\n", code.name, code.summary));
    }
    text
}
