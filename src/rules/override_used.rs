//! Overrides are taken as they are: what they break, nobody notices before the target does.

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::Node;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let section = Pointer::root().key("services");
    let mut found = Vec::new();
    for service in context.tree.get("services").map(Node::entries).unwrap_or_default() {
        let at = section.key(&service.key);
        overrides(&service.value, &at, &mut found);
        for role in service.value.get("roles").map(Node::entries).unwrap_or_default() {
            overrides(&role.value, &at.key("roles").key(&role.key), &mut found);
        }
    }
    found
}

fn overrides(node: &Node, at: &Pointer, found: &mut Vec<Diagnostic>) {
    for target in node.get("overrides").map(Node::entries).unwrap_or_default() {
        let place = Place::Key(at.key("overrides").key(&target.key));
        let message = format!("what is written here goes into the target `{}` unchecked", target.key);
        let fault = Diagnostic::new(&code::OVERRIDE_USED, place, message);
        found.push(fault.help("keep it as small as possible; tell us which key is missing in the language"));
    }
}
