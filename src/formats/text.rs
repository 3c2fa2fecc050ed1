//! Texts after the addresses are known, and what was found on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{AddressPart, Encoding, Endpoint, EndpointRef, Part, Platform, Protocol, Published, Text, Vantage, Workload};
use crate::secrets;

/// A piece of a text after the addresses are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// Known now, not escaped.
    Known(String),
    /// Known when deploying.
    Hole(Hole),
}

impl Piece {
    /// The text of some pieces, if all of it is known.
    pub fn known(pieces: &[Self]) -> Option<String> {
        let texts = pieces.iter().map(|piece| match piece {
            Self::Known(text) => Some(text.as_str()),
            Self::Hole(_) => None,
        });
        texts.collect()
    }
}

/// A variable in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hole {
    /// The variable of the value as it is.
    pub variable: String,
    /// How the value is written.
    pub encoding: Encoding,
    /// What holds when it is unset or empty, encoded already.
    pub default: Option<String>,
    /// Whether it is a secret.
    pub secret: bool,
}

impl Hole {
    /// The same value in another encoding; a default that is raw is encoded with it.
    pub fn encoded(self, encoding: Encoding) -> Self {
        let default = match (self.encoding, encoding) {
            (Encoding::Raw, to) => self.default.map(|text| to.apply(&text)),
            _ => self.default,
        };
        Self { encoding, default, ..self }
    }

    /// Whether `.env` has a copy in Base64, from which scripts read it: a value that is not encoded otherwise can be anything, and
    /// need not be one line.
    pub fn is_coded(&self) -> bool {
        self.encoding == Encoding::Raw && self.variable != secrets::FINGERPRINT
    }

    /// The variable of the encoded value.
    pub fn name(&self) -> String {
        self.encoding.variable(&self.variable)
    }
}

/// Who reads an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A workload in the stack with this index.
    InStack(usize),
    /// Whoever will connect, from whichever stack.
    Anyone,
    /// A name server, which knows whole names only.
    NameServer,
}

/// The host name and the port under which whoever reads it finds an endpoint; none where nothing leads to it.
pub type Spelling<'a> = Box<dyn Fn(&'a Workload, &'a Endpoint, Reader) -> Option<(String, u16)> + 'a>;

