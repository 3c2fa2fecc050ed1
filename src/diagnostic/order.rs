//! One order, and each thing said once.

use super::Located;
use crate::source::Span;

/// Sorts diagnostics by where they start, code and message, and keeps one of those that say the same of the same
/// place. What concerns the file as a whole comes first.
///
/// Phases run apart and environments are checked one by one, so the same fault may be found several times.
pub fn sort_and_dedup(diagnostics: &mut Vec<Located>) {
    // The sort is stable: of equal ones the first found stays, so the result depends on nothing else.
    diagnostics.sort_by(|a, b| key(a).cmp(&key(b)));
    diagnostics.dedup_by(|a, b| key(a) == key(b));
}

fn key(located: &Located) -> (Option<usize>, &'static str, &str, Option<Span>) {
    let diagnostic = &located.diagnostic;
    let start = located.span.map(|span| span.start);
    (start, diagnostic.code.name, &diagnostic.message, located.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, Place, code};

    fn located(span: Option<Span>, message: &str) -> Located {
        let diagnostic = Diagnostic::new(&code::UNKNOWN_KEY, Place::File, message);
        Located { diagnostic, span, related: Vec::new(), environment: None }
    }

    #[test]
    fn sorts_by_place_and_says_nothing_twice() {
        let early = located(Some(Span::new(1, 9)), "b");
        let first = located(Some(Span::new(1, 2)), "a");
        let late = located(Some(Span::new(7, 8)), "a");
        let whole = located(None, "z");
        let mut again = late.clone();
        again.diagnostic = again.diagnostic.help("the same, found elsewhere");
        let mut all = vec![late.clone(), early.clone(), whole.clone(), again, first.clone(), early.clone()];
        sort_and_dedup(&mut all);
        assert_eq!(all, [whole, first, early, late]);
    }
}
