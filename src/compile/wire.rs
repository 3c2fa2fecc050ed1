//! Phase 8: every key that names a service is an edge. From an edge follow variables, waiting, and the demand that both
//! sides share a network.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::blueprint::{Blueprint, Readiness as Wanted};
use crate::components::{Resource, Scope as _, Surface, set};
use crate::diagnostic::{Diagnostic, Faults, Place, code, one_of, quoted};
use crate::platform::{Edge, Readiness, Text, Workload};
use crate::source::Pointer;

use super::build::BuiltAll;
use super::declare::{Declared, Services};
use super::pending::{Pending, TEXT};
use super::scope::{Target, World, ambiguous};

/// Connects edges to workloads.
pub(super) fn connect(
    blueprint: &Blueprint,
    services: &Services<'_>,
    open: &BTreeSet<Pointer>,
    built: &mut BuiltAll,
    pending: &[Pending],
    faults: &mut Faults,
    found: &mut Vec<Diagnostic>,
) -> Vec<Edge> {
    let internal = blueprint.networks.iter().filter(|(_, network)| network.internal).map(|(name, _)| name.as_str()).collect();
    let mut wiring =
        Wiring { services, open, internal, index: HashMap::new(), positions: HashMap::new(), written: HashMap::new(), broken: Vec::new() };
    let workloads = built.workloads.as_mut_slice();
    for (position, workload) in workloads.iter().enumerate() {
        wiring.positions.insert(workload.name.clone(), position);
        wiring.index.entry(workload.service.clone()).or_default().push(position);
    }
    let frozen: &Faults = faults;
    let mut world =
        World { blueprint, services, faults: frozen, found: Vec::new(), edges: Vec::new(), settings: std::mem::take(&mut built.settings) };
    let mut edges = Vec::new();
    let mut seen = HashSet::new();
    for edge in pending {
        let Target::Found(provider, resource) = world.target(&edge.target, &edge.at) else { continue };
        if let Some(connected) = wiring.edge(edge, provider, resource, workloads, frozen, &mut world.found) {
            if let Some(given) = &edge.given
                && let Some(text) = world.text(&edge.from, &given.source, &given.at)
            {
                wiring.give(edge, &given.variable, &text, workloads, &mut world.found);
            }
            // A text beside `uses` says nothing new.
            if seen.insert((edge.from.as_str(), edge.target.service())) || edge.reason != TEXT {
                edges.push(connected);
            }
        }
    }
    found.append(&mut world.found);
    built.settings = world.settings;
    for pointer in wiring.broken {
        faults.add(pointer);
    }
    edges
}

fn no_way_out(edge: &Pending, consumer: &Declared<'_>, provider: &Declared<'_>) -> Diagnostic {
    let message = format!("`{}` runs elsewhere, and `{}` is only on internal networks", provider.name, consumer.name);
    Diagnostic::new(&code::NO_WAY_OUT, Place::Name(edge.at.clone()), message)
        .help(format!("put `{}` on a network that is not internal as well (`networks:`), or remove the connection", consumer.name))
        .related(Place::Key(provider.at.clone()), "declared here")
}

/// Whether no fault leaves it open where a service is. `open` are those that are somewhere unknown.
pub(super) fn places_known(faults: &Faults, open: &BTreeSet<Pointer>, service: &Pointer) -> bool {
    let faulty = |key: &str| faults.touches(&service.key(key)) || faults.touches(&Pointer::root().key(key));
    !open.contains(service) && !faults.covers(service) && !["networks", "stack", "stacks"].into_iter().any(faulty)
}

struct Wiring<'s, 'a> {
    services: &'s Services<'a>,
    /// The services that are somewhere unknown.
    open: &'s BTreeSet<Pointer>,
    /// The networks without a way to the internet.
    internal: BTreeSet<&'s str>,
    /// The positions of a service's workloads.
    index: HashMap<String, Vec<usize>>,
    /// The position of each workload.
    positions: HashMap<String, usize>,
    /// The variables of each workload, with the edges that wrote them.
    written: HashMap<String, Vec<(String, Pointer)>>,
    broken: Vec<Pointer>,
}

