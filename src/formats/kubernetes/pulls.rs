//! Images that are pulled with a login: the secret objects that hold it.

use super::files::fill;
use super::scope::{FilledObject, Scope, secret_object};
use crate::formats::text::{Hole, Piece};
use crate::platform::{Encoding, Image, ImageLogin, Login};
use crate::value::escape;

/// The key that the kubelet reads (<https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>).
const KEY: &str = ".dockerconfigjson";
/// The type of an object with that key.
const TYPE: &str = "kubernetes.io/dockerconfigjson";

/// The secret object with which a stack pulls an image, if it needs one.
pub fn object(scope: &mut Scope<'_>, stack: usize, image: &Image) -> Option<String> {
    let ImageLogin { login: Login { variable, .. }, .. } = scope.logins.get(image.reference())?;
    let object = format!("{}-pull", secret_object(variable));
    let known = scope.reads.get(&stack).is_some_and(|reads| reads.filled.iter().any(|filled| filled.name == object));
    if !known {
        let logins = scope.platform.image_logins.iter().filter(|login| login.login.variable == *variable);
        let keys = vec![(KEY.to_owned(), config(scope, logins))];
        fill(scope, stack, FilledObject { kind: TYPE, keys, ..FilledObject::opaque(object.clone()) });
    }
    Some(object)
}

/// What `docker login` would write, each registry once.
fn config<'a>(scope: &mut Scope<'_>, logins: impl Iterator<Item = &'a ImageLogin>) -> Vec<Piece> {
    let mut pieces = vec![Piece::Known("{\"auths\":{".to_owned())];
    let mut seen = Vec::new();
    for ImageLogin { image: _, registry, login: Login { username, variable }, password: _ } in logins {
        if seen.contains(&registry) {
            continue;
        }
        pieces.extend((!seen.is_empty()).then(|| Piece::Known(",".to_owned())));
        seen.push(registry);
        let place = crate::diagnostic::Place::File;
        // One literal, or one value of the deployer.
        pieces.extend(scope.resolver.pieces(registry.text(), &place).into_iter().map(|piece| match piece {
            Piece::Known(host) => Piece::Known(escape::json(&host)),
            Piece::Hole(hole) => Piece::Hole(hole.encoded(Encoding::Json)),
        }));
        pieces.push(Piece::Known(format!(":{{\"username\":{},\"password\":", escape::json(username))));
        pieces.push(Piece::Hole(Hole { variable: variable.clone(), encoding: Encoding::Json, default: None, secret: true }));
        pieces.push(Piece::Known("}".to_owned()));
    }
    pieces.push(Piece::Known("}}\n".to_owned()));
    pieces
}
