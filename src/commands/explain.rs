//! `pipegen explain`: prints what the registries say of a component, a target or a code.

use super::{Exit, fail, print};
use crate::components::COMPONENTS;
use crate::diagnostic::{CODES, Severity, near};
use crate::targets::TARGETS;

/// Prints one text, or the list of all topics.
pub fn run(topic: Option<&str>) -> Exit {
    let Some(topic) = topic else {
        print(&list());
        return Exit::Fine;
    };
    match text(topic) {
        Some(text) => {
            print(&text);
            Exit::Fine
        }
        None => {
            let help = near(topic, topics())
                .map_or_else(|| "`pipegen explain` lists all topics".to_owned(), |near| format!("write `pipegen explain {near}`"));
            fail(Exit::Usage, &format!("nothing is known of `{topic}`"), &help)
        }
    }
}

fn topics() -> impl Iterator<Item = &'static str> {
    let components = COMPONENTS.iter().map(|component| component.name);
    components.chain(TARGETS.iter().map(|target| target.name)).chain(CODES.iter().map(|code| code.name))
}

fn text(topic: &str) -> Option<String> {
    if let Some(component) = COMPONENTS.iter().find(|component| component.name == topic) {
        return Some(format!("{}\n", component.doc.trim_end()));
    }
    if let Some(target) = TARGETS.iter().find(|target| target.name == topic) {
        return Some(format!("{}\n", target.doc.trim_end()));
    }
    let code = CODES.iter().find(|code| code.name == topic)?;
    Some(format!("# {}: {} ({})\n\n{}\n", code.name, code.summary, severity(code.severity), code.doc.trim_end()))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
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
