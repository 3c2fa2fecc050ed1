//! Did-you-mean.

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
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
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
