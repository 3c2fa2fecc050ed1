//! A connection in the form of `airflow connections import`, and as a URI.

use crate::components::Resolved;
use crate::platform::{Encoding, Text, TextTree};

/// The fields of a connection type, each with the property that fills it.
type Properties = &'static [(&'static str, &'static str)];

const ADDRESS: Properties = &[("host", "host"), ("port", "port"), ("login", "username"), ("password", "password"), ("password", "token")];

/// The fields of a connection to what a reference reads.
pub(super) fn fields(target: &Resolved) -> TextTree {
    let scheme = target.scheme.unwrap_or("generic");
    let (kind, plain, extra) = shape(scheme);
    let read = |properties: Properties| {
        let texts = properties.iter().filter_map(|(field, property)| Some(((*field).to_owned(), TextTree::Text(target.get(property)?))));
        texts.collect::<Vec<_>>()
    };
    let mut fields = vec![("conn_type".to_owned(), kind.into())];
    fields.extend(read(plain));
    if kind == "http" {
        // The HTTP provider reads the scheme from there.
        fields.push(("schema".to_owned(), scheme.into()));
    } else if kind != "redis" {
        fields.extend(read(&[("schema", "database")]));
    }
    let extra = read(extra);
    if !extra.is_empty() {
        fields.push(("extra".to_owned(), TextTree::Map(extra)));
    }
    TextTree::Map(fields)
}

/// A connection with a login and nothing to reach it but what is in `extra`, as a URI: in that, values can be put together.
pub(super) fn uri(target: &Resolved) -> Text {
    let (kind, plain, extra) = shape(target.scheme.unwrap_or("generic"));
    let read = |property: &str| target.get(property).map(|text| text.encoded(Encoding::Uri));
    let plain = |field: &str| plain.iter().find(|(known, _)| *known == field).and_then(|(_, property)| read(property));
    let mut uri = Text::literal(format!("{kind}://"));
    if let (Some(login), Some(password)) = (plain("login"), plain("password")) {
        uri = uri.then(login).then(":").then(password).then("@");
    }
    let extra = extra.iter().filter_map(|(field, property)| Some((field, read(property)?)));
    for (index, (field, text)) in extra.enumerate() {
        uri = uri.then(if index == 0 { "/?" } else { "&" }).then(format!("{field}=")).then(text);
    }
    uri
}

/// The connection type for a scheme, its fields, and what its provider reads from `extra`.
fn shape(scheme: &str) -> (&str, Properties, Properties) {
    match scheme {
        // librdkafka's own keys, and nothing else.
        "kafka" => ("kafka", &[], &[("bootstrap.servers", "bootstrap_servers")]),
        "redis" => ("redis", ADDRESS, &[("db", "database")]),
        "aws" => (
            "aws",
            &[("login", "access_key_id"), ("password", "secret_access_key")],
            &[("region_name", "region"), ("endpoint_url", "endpoint")],
        ),
        // A password without a login is taken for a token (DatabricksHook, `_get_token`).
        "databricks" => ("databricks", &[("host", "host"), ("password", "token")], &[]),
        "http" | "https" => ("http", ADDRESS, &[]),
        "postgres" => ("postgres", ADDRESS, &[("sslmode", "sslmode")]),
        other => (other, ADDRESS, &[]),
    }
}
