//! The store that has the values of secrets: what must be there, for the scripts and the guide.

use std::collections::BTreeSet;

use crate::formats::kubernetes::{Scope, external_secrets};
use crate::platform::{SecretFormat, SecretStore};

/// A store of secrets, for the scripts and the guide.
pub struct Store<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it must have.
    pub values: Vec<Row<'a>>,
}

/// A value that must be there.
pub struct Row<'a> {
    /// Under which key.
    pub key: String,
    /// The part of what is there, if it is one.
    pub property: Option<String>,
    /// What it is for.
    pub note: &'a str,
    /// What a value looks like.
    pub form: &'static str,
    /// What makes one.
    pub command: Option<&'static str>,
}

/// The store, and the values that it must have; none where `.env` has them.
pub fn store<'a>(scope: &Scope<'a>) -> Option<Store<'a>> {
    let SecretStore::External { name, keys } = &scope.platform.secret_store else { return None };
    let read: BTreeSet<&str> = scope.reads.values().flat_map(external_secrets::variables).collect();
    let secrets = scope.platform.secrets.iter().filter(|secret| read.contains(secret.variable.as_str()));
    let values = secrets.map(|secret| {
        let (key, property) = external_secrets::remote(keys, &secret.variable);
        let (form, command) = form(secret.format);
        Row { key, property, note: &secret.note, form, command }
    });
    Some(Store { name, values: values.collect() })
}

const fn form(format: SecretFormat) -> (&'static str, Option<&'static str>) {
    match format {
        SecretFormat::Password => ("a password that you make", Some("openssl rand -hex 24")),
        SecretFormat::Fernet => ("a Fernet key that you make", Some("openssl rand -base64 32 | tr '+/' '-_'")),
        SecretFormat::Hex64 => ("a key that you make", Some("openssl rand -hex 32")),
        SecretFormat::Supplied { hint } => (hint, None),
    }
}
