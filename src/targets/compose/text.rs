//! Texts as Compose reads them: literals escaped, addresses looked up, secrets and settings as `${NAME:?...}`.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::host_of;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{AddressPart, Encoding, Endpoint, EndpointRef, Part, Platform, PublicText, Text, Vantage};
use crate::value::escape;

/// A piece of a text after the addresses are known.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Looks up addresses; collects which variables are used and what cannot be said.
#[derive(Debug)]
pub struct Resolver<'a> {
    endpoints: BTreeMap<(&'a str, &'a str), &'a Endpoint>,
    /// The encodings in which each variable is read.
    pub used: BTreeMap<String, BTreeSet<Encoding>>,
    /// What Compose cannot express.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    /// A resolver of the texts of a platform.
    pub fn new(platform: &'a Platform) -> Self {
        let endpoints = platform
            .workloads
            .iter()
            .flat_map(|workload| workload.endpoints.iter().map(|endpoint| ((workload.name.as_str(), endpoint.name.as_str()), endpoint)));
        Self { endpoints: endpoints.collect(), used: BTreeMap::new(), diagnostics: Vec::new() }
    }

    /// Reports what Compose cannot express.
    pub fn refuse(&mut self, place: &Place, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic::new(&code::TARGET_LIMIT, place.clone(), message).help(help));
    }

    /// Reports a variable whose value might end the quotes around it, or mean something there.
    pub fn refuse_inside(&mut self, hole: &Hole, place: &Place) {
        let message = format!("Compose cannot escape the value of `{}` inside a longer text of a file", hole.variable);
        self.refuse(place, message, "make the variable the whole value, or read it from the environment instead");
    }

    /// The pieces of a text. What is refused is left out: with an error nothing is written anyway.
    pub fn pieces(&mut self, text: &Text, place: &Place) -> Vec<Piece> {
        let pieces = text.parts().iter().filter_map(|part| match part {
            Part::Literal(text) => Some(Piece::Known(text.clone())),
            Part::Address { endpoint, vantage, part } => self.address(endpoint, *vantage, *part, place).map(Piece::Known),
            Part::Secret { variable, encoding } => {
                Some(Piece::Hole(Hole { variable: variable.clone(), encoding: *encoding, default: None, secret: true }))
            }
            Part::Setting { variable, default, encoding } => {
                Some(Piece::Hole(Hole { variable: variable.clone(), encoding: *encoding, default: default.clone(), secret: false }))
            }
        });
        pieces.collect()
    }

    /// A text as a value of a Compose file.
    pub fn text(&mut self, text: &Text, place: &Place) -> String {
        let written = self.pieces(text, place).into_iter().map(|piece| match piece {
            Piece::Known(text) => escape::compose(&text),
            Piece::Hole(hole) => self.hole(&hole, place),
        });
        written.collect()
    }

    /// A text for a file that is written now; it has no holes.
    pub fn known(&mut self, text: &Text, place: &Place) -> String {
        Piece::known(&self.pieces(text, place)).unwrap_or_default()
    }

    /// A text without secrets as a value of a Compose file.
    pub fn public(&mut self, text: &PublicText, place: &Place) -> String {
        self.text(text.text(), place)
    }

    /// A variable as Compose interpolates it; empty counts as unset, because an unset password must never become
    /// an open server.
    pub fn hole(&mut self, hole: &Hole, place: &Place) -> String {
        self.used.entry(hole.variable.clone()).or_default().insert(hole.encoding);
        let name = hole.encoding.variable(&hole.variable);
        match &hole.default {
            None if hole.secret || hole.encoding != Encoding::Raw => format!("${{{name}:?run pipegen secrets init}}"),
            None => format!("${{{name}:?set it in .env}}"),
            Some(default) => {
                if default.contains(['{', '}', '\n', '\r']) {
                    let message = format!("Compose cannot write the default of `{}`: it has a brace or a line break", hole.variable);
                    self.refuse(place, message, "leave the default out and set the variable in `.env`");
                }
                format!("${{{name}:-{}}}", escape::compose(default))
            }
        }
    }

    fn address(&mut self, reference: &EndpointRef, vantage: Vantage, part: AddressPart, place: &Place) -> Option<String> {
        let Some(endpoint) = self.endpoints.get(&(reference.workload.as_str(), reference.endpoint.as_str())).copied() else {
            let message = format!("nothing runs as `{}` with an endpoint `{}`", reference.workload, reference.endpoint);
            self.refuse(place, message, "refer to an endpoint that exists");
            return None;
        };
        match (vantage, &endpoint.published) {
            // A service's name is its DNS name on each of its networks.
            (Vantage::Here | Vantage::Consumers, _) => Some(match part {
                AddressPart::Host => reference.workload.clone(),
                AddressPart::Port => endpoint.port.to_string(),
            }),
            (Vantage::Host, Some(published)) => Some(match part {
                AddressPart::Host => host_of(published),
                AddressPart::Port => published.port.to_string(),
            }),
            (Vantage::Host, None) => {
                let message = format!("`{}` of `{}` has no address on the host", reference.endpoint, reference.workload);
                self.refuse(place, message, "publish it with `publish:`");
                None
            }
        }
    }
}
