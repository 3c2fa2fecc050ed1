//! Phase 9: the secrets and the deployer's values that the workloads read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::blueprint::{Blueprint, Credential, CredentialType};
use crate::components::{SecretDeclaration, SettingRead};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Encoding, Part, Realization, Secret, SecretFormat, Setting};
use crate::source::Pointer;
use crate::value::Reference;

use super::build::BuiltAll;
use super::declare::Services;

/// How the variables begin that `secrets init` and the manifests have for themselves.
const OWN: &str = "PIPEGEN_";

/// The secrets and settings that something reads, with the forms in which it reads them.
pub(super) fn variables(
    blueprint: &Blueprint,
    services: &Services<'_>,
    built: &BuiltAll,
    realizations: &HashMap<&str, Vec<Realization>>,
    found: &mut Vec<Diagnostic>,
) -> (Vec<Secret>, Vec<Setting>) {
    let declared = declared_secrets(blueprint, services, found);
    let mut secrets: BTreeMap<String, BTreeSet<Encoding>> = BTreeMap::new();
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    let of_workloads = built.workloads.iter().map(|workload| (workload.texts(), &workload.origin));
    let of_realizations = services.list.iter().flat_map(|declared| {
        let own = realizations.get(declared.name).into_iter().flatten();
        own.map(move |realization| (realization.texts(), &declared.at))
    });
    let root = Pointer::root();
    let of_logins = built.image_logins.iter().map(|login| (vec![&login.password], &root));
    for (texts, origin) in of_workloads.chain(of_realizations).chain(of_logins) {
        for part in texts.into_iter().flat_map(crate::platform::Text::parts) {
            match part {
                Part::Secret { variable, encoding } => {
                    secrets.entry(variable.clone()).or_default().insert(*encoding);
                }
                Part::Setting { variable, default, encoding } => {
                    let reads = built.settings.get(variable).map(Vec::as_slice).unwrap_or_default();
                    let setting = settings.entry(variable.clone()).or_insert_with(|| Setting {
                        variable: variable.clone(),
                        // As it was written: that of a part may be encoded already.
                        default: reads.iter().find_map(|read| read.default.clone()),
                        encodings: Vec::new(),
                        origin: reads.first().map_or(origin, |read| &read.at).clone(),
                    });
                    if !setting.encodings.contains(encoding) {
                        setting.encodings.push(*encoding);
                    }
                    // A place without a default needs a value, whatever other places say.
                    if default.is_none() {
                        setting.default = None;
                    }
                }
                Part::Literal(_) | Part::Address { .. } | Part::Addresses { .. } => {}
            }
        }
    }
    found.extend(built.settings.iter().filter_map(|(name, reads)| two_defaults(name, reads)));
    for (name, setting) in &settings {
        if let Some(secret) = declared.get(name.as_str()) {
            let fault = Diagnostic::new(
                &code::VARIABLE_TAKEN,
                Place::Value(setting.origin.clone()),
                format!("the variable `{name}` is a secret's already"),
            );
            found.push(
                fault
                    .related(Place::Key(secret.origin.clone()), "the secret")
                    .help("read the credential (`${credentials.NAME.password}`), or choose another variable"),
            );
        }
        if name.starts_with(OWN) {
            found.push(pipegens_own(Place::Value(setting.origin.clone()), name));
        }
    }
    let secrets = secrets
        .into_iter()
        .filter_map(|(variable, encodings)| {
            let declaration = declared.get(variable.as_str())?;
            Some(Secret {
                format: declaration.format,
                note: declaration.note.clone(),
                origin: declaration.origin.clone(),
                encodings: encodings.into_iter().collect(),
                variable,
            })
        })
        .collect();
    (secrets, settings.into_values().collect())
}

/// A variable is one value in a cluster, and `.env.example` names one default.
fn two_defaults(name: &str, reads: &[SettingRead]) -> Option<Diagnostic> {
    let mut with_default = reads.iter().filter(|read| read.default.is_some());
    let first = with_default.next()?;
    let other = with_default.find(|read| read.default != first.default)?;
    let hole = Reference::Env { name: name.to_owned(), default: other.default.clone() };
    let place = Place::Part(other.at.clone(), hole.to_string());
    let fault = Diagnostic::new(&code::TWO_DEFAULTS, place, format!("the variable `{name}` has another default here"));
    Some(
        fault.related(Place::Value(first.at.clone()), "the first one").help("write the same default in both places, or read two variables"),
    )
}

fn pipegens_own(place: Place, variable: &str) -> Diagnostic {
    Diagnostic::new(&code::RESERVED_NAME, place, format!("the variable `{variable}` is pipegen's own"))
        .help(format!("choose a name that does not begin with `{OWN}`"))
}

/// Every secret that credentials and components declare, by variable. Two with one variable are a fault.
fn declared_secrets(blueprint: &Blueprint, services: &Services<'_>, found: &mut Vec<Diagnostic>) -> BTreeMap<String, SecretDeclaration> {
    let section = Pointer::root().key("credentials");
    for (name, credential) in blueprint.credentials.iter() {
        if let Some(variable) = credential.env.as_ref().filter(|variable| variable.as_str().starts_with(OWN)) {
            found.push(pipegens_own(Place::Value(section.key(name.as_str()).key("env")), variable.as_str()));
        }
    }
    let mut declared: BTreeMap<String, SecretDeclaration> = BTreeMap::new();
    let credentials = blueprint.credentials.iter().flat_map(|(name, credential)| {
        let origin = section.key(name.as_str());
        credential.kind.secret_fields().iter().map(move |field| SecretDeclaration {
            variable: credential.variable(name.as_str(), field),
            format: format_of(credential.kind),
            note: format!("{} of the credential {name}{}", field.replace('_', " "), user_note(credential)),
            origin: origin.clone(),
        })
    });
    for secret in credentials.chain(services.secrets.iter().cloned()) {
        let first = declared.get(&secret.variable);
        if let Some(first) = first.filter(|first| first.origin != secret.origin) {
            let fault = Diagnostic::new(
                &code::VARIABLE_TAKEN,
                Place::Key(secret.origin.key("env")),
                format!("two secrets have the variable `{}`", secret.variable),
            );
            found.push(
                fault
                    .related(Place::Key(first.origin.key("env")), "the other one")
                    .help("give the credential a variable of its own: `env: NAME`"),
            );
        }
        declared.insert(secret.variable.clone(), secret);
    }
    declared
}

/// How the secrets of a credential are made.
fn format_of(kind: CredentialType) -> SecretFormat {
    match kind {
        CredentialType::Password => SecretFormat::Password,
        CredentialType::Basic => SecretFormat::Supplied { hint: "the password of the existing account" },
        CredentialType::Token => SecretFormat::Supplied { hint: "a token of the existing system" },
        CredentialType::Aws => SecretFormat::Supplied { hint: "from the AWS console or CLI" },
        CredentialType::SshKey => SecretFormat::Supplied { hint: "the private key, with its line breaks" },
        CredentialType::Registry => SecretFormat::Supplied { hint: "the password or token of the registry" },
    }
}

/// The username of a credential, for people.
fn user_note(credential: &Credential) -> String {
    credential.username.as_ref().map(|username| format!(" (user {})", username.0)).unwrap_or_default()
}
