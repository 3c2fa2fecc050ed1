//! Phase 2: the environment's part of the blueprint, merged over it as a tree.

use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Pointer;
use crate::yaml::{Node, Value, merge};

use super::repair;

/// Merges the overlay of an environment. What the overlay has no say in (the component of a service) is a fault.
pub(super) fn apply(tree: Node, environment: Option<&str>) -> (Node, Vec<Diagnostic>) {
    // What is no map is reported by the schema, and changes nothing.
    let overlay = environment.and_then(|name| tree.get("environments")?.get(name)).filter(|overlay| matches!(overlay.value, Value::Map(_)));
    let Some(overlay) = overlay else { return (tree, Vec::new()) };
    let mut found = Vec::new();
    let mut changes = repair::without_key(overlay, "remove");
    for service in overlay.get("services").map(Node::entries).unwrap_or_default() {
        let Some(component) = service.value.entry("component") else { continue };
        let base = tree.get("services").and_then(|services| services.get(&service.key)?.entry("component"));
        // A base that names no component is reported itself: then nobody knows what it is.
        let base = base.filter(|base| base.value.as_str().and_then(crate::components::component).is_some());
        if let Some(base) = base.filter(|base| base.value.value != component.value.value) {
            let fault = Diagnostic::new(
                &code::COMPONENT_CHANGED,
                Place::Span(component.value.span),
                "an environment cannot change what a service is",
            );
            found.push(
                fault
                    .help(format!("remove the service (`remove: [{}]`) and add one with another name", service.key))
                    .related(Place::Span(base.value.span), "what it is"),
            );
            repair::remove(&mut changes, &Pointer::root().key("services").key(&service.key).key("component"));
        }
    }
    let removed: Vec<Node> = overlay.get("remove").map(|remove| remove.elements().to_vec()).unwrap_or_default();
    let mut merged = merge(&tree, &changes);
    for name in &removed {
        let Value::String(text) = &name.value else { continue };
        if merged.get("services").is_some_and(|services| services.get(text).is_some()) {
            repair::remove(&mut merged, &Pointer::root().key("services").key(text));
            continue;
        }
        let known: Vec<&str> =
            merged.get("services").map(|services| services.entries().iter().map(|entry| entry.key.as_str()).collect()).unwrap_or_default();
        let fault = crate::diagnostic::unknown_name("service", text, known.into_iter(), &Pointer::root().key("services"), Pointer::root());
        let fault = Diagnostic { place: Place::Span(name.span), ..fault };
        found.push(if fault.related.is_empty() { fault.help("take it off the list: there is nothing to remove") } else { fault });
    }
    (merged, found)
}
