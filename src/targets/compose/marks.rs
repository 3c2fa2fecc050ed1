//! Marks stand for what is known only when deploying, while a body is rendered as if all were known.
//!
//! Afterwards everything else is escaped for Compose, and the marks become what Compose interpolates. A mark is a
//! plain word, so that no format quotes or escapes it, and it occurs nowhere else in the body.

use crate::platform::TextTree;
use crate::value::escape;

/// The marks of one body.
#[derive(Debug)]
pub struct Marks {
    stem: String,
    written: Vec<String>,
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
        Self { stem, written: Vec::new() }
    }

    /// A new mark for what goes into the Compose file as it is.
    pub fn mark(&mut self, written: String) -> String {
        self.written.push(written);
        format!("{}{}q", self.stem, self.written.len() - 1)
    }

    /// The finished body as the content of a config. Quotes around a mark go with it.
    pub fn fill(&self, body: &str, quote: &str) -> String {
        let start = format!("{quote}{}", self.stem);
        let end = format!("q{quote}");
        let mut out = String::with_capacity(body.len());
        let mut rest = body;
        while let Some((before, after)) = rest.split_once(&start) {
            out.push_str(&escape::compose(before));
            rest = match self.marked(after, &end) {
                Some((written, after)) => {
                    out.push_str(written);
                    after
                }
                None => {
                    out.push_str(&start);
                    after
                }
            };
        }
        out.push_str(&escape::compose(rest));
        out
    }

    fn marked<'s>(&'s self, after: &'s str, end: &str) -> Option<(&'s str, &'s str)> {
        let (number, after) = after.split_once(end)?;
        Some((self.written.get(number.parse::<usize>().ok()?)?, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_become_variables() {
        let tree = TextTree::map([("a", TextTree::from("DeployTime0q DeployTimeZ"))]);
        let mut marks = Marks::for_tree(&tree);
        let mark = marks.mark("${A:?}".to_owned());
        assert_eq!(mark, "DeployTimeZZ0q");
        assert_eq!(marks.fill("$x DeployTime0q DeployTimeZZ0q $", ""), "$$x DeployTime0q ${A:?} $$");
        assert_eq!(marks.fill(r#"["DeployTimeZZ0q", "DeployTimeZZ9q"]"#, "\""), r#"[${A:?}, "DeployTimeZZ9q"]"#);
    }
}
