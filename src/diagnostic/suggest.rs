//! Did-you-mean.

use super::{Diagnostic, Place, code};
use crate::source::Pointer;

/// The candidate that `name` most likely stands for, if one is near enough to say so.
///
/// Near: at most one edit (a transposition is one) for every three characters, and at least one is allowed.
/// Of equally near ones the first in order wins, so the answer never depends on a hash.
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = (length / 3).max(1);
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        // Every character more or less is an edit, and to count them is much cheaper than to compare.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The names as one can write them: "`a`", or "one of `a`, `b`".
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let list = quoted(names.iter().copied());
    if names.len() == 1 { list } else { format!("one of {list}") }
}

/// The names with commas between them: "`a`, `b`".
pub fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What to write instead of a name: the near one, else one of them.
pub fn write_instead<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    near(name, known.clone()).map_or_else(|| format!("write {}", one_of(known)), |near| format!("write `{near}`"))
}

/// The fault of a name that is declared nowhere, with the near name's line as second place.
pub fn unknown_name<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>, section: &Pointer, at: Pointer) -> Diagnostic {
    let known: Vec<&str> = known.collect();
    let fault = Diagnostic::new(&code::UNKNOWN_NAME, Place::Name(at), format!("there is no {what} `{name}`"));
    let declare = format!("declare it under `{}`", section.last().unwrap_or_default());
    match near(name, known.iter().copied()) {
        Some(near) => fault.help(format!("write `{near}`")).related(Place::Key(section.key(near)), "the near name"),
        None if known.is_empty() => fault.help(declare),
        None => fault.help(format!("{declare}, or write {}", one_of(known.into_iter().take(10)))),
    }
}

#[cfg(test)]
mod tests {
    use super::{near, one_of};

    #[test]
    fn a_choice_of_one_is_none() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b"]), "one of `a`, `b`");
    }

    #[test]
    fn finds_what_was_meant_and_nothing_far() {
        assert_eq!(near("kafak", ["postgres", "kafka"]), Some("kafka"));
        assert_eq!(near("onn", ["in", "on"]), Some("on"));
        assert_eq!(near("s3", ["redis", "kafka"]), None);
    }
}
