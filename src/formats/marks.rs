//! Marks stand for what is known only when deploying, while a body is rendered as if all were known.
//!
//! Afterwards they become the pieces that they stand for. A mark is a plain word, so that no format quotes or escapes
//! it, and it occurs nowhere else in the body.

use super::text::Piece;
use crate::platform::TextTree;

/// The marks of one body.
#[derive(Debug)]
pub struct Marks {
    stem: String,
    stand_for: Vec<Vec<Piece>>,
}

impl Marks {
    /// Marks that occur nowhere in the tree.
    pub fn for_tree(tree: &TextTree) -> Self {
        // Letters are the same in the output of `Debug`.
        let all = format!("{tree:?}");
        let mut stem = "DeployTime".to_owned();
        while all.contains(&stem) {
            stem.push('Z');
        }
        Self { stem, stand_for: Vec::new() }
    }

    /// A new mark for what goes into the body as it is.
    pub fn mark(&mut self, pieces: Vec<Piece>) -> String {
        self.stand_for.push(pieces);
        format!("{}{}q", self.stem, self.stand_for.len() - 1)
    }

    /// The pieces of the finished body. Quotes around a mark go with it.
    pub fn fill(&self, body: &str, quote: &str) -> Vec<Piece> {
        let start = format!("{quote}{}", self.stem);
        let end = format!("q{quote}");
        let mut pieces = Vec::new();
        let mut rest = body;
        while let Some((before, after)) = rest.split_once(&start) {
            push_known(&mut pieces, before);
            rest = match self.marked(after, &end) {
                Some((marked, after)) => {
                    marked.iter().for_each(|piece| push(&mut pieces, piece.clone()));
                    after
                }
                None => {
                    push_known(&mut pieces, &start);
                    after
                }
            };
        }
        push_known(&mut pieces, rest);
        pieces
    }

    fn marked<'s>(&'s self, after: &'s str, end: &str) -> Option<(&'s [Piece], &'s str)> {
        let (number, after) = after.split_once(end)?;
        Some((self.stand_for.get(number.parse::<usize>().ok()?)?, after))
    }
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match piece {
        Piece::Known(text) => push_known(pieces, &text),
        hole @ Piece::Hole(_) => pieces.push(hole),
    }
}

fn push_known(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Known(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Known(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::text::Hole;
    use crate::platform::Encoding;

    #[test]
    fn only_marks_become_variables() {
        let tree = TextTree::map([("a", TextTree::from("DeployTime0q DeployTimeZ"))]);
        let mut marks = Marks::for_tree(&tree);
        let hole = Piece::Hole(Hole { variable: "A".into(), encoding: Encoding::Raw, default: None, secret: true });
        let known = |text: &str| Piece::Known(text.to_owned());
        assert_eq!(marks.mark(vec![hole.clone()]), "DeployTimeZZ0q");
        assert_eq!(marks.fill("$x DeployTime0q DeployTimeZZ0q $", ""), [known("$x DeployTime0q "), hole.clone(), known(" $")]);
        assert_eq!(marks.fill(r#"["DeployTimeZZ0q", "DeployTimeZZ9q"]"#, "\""), [known("["), hole, known(r#", "DeployTimeZZ9q"]"#)]);
    }
}
