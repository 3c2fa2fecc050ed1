//! Overrides are taken as they are: what they break, nobody notices before the target does.

use super::RuleContext;
use crate::blueprint::Service;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::Node;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let section = Pointer::root().key("services");
    let mut found = Vec::new();
    let services: &Node = match context.tree.get("services") {
        Some(services) => services,
        None => return found,
    };
    for ((name, service), entry) in context.blueprint.services.iter().zip(services.entries()) {
        let at = section.key(name.as_str());
        of_service(service, &at, &mut found);
        for role in entry.value.get("roles").map(Node::entries).unwrap_or_default() {
            let place = at.key("roles").key(&role.key).key("overrides");
            for target in role.value.get("overrides").map(Node::entries).unwrap_or_default() {
                found.push(used(&target.key, place.key(&target.key)));
            }
        }
    }
    found
}

fn of_service(service: &Service, at: &Pointer, found: &mut Vec<Diagnostic>) {
    for target in service.overrides.keys() {
        found.push(used(target.as_str(), at.key("overrides").key(target.as_str())));
    }
}

fn used(target: &str, at: Pointer) -> Diagnostic {
    Diagnostic::new(&code::OVERRIDE_USED, Place::Key(at), format!("what is written here goes into the target `{target}` unchecked"))
        .help("keep it as small as possible; tell us which key is missing in the language")
}
