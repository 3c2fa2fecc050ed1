//! Texts as Compose reads them: literals escaped, secrets and settings as `${NAME:?...}`.

use crate::diagnostic::Place;
use crate::formats::text::{Hole, Piece, Resolver};
use crate::platform::{Encoding, Platform, PublicText, Text};
use crate::value::escape;

/// A resolver of the texts of a platform: a service's name is its DNS name on each of its networks.
pub fn resolver(platform: &Platform) -> Resolver<'_> {
    Resolver::new(platform, "Compose", Box::new(|workload, endpoint, _| Some((workload.name.clone(), endpoint.port))))
}

/// Texts as values of a Compose file.
pub trait ComposeText {
    /// Pieces, written one after the other.
    fn written(&mut self, pieces: Vec<Piece>, place: &Place) -> String;
    /// A text.
    fn text(&mut self, text: &Text, place: &Place) -> String;
    /// A text without secrets.
    fn public(&mut self, text: &PublicText, place: &Place) -> String {
        self.text(text.text(), place)
    }
}

impl ComposeText for Resolver<'_> {
    fn written(&mut self, pieces: Vec<Piece>, place: &Place) -> String {
        let written = pieces.into_iter().map(|piece| match piece {
            Piece::Known(text) => escape::compose(&text),
            Piece::Hole(hole) => self::hole(self, &hole, place),
        });
        written.collect()
    }

    fn text(&mut self, text: &Text, place: &Place) -> String {
        let pieces = self.pieces(text, place);
        self.written(pieces, place)
    }
}

/// A variable as Compose interpolates it; empty counts as unset, because an unset password must never become
/// an open server.
fn hole(resolver: &mut Resolver<'_>, hole: &Hole, place: &Place) -> String {
    resolver.uses(hole);
    let name = hole.name();
    match &hole.default {
        None if hole.secret || hole.encoding != Encoding::Raw => format!("${{{name}:?run pipegen secrets init}}"),
        None => format!("${{{name}:?set it in .env}}"),
        Some(default) => {
            if default.contains(['{', '}', '\n', '\r']) {
                let message = format!("Compose cannot write the default of `{}`: it has a brace or a line break", hole.variable);
                resolver.refuse(place, message, "leave the default out and set the variable in `.env`");
            }
            format!("${{{name}:-{}}}", escape::compose(default))
        }
    }
}
