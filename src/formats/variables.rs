//! What the deployer has to bring: the variables that are really read.

use std::collections::{BTreeMap, BTreeSet};

use super::said_elsewhere;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Encoding, Platform, Secret, Setting};
use crate::secrets::{self, Wanted};

/// The secrets and settings that are read, each in the encodings in which it is. A name that would mean two of them is reported.
pub fn read(
    platform: &Platform,
    used: &BTreeMap<String, BTreeSet<Encoding>>,
    found: &mut Vec<Diagnostic>,
) -> (Vec<Wanted>, Vec<secrets::Setting>) {
    found.extend(called_like_a_copy(platform, used));
    let wanted = platform.secrets.iter().filter_map(|secret| wanted(secret, used)).collect();
    let settings = platform.settings.iter().filter_map(|setting| self::setting(setting, used)).collect();
    (wanted, settings)
}

/// The variables that have the name under which `secrets init` writes the encoded copy of another one.
fn called_like_a_copy(platform: &Platform, used: &BTreeMap<String, BTreeSet<Encoding>>) -> Vec<Diagnostic> {
    let copies = used.iter().flat_map(|(variable, encodings)| {
        let encoded = encodings.iter().filter(|encoding| **encoding != Encoding::Raw);
        encoded.map(move |encoding| (encoding.variable(variable), variable)).filter(|(copy, _)| used.contains_key(copy))
    });
    let fault = |(copy, variable): (String, &String)| {
        let (place, of) = (place(platform, &copy)?, place(platform, variable)?);
        let message = format!("`secrets init` writes an encoded copy of `{variable}` under the name `{copy}`");
        let fault = Diagnostic::new(&code::VARIABLE_TAKEN, place, message).related(of, "the variable that is copied");
        Some(fault.help("choose another name for one of the two variables"))
    };
    copies.filter_map(fault).collect()
}

/// What holds for a variable that nobody has set, as it is; nothing where somebody has to.
pub fn default<'a>(platform: &'a Platform, variable: &str) -> Option<&'a str> {
    platform.setting(variable)?.default.as_deref()
}

/// Where a variable comes from.
fn place(platform: &Platform, variable: &str) -> Option<Place> {
    let secret = platform.secret(variable).map(|secret| Place::Key(secret.origin.key("env")));
    secret.or_else(|| Some(Place::Value(platform.setting(variable)?.origin.clone())))
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
