//! Phase 9: where the values of secrets come from.

use crate::blueprint::{Blueprint, SecretStore as Wanted, Secrets};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{SecretStore, StoreKeys};
use crate::source::Pointer;

/// The store. Keys that say nothing, or contradict each other, are reported.
pub(super) fn secret_store(blueprint: &Blueprint, found: &mut Vec<Diagnostic>) -> SecretStore {
    let Some(Secrets { store, name, prefix, key }) = &blueprint.secrets else { return SecretStore::Env };
    let mut fault = |at: &str, message: &str, help: &str| {
        let place = Place::Key(Pointer::root().key("secrets").key(at));
        found.push(Diagnostic::new(&code::BAD_VALUE, place, message).help(help));
    };
    if *store == Wanted::Env {
        let said = [("name", name.is_some()), ("prefix", prefix.is_some()), ("key", key.is_some())];
        for (at, _) in said.into_iter().filter(|(_, is_there)| *is_there) {
            fault(at, "`.env` is no store with keys", "write `store: external-secrets`, or remove it");
        }
        return SecretStore::Env;
    }
    let keys = match (prefix, key) {
        (Some(_), Some(_)) => {
            fault("prefix", "with `key` all values are under one key", "remove `prefix` or `key`");
            return SecretStore::Env;
        }
        (_, Some(key)) => StoreKeys::Properties(key.as_str().to_owned()),
        (Some(prefix), None) => StoreKeys::Prefixed(prefix.as_str().to_owned()),
        (None, None) => StoreKeys::Prefixed(format!("{}/", blueprint.name)),
    };
    SecretStore::External { name: name.as_ref().unwrap_or(&blueprint.name).to_string(), keys }
}
