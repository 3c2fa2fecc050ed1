//! `.env.example`: every variable that the Compose files read, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ComposePlan, ENV_HASH, reads_deploy_time_file};
use crate::formats::said_elsewhere;
use crate::platform::{Encoding, Platform, Secret, Setting};
use crate::secrets::{self, Wanted};

/// The names of all variables that are read.
pub fn names(plan: &ComposePlan<'_>, used: &BTreeMap<String, BTreeSet<Encoding>>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        used.iter().flat_map(|(variable, encodings)| encodings.iter().map(|encoding| encoding.variable(variable))).collect();
    let mut services = plan.stacks.iter().flat_map(|stack| &stack.services);
    if services.any(|workload| reads_deploy_time_file(workload)) {
        names.insert(ENV_HASH.to_owned());
    }
    names
}

/// The text of `.env.example`.
pub fn example(wanted: &[Wanted], settings: &[secrets::Setting], names: &BTreeSet<String>) -> String {
    let header = "The variables of the Compose files. `pipegen secrets init` writes a `.env` with them.";
    secrets::example(header, wanted, settings, names.contains(ENV_HASH))
}

/// The secrets and settings that are read, each in the encodings in which it is.
pub fn read(platform: &Platform, used: &BTreeMap<String, BTreeSet<Encoding>>) -> (Vec<Wanted>, Vec<secrets::Setting>) {
    let wanted = platform.secrets.iter().filter_map(|secret| wanted(secret, used)).collect();
    let settings = platform.settings.iter().filter_map(|setting| self::setting(setting, used)).collect();
    (wanted, settings)
}

fn wanted(secret: &Secret, used: &BTreeMap<String, BTreeSet<Encoding>>) -> Option<Wanted> {
    let Secret { variable, format, note, encodings, origin } = secret;
    // What is really read may be less than the platform's list: other targets have texts of their own.
    said_elsewhere((encodings, origin));
    let encodings = used.get(variable)?.clone();
    Some(Wanted { name: variable.clone(), format: *format, note: note.clone(), encodings })
}

fn setting(setting: &Setting, used: &BTreeMap<String, BTreeSet<Encoding>>) -> Option<secrets::Setting> {
    let Setting { variable, default, encodings, origin } = setting;
    said_elsewhere((encodings, origin));
    let encodings = used.get(variable)?.clone();
    Some(secrets::Setting { name: variable.clone(), default: default.clone(), note: String::new(), encodings })
}
