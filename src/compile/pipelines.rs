//! Pipelines: the topics that datasets need, the edges that steps make, and the rows of the guide.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Dataset, Runs, Step as StepSpec};
use crate::components::{COMPONENTS, Component, Topic};
use crate::diagnostic::{Diagnostic, Faults, Place, code, near, quoted, unknown_name};
use crate::platform::{Pipeline, Step};
use crate::source::Pointer;
use crate::value::{DatasetName, Duration, Map, Name, NetworkName, ResourceRef};

use super::declare::Services;
use super::pending::{Given, Pending};
use super::scope::{find_resource, find_service, find_volume, volume_meant};

fn section() -> Pointer {
    Pointer::root().key("pipelines")
}

/// The topics that datasets put into services, by service.
pub(super) fn topics(blueprint: &Blueprint) -> BTreeMap<String, Vec<Topic>> {
    let mut topics: BTreeMap<String, Vec<Topic>> = BTreeMap::new();
    for (pipeline, spec) in blueprint.pipelines.iter() {
        for (name, dataset) in spec.datasets.iter() {
            let at = section().key(pipeline.as_str()).key("datasets").key(name.as_str());
            if let Some(topic) = &dataset.topic {
                topics.entry(holder(blueprint, dataset.location.service()).to_owned()).or_default().push(Topic {
                    name: topic.0.clone(),
                    partitions: dataset.partitions.unwrap_or(1),
                    replicas: dataset.replicas.map(|count| (count, at.key("replicas"))),
                    retention_ms: dataset.retention.map(Duration::as_milliseconds),
                    origin: at.key("topic"),
                });
            }
        }
    }
    topics
}

/// The service of this name, or else the near one: a misspelt name is reported where the dataset is looked at.
fn holder<'a>(blueprint: &'a Blueprint, name: &'a str) -> &'a str {
    if blueprint.services.get(name).is_some() {
        return name;
    }
    near(name, blueprint.services.keys().map(Name::as_str)).unwrap_or(name)
}

/// The edges of the steps: from where a step runs to where its data is.
pub(super) fn edges(blueprint: &Blueprint, services: &Services<'_>, faults: &Faults, found: &mut Vec<Diagnostic>) -> Vec<Pending> {
    let mut edges = Vec::new();
    for (pipeline, spec) in blueprint.pipelines.iter() {
        let at = section().key(pipeline.as_str());
        let mut stepping = Stepping { blueprint, services, faults, found, datasets: BTreeMap::new(), at };
        stepping.datasets(&spec.datasets);
        for (name, step) in spec.steps.iter() {
            edges.extend(stepping.step(name.as_str(), step));
        }
    }
    edges
}

/// Where data is.
#[derive(Clone)]
enum Location {
    Volume(String),
    Service(ResourceRef),
}

struct Stepping<'a> {
    blueprint: &'a Blueprint,
    services: &'a Services<'a>,
    faults: &'a Faults,
    found: &'a mut Vec<Diagnostic>,
    /// Where each dataset is; nothing if a fault was reported for that.
    datasets: BTreeMap<&'a str, Option<Location>>,
    at: Pointer,
}

