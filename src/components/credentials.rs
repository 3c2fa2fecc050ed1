//! The credentials that a component's keys name.

use super::Declare;
use crate::blueprint::{Credential, CredentialType};
use crate::diagnostic::{Diagnostic, Place, code, near, one_of, unknown_name};
use crate::platform::{Login, Text};
use crate::source::Pointer;
use crate::value::NetworkName;

/// The types with a username and a password.
pub const LOGINS: &[CredentialType] = &[CredentialType::Password, CredentialType::Basic];

impl<'a> Declare<'a> {
    /// The login that a credential holds. One that is unknown or of none of these types is reported.
    pub fn login(&mut self, name: &NetworkName, at: Pointer, accepts: &[CredentialType]) -> Option<Login> {
        let (name, credential) = self.find_credential(name, at, accepts)?;
        Some(Login { username: credential.username_of(name).to_owned(), variable: credential.variable(name, "password") })
    }

    /// The fields of a credential and what they hold; of a login the username first. A credential that is unknown or of
    /// none of these types is reported.
    pub fn credential_fields(&mut self, name: &NetworkName, at: Pointer, accepts: &[CredentialType]) -> Option<Vec<(&'static str, Text)>> {
        let (name, credential) = self.find_credential(name, at, accepts)?;
        let username = credential.kind.has_username().then(|| ("username", Text::literal(credential.username_of(name))));
        let secrets = credential.kind.secret_fields().iter().map(|field| (*field, Text::secret(credential.variable(name, field))));
        Some(username.into_iter().chain(secrets).collect())
    }

    /// An unknown name stands for the near one.
    fn find_credential(&mut self, name: &NetworkName, at: Pointer, accepts: &[CredentialType]) -> Option<(&'a str, &'a Credential)> {
        let name = name.as_str();
        let section = Pointer::root().key("credentials");
        let credentials = &self.blueprint.credentials;
        let names = || credentials.keys().map(NetworkName::as_str);
        let find = |wanted: &str| credentials.iter().find(|(name, _)| name.as_str() == wanted);
        let known = find(name);
        if known.is_none() {
            if self.faults.touches(&section.key(name)) {
                return None;
            }
            self.diagnostics.push(unknown_name("credential", name, names(), &section, at.clone()));
        }
        let (name, credential) = known.or_else(|| find(near(name, names())?))?;
        if !accepts.contains(&credential.kind) {
            let message = format!("the credential `{name}` is of the type `{}`", credential.kind.name());
            let help = format!("name a credential whose type is {}", one_of(accepts.iter().map(|kind| kind.name())));
            let fault = Diagnostic::new(&code::WRONG_CREDENTIAL, Place::Name(at), message).help(help);
            self.diagnostics.push(fault.related(Place::Key(section.key(name.as_str())), "declared here"));
            return None;
        }
        Some((name.as_str(), credential))
    }
}
