//! Did-you-mean.

/// The candidate that `name` most likely stands for, if one is near enough to say so.
///
/// Near: at most one edit (a transposition is one) for every three characters, and at least one is allowed.
/// Of equally near ones the first in order wins, so the answer never depends on a hash.
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn finds_what_was_meant_and_nothing_far() {
        assert_eq!(near("kafak", ["postgres", "kafka"]), Some("kafka"));
        assert_eq!(near("onn", ["in", "on"]), Some("on"));
        assert_eq!(near("s3", ["redis", "kafka"]), None);
    }
}
