//! Text with holes: what a value is made of, before a target says how it writes each piece.

pub use crate::value::escape::Encoding;

/// An endpoint of a workload, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointRef {
    /// The workload.
    pub workload: String,
    /// Its endpoint.
    pub endpoint: String,
}

impl EndpointRef {
    /// An endpoint of a workload.
    pub fn new(workload: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self { workload: workload.into(), endpoint: endpoint.into() }
    }
}

/// From where an address is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vantage {
    /// By a workload that shares a network with the endpoint.
    Here,
    /// The same, by a program that asks name servers itself, without the domains that its system searches: nginx does.
    Lookup,
    /// By whoever will connect over a network: what a server advertises about itself.
    Consumers,
    /// On the host, through the published port.
    Host,
}

/// Which half of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressPart {
    /// The host name.
    Host,
    /// The port.
    Port,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Known now.
    Literal(String),
    /// Half of an endpoint's address.
    Address {
        /// The endpoint.
        endpoint: EndpointRef,
        /// From where it is read.
        vantage: Vantage,
        /// Which half.
        part: AddressPart,
    },
    /// `host:port` of each of several endpoints, with commas between them; what is found under one address is named once.
    Addresses {
        /// The endpoints.
        endpoints: Vec<EndpointRef>,
        /// From where they are read.
        vantage: Vantage,
    },
    /// A secret, by the name of its variable.
    Secret {
        /// The variable.
        variable: String,
        /// How it is written.
        encoding: Encoding,
    },
    /// A value that belongs to whoever deploys, by the name of its variable.
    Setting {
        /// The variable.
        variable: String,
        /// What holds when it is unset or empty.
        default: Option<String>,
        /// How it is written.
        encoding: Encoding,
    },
}

/// A value that may hold secrets. Only environment values and deploy-time files accept it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<Part>);

impl Text {
    /// Text that is known now.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::default() } else { Self(vec![Part::Literal(text)]) }
    }

    /// The host name of an endpoint, for a workload that shares a network with it.
    pub fn host(endpoint: &EndpointRef) -> Self {
        Self::address(endpoint, Vantage::Here, AddressPart::Host)
    }

    /// The port of an endpoint, for a workload that shares a network with it.
    pub fn port(endpoint: &EndpointRef) -> Self {
        Self::address(endpoint, Vantage::Here, AddressPart::Port)
    }

    /// `host:port` of an endpoint as seen from somewhere.
    pub fn host_and_port(endpoint: &EndpointRef, vantage: Vantage) -> Self {
        Self::address(endpoint, vantage, AddressPart::Host).then(":").then(Self::address(endpoint, vantage, AddressPart::Port))
    }

    /// `host:port` of each of several endpoints, for a workload that shares a network with them.
    pub fn addresses(endpoints: Vec<EndpointRef>) -> Self {
        Self(vec![Part::Addresses { endpoints, vantage: Vantage::Here }])
    }

    /// Half of an endpoint's address.
    pub fn address(endpoint: &EndpointRef, vantage: Vantage, part: AddressPart) -> Self {
        Self(vec![Part::Address { endpoint: endpoint.clone(), vantage, part }])
    }

    /// A secret by its variable.
    pub fn secret(variable: impl Into<String>) -> Self {
        Self(vec![Part::Secret { variable: variable.into(), encoding: Encoding::Raw }])
    }

    /// A value of the deployer by its variable.
    pub fn setting(variable: impl Into<String>, default: Option<String>) -> Self {
        Self(vec![Part::Setting { variable: variable.into(), default, encoding: Encoding::Raw }])
    }

    /// This text and then another.
    #[must_use]
    pub fn then(mut self, next: impl Into<Self>) -> Self {
        for part in next.into().0 {
            match (self.0.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(after)) => before.push_str(&after),
                (_, part) => self.0.push(part),
            }
        }
        self
    }

    /// The same text, written for another place: literals are encoded now, holes remember it.
    ///
    /// Encoding what is encoded already keeps the first encoding's holes and encodes the literals again, so
    /// encode once, where a text enters its surroundings.
    #[must_use]
    pub fn encoded(self, to: Encoding) -> Self {
        Self(
            self.0
                .into_iter()
                .map(|part| match part {
                    Part::Literal(text) => Part::Literal(to.apply(&text)),
                    Part::Address { .. } | Part::Addresses { .. } => part,
                    Part::Secret { variable, .. } => Part::Secret { variable, encoding: to },
                    Part::Setting { variable, default, .. } => {
                        Part::Setting { variable, default: default.map(|text| to.apply(&text)), encoding: to }
                    }
                })
                .collect(),
        )
    }

    /// The same text for a program that asks name servers itself.
    #[must_use]
    pub fn looked_up(mut self) -> Self {
        for part in &mut self.0 {
            if let Part::Address { vantage: vantage @ Vantage::Here, .. } | Part::Addresses { vantage: vantage @ Vantage::Here, .. } = part
            {
                *vantage = Vantage::Lookup;
            }
        }
        self
    }

    /// What follows this prefix, if the text begins with it.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        let (first, rest) = self.0.split_first()?;
        let Part::Literal(first) = first else { return None };
        Some(Self::literal(first.strip_prefix(prefix)?).then(rest.to_vec()))
    }

    /// The endpoints whose addresses are in it, in order.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointRef> {
        self.0.iter().flat_map(|part| match part {
            Part::Address { endpoint, .. } => std::slice::from_ref(endpoint),
            Part::Addresses { endpoints, .. } => endpoints,
            Part::Literal(_) | Part::Secret { .. } | Part::Setting { .. } => &[],
        })
    }

    /// The pieces in order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether something is in it that is known only when deploying.
    pub fn is_deploy_time(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Secret { .. } | Part::Setting { .. }))
    }

    /// The text, if it is known now.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl From<Vec<Part>> for Text {
    fn from(parts: Vec<Part>) -> Self {
        Self(parts)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::literal(text)
    }
}

