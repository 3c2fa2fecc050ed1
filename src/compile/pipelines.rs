//! Pipelines: the topics that datasets need, the edges that steps make, and the rows of the guide.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Dataset, MountSource, Step as StepSpec};
use crate::components::{Topic, unknown_name};
use crate::diagnostic::{Diagnostic, Faults, Place, code, near};
use crate::platform::{Pipeline, Step};
use crate::source::Pointer;
use crate::value::{DatasetName, Duration, Map};

use super::declare::Services;
use super::scope::find_service;
use super::wire::Pending;

fn section() -> Pointer {
    Pointer::root().key("pipelines")
}

/// The topics that datasets put into services, by service.
pub(super) fn topics(blueprint: &Blueprint) -> BTreeMap<String, Vec<Topic>> {
    let mut topics: BTreeMap<String, Vec<Topic>> = BTreeMap::new();
    for (pipeline, spec) in blueprint.pipelines.iter() {
        for (name, dataset) in spec.datasets.iter() {
            if let Some(topic) = &dataset.topic {
                topics.entry(dataset.location.service().to_owned()).or_default().push(Topic {
                    name: topic.0.clone(),
                    partitions: dataset.partitions.unwrap_or(1),
                    retention_ms: dataset.retention.map(Duration::as_milliseconds),
                    origin: section().key(pipeline.as_str()).key("datasets").key(name.as_str()).key("topic"),
                });
            }
        }
    }
    topics
}

/// The edges of the steps: from where a step runs to where its data is.
pub(super) fn edges(blueprint: &Blueprint, services: &Services<'_>, faults: &Faults, found: &mut Vec<Diagnostic>) -> Vec<Pending> {
    let mut edges = Vec::new();
    for (pipeline, spec) in blueprint.pipelines.iter() {
        let at = section().key(pipeline.as_str());
        let mut stepping = Stepping { blueprint, services, faults, found, datasets: &spec.datasets, at };
        stepping.datasets();
        for (name, step) in spec.steps.iter() {
            edges.extend(stepping.step(name.as_str(), step));
        }
    }
    edges
}

struct Stepping<'a> {
    blueprint: &'a Blueprint,
    services: &'a Services<'a>,
    faults: &'a Faults,
    found: &'a mut Vec<Diagnostic>,
    datasets: &'a Map<DatasetName, Dataset>,
    at: Pointer,
}

impl<'a> Stepping<'a> {
    /// Every dataset is in something that is declared, and is exactly one kind of data.
    fn datasets(&mut self) {
        for (name, dataset) in self.datasets.iter() {
            let at = self.at.key("datasets").key(name.as_str());
            let kinds = [&dataset.table, &dataset.topic, &dataset.path, &dataset.object].iter().filter(|kind| kind.is_some()).count();
            if kinds != 1 && !self.faults.touches(&at) {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(at.clone()), "a dataset is exactly one kind of data");
                self.found.push(fault.help("write one of `table`, `topic`, `path` and `object`"));
            }
            if self.volume(dataset.location.service()) {
                continue;
            }
            let at = at.key("in");
            if let Some(service) = find_service(self.services, self.faults, dataset.location.service(), &at, self.found) {
                if let (Some(resource), Some(surface)) = (dataset.location.resource(), self.services.surface(service)) {
                    super::scope::find_resource(surface, service, resource, &at, self.faults, self.found);
                }
            }
        }
    }

    fn volume(&self, name: &str) -> bool {
        self.blueprint.volumes.get(name).is_some() || self.faults.touches(&Pointer::root().key("volumes").key(name))
    }

    fn step(&mut self, name: &str, step: &StepSpec) -> Vec<Pending> {
        let at = self.at.key("steps").key(name);
        let runner = find_service(self.services, self.faults, step.on.as_str(), &at.key("on"), self.found);
        if let Some(runs) = &step.runs {
            find_service(self.services, self.faults, runs.on.as_str(), &at.key("runs").key("on"), self.found);
        }
        let mut edges = Vec::new();
        for (key, names) in [("reads", &step.reads), ("writes", &step.writes), ("after", &step.after)] {
            for (index, dataset) in names.iter().enumerate() {
                let place = at.key(key).index(index);
                let Some(dataset) = self.dataset(dataset.as_str(), &place) else { continue };
                let Some(runner) = runner else { continue };
                if self.volume(dataset.location.service()) {
                    self.mounted(runner, dataset.location.service(), &place);
                } else if self.services.name(dataset.location.service()).is_some() && dataset.location.service() != runner {
                    // `after` only watches: the data itself is read by those who say so.
                    edges.push(Pending::from_step(runner, &dataset.location, place, if key == "writes" { "writes" } else { "reads" }));
                }
            }
        }
        edges
    }

    fn dataset(&mut self, name: &str, at: &Pointer) -> Option<&'a Dataset> {
        let datasets = self.datasets;
        let section = self.at.key("datasets");
        if let Some(dataset) = datasets.get(name) {
            return Some(dataset);
        }
        if self.faults.touches(&section.key(name)) {
            return None;
        }
        let known: Vec<&str> = datasets.keys().map(DatasetName::as_str).collect();
        self.found.push(unknown_name("dataset", name, known.iter().copied(), &section, at.clone()));
        near(name, known).and_then(|near| datasets.get(near))
    }

    /// A step that reads a folder of a volume runs where that volume is mounted.
    fn mounted(&mut self, runner: &str, volume: &str, at: &Pointer) {
        let Some(service) = self.services.blueprint(runner) else { return };
        let mounts =
            service.volumes.iter().any(|mount| matches!(&mount.source, Some(MountSource::Volume(name)) if name.as_str() == volume));
        let place = Pointer::root().key("services").key(runner);
        if !mounts && !self.faults.touches(&place.key("volumes")) {
            let fault = Diagnostic::new(
                &code::NO_SHARED_NETWORK,
                Place::Value(at.clone()),
                format!("`{runner}` does not mount the volume `{volume}`"),
            );
            self.found
                .push(fault.help(format!("add it to the service: `volumes: [{volume}]`")).related(Place::Key(place), "declared here"));
        }
    }
}

/// The pipelines as the guide shows them.
pub(super) fn guide(blueprint: &Blueprint) -> Vec<Pipeline> {
    let pipelines = blueprint.pipelines.iter().map(|(name, spec)| {
        let describe =
            |names: &[DatasetName]| names.iter().filter_map(|name| spec.datasets.get(name.as_str()).map(data)).collect::<Vec<_>>();
        let steps = spec.steps.iter().map(|(name, step)| Step {
            name: name.to_string(),
            on: step.on.to_string(),
            program: step.dag.as_ref().or(step.spark_submit.as_ref()).map(|program| program.0.clone()),
            schedule: step.schedule.as_ref().map(|schedule| schedule.0.clone()),
            reads: describe(&step.reads),
            writes: describe(&step.writes),
        });
        Pipeline { name: name.to_string(), description: spec.description.as_ref().map(|text| text.0.clone()), steps: steps.collect() }
    });
    pipelines.collect()
}

fn data(dataset: &Dataset) -> String {
    let kinds = [("table", &dataset.table), ("topic", &dataset.topic), ("folder", &dataset.path), ("object", &dataset.object)];
    let what = kinds.iter().find_map(|(kind, name)| name.as_ref().map(|name| format!("{kind} {}", name.0))).unwrap_or_default();
    format!("{what} in {}", dataset.location)
}