impl Wiring<'_, '_> {
    fn edge(
        &mut self,
        edge: &Pending,
        provider: &Declared<'_>,
        resource: Option<&Resource>,
        workloads: &mut [Workload],
        faults: &Faults,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Edge> {
        let surface = provider.instance.surface();
        let consumer = self.services.get(&edge.from)?;
        if !self.is_right_component(edge, provider, found) {
            return None;
        }
        if edge.needs_resource && resource.is_none() && (surface.resource_kind == "database") && edge.target.resource().is_none() {
            found.push(ambiguous(provider.name, surface, &edge.at));
            return None;
        }
        let connecting = self.sharing(edge, surface, workloads);
        let placed = !surface.endpoints.is_empty() || surface.external.is_some();
        if connecting.is_empty() && placed && consumer.name != provider.name {
            if places_known(faults, self.open, &consumer.at) && places_known(faults, self.open, &provider.at) {
                found.push(match &surface.external {
                    Some(_) => no_way_out(edge, consumer, provider),
                    None => self.no_shared_network(edge, consumer, provider, surface, workloads),
                });
                self.broken.push(edge.at.clone());
            }
            return None;
        }
        let waits = self.waits(edge, consumer, provider, surface, found)?;
        for position in &connecting {
            let workload = &mut workloads[*position];
            let waiting = edge.waiting.as_ref().is_none_or(|names| names.contains(&workload.name));
            for wait in waits.iter().filter(|_| waiting) {
                if !workload.waits.contains(wait) && wait.0 != workload.name {
                    workload.waits.push(wait.clone());
                }
            }
            if let Some(prefix) = &edge.variables {
                self.variables(edge, consumer, prefix.as_deref(), surface, resource, workload, found);
            }
        }
        Some(Edge {
            from: consumer.name.to_owned(),
            workloads: connecting.iter().map(|position| workloads[*position].name.clone()).collect(),
            to: provider.name.to_owned(),
            resource: resource.map(|resource| resource.name.clone()),
            endpoints: surface.endpoints.clone(),
            waits,
            reason: edge.reason,
            origin: edge.at.clone(),
        })
    }

    /// Whether the edge may lead to what it names; where it may not, that is reported.
    fn is_right_component(&self, edge: &Pending, provider: &Declared<'_>, found: &mut Vec<Diagnostic>) -> bool {
        if edge.accepts.is_empty() || edge.accepts.contains(&provider.component.name) {
            return true;
        }
        let wanted = edge.accepts.join("` or `");
        let message =
            format!("`{}` is of the component `{}`, but `{}` takes `{wanted}`", provider.name, provider.component.name, edge.reason);
        let right: Vec<&str> = self
            .services
            .list
            .iter()
            .filter(|other| edge.accepts.contains(&other.component.name))
            .map(|other| other.name)
            .take(10)
            .collect();
        let help =
            if right.is_empty() { format!("declare a service of the component `{wanted}`") } else { format!("write {}", one_of(right)) };
        found.push(
            Diagnostic::new(&code::WRONG_COMPONENT, Place::Name(edge.at.clone()), message)
                .help(help)
                .related(Place::Key(provider.at.clone()), "declared here"),
        );
        false
    }

    /// The consumer's workloads that connect: of those that the edge names, or of its servers, those that share a network,
    /// or that have a way out where the provider runs elsewhere.
    fn sharing(&self, edge: &Pending, surface: &Surface, workloads: &[Workload]) -> Vec<usize> {
        let provider = self.provider(surface);
        self.consuming(edge, workloads)
            .into_iter()
            .filter(|position| match provider {
                _ if surface.external.is_some() => {
                    workloads[*position].networks.iter().any(|network| !self.internal.contains(network.as_str()))
                }
                Some(provider) => workloads[*position].networks.iter().any(|network| workloads[provider].networks.contains(network)),
                None => surface.endpoints.is_empty(),
            })
            .collect()
    }

    /// The workload that others connect to; of several, which are on the same networks, the first.
    fn provider(&self, surface: &Surface) -> Option<usize> {
        self.positions.get(&surface.endpoints.first()?.workload).copied()
    }

    /// The consumer's workloads that an edge is for, wherever they are.
    fn consuming(&self, edge: &Pending, workloads: &[Workload]) -> Vec<usize> {
        let mine = self.index.get(&edge.from).map(Vec::as_slice).unwrap_or_default();
        let named = edge.workloads.clone().or_else(|| self.services.get(&edge.from)?.instance.consumers());
        let is_meant = |position: &usize| {
            let workload = &workloads[*position];
            match &named {
                Some(names) => names.contains(&workload.name),
                // A job with a role sets the service up; one without is the service itself.
                None => workload.role.is_none() || !workload.kind.ends(),
            }
        };
        mine.iter().copied().filter(is_meant).collect()
    }

    /// Gives a variable to all of them: also those without a way to the provider read the program that names it.
    fn give(&mut self, edge: &Pending, name: &str, text: &Text, workloads: &mut [Workload], found: &mut Vec<Diagnostic>) {
        let Some(consumer) = self.services.get(&edge.from) else { return };
        for position in self.consuming(edge, workloads) {
            if !self.write(edge, consumer, name, text, &mut workloads[position], found) {
                return;
            }
        }
    }

    fn no_shared_network(
        &self,
        edge: &Pending,
        consumer: &Declared<'_>,
        provider: &Declared<'_>,
        surface: &Surface,
        workloads: &[Workload],
    ) -> Diagnostic {
        let networks = self.provider(surface).map(|position| workloads[position].networks.as_slice()).unwrap_or_default();
        let list = quoted(networks.iter().map(String::as_str));
        let fault = Diagnostic::new(
            &code::NO_SHARED_NETWORK,
            Place::Name(edge.at.clone()),
            format!("`{}` and `{}` share no network", consumer.name, provider.name),
        );
        fault
            .help(format!("put `{}` on {list} as well (`networks:`), or remove the connection", consumer.name))
            .related(Place::Key(provider.at.clone()), format!("it is on {list}"))
    }

    fn waits(
        &self,
        edge: &Pending,
        consumer: &Declared<'_>,
        provider: &Declared<'_>,
        surface: &Surface,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Vec<(String, Readiness)>> {
        let waits = match edge.readiness {
            Wanted::None => return Some(Vec::new()),
            // What runs elsewhere is taken to be there.
            Wanted::Ready | Wanted::Started if surface.external.is_some() => return Some(Vec::new()),
            Wanted::Started => surface.workloads.first().map(|(name, _)| (name.clone(), Readiness::Started)).into_iter().collect(),
            Wanted::Ready => surface.ready.clone(),
            Wanted::Completed => {
                surface.ready.iter().filter(|(_, readiness)| *readiness == Readiness::Completed).cloned().collect::<Vec<_>>()
            }
        };
        if waits.is_empty() {
            let (message, help) = match edge.readiness {
                Wanted::Completed => (
                    format!("`{}` never ends, so nothing can wait for its end", provider.name),
                    "write `ready: ready` or `ready: started`".to_owned(),
                ),
                _ => (
                    format!("nothing tells when `{}` is ready", provider.name),
                    format!(
                        "give `{}` a `health:`, or wait only for its start: `uses: {{ {}: {{ ready: started }} }}`",
                        provider.name, edge.target
                    ),
                ),
            };
            let place = match edge.readiness {
                Wanted::Completed => Place::Value(edge.at.key("ready")),
                _ => Place::Name(edge.at.clone()),
            };
            let fault = Diagnostic::new(&code::MISSING_HEALTH, place, message);
            let fault = fault.help(help).related(Place::Key(provider.at.clone()), "declared here");
            found.push(fault.depends_on(provider.at.key("health")).depends_on(edge.at.key("ready")));
            return None;
        }
        let (mine, theirs) = (&consumer.service.profiles, &provider.service.profiles);
        if !theirs.is_empty() && (mine.is_empty() || mine.iter().any(|profile| !theirs.contains(profile))) && consumer.name != provider.name
        {
            let fault = Diagnostic::new(
                &code::PROFILE_MISMATCH,
                Place::Name(edge.at.clone()),
                format!("`{}` waits for `{}`, which does not run without its profile", consumer.name, provider.name),
            );
            let list = theirs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            found.push(
                fault
                    .help(format!(
                        "give `{}` no profile but those of `{}` (`profiles: [{list}]`), or take the profile from `{}`",
                        consumer.name, provider.name, provider.name
                    ))
                    .related(Place::Value(provider.at.key("profiles")), "its profile"),
            );
            return None;
        }
        Some(waits)
    }

    #[allow(clippy::too_many_arguments, reason = "the two ends of an edge and the workload between them")]
    fn variables(
        &mut self,
        edge: &Pending,
        consumer: &Declared<'_>,
        prefix: Option<&str>,
        surface: &Surface,
        resource: Option<&Resource>,
        workload: &mut Workload,
        found: &mut Vec<Diagnostic>,
    ) {
        let offered: Vec<(&str, &Text)> = surface
            .variables
            .iter()
            .chain(resource.into_iter().flat_map(|resource| &resource.variables))
            .map(|(suffix, text)| (*suffix, text))
            .collect();
        for (suffix, text) in offered {
            // `POSTGRES_DB` is what everyone writes; with a prefix of one's own, `ORDERS_NAME` reads better than `DB_DB`.
            let name = match prefix {
                Some(prefix) if suffix == "DB" => [prefix, "NAME"].join("_"),
                Some(prefix) => [prefix, suffix].join("_"),
                None => [&surface.prefix, suffix].join("_"),
            };
            if !self.write(edge, consumer, &name, text, workload, found) {
                return;
            }
        }
    }

    /// Writes a variable unless the service's own environment has it; false if another edge has written it.
    fn write(
        &mut self,
        edge: &Pending,
        consumer: &Declared<'_>,
        name: &str,
        text: &Text,
        workload: &mut Workload,
        found: &mut Vec<Diagnostic>,
    ) -> bool {
        if consumer.service.environment.get(name).is_some() {
            return true;
        }
        let written = self.written.entry(workload.name.clone()).or_default();
        if let Some((_, first)) = written.iter().find(|(known, first)| known == name && *first != edge.at) {
            let message = format!("the variable `{name}` is written by two connections");
            let help = match edge.given {
                Some(_) => "give one of them a prefix: `runs: { as: OTHER }`".to_owned(),
                None => format!("give one of them a prefix: `uses: {{ {}: {{ as: OTHER }} }}`", edge.target),
            };
            let fault = Diagnostic::new(&code::VARIABLE_TAKEN, Place::Name(edge.at.clone()), message).help(help);
            found.push(fault.related(Place::Name(first.clone()), "written here first"));
            return false;
        }
        written.push((name.to_owned(), edge.at.clone()));
        set(&mut workload.environment, name, text.clone());
        true
    }
}