/// Looks up addresses; collects which variables are used and what cannot be said.
pub struct Resolver<'a> {
    /// The format, for people: `Compose`.
    format: &'static str,
    endpoints: HashMap<(&'a str, &'a str), (&'a Workload, &'a Endpoint)>,
    spelling: Spelling<'a>,
    /// Who reads what is resolved next.
    pub reader: Reader,
    /// The encodings in which each variable is read.
    pub used: BTreeMap<String, BTreeSet<Encoding>>,
    /// What the format cannot express.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    /// A resolver of the texts of a platform.
    pub fn new(platform: &'a Platform, format: &'static str, spelling: Spelling<'a>) -> Self {
        let endpoints = platform.workloads.iter().flat_map(|workload| {
            workload.endpoints.iter().map(move |endpoint| ((workload.name.as_str(), endpoint.name.as_str()), (workload, endpoint)))
        });
        Self { format, endpoints: endpoints.collect(), spelling, reader: Reader::Anyone, used: BTreeMap::new(), diagnostics: Vec::new() }
    }

    /// Reports what the format cannot express.
    pub fn refuse(&mut self, place: &Place, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic::new(&code::TARGET_LIMIT, place.clone(), message).help(help));
    }

    /// Reports a variable whose value might end the quotes around it, or mean something there.
    pub fn refuse_inside(&mut self, hole: &Hole, place: &Place) {
        let message = format!("{} cannot escape the value of `{}` inside a longer text of a file", self.format, hole.variable);
        self.refuse(place, message, "make the variable the whole value, or read it from the environment instead");
    }

    /// Notes that a variable is read.
    pub fn uses(&mut self, hole: &Hole) {
        self.used.entry(hole.variable.clone()).or_default().insert(hole.encoding);
    }

    /// The pieces of a text. What is refused is left out: with an error nothing is written anyway.
    pub fn pieces(&mut self, text: &Text, place: &Place) -> Vec<Piece> {
        let pieces = text.parts().iter().filter_map(|part| match part {
            Part::Literal(text) => Some(Piece::Known(text.clone())),
            Part::Address { endpoint, vantage, part } => self.address(endpoint, *vantage, place).map(|(host, port)| {
                Piece::Known(match part {
                    AddressPart::Host => host,
                    AddressPart::Port => port.to_string(),
                })
            }),
            Part::Addresses { endpoints, vantage } => Some(Piece::Known(self.addresses(endpoints, *vantage, place))),
            Part::Secret { variable, encoding } => {
                Some(Piece::Hole(Hole { variable: variable.clone(), encoding: *encoding, default: None, secret: true }))
            }
            Part::Setting { variable, default, encoding } => {
                Some(Piece::Hole(Hole { variable: variable.clone(), encoding: *encoding, default: default.clone(), secret: false }))
            }
        });
        pieces.collect()
    }

    /// A text that is written now; it has no holes.
    pub fn known(&mut self, text: &Text, place: &Place) -> String {
        Piece::known(&self.pieces(text, place)).unwrap_or_default()
    }

    fn addresses(&mut self, endpoints: &[EndpointRef], vantage: Vantage, place: &Place) -> String {
        let mut addresses: Vec<String> = Vec::new();
        for endpoint in endpoints {
            let Some((host, port)) = self.address(endpoint, vantage, place) else { continue };
            let address = format!("{host}:{port}");
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses.join(",")
    }

    fn address(&mut self, reference: &EndpointRef, vantage: Vantage, place: &Place) -> Option<(String, u16)> {
        let Some((workload, endpoint)) = self.endpoints.get(&(reference.workload.as_str(), reference.endpoint.as_str())).copied() else {
            let message = format!("nothing runs as `{}` with an endpoint `{}`", reference.workload, reference.endpoint);
            self.refuse(place, message, "refer to an endpoint that exists");
            return None;
        };
        let found = match (vantage, &endpoint.published) {
            (Vantage::Here, _) => (self.spelling)(workload, endpoint, self.reader),
            (Vantage::Lookup, _) => (self.spelling)(workload, endpoint, Reader::NameServer),
            (Vantage::Consumers, _) => (self.spelling)(workload, endpoint, Reader::Anyone),
            (Vantage::Host, published) => published.as_ref().map(|published| (host_of(published), published.port)),
        };
        if found.is_none() {
            let (whose, help) = match vantage {
                Vantage::Host => (" on the host", "publish it with `publish:`"),
                Vantage::Here | Vantage::Lookup | Vantage::Consumers => (" in this target", "connect to another endpoint of the service"),
            };
            let message = format!("`{}` of `{}` has no address{whose}", reference.endpoint, reference.workload);
            self.refuse(place, message, help);
        }
        found
    }
}

impl std::fmt::Debug for Resolver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("format", &self.format).field("used", &self.used).finish_non_exhaustive()
    }
}

/// Where a person finds a published port: `http://localhost:8080`, or `localhost:5433` for what is not HTTP.
pub fn url_of(protocol: Protocol, published: &Published) -> String {
    let scheme = match protocol {
        Protocol::Http => "http://",
        Protocol::Tcp | Protocol::Udp => "",
    };
    format!("{scheme}{}:{}", host_of(published), published.port)
}

/// The host name under which a published port is found on the host: nothing answers as `localhost` where another address of
/// the loopback alone is bound. An IPv6 address is in brackets, because a port follows it everywhere.
fn host_of(published: &Published) -> String {
    match published.address {
        address if address == Ipv4Addr::LOCALHOST || address.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Pointer;

    #[test]
    fn a_published_port_is_found_at_the_address_that_is_bound() {
        let host = |address: &str| host_of(&Published { port: 80, address: address.parse().expect("an address"), origin: Pointer::root() });
        assert_eq!(["127.0.0.1", "0.0.0.0", "::"].map(host), ["localhost"; 3]);
        assert_eq!(["127.0.0.2", "192.168.1.5", "::1", "fd00::5"].map(host), ["127.0.0.2", "192.168.1.5", "[::1]", "[fd00::5]"]);
    }
}
