//! A bucket of Amazon S3, or of a store that speaks the same.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Build, Built, Component, Declare, Instance, Surface};
use crate::blueprint::CredentialType;
use crate::diagnostic::code;
use crate::platform::{External, PublicText, Text};
use crate::value::{Deployable, NetworkName};

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "s3",
    summary: "a bucket of Amazon S3, or of a store that speaks the same",
    doc: DOC,
    versions: &[],
    runs: false,
    holds: &["object"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

Nothing: the bucket exists already, at Amazon or at the `endpoint`. Services that use it need a network that is not `internal`.
Without `credential` they log in by what their machine gives them, such as a role.

- `credential` is of the type `aws`: its variables are `<CREDENTIAL>_ACCESS_KEY_ID` and `<CREDENTIAL>_SECRET_ACCESS_KEY`.
- `bucket`, `region` and `endpoint` may be left to whoever deploys, as `${env.LAKE_BUCKET}`.

## What others get

`uses: [lake]` gives what the AWS programs read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_DEFAULT_REGION`,
`AWS_ENDPOINT_URL`, and also `AWS_BUCKET`; with `as: X` they begin with `X_`. References read `${lake.bucket}`, `${lake.url}` (`s3://`),
`${lake.region}`, `${lake.endpoint}`, `${lake.access_key_id}` and `${lake.secret_access_key}`. As one of Airflow's `connections` it is of
the type `aws`.

## Example

```yaml
blueprint: v1
name: archive
credentials:
  lake_key: { type: aws }
services:
  lake: { component: s3, bucket: raw-events, region: eu-central-1, credential: lake_key }
  keeper: { component: container, image: "python:3.12-slim", uses: [lake] }
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The bucket's name.
    bucket: Deployable,
    /// The region that it is in.
    #[serde(default)]
    region: Option<Deployable>,
    /// The URL of a store that speaks S3, instead of Amazon's.
    #[serde(default)]
    endpoint: Option<Deployable>,
    /// The access key: a credential of the type `aws`.
    #[serde(default)]
    credential: Option<NetworkName>,
}

struct Bucket(Surface);

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let bucket = cx.deployable(&spec.bucket, &cx.at.key("bucket"))?;
    let region = optional(cx, spec.region.as_ref(), "region")?;
    let endpoint = optional(cx, spec.endpoint.as_ref(), "endpoint")?;
    if endpoint.as_ref().and_then(|url| url.text().as_literal()).is_some_and(|url| !url.starts_with("http")) {
        cx.fault(&code::BAD_VALUE, "endpoint", "the endpoint of a store is a URL", "write it as `https://s3.example.com`");
        return None;
    }
    let key = match &spec.credential {
        Some(credential) => cx.credential_fields(credential, cx.at.key("credential"), &[CredentialType::Aws])?,
        None => Vec::new(),
    };
    let external = External { address: address(region.as_ref(), endpoint.as_ref()), port: port(endpoint.as_ref()) };
    let text = |text: &PublicText| text.text().clone();
    let url = Text::literal("s3://").then(text(&bucket));
    let properties: Vec<(&'static str, Text)> = [("bucket", text(&bucket)), ("url", url)]
        .into_iter()
        .chain(region.as_ref().map(|region| ("region", text(region))))
        .chain(endpoint.as_ref().map(|endpoint| ("endpoint", text(endpoint))))
        .chain(key)
        .collect();
    Some(Box::new(Bucket(Surface {
        prefix: "AWS".to_owned(),
        variables: properties.iter().flat_map(|(name, text)| suffixes(name).iter().map(|suffix| (*suffix, text.clone()))).collect(),
        properties,
        scheme: Some("aws"),
        external: Some(external),
        ..Surface::default()
    })))
}

/// A key that may be left out; nothing if it is faulty.
fn optional(cx: &mut Declare<'_>, source: Option<&Deployable>, key: &str) -> Option<Option<PublicText>> {
    match source {
        Some(source) => cx.deployable(source, &cx.at.key(key)).map(Some),
        None => Some(None),
    }
}

fn address(region: Option<&PublicText>, endpoint: Option<&PublicText>) -> PublicText {
    match (endpoint, region) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(region)) => PublicText::from("s3.").then(region.clone()).then(".amazonaws.com"),
        (None, None) => "s3.amazonaws.com".into(),
    }
}

/// The port of the store; none where the URL is not known yet.
fn port(endpoint: Option<&PublicText>) -> Option<u16> {
    let Some(endpoint) = endpoint else { return Some(443) };
    let url = endpoint.text().as_literal()?;
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    // The colons of an IPv6 address stand in brackets.
    let written = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    match written {
        Some((_, port)) => port.parse().ok(),
        None => Some(if scheme == "http" { 80 } else { 443 }),
    }
}

/// The variables of a property. Of the two for the region boto3 reads the one, all other programs the other.
fn suffixes(property: &str) -> &'static [&'static str] {
    match property {
        "bucket" => &["BUCKET"],
        "region" => &["REGION", "DEFAULT_REGION"],
        "endpoint" => &["ENDPOINT_URL"],
        "access_key_id" => &["ACCESS_KEY_ID"],
        "secret_access_key" => &["SECRET_ACCESS_KEY"],
        _ => &[],
    }
}

impl Instance for Bucket {
    fn surface(&self) -> &Surface {
        &self.0
    }

    fn build(&self, _: &mut Build<'_>) -> Built {
        Built::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_store_is_that_of_its_url() {
        let port = |url: &str| port(Some(&url.into()));
        assert_eq!(super::port(None), Some(443));
        assert_eq!(port("https://minio.example.com"), Some(443));
        assert_eq!(port("http://10.3.4.5/"), Some(80));
        assert_eq!(port("http://10.3.4.5:9000/s3"), Some(9000));
        assert_eq!(port("http://[fd00::1]:9000"), Some(9000));
        assert_eq!(port("http://[fd00::1]"), Some(80));
        assert_eq!(super::port(PublicText::try_from(Text::setting("ENDPOINT", None)).ok().as_ref()), None);
    }
}