/// A value without secrets: what commands, health checks, labels and images accept.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicText(Text);

impl PublicText {
    /// The host name of an endpoint, for a workload that shares a network with it.
    pub fn host(endpoint: &EndpointRef) -> Self {
        Self(Text::host(endpoint))
    }

    /// The port of an endpoint, for a workload that shares a network with it.
    pub fn port(endpoint: &EndpointRef) -> Self {
        Self(Text::port(endpoint))
    }

    /// `host:port` of an endpoint, for a workload that shares a network with it.
    pub fn host_and_port(endpoint: &EndpointRef) -> Self {
        Self(Text::host_and_port(endpoint, Vantage::Here))
    }

    /// `host:port` of each of several endpoints, for a workload that shares a network with them.
    pub fn addresses(endpoints: Vec<EndpointRef>) -> Self {
        Self(Text::addresses(endpoints))
    }

    /// This text and then another.
    #[must_use]
    pub fn then(self, next: impl Into<Self>) -> Self {
        Self(self.0.then(next.into().0))
    }

    /// The value as text.
    pub const fn text(&self) -> &Text {
        &self.0
    }
}

impl TryFrom<Text> for PublicText {
    /// The variable of the secret that is in it.
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        for part in text.parts() {
            if let Part::Secret { variable, .. } = part {
                return Err(variable.clone());
            }
        }
        Ok(Self(text))
    }
}

impl From<&str> for PublicText {
    fn from(text: &str) -> Self {
        Self(Text::literal(text))
    }
}

impl From<String> for PublicText {
    fn from(text: String) -> Self {
        Self(Text::literal(text))
    }
}

/// A tree whose leaves are text: a document to be written, an override.
#[derive(Debug, Clone, PartialEq)]
pub enum TextTree {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(Text),
    /// A list.
    List(Vec<Self>),
    /// A map in order.
    Map(Vec<(String, Self)>),
}

impl TextTree {
    /// A map from pairs.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Every text in it, in order.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }
}

impl<T: Into<Text>> From<T> for TextTree {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_from_a_literal_alone() {
        let endpoint = EndpointRef::new("db", "sql");
        let url = Text::literal("a+b://").then(Text::host(&endpoint));
        let rest = url.strip_prefix("a+b://").expect("it begins so");
        assert_eq!(rest, Text::host(&endpoint));
        assert_eq!(rest.endpoints().collect::<Vec<_>>(), [&endpoint]);
        assert_eq!((rest.strip_prefix(""), Text::default().strip_prefix("")), (None, None));
    }

    #[test]
    fn literals_join_and_encode_and_secrets_remember() {
        let text = Text::literal("a b").encoded(Encoding::Uri).then(":").then(Text::secret("P").encoded(Encoding::Uri));
        assert_eq!(text.parts(), [Part::Literal("a%20b:".into()), Part::Secret { variable: "P".into(), encoding: Encoding::Uri }]);
        assert!(PublicText::try_from(text).is_err());
    }
}
