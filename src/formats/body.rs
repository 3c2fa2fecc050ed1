//! What is in the files that workloads read.

use sha2::{Digest, Sha256};

use super::document;
use super::marks::Marks;
use super::text::{Piece, Resolver};
use crate::diagnostic::Place;
use crate::platform::{Body, Encoding, File, PathRef, TextTree};
use crate::template;
use crate::yaml::Doc;

/// What is in a file, before anything is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Known now.
    Known(String),
    /// To be filled in when deploying.
    Filled(Vec<Piece>),
    /// A file of the user's.
    Theirs(PathRef),
}

/// What is in a file.
pub fn content(resolver: &mut Resolver<'_>, file: &File) -> Content {
    let place = Place::Value(file.origin.clone());
    let deploy_time = file.body.is_deploy_time();
    match &file.body {
        Body::Path(path) => Content::Theirs(path.clone()),
        Body::Text(text) if deploy_time => Content::Filled(resolver.pieces(text, &place)),
        Body::Text(text) => Content::Known(resolver.known(text, &place)),
        Body::Document { format, tree } if deploy_time => Content::Filled(document::deploy_time(resolver, *format, tree, &place)),
        Body::Document { format, tree } => Content::Known(document::known(resolver, *format, tree, &place)),
        Body::Template { name, context } if deploy_time => Content::Filled(deploy_time_template(resolver, name, context, &place)),
        Body::Template { name, context } => {
            let values = document::to_doc(context, &mut |text| resolver.known(text, &place));
            Content::Known(template(resolver, name, &values, &place))
        }
    }
}

/// The variables go in after the template was rendered: no filter of it sees them, so they must be encoded already.
fn deploy_time_template(resolver: &mut Resolver<'_>, name: &'static str, context: &TextTree, place: &Place) -> Vec<Piece> {
    let mut marks = Marks::for_tree(context);
    let values = document::to_doc(context, &mut |text| {
        let pieces = resolver.pieces(text, place);
        document::marked(resolver, &mut marks, pieces, &[Encoding::Uri, Encoding::Json], place)
    });
    marks.fill(&template(resolver, name, &values, place), "")
}

fn template(resolver: &mut Resolver<'_>, name: &'static str, values: &Doc, place: &Place) -> String {
    template::fill(name, values).unwrap_or_else(|error| {
        resolver.refuse(place, error.to_string(), "use a value that this kind of file can hold");
        String::new()
    })
}

/// A name for a file among others: the shortest end of its path that is free; if all are taken, with a number.
pub fn free_name(mount: &str, is_free: impl Fn(&str) -> bool) -> String {
    let parts: Vec<&str> = mount.split('/').filter(|part| !part.is_empty()).collect();
    let ends = (1..=parts.len()).rev().map(|start| word(&parts[start - 1..].join("-")));
    let numbered = (2_u32..).map(|number| format!("{}-{number}", word(&parts.join("-"))));
    ends.chain(numbered).find(|name| is_free(name)).unwrap_or_default()
}

/// The text in the characters that the names of configs and of keys may have. Two dots at the beginning are no key's of
/// Kubernetes, which has files of its own there (`IsConfigMapKey`).
fn word(text: &str) -> String {
    let word: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    word.strip_prefix("..").map_or_else(|| word.clone(), |rest| format!("-.{rest}"))
}

/// Changes whenever a content does, whatever it is filled with.
pub fn fingerprint<'c>(files: impl IntoIterator<Item = (&'c File, &'c Content)>) -> String {
    let mut hash = Sha256::new();
    for (file, content) in files {
        let mut parts = vec![file.mount.clone(), if file.executable { "x" } else { "" }.to_owned()];
        match content {
            Content::Known(text) => parts.extend(["known".to_owned(), text.clone()]),
            Content::Filled(pieces) => parts.extend(pieces.iter().map(|piece| format!("{piece:?}"))),
            Content::Theirs(path) => parts.extend(["theirs".to_owned(), path.path.clone()]),
        }
        for part in parts {
            // The length keeps `a`, `bc` and `ab`, `c` apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    short_hash(hash)
}

/// The first 64 bits of a hash, in hexadecimal.
pub fn short_hash(hash: Sha256) -> String {
    let first = hash.finalize().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    format!("{first:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_a_key_of_kubernetes() {
        let name = |mount: &str| free_name(mount, |_| true);
        assert_eq!(["/etc/app.yml", "/etc/my file", "/etc/.app"].map(name), ["app.yml", "my-file", ".app"]);
        assert_eq!(["/etc/..data", "/etc/..."].map(name), ["-.data", "-.."]);
    }
}
