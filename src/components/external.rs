//! A system that runs elsewhere and that services here only connect to.

use schemars::JsonSchema;
use serde::Deserialize;

use super::credentials::LOGINS;
use super::{Build, Built, Component, Declare, Instance, Surface};
use crate::blueprint::CredentialType;
use crate::platform::{External, Text};
use crate::value::{Deployable, NetworkName, Port, variable_of};

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "external",
    summary: "a system that runs elsewhere: only its address and its login are here",
    doc: DOC,
    versions: &[],
    runs: false,
    holds: &["object", "table", "topic"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

Nothing: it is a system that runs elsewhere, and that services here connect to. They need a network that is not `internal`.
Nobody waits for it. `host` may be left to whoever deploys, as `${env.ERP_HOST}`.

`protocol` says what is spoken there: `http`, `https`, `mysql`, `postgres`, `sftp`, `smtp`, or `tcp` for anything else.

## What others get

`uses: [erp]` gives `ERP_HOST` and `ERP_PORT`, with a login `ERP_USER` and `ERP_PASSWORD`, with a token `ERP_TOKEN`, and `ERP_URL`
over HTTP; with `as: X` they begin with `X_`. References read `${erp.host}`, `${erp.port}`, `${erp.url}`, `${erp.username}`,
`${erp.password}` and `${erp.token}`.

## Example

```yaml
blueprint: v1
name: orders
credentials:
  erp_login: { type: basic, username: reader }
services:
  erp: { component: external, host: "${env.ERP_HOST}", port: 443, protocol: https, credential: erp_login }
  sync: { component: container, image: "python:3.12-slim", uses: [erp] }
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// Its host name or address.
    host: Deployable,
    /// Its port.
    port: Port,
    /// What is spoken there.
    #[serde(default)]
    #[schemars(extend("default" = "tcp"))]
    protocol: Protocol,
    /// The credential that it accepts: a login or a token.
    #[serde(default)]
    credential: Option<NetworkName>,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// MySQL.
    Mysql,
    /// PostgreSQL.
    Postgres,
    /// Files over SSH.
    Sftp,
    /// Mail.
    Smtp,
    /// Anything else.
    #[default]
    Tcp,
}

impl Protocol {
    /// How connections of this kind are called.
    const fn scheme(self) -> Option<&'static str> {
        match self {
            Self::Http => Some("http"),
            Self::Https => Some("https"),
            Self::Mysql => Some("mysql"),
            Self::Postgres => Some("postgres"),
            Self::Sftp => Some("sftp"),
            Self::Smtp => Some("smtp"),
            Self::Tcp => None,
        }
    }
}

struct Elsewhere(Surface);

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let host = cx.host(&spec.host, &cx.at.key("host"))?;
    let login = match &spec.credential {
        Some(credential) => cx.credential_fields(credential, cx.at.key("credential"), &[LOGINS, &[CredentialType::Token]].concat())?,
        None => Vec::new(),
    };
    let port = spec.port.0.to_string();
    let url = match spec.protocol {
        Protocol::Http => Some("http://"),
        Protocol::Https => Some("https://"),
        _ => None,
    };
    let url = url.map(|scheme| ("url", Text::literal(scheme).then(host.text().clone()).then(":").then(port.as_str())));
    let address = [("host", host.text().clone()), ("port", Text::literal(port.as_str()))];
    let properties: Vec<(&'static str, Text)> = address.into_iter().chain(url).chain(login).collect();
    let external = External { address: host.then(":").then(port), port: Some(spec.port.0) };
    Some(Box::new(Elsewhere(Surface {
        prefix: variable_of(cx.name),
        variables: properties.iter().map(|(name, text)| (suffix(name), text.clone())).collect(),
        properties,
        scheme: spec.protocol.scheme(),
        external: Some(external),
        ..Surface::default()
    })))
}

/// The variable of a property.
fn suffix(property: &str) -> &'static str {
    match property {
        "host" => "HOST",
        "port" => "PORT",
        "url" => "URL",
        "username" => "USER",
        "password" => "PASSWORD",
        _ => "TOKEN",
    }
}

impl Instance for Elsewhere {
    fn surface(&self) -> &Surface {
        &self.0
    }

    fn build(&self, _: &mut Build<'_>) -> Built {
        Built::default()
    }
}
