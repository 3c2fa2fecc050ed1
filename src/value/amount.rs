//! Ports, durations, sizes and shares of a processor.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u16);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            0 => Err(D::Error::custom("expected a port from 1 to 65535")),
            port => Ok(Self(port)),
        }
    }
}

impl JsonSchema for Port {
    fn schema_name() -> Cow<'static, str> {
        "Port".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"], "title": "a port, 1 to 65535", "minimum": 1, "maximum": 65535,
            "pattern": PARAMETER_ONLY, "examples": [8080],
        })
    }
}

/// A string in the place of a number may only be one whole parameter, which then has to be a number.
pub const PARAMETER_ONLY: &str = r"^\$\{parameters\.[a-z][a-z0-9_]*\}$";

/// A duration: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    milliseconds: u64,
}

impl Duration {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self { milliseconds: seconds * 1000 }
    }

    /// The length in milliseconds.
    pub const fn as_milliseconds(self) -> u64 {
        self.milliseconds
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = text[..digits].parse().ok()?;
        let unit = match &text[digits..] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        Some(Self { milliseconds: count.checked_mul(unit)? })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milliseconds.is_multiple_of(1000) {
            write!(f, "{}s", self.milliseconds / 1000)
        } else {
            write!(f, "{}ms", self.milliseconds)
        }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a duration, such as `30s` or `7d`"))
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "title": "a duration: a whole number and `ms`, `s`, `m`, `h` or `d`",
            "pattern": r"^([0-9]{1,9}(ms|s|m|h|d)|\$\{parameters\.[a-z][a-z0-9_]*\})$", "examples": ["30s", "7d"],
        })
    }
}

/// A size in bytes: a whole number and one of `Ki`, `Mi`, `Gi`, `Ti`. Decimal units are refused, because Compose
/// and Kubernetes read `1G` differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    count: u64,
    /// `K`, `M`, `G` or `T`, each a power of 1024.
    unit: char,
}

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('i')?;
        let unit = number.chars().last().filter(|unit| matches!(unit, 'K' | 'M' | 'G' | 'T'))?;
        Some(Self { count: number[..number.len() - 1].parse().ok()?, unit })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}i", self.count, self.unit)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a size, such as `512Mi` or `2Gi`"))
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "title": "a size: a whole number and `Ki`, `Mi`, `Gi` or `Ti`",
            "pattern": r"^([1-9][0-9]{0,9}[KMGT]i|\$\{parameters\.[a-z][a-z0-9_]*\})$", "examples": ["512Mi", "2Gi"],
        })
    }
}

/// A share of processors: `"0.5"`, `"2"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu(String);

impl Cpu {
    /// The decimal number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?))
    }
}

impl JsonSchema for Cpu {
    fn schema_name() -> Cow<'static, str> {
        "Cpu".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "title": "processors as quoted decimal text",
            "pattern": r"^([0-9]{1,4}(\.[0-9]{1,3})?|\$\{parameters\.[a-z][a-z0-9_]*\})$", "examples": ["0.5", "2"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_parse_strictly() {
        assert_eq!(Duration::parse("7d").map(Duration::as_milliseconds), Some(604_800_000));
        assert_eq!(Duration::parse("200ms").map(|d| d.to_string()).as_deref(), Some("200ms"));
        for bad in ["7", "d", "1.5h", "7 d", "-1s", "99999999999999999999d"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
        assert_eq!(Size::parse("512Mi").map(|size| size.to_string()).as_deref(), Some("512Mi"));
        for bad in ["512", "512M", "512MB", "Mi", "1.5Gi"] {
            assert_eq!(Size::parse(bad), None, "{bad}");
        }
    }
}