impl<'a> Stepping<'a> {
    /// Every dataset is in something that is declared, and is exactly one kind of data.
    fn datasets(&mut self, datasets: &'a Map<DatasetName, Dataset>) {
        for (name, dataset) in datasets.iter() {
            let at = self.at.key("datasets").key(name.as_str());
            let kinds = [&dataset.table, &dataset.topic, &dataset.path, &dataset.object].iter().filter(|kind| kind.is_some()).count();
            if kinds != 1 && !self.faults.touches(&at) {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(at.clone()), "a dataset is exactly one kind of data");
                self.found.push(fault.help("write one of `table`, `topic`, `path` and `object`"));
            }
            let location = self.location(&dataset.location, &at.key("in"));
            if let Some(location) = &location {
                self.held(dataset, location, &at);
            }
            self.datasets.insert(name.as_str(), location);
        }
    }

    /// Whether such data can be where it is said to be.
    fn held(&mut self, dataset: &Dataset, location: &Location, at: &Pointer) {
        let kinds = [("table", &dataset.table), ("topic", &dataset.topic), ("object", &dataset.object), ("path", &dataset.path)];
        let Some((kind, _)) = kinds.into_iter().find(|(_, name)| name.is_some()) else { return };
        let (message, help) = match location {
            Location::Volume(_) if kind == "path" => return,
            Location::Volume(name) => {
                (format!("`{name}` is a volume, which holds no `{kind}`"), "write `path`, or name a service".to_owned())
            }
            Location::Service(target) => {
                let Some(declared) = self.services.get(target.service()) else { return };
                let Component { name: component, holds, .. } = declared.component;
                if holds.contains(&kind) {
                    return;
                }
                let holders = COMPONENTS.iter().filter(|other| other.holds.contains(&kind)).map(|other| other.name);
                let help = if kind == "path" {
                    "name a volume".to_owned()
                } else {
                    format!("name a service of one of the components {}", quoted(holders))
                };
                (format!("`{}` is of the component `{component}`, which holds no `{kind}`", declared.name), help)
            }
        };
        if !self.faults.touches(at) {
            let fault = Diagnostic::new(&code::WRONG_COMPONENT, Place::Value(at.key("in")), message);
            self.found.push(fault.help(help).related(Place::Key(at.key(kind)), "what it is said to be"));
        }
    }

    /// What `in` means; an unknown name is reported.
    fn location(&mut self, target: &ResourceRef, at: &Pointer) -> Option<Location> {
        let name = target.service();
        let volumes = self.blueprint.volumes.keys().map(NetworkName::as_str);
        let is_volume = |name: &str| self.blueprint.volumes.get(name).is_some();
        let meant = if self.services.name(name).is_some() { None } else { near(name, self.services.names().chain(volumes)) };
        if is_volume(name) || meant.is_some_and(is_volume) {
            let (volume, _) = find_volume(self.blueprint, self.faults, name, at, self.found)?;
            return Some(Location::Volume(volume.to_owned()));
        }
        if self.faults.touches(&Pointer::root().key("volumes").key(name)) {
            return None;
        }
        let service = find_service(self.services, self.faults, name, at, self.found)?;
        let resource = match target.resource() {
            Some(resource) => Some(find_resource(self.services.surface(service)?, service, resource, at, self.faults, self.found)?),
            None => None,
        };
        let meant = resource.map_or_else(|| service.to_owned(), |resource| format!("{service}/{}", resource.name));
        ResourceRef::new(meant).ok().map(Location::Service)
    }

    fn step(&mut self, name: &str, step: &StepSpec) -> Vec<Pending> {
        let at = self.at.key("steps").key(name);
        self.program(step, &at);
        let runner = find_service(self.services, self.faults, step.on.as_str(), &at.key("on"), self.found);
        let mut edges = Vec::new();
        if let (Some(runs), Some(runner)) = (&step.runs, runner) {
            edges.extend(self.starts(runner, runs, &at.key("runs")));
        }
        for (key, names) in [("reads", &step.reads), ("writes", &step.writes), ("after", &step.after)] {
            for (index, dataset) in names.iter().enumerate() {
                let place = at.key(key).index(index);
                let (location, Some(runner)) = (self.dataset(dataset.as_str(), &place), runner) else { continue };
                match location {
                    Some(Location::Volume(volume)) => self.mounted(runner, &volume, &place),
                    // `after` only watches: the data itself is read by those who say so.
                    Some(Location::Service(target)) if target.service() != runner => {
                        edges.push(Pending::from_step(runner, &target, place, if key == "writes" { "writes" } else { "reads" }));
                    }
                    _ => {}
                }
            }
        }
        edges
    }

    /// A step is one program, or at least says what it does with which data.
    fn program(&mut self, step: &StepSpec, at: &Pointer) {
        let StepSpec { dag, spark_submit, reads, writes, after, runs, .. } = step;
        let idle = dag.is_none() && spark_submit.is_none() && runs.is_none() && [reads, writes, after].iter().all(|names| names.is_empty());
        let fault = match (dag, spark_submit) {
            (Some(_), Some(_)) => Diagnostic::new(&code::BAD_VALUE, Place::Key(at.key("spark_submit")), "`spark_submit` beside `dag`")
                .help("write a step for each: a step is one program"),
            _ if idle => Diagnostic::new(&code::BAD_VALUE, Place::Key(at.clone()), "a step that does nothing")
                .help("write `dag` or `spark_submit`, and what it `reads` and `writes`"),
            _ => return,
        };
        if !self.faults.touches(at) {
            self.found.push(fault);
        }
    }

    /// The edge to where a job runs, with the variable that names the job.
    fn starts(&mut self, runner: &str, runs: &Runs, at: &Pointer) -> Option<Pending> {
        let on = at.key("on");
        let target = find_service(self.services, self.faults, runs.on.as_str(), &on, self.found)?;
        let prefix = runs.prefix.as_ref().map_or("DATABRICKS", |prefix| prefix.as_str());
        let given = Given { variable: format!("{prefix}_JOB_ID"), source: runs.databricks_job.0.clone(), at: at.key("databricks_job") };
        let edge = Pending::from_step(runner, &ResourceRef::new(target).ok()?, on, "runs");
        Some(Pending { accepts: &["databricks"], given: Some(given), ..edge })
    }

    fn dataset(&mut self, name: &str, at: &Pointer) -> Option<Location> {
        if let Some(location) = self.datasets.get(name) {
            return location.clone();
        }
        let section = self.at.key("datasets");
        if self.faults.touches(&section.key(name)) {
            return None;
        }
        self.found.push(unknown_name("dataset", name, self.datasets.keys().copied(), &section, at.clone()));
        None
    }

    /// A step that reads a folder of a volume runs where that volume is mounted.
    fn mounted(&mut self, runner: &str, volume: &str, at: &Pointer) {
        let Some(service) = self.services.blueprint(runner) else { return };
        let meant = |name: &str| volume_meant(self.blueprint, name).is_some_and(|(name, _)| name == volume);
        let mounts = service.volumes.iter().any(|mount| mount.volume.as_ref().is_some_and(|name| meant(name.as_str())));
        let place = Pointer::root().key("services").key(runner);
        if !mounts && !self.faults.touches(&place.key("volumes")) {
            let fault = Diagnostic::new(
                &code::VOLUME_NOT_MOUNTED,
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
            schedule: step.schedule.as_ref().map(|schedule| schedule.0.clone()).or_else(|| when(&step.after)),
            starts: step.runs.as_ref().map(|runs| format!("a job on {}", runs.on)),
            reads: describe(&step.reads),
            writes: describe(&step.writes),
        });
        Pipeline { name: name.to_string(), description: spec.description.as_ref().map(|text| text.0.clone()), steps: steps.collect() }
    });
    pipelines.collect()
}

/// The schedule of a step that waits for data.
fn when(after: &[DatasetName]) -> Option<String> {
    let names: Vec<String> = after.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| format!("when {} changed", names.join(" and ")))
}

fn data(dataset: &Dataset) -> String {
    let kinds = [("table", &dataset.table), ("topic", &dataset.topic), ("folder", &dataset.path), ("object", &dataset.object)];
    let what = kinds.iter().find_map(|(kind, name)| name.as_ref().map(|name| format!("{kind} {}", name.0))).unwrap_or_default();
    format!("{what} in {}", dataset.location)
}
