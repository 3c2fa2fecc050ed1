//! Trees whose leaves are texts: documents, the values of a template, overrides.

use super::marks::Marks;
use super::properties;
use super::text::{Hole, Piece, Resolver};
use crate::diagnostic::Place;
use crate::platform::{DocumentFormat, Encoding, Text, TextTree};
use crate::value::escape;
use crate::yaml::{self, Doc, Item};

/// A tree with its leaves written by a function.
pub fn to_doc(tree: &TextTree, leaf: &mut impl FnMut(&Text) -> String) -> Doc {
    match tree {
        TextTree::Null => Doc::Null,
        TextTree::Bool(value) => Doc::Bool(*value),
        TextTree::Int(value) => Doc::from(*value),
        TextTree::Float(value) => Doc::Float(*value),
        TextTree::Text(text) => Doc::from(leaf(text)),
        TextTree::List(items) => Doc::List(items.iter().map(|item| to_doc(item, leaf)).collect()),
        TextTree::Map(entries) => Doc::Map(entries.iter().map(|(key, value)| Item::new(key.clone(), to_doc(value, leaf))).collect()),
    }
}

/// Maps by key, everything else replaced.
pub fn merge(base: &mut Doc, over: Doc) {
    match (base, over) {
        (Doc::Map(items), Doc::Map(overs)) => {
            for over in overs {
                match items.iter_mut().find(|item| item.key == over.key) {
                    Some(item) => merge(&mut item.value, over.value),
                    None => items.push(over),
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// A document that is known now.
pub fn known(resolver: &mut Resolver<'_>, format: DocumentFormat, tree: &TextTree, place: &Place) -> String {
    write(format, &to_doc(tree, &mut |text| resolver.known(text, place)))
}

/// A document to be filled in when deploying.
pub fn deploy_time(resolver: &mut Resolver<'_>, format: DocumentFormat, tree: &TextTree, place: &Place) -> Vec<Piece> {
    let mut marks = Marks::for_tree(tree);
    let doc = to_doc(tree, &mut |text| {
        let pieces = resolver.pieces(text, place);
        match (Piece::known(&pieces), format) {
            (Some(known), _) => known,
            (None, DocumentFormat::Yaml | DocumentFormat::Json) => marks.mark(scalar(resolver, pieces, place)),
            // Percent-encoded, a value needs no escaping in properties. In any other form it might.
            (None, DocumentFormat::Properties) => marked(resolver, &mut marks, pieces, &[Encoding::Uri], place),
        }
    });
    marks.fill(&write(format, &doc), if format == DocumentFormat::Json { "\"" } else { "" })
}

fn write(format: DocumentFormat, doc: &Doc) -> String {
    match format {
        DocumentFormat::Yaml => yaml::write("", doc),
        // `{:#}` of a `serde_json::Value` cannot fail, unlike its writers.
        DocumentFormat::Json => format!("{:#}\n", serde_json::to_value(doc).unwrap_or_default()),
        DocumentFormat::Properties => properties::write(doc),
    }
}

/// A whole scalar with its quotes, in JSON, which is YAML too: one variable in its JSON form, or a quoted text whose
/// variables need no escaping in it, because they are percent-encoded.
fn scalar(resolver: &mut Resolver<'_>, mut pieces: Vec<Piece>, place: &Place) -> Vec<Piece> {
    match (pieces.pop(), pieces.is_empty()) {
        (Some(Piece::Hole(hole)), true) if hole.encoding != Encoding::Uri => return vec![Piece::Hole(hole.encoded(Encoding::Json))],
        (last, _) => pieces.extend(last),
    }
    let quote = || Piece::Known("\"".to_owned());
    let inside = pieces.into_iter().map(|piece| match piece {
        Piece::Known(text) => Piece::Known(inside_quotes(&escape::json(&text)).to_owned()),
        Piece::Hole(hole) => Piece::Hole(checked(resolver, hole, &[Encoding::Uri], place)),
    });
    std::iter::once(quote()).chain(inside.collect::<Vec<_>>()).chain([quote()]).collect()
}

/// A text with marks for its variables, each of which must be in one of these encodings.
pub fn marked(resolver: &mut Resolver<'_>, marks: &mut Marks, pieces: Vec<Piece>, safe: &[Encoding], place: &Place) -> String {
    let marked = pieces.into_iter().map(|piece| match piece {
        Piece::Known(text) => text,
        Piece::Hole(hole) => marks.mark(vec![Piece::Hole(checked(resolver, hole, safe, place))]),
    });
    marked.collect()
}

fn checked(resolver: &mut Resolver<'_>, hole: Hole, safe: &[Encoding], place: &Place) -> Hole {
    if !safe.contains(&hole.encoding) {
        resolver.refuse_inside(&hole, place);
    }
    hole
}

fn inside_quotes(json: &str) -> &str {
    json.get(1..json.len() - 1).unwrap_or_default()
}
