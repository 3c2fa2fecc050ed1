//! The volumes that something mounts, the blueprint's and the services' own, and the jobs that set their groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::blueprint::Blueprint;
use crate::components::OwnVolume;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Check, Image, Mount, PathRef, Platform, PublicText, Readiness, RemoteCheck, Volume, Workload, WorkloadKind};
use crate::source::Pointer;
use crate::value::NetworkName;

/// Adds the volumes to a platform whose stacks are in the order in which they start: the first that mounts one makes it, so that
/// it is there for the others.
pub(super) fn add(platform: &mut Platform, blueprint: &Blueprint, own: Vec<OwnVolume>, found: &mut Vec<Diagnostic>) {
    own_names(blueprint, &own, found);
    let mut mounters = mounters(&platform.workloads);
    let mut jobs = Vec::new();
    for OwnVolume { name, path, group, size, origin } in declared(blueprint).chain(own) {
        let Some(mut mounters) = mounters.remove(&name) else { continue };
        let place = |position: &usize| (platform.workloads[*position].stack, &platform.workloads[*position].name);
        mounters.sort_by(|one, other| place(one).cmp(&place(other)));
        let first = &platform.workloads[mounters[0]];
        let owner = first.stack;
        if let Some(group) = group {
            let job = group_job(&name, group, &origin, first);
            for position in mounters {
                platform.workloads[position].waits.push((job.name.clone(), Readiness::Completed));
            }
            jobs.push(job);
        }
        platform.volumes.push(Volume { name, path, group, size, owner, origin });
    }
    if !jobs.is_empty() {
        job_names(&platform.workloads, &jobs, found);
    }
    platform.workloads.append(&mut jobs);
}

fn declared(blueprint: &Blueprint) -> impl Iterator<Item = OwnVolume> {
    let section = Pointer::root().key("volumes");
    blueprint.volumes.iter().map(move |(name, volume)| {
        let origin = section.key(name.as_str());
        let path = volume.path.as_ref().map(|path| PathRef { path: path.0.clone(), origin: origin.key("path") });
        OwnVolume { name: name.to_string(), path, group: volume.group, size: volume.size, origin }
    })
}

/// Who mounts a declared volume of that name would be let into the service's own.
fn own_names(blueprint: &Blueprint, own: &[OwnVolume], found: &mut Vec<Diagnostic>) {
    let declared: BTreeSet<&str> = blueprint.volumes.keys().map(NetworkName::as_str).collect();
    for volume in own.iter().filter(|volume| declared.contains(volume.name.as_str())) {
        let place = Place::Key(Pointer::root().key("volumes").key(&volume.name));
        let fault = Diagnostic::new(&code::NAME_TAKEN, place, format!("a service has a volume `{}` of its own", volume.name));
        found.push(fault.related(Place::Key(volume.origin.clone()), "this one").help("choose another name"));
    }
}

/// The positions of the workloads that mount each volume.
fn mounters(workloads: &[Workload]) -> BTreeMap<String, Vec<usize>> {
    let mut mounters: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, workload) in workloads.iter().enumerate() {
        for name in workload.volumes().collect::<BTreeSet<_>>() {
            mounters.entry(name.to_owned()).or_default().push(position);
        }
    }
    mounters
}

/// Every workload is a host name, and the jobs are made after the names of all others were compared.
fn job_names(workloads: &[Workload], jobs: &[Workload], found: &mut Vec<Diagnostic>) {
    let mut owners: HashMap<&str, &Workload> = workloads.iter().map(|workload| (workload.name.as_str(), workload)).collect();
    for job in jobs {
        if let Some(first) = owners.insert(&job.name, job) {
            let message = format!("the job that sets its group would be called `{}`, as another workload is", job.name);
            let fault = Diagnostic::new(&code::NAME_TAKEN, Place::Key(job.origin.clone()), message);
            found.push(fault.related(Place::Key(first.origin.clone()), "the other one").help("rename the volume"));
        }
    }
}

/// Sets a volume's group, with the bit that hands the group on to what is made inside.
fn group_job(volume: &str, group: u32, origin: &Pointer, mounter: &Workload) -> Workload {
    let name = format!("{}-group", volume.replace('_', "-"));
    let script = format!("chgrp {group} /volume && chmod 2775 /volume");
    let mount = Mount::volume(volume, "/volume", origin.clone());
    let evidence =
        RemoteCheck { mounts: vec![Mount { read_only: true, ..mount.clone() }], ..Check::exec(["test", "-g", "/volume"]).into() };
    let kind = WorkloadKind::Job { evidence: Some(evidence) };
    let image = Image::Pulled { reference: "busybox:1.37.0".into() };
    Workload {
        stack: mounter.stack,
        networks: mounter.networks.iter().take(1).cloned().collect(),
        command: Some(["sh", "-c", script.as_str()].map(PublicText::from).into()),
        user: Some("0:0".to_owned()),
        mounts: vec![mount],
        ..Workload::new(name, volume, kind, image, origin.clone())
    }
}
