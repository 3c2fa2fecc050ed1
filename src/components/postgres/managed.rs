//! A server that exists already: only its address, its databases and their owners are here.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Address, SERVER_PORT};
use crate::blueprint::CredentialType;
use crate::components::Declare;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{External, Text};
use crate::source::Pointer;
use crate::value::{Deployable, Port};

/// The types of owners: their passwords are nothing that could be made here.
pub(super) const OWNERS: &[CredentialType] = &[CredentialType::Basic];

/// A server that exists already.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Managed {
    /// Its host name.
    host: Deployable,
    /// Its port.
    #[serde(default)]
    #[schemars(extend("default" = 5432))]
    port: Option<Port>,
    /// How connections are encrypted: libpq's `sslmode`.
    #[serde(default)]
    #[schemars(extend("default" = "require"))]
    tls: Tls,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Tls {
    /// Not at all.
    Disable,
    /// Always; whose certificate it is does not count.
    #[default]
    Require,
    /// Always, and the certificate is that host's, by the client's own list of authorities.
    VerifyFull,
}

impl Tls {
    const fn sslmode(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Reads where it is, for programs and for people; a fault is reported.
pub(super) fn read(cx: &mut Declare<'_>, managed: &Managed) -> Option<(Address, External)> {
    let host = cx.host(&managed.host, &cx.at.key("managed").key("host"))?;
    let number = managed.port.map_or(SERVER_PORT, |port| port.0);
    let port = number.to_string();
    let address = Address { host: host.text().clone(), port: Text::literal(port.as_str()), sslmode: Some(managed.tls.sslmode()) };
    Some((address, External { address: host.then(":").then(port), port: Some(number) }))
}

/// Reports a database without a credential.
pub(super) fn no_owner(cx: &mut Declare<'_>, database: &Pointer) {
    let fault =
        Diagnostic::new(&code::MISSING_KEY, Place::Value(database.clone()), "nothing says who owns this database of a managed server");
    cx.diagnostics.push(fault.help("write `credential: NAME` with a credential of the type `basic`"));
}
