//! Strings with holes, and the class that says which holes a string may have.
//!
//! A `$` not followed by `{` or `$` is itself; `$$` is one dollar; `${scope.name}` is a hole.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// Which holes a string may have. Each class allows those of the classes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `${parameters.x}`, replaced when rendering.
    Parametric,
    /// Also `${env.X}`, which belongs to whoever deploys.
    Deployable,
    /// Also services' properties, credentials and volumes.
    Text,
}

/// The schema annotation that names a string's class.
pub const CLASS_KEY: &str = "x-pipegen-class";

impl Class {
    /// The name in the schema and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parametric => "parametric",
            Self::Deployable => "deployable",
            Self::Text => "text",
        }
    }

    /// The pattern that a string of this class matches.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Parametric => r"^(?:[^$]|\$\$|\$(?![{$])|\$\{parameters\.[a-z][a-z0-9_]*\})*$",
            Self::Deployable => r"^(?:[^$]|\$\$|\$(?![{$])|\$\{parameters\.[a-z][a-z0-9_]*\}|\$\{env\.[A-Z][A-Z0-9_]*(?::-[^}]*)?\})*$",
            Self::Text => {
                r"^(?:[^$]|\$\$|\$(?![{$])|\$\{env\.[A-Z][A-Z0-9_]*(?::-[^}]*)?\}|\$\{[a-z][-_a-z0-9]*(?:/[-_.A-Za-z0-9]+)?\.[a-z0-9][-_.a-z0-9]*\})*$"
            }
        }
    }

    fn schema(self, title: &str) -> Schema {
        json_schema!({ "type": "string", "title": title, "pattern": self.pattern(), CLASS_KEY: self.name() })
    }
}

/// What a hole reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `${parameters.x}`
    Parameter(String),
    /// `${env.X}` or `${env.X:-default}`
    Env {
        /// The variable.
        name: String,
        /// What holds when it is unset or empty.
        default: Option<String>,
    },
    /// `${credentials.name.field}`
    Credential {
        /// The credential.
        name: String,
        /// Its field.
        field: String,
    },
    /// `${volumes.name.property}`
    Volume {
        /// The volume.
        name: String,
        /// Its property.
        property: String,
    },
    /// `${service.property}` or `${service/resource.property}`
    Property {
        /// The service.
        service: String,
        /// The resource, if written.
        resource: Option<String>,
        /// The property.
        property: String,
    },
}

impl std::fmt::Display for Reference {
    /// As it is written, with its braces.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "${{parameters.{name}}}"),
            Self::Env { name, default: None } => write!(f, "${{env.{name}}}"),
            Self::Env { name, default: Some(default) } => write!(f, "${{env.{name}:-{default}}}"),
            Self::Credential { name, field } => write!(f, "${{credentials.{name}.{field}}}"),
            Self::Volume { name, property } => write!(f, "${{volumes.{name}.{property}}}"),
            Self::Property { service, resource: None, property } => write!(f, "${{{service}.{property}}}"),
            Self::Property { service, resource: Some(resource), property } => write!(f, "${{{service}/{resource}.{property}}}"),
        }
    }
}

impl Reference {
    /// The least class that allows it.
    pub const fn class(&self) -> Class {
        match self {
            Self::Parameter(_) => Class::Parametric,
            Self::Env { .. } => Class::Deployable,
            _ => Class::Text,
        }
    }

    fn parse(inner: &str) -> Result<Self, String> {
        let (scope, rest) = inner.split_once('.').ok_or_else(|| without_scope(inner))?;
        match scope {
            "parameters" => Ok(Self::Parameter(rest.to_owned())),
            "env" => {
                let (name, default) = rest.split_once(":-").map_or((rest, None), |(name, default)| (name, Some(default.to_owned())));
                Ok(Self::Env { name: name.to_owned(), default })
            }
            "credentials" => rest
                .split_once('.')
                .map(|(name, field)| Self::Credential { name: name.to_owned(), field: field.to_owned() })
                .ok_or_else(|| format!("write `${{credentials.{rest}.password}}` or `${{credentials.{rest}.username}}`")),
            "volumes" => rest
                .split_once('.')
                .map(|(name, property)| Self::Volume { name: name.to_owned(), property: property.to_owned() })
                .ok_or_else(|| format!("write `${{volumes.{rest}.mount}}`")),
            _ => {
                let (service, resource) =
                    scope.split_once('/').map_or((scope, None), |(service, resource)| (service, Some(resource.to_owned())));
                Ok(Self::Property { service: service.to_owned(), resource, property: rest.to_owned() })
            }
        }
    }
}

