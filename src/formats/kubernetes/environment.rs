//! Environment variables, and texts that read them.
//!
//! Kubernetes replaces `$(NAME)` in a value, a command and an argument by a variable that stands above it, so a text
//! with a secret needs that secret as a variable of its own. In a probe nothing is replaced.

use super::model::{EnvVar, KeyRef, ValueFrom};
use super::scope::{Scope, secret_object, settings_object};
use crate::diagnostic::Place;
use crate::formats::text::{Hole, Piece};
use crate::platform::{PublicText, Text};
use crate::value::escape;

/// The variables of one container.
#[derive(Debug, Default)]
pub struct Environment {
    /// The workload's own, which texts may be made of.
    own: Vec<EnvVar>,
    /// What the texts are made of; stands above.
    parts: Vec<EnvVar>,
}

impl Environment {
    /// The variables of a container.
    pub fn new(scope: &mut Scope<'_>, stack: usize, entries: &[(String, Text)], place: &Place) -> Self {
        let mut environment = Self::default();
        for (name, text) in entries {
            let pieces = scope.resolver.pieces(text, place);
            let entry = match pieces.as_slice() {
                [Piece::Hole(hole)] => EnvVar { name: name.clone(), value: None, value_from: Some(value_from(scope, stack, hole)) },
                _ => {
                    let value = environment.written(scope, stack, pieces);
                    EnvVar { name: name.clone(), value: Some(value), value_from: None }
                }
            };
            environment.own.push(entry);
        }
        environment
    }

    /// A text for a command or an argument, which may read variables.
    pub fn public(&mut self, scope: &mut Scope<'_>, stack: usize, text: &PublicText, place: &Place) -> String {
        let pieces = scope.resolver.pieces(text.text(), place);
        self.written(scope, stack, pieces)
    }

    /// All variables, those first that others read.
    pub fn finish(self) -> Vec<EnvVar> {
        let Self { own, mut parts } = self;
        parts.extend(own);
        parts
    }

    fn written(&mut self, scope: &mut Scope<'_>, stack: usize, pieces: Vec<Piece>) -> String {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Known(known) => text.push_str(&escape::kubernetes(&known)),
                Piece::Hole(hole) => text.push_str(&format!("$({})", self.part(scope, stack, &hole))),
            }
        }
        text
    }

    /// The variable that holds a hole's value.
    fn part(&mut self, scope: &mut Scope<'_>, stack: usize, hole: &Hole) -> String {
        let value_from = Some(value_from(scope, stack, hole));
        let same = |entry: &&EnvVar| entry.value_from == value_from;
        if let Some(known) = self.parts.iter().chain(&self.own).find(same) {
            return known.name.clone();
        }
        // Not the bare name: the workload may have a variable of that name with another value.
        let name = format!("PIPEGEN_{}", hole.name());
        self.parts.push(EnvVar { name: name.clone(), value: None, value_from });
        name
    }
}

/// Where the value of a hole is.
fn value_from(scope: &mut Scope<'_>, stack: usize, hole: &Hole) -> ValueFrom {
    scope.reads_variable(stack, hole);
    let key = hole.name();
    if hole.secret {
        ValueFrom::SecretKeyRef(KeyRef { name: secret_object(&hole.variable), key })
    } else {
        ValueFrom::ConfigMapKeyRef(KeyRef { name: settings_object(&scope.platform.name), key })
    }
}

/// A text for a place in which nothing is replaced.
pub fn plain(scope: &mut Scope<'_>, text: &PublicText, place: &Place, what: &str) -> String {
    let pieces = scope.resolver.pieces(text.text(), place);
    Piece::known(&pieces).unwrap_or_else(|| {
        let message = format!("Kubernetes replaces no variables in {what}");
        scope.resolver.refuse(place, message, "write the value here, or read the variable in a script of the image's");
        String::new()
    })
}
