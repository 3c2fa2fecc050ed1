//! Phase 8, first half: the edges, before it is known which workloads they connect.

use crate::blueprint::Readiness as Wanted;
use crate::platform::Readiness;
use crate::source::Pointer;
use crate::value::ResourceRef;

use super::build::BuiltAll;
use super::declare::Services;

/// The reason of an edge that a hole in a text makes.
pub(super) const TEXT: &str = "text";

/// An edge that is not yet connected to workloads.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub from: String,
    pub target: ResourceRef,
    /// Where a message points.
    pub at: Pointer,
    pub reason: &'static str,
    pub readiness: Wanted,
    /// The components that can be meant; empty: any.
    pub accepts: &'static [&'static str],
    /// The workloads that connect; `None`: every server.
    pub workloads: Option<Vec<String>>,
    /// Those of them that wait; `None`: all.
    pub waiting: Option<Vec<String>>,
    /// Whether it gives variables, and with which prefix.
    pub variables: Option<Option<String>>,
    /// A variable that the consumer gets beside the provider's.
    pub given: Option<Given>,
    /// Whether a resource must be meant if there are any.
    pub needs_resource: bool,
}

/// A variable, what it holds as written, and where that stands.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub variable: String,
    pub source: String,
    pub at: Pointer,
}

impl Pending {
    fn new(from: &str, target: ResourceRef, at: Pointer, reason: &'static str) -> Self {
        Self {
            from: from.to_owned(),
            target,
            at,
            reason,
            readiness: Wanted::None,
            accepts: &[],
            workloads: None,
            waiting: None,
            variables: None,
            given: None,
            needs_resource: false,
        }
    }

    /// The edge that a hole in a text makes: the text's workload will connect, but nothing waits.
    pub fn from_text(from: &str, target: &str, at: &Pointer) -> Option<Self> {
        Some(Self::new(from, ResourceRef::new(target).ok()?, at.clone(), TEXT))
    }

    /// The edge of a step that reads or writes a dataset.
    pub fn from_step(from: &str, target: &ResourceRef, at: Pointer, reason: &'static str) -> Self {
        Self::new(from, target.clone(), at, reason)
    }
}

/// The edges that `uses` and the components' own keys make, and those of texts.
pub(super) fn all(services: &Services<'_>, built: &BuiltAll) -> Vec<Pending> {
    let mut edges = Vec::new();
    for declared in &services.list {
        let at = declared.at.key("uses");
        for (index, (target, words)) in declared.service.uses.entries.iter().enumerate() {
            let place = if declared.service.uses.short { at.index(index) } else { at.key(target.as_str()) };
            let edge = Pending::new(declared.name, target.clone(), place, "uses");
            edges.push(Pending {
                readiness: words.ready.unwrap_or_default(),
                variables: declared.instance.takes_variables().then(|| words.prefix.as_ref().map(ToString::to_string)),
                accepts: declared.instance.uses(),
                needs_resource: declared.instance.takes_variables(),
                ..edge
            });
        }
        for reference in declared.instance.references() {
            let edge = Pending::new(declared.name, reference.target, reference.at, reference.key);
            let (readiness, waiting) = match reference.waits {
                Some((Readiness::Ready, waiting)) => (Wanted::Ready, Some(waiting)),
                Some((Readiness::Started, waiting)) => (Wanted::Started, Some(waiting)),
                Some((Readiness::Completed, waiting)) => (Wanted::Completed, Some(waiting)),
                None => (Wanted::None, None),
            };
            edges.push(Pending {
                readiness,
                waiting,
                accepts: reference.accepts,
                workloads: reference.workloads,
                needs_resource: true,
                ..edge
            });
        }
    }
    edges.extend(built.edges.iter().cloned());
    edges
}
