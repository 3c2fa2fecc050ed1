//! A Databricks workspace.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Build, Built, Component, Declare, Instance, Surface};
use crate::blueprint::CredentialType;
use crate::platform::{External, Text};
use crate::value::{Deployable, NetworkName};

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "databricks",
    summary: "a Databricks workspace, whose jobs pipelines start",
    doc: DOC,
    versions: &[],
    runs: false,
    holds: &["table"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

Nothing: the workspace exists already. Services that use it need a network that is not `internal`. `host` may be left to whoever
deploys, as `${env.DATABRICKS_HOST}`. `credential` is of the type `token`: its variable is `<CREDENTIAL>_TOKEN`.

A step of a pipeline starts a job there with `runs: { databricks_job: ID, on: SERVICE }`.

## What others get

`uses: [databricks]` gives what the Databricks programs read, `DATABRICKS_HOST` and `DATABRICKS_TOKEN`; with `as: X` they begin with `X_`.
References read `${databricks.host}`, `${databricks.url}` and `${databricks.token}`. As one of Airflow's `connections` it is of the type
`databricks`.

## Example

```yaml
blueprint: v1
name: nightly
credentials:
  workspace: { type: token }
services:
  databricks: { component: databricks, host: "${env.DATABRICKS_HOST}", credential: workspace }
  starter: { component: container, image: "python:3.12-slim", uses: [databricks] }
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The host of the workspace, without `https://`.
    host: Deployable,
    /// The token: a credential of the type `token`.
    credential: NetworkName,
}

struct Workspace(Surface);

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let address = cx.host(&spec.host, &cx.at.key("host"))?;
    let token = cx.credential_fields(&spec.credential, cx.at.key("credential"), &[CredentialType::Token])?.remove(0);
    let host = address.text().clone();
    Some(Box::new(Workspace(Surface {
        prefix: "DATABRICKS".to_owned(),
        variables: vec![("HOST", host.clone()), ("TOKEN", token.1.clone())],
        properties: vec![("host", host.clone()), ("url", Text::literal("https://").then(host)), token],
        scheme: Some("databricks"),
        external: Some(External { address, port: Some(443) }),
        ..Surface::default()
    })))
}

impl Instance for Workspace {
    fn surface(&self) -> &Surface {
        &self.0
    }

    fn build(&self, _: &mut Build<'_>) -> Built {
        Built::default()
    }
}
