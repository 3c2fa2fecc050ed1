//! The pieces of a platform by name. Built once where many are looked up, so that no lookup is a scan.

use std::collections::HashMap;

use super::{Endpoint, EndpointRef, Network, Platform, Service, Volume, Workload};

/// Lookups into a platform.
#[derive(Debug)]
pub struct Index<'a> {
    workloads: HashMap<&'a str, &'a Workload>,
    services: HashMap<&'a str, &'a Service>,
    networks: HashMap<&'a str, &'a Network>,
    volumes: HashMap<&'a str, &'a Volume>,
    by_service: HashMap<&'a str, Vec<&'a Workload>>,
}

impl<'a> Index<'a> {
    /// The index of a platform.
    pub fn new(platform: &'a Platform) -> Self {
        let mut by_service: HashMap<&str, Vec<&Workload>> = HashMap::new();
        for workload in &platform.workloads {
            by_service.entry(&workload.service).or_default().push(workload);
        }
        Self {
            workloads: platform.workloads.iter().map(|workload| (workload.name.as_str(), workload)).collect(),
            services: platform.services.iter().map(|service| (service.name.as_str(), service)).collect(),
            networks: platform.networks.iter().map(|network| (network.name.as_str(), network)).collect(),
            volumes: platform.volumes.iter().map(|volume| (volume.name.as_str(), volume)).collect(),
            by_service,
        }
    }

    /// A workload by name.
    pub fn workload(&self, name: &str) -> Option<&'a Workload> {
        self.workloads.get(name).copied()
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&'a Service> {
        self.services.get(name).copied()
    }

    /// A network by name.
    pub fn network(&self, name: &str) -> Option<&'a Network> {
        self.networks.get(name).copied()
    }

    /// A volume by name.
    pub fn volume(&self, name: &str) -> Option<&'a Volume> {
        self.volumes.get(name).copied()
    }

    /// The groups of a workload: its own, and those that own what it mounts. Each once.
    pub fn groups(&self, workload: &Workload) -> Vec<u32> {
        let mut groups = workload.groups.clone();
        for volume in workload.volumes().filter_map(|name| self.volume(name)) {
            groups.extend(volume.group.filter(|group| !groups.contains(group)));
        }
        groups
    }

    /// The workloads of a service, in the platform's order; none for an unknown one.
    pub fn workloads_of(&self, service: &str) -> &[&'a Workload] {
        self.by_service.get(service).map_or(&[], Vec::as_slice)
    }

    /// An endpoint by reference.
    pub fn endpoint(&self, reference: &EndpointRef) -> Option<&'a Endpoint> {
        self.workload(&reference.workload)?.endpoint(&reference.endpoint)
    }
}
