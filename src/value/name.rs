//! Names: of services, networks, credentials, variables.

use std::borrow::Cow;
use std::fmt;

use pipegen_schema::forms;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Declares a string newtype that must match a pattern. The pattern itself is for the schema; `$matches` says the
/// same by hand.
macro_rules! pattern_string {
    ($(#[$meta:meta])* $name:ident, $pattern:literal, $matches:expr, $title:literal, $example:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[cfg(test)]
            const PATTERN: &str = $pattern;

            /// Parses strictly.
            ///
            /// # Errors
            /// Says what the text has to look like.
            pub fn new(text: impl Into<String>) -> Result<Self, String> {
                let text = text.into();
                let matches: fn(&str) -> bool = $matches;
                if matches(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!("expected {}, such as `{}`", $title, $example))
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "title": $title, "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

/// A text as the name of an object of a cluster: letters and digits in lower case, and single dashes for all else; empty if
/// there is neither letter nor digit.
pub fn object_name(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// The variable of a name: in capitals, with `_` for everything that a variable cannot have.
pub fn variable_of(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

pattern_string! {
    /// The name of a service, stack, profile, role, endpoint or blueprint: a DNS label (RFC 1123), since it becomes a host name.
    Name, "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$",
    forms::name,
    "a name of at most 63 lower-case letters, digits and `-`, first a letter and last no `-`", "kafka-postgres"
}
pattern_string! {
    /// The name of a network, credential, volume, parameter or pipeline.
    NetworkName, "^[a-z]([-_a-z0-9]{0,61}[a-z0-9])?$",
    forms::network_name,
    "a name of at most 63 lower-case letters, digits, `-` and `_`, first a letter and last no mark", "kafka_network"
}
pattern_string! {
    /// The name of a dataset, step, database, topic or connection: upper case and dots are usual there.
    DatasetName, "^[A-Za-z_][-_.A-Za-z0-9]{0,62}$",
    forms::dataset_name,
    "a name of at most 63 letters, digits, `-`, `_` and `.`, first a letter or `_`", "DB_T0"
}
pattern_string! {
    /// An environment variable (POSIX: letters, digits, underscore).
    EnvName, "^[A-Za-z_][A-Za-z0-9_]*$",
    forms::env_name,
    "an environment variable", "LOG_LEVEL"
}
pattern_string! {
    /// A variable of the deployer's `.env`: upper case, so that no shell keyword or pipegen's own can collide.
    VariableName, "^[A-Z][A-Z0-9_]*$",
    forms::variable_name,
    "a variable in capitals", "REGISTRY"
}
pattern_string! {
    /// A service, or a resource inside it: `kafka` or `postgres/airflow`.
    ResourceRef, "^[a-z][-_a-z0-9]*(/[-_.A-Za-z0-9]+)?$",
    forms::resource_ref,
    "a service or `service/resource`", "kafka-postgres/DB_T0"
}

pattern_string! {
    /// The user that a program runs as: by number, since clusters look at no image's list of names.
    User, r"^([0-9]{1,9}(:[0-9]{1,9})?|\$\{parameters\.[a-z][a-z0-9_]*\})$",
    forms::user,
    "a user by number, `UID` or `UID:GID`", "1000:1000"
}

impl ResourceRef {
    /// The service's name.
    pub fn service(&self) -> &str {
        self.0.split_once('/').map_or(self.as_str(), |(service, _)| service)
    }

    /// The resource's name, if one is written.
    pub fn resource(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, resource)| resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agrees<T>(pattern: &str, parsed: &Result<T, String>, text: &str) {
        let regex = regex::Regex::new(pattern).expect("a pattern");
        assert_eq!(parsed.is_ok(), regex.is_match(text), "{pattern} {text:?}");
    }

    proptest! {
        #[test]
        fn what_is_checked_by_hand_is_what_the_schema_says(text in r"[a-zA-Z0-9_./-]{0,4}|[a-z][a-z0-9-]{58,64}|.{0,3}") {
            agrees(Name::PATTERN, &Name::new(text.as_str()), &text);
            agrees(NetworkName::PATTERN, &NetworkName::new(text.as_str()), &text);
            agrees(DatasetName::PATTERN, &DatasetName::new(text.as_str()), &text);
            agrees(EnvName::PATTERN, &EnvName::new(text.as_str()), &text);
            agrees(VariableName::PATTERN, &VariableName::new(text.as_str()), &text);
            agrees(ResourceRef::PATTERN, &ResourceRef::new(text.as_str()), &text);
            agrees(User::PATTERN, &User::new(text.as_str()), &text);
        }
    }

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "kafka-postgres", "k8s"] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "é", "a b", "1a", "${env.X}"] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
        assert!(Name::new("a".repeat(63)).is_ok());
        assert!(Name::new("a".repeat(64)).is_err());
    }

    #[test]
    fn resource_references_split_at_the_slash() {
        let reference = ResourceRef::new("postgres/DB_T0").expect("valid");
        assert_eq!((reference.service(), reference.resource()), ("postgres", Some("DB_T0")));
    }
}