/// What to write instead of `${X}`: most write it as a shell or Compose would.
fn without_scope(inner: &str) -> String {
    let name = inner.split(":-").next().unwrap_or_default();
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
        return format!("write `${{env.{inner}}}` for a variable of the deployer, or `$${{{inner}}}` for the characters themselves");
    }
    "a reference has a scope and a name, such as `${kafka.host}`".to_owned()
}

/// A piece of a string with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Text as it is, `$$` already read as `$`.
    Literal(String),
    /// A hole.
    Reference(Reference),
}

/// A hole that cannot be read: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    /// The hole as written, with its braces.
    pub hole: String,
    /// What to write instead.
    pub help: String,
}

/// Splits a string into literals and holes.
///
/// # Errors
/// A `${` without a `}`, or a hole whose inside is not `scope.name`.
pub fn parse_text(text: &str) -> Result<Vec<TextPart>, ReferenceError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            literal.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = after.find('}') else {
                return Err(ReferenceError {
                    hole: format!("${rest}"),
                    help: "close it with `}`, or write `$${` for the characters themselves".to_owned(),
                });
            };
            let inner = &after[..end];
            let reference = Reference::parse(inner).map_err(|help| ReferenceError { hole: format!("${{{inner}}}"), help })?;
            if !literal.is_empty() {
                parts.push(TextPart::Literal(std::mem::take(&mut literal)));
            }
            parts.push(TextPart::Reference(reference));
            rest = &after[end + 1..];
        } else {
            literal.push('$');
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(TextPart::Literal(literal));
    }
    Ok(parts)
}

/// Reads a string that has only literals left.
fn literal_only(text: &str) -> Option<String> {
    match parse_text(text).ok()?.as_slice() {
        [] => Some(String::new()),
        [TextPart::Literal(literal)] => Some(literal.clone()),
        _ => None,
    }
}

/// A string of the class *parametric*, after its parameters are replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParametricText(pub String);

impl ParametricText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ParametricText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        literal_only(&text).map(Self).ok_or_else(|| serde::de::Error::custom("only `${parameters.x}` is allowed here"))
    }
}

impl JsonSchema for ParametricText {
    fn schema_name() -> Cow<'static, str> {
        "ParametricText".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Class::Parametric.schema("text; may read `${parameters.x}`")
    }
}

/// A string of the class *deployable*, as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Deployable(pub String);

impl JsonSchema for Deployable {
    fn schema_name() -> Cow<'static, str> {
        "Deployable".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Class::Deployable.schema("text; may read `${parameters.x}` and `${env.X}`")
    }
}

/// A string of the class *text*, as written. Numbers and booleans are taken as what they look like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct TextSource(pub String);

impl JsonSchema for TextSource {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Class::Text.schema("text; may read `${service.property}`, `${credentials.NAME.password}`, `${parameters.x}`, `${volumes.NAME.mount}` and `${env.X}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_and_holes() {
        let parts = parse_text("a$b$$c${kafka.host}${postgres/mlflow.url}${env.X:-y}$").expect("valid");
        assert_eq!(parts.len(), 5, "{parts:?}");
        assert_eq!(parts[0], TextPart::Literal("a$b$c".to_owned()));
        assert_eq!(
            parts[2],
            TextPart::Reference(Reference::Property {
                service: "postgres".into(),
                resource: Some("mlflow".into()),
                property: "url".into()
            })
        );
        assert_eq!(parts[4], TextPart::Literal("$".to_owned()));
        assert!(parse_text("${open").is_err());
        assert!(parse_text("${noscope}").is_err());
    }
}
