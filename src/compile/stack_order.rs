//! The order in which stacks start, and who makes the networks that they share.

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Edge, Platform, Stack, Workload};
use crate::source::Pointer;

/// For each stack the others after which it starts, and why.
type After = Vec<BTreeMap<usize, Pointer>>;

/// Puts the stacks into the order in which they start: after those that they wait for, and after those whose home their
/// networks are. What is nobody's home is made by the first of its users to start, and so adds no order of its own.
pub(super) fn order(platform: &mut Platform, homes: &[String], found: &mut Vec<Diagnostic>) {
    let mut after = waits(platform);
    after_homes(&mut after, platform, homes);
    match sorted(&after) {
        Ok(order) => reorder(platform, &order),
        Err(started) => report_cycle(&platform.stacks, &after, &started, found),
    }
    let first = first_users(&platform.workloads);
    for network in platform.networks.iter_mut().filter(|network| !homes.contains(&network.name)) {
        network.owner = first.get(network.name.as_str()).copied().unwrap_or_default();
    }
}

fn waits(platform: &Platform) -> After {
    let stack_of: HashMap<&str, usize> = platform.workloads.iter().map(|workload| (workload.name.as_str(), workload.stack)).collect();
    let mut after: After = vec![BTreeMap::new(); platform.stacks.len()];
    for Edge { workloads, waits, origin, .. } in &platform.edges {
        for provider in waits.iter().filter_map(|(name, _)| stack_of.get(name.as_str())) {
            for consumer in workloads.iter().filter_map(|name| stack_of.get(name.as_str())).filter(|consumer| *consumer != provider) {
                after[*consumer].entry(*provider).or_insert_with(|| origin.clone());
            }
        }
    }
    after
}

fn after_homes(after: &mut After, platform: &Platform, homes: &[String]) {
    let networks = platform.networks.iter().filter(|network| homes.contains(&network.name));
    let owner_of: HashMap<&str, usize> = networks.map(|network| (network.name.as_str(), network.owner)).collect();
    for workload in &platform.workloads {
        for (index, name) in workload.networks.iter().enumerate() {
            if let Some(owner) = owner_of.get(name.as_str()).filter(|owner| **owner != workload.stack) {
                after[workload.stack].entry(*owner).or_insert_with(|| workload.origin.key("networks").index(index));
            }
        }
    }
}

/// The stacks, each after those that it starts after; where there is a circle, those that could start.
fn sorted(after: &After) -> Result<Vec<usize>, Vec<usize>> {
    let mut order = Vec::new();
    while order.len() < after.len() {
        match (0..after.len()).find(|stack| !order.contains(stack) && after[*stack].keys().all(|before| order.contains(before))) {
            Some(stack) => order.push(stack),
            None => return Err(order),
        }
    }
    Ok(order)
}

/// Rewrites every index of a stack.
fn reorder(platform: &mut Platform, order: &[usize]) {
    let mut new_index = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        new_index[*old] = new;
    }
    let mut stacks: Vec<Option<Stack>> = std::mem::take(&mut platform.stacks).into_iter().map(Some).collect();
    platform.stacks = order.iter().filter_map(|old| stacks[*old].take()).collect();
    for workload in &mut platform.workloads {
        workload.stack = new_index[workload.stack];
    }
    for network in &mut platform.networks {
        network.owner = new_index[network.owner];
    }
}

/// The first stack to start that uses each network.
fn first_users(workloads: &[Workload]) -> HashMap<&str, usize> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for workload in workloads {
        for network in &workload.networks {
            let stack = first.entry(network).or_insert(workload.stack);
            *stack = workload.stack.min(*stack);
        }
    }
    first
}

fn report_cycle(stacks: &[Stack], after: &After, started: &[usize], found: &mut Vec<Diagnostic>) {
    let name = |stack: usize| stacks[stack].name.clone().unwrap_or_default();
    let open = |stack: usize| after[stack].iter().find(|(before, _)| !started.contains(before));
    let mut seen = Vec::new();
    let mut at = (0..after.len()).find(|stack| !started.contains(stack)).unwrap_or(0);
    while !seen.contains(&at) {
        seen.push(at);
        match open(at) {
            Some((next, _)) => at = *next,
            None => return,
        }
    }
    let cycle = &seen[seen.iter().position(|stack| *stack == at).unwrap_or(0)..];
    let reasons: Vec<(usize, usize, &Pointer)> =
        cycle.iter().filter_map(|stack| open(*stack).map(|(before, why)| (*stack, *before, why))).collect();
    let [(first, second, place), others @ ..] = reasons.as_slice() else { return };
    let message = format!("the stack `{}` must start after `{}`, which must start after it", name(*first), name(*second));
    let mut fault = Diagnostic::new(&code::STACK_CYCLE, Place::Name((*place).clone()), message)
        .help("move one of the services to the other stack, take it off the other stack's network, or wait for nothing (`ready: none`)");
    for (stack, before, why) in others {
        fault = fault.related(Place::Name((*why).clone()), format!("`{}` after `{}`", name(*stack), name(*before)));
    }
    found.push(fault);
}
