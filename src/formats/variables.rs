//! What the deployer has to bring: the variables that are really read.

use std::collections::{BTreeMap, BTreeSet};

use super::said_elsewhere;
use crate::platform::{Encoding, Platform, Secret, Setting};
use crate::secrets::{self, Wanted};

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
