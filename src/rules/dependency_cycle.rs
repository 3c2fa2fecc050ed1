//! Services that wait for each other never start. Edges without waiting may form any cycle.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::Edge;

type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Edge>>;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let mut graph: Graph<'_> = BTreeMap::new();
    for edge in context.platform.edges.iter().filter(|edge| !edge.waits.is_empty()) {
        graph.entry(&edge.from).or_default().entry(&edge.to).or_insert(edge);
    }
    let mut found = Vec::new();
    while let Some(cycle) = cycle(&graph) {
        let [first, others @ ..] = cycle.as_slice() else { break };
        if others.is_empty() {
            let fault =
                Diagnostic::new(&code::DEPENDENCY_CYCLE, Place::Name(first.origin.clone()), format!("`{}` waits for itself", first.from));
            found.push(fault.help("remove it: a service reaches itself without it"));
        } else {
            found.push(report(first, others));
        }
        if let Some(edges) = graph.get_mut(first.from.as_str()) {
            edges.remove(first.to.as_str());
        }
    }
    found
}

fn report(first: &Edge, others: &[&Edge]) -> Diagnostic {
    let names = [first].into_iter().chain(others.iter().copied()).chain([first]).map(|edge| format!("`{}`", edge.from));
    let names = names.collect::<Vec<_>>().join(" waits for ");
    let fault = Diagnostic::new(&code::DEPENDENCY_CYCLE, Place::Name(first.origin.clone()), names);
    others.iter().fold(fault.help("let one of them not wait: `ready: none`"), |fault, edge| {
        fault.related(Place::Name(edge.origin.clone()), format!("`{}` waits for `{}`", edge.from, edge.to))
    })
}

/// Takes away what is on no cycle, then follows what is left until something comes up twice.
fn cycle<'a>(graph: &Graph<'a>) -> Option<Vec<&'a Edge>> {
    let mut waited: HashMap<&str, usize> = HashMap::new();
    let mut waiters: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, edges) in graph {
        waited.insert(from, edges.len());
        for to in edges.keys() {
            waiters.entry(to).or_default().push(from);
        }
    }
    let mut free: Vec<&str> = waiters.keys().copied().filter(|name| !waited.contains_key(name)).collect();
    free.extend(waited.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name));
    while let Some(name) = free.pop() {
        waited.remove(name);
        for waiter in waiters.get(name).into_iter().flatten() {
            if let Some(count) = waited.get_mut(waiter) {
                *count -= 1;
                if *count == 0 {
                    free.push(waiter);
                }
            }
        }
    }
    let mut at = *waited.keys().min()?;
    let mut path: Vec<&Edge> = Vec::new();
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        let (next, edge) = graph.get(at)?.iter().find(|(to, _)| waited.contains_key(*to))?;
        path.push(edge);
        at = next;
    }
    let start = path.iter().position(|edge| edge.from == at)?;
    let cycle = path.split_off(start);
    // Begin with the first name, so that the message does not depend on where the search entered.
    let first = cycle.iter().enumerate().min_by_key(|(_, edge)| edge.from.as_str()).map_or(0, |(index, _)| index);
    Some(cycle[first..].iter().chain(&cycle[..first]).copied().collect())
}
