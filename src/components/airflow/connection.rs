//! A connection in the form of `airflow connections import`.

use crate::components::Resolved;
use crate::platform::TextTree;

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
