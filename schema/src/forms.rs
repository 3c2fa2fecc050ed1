//! What the schema's patterns say of texts, by hand: to compile the patterns takes longer than to read a usual blueprint.
//! `build.rs` puts these in the place of the patterns, and the test compares them.

fn starts(text: &str, first: fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(first)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Letters, digits and these marks.
fn word(text: &str, marks: &[u8]) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

/// At most 63 lower-case letters, digits and marks, first a letter and last no mark.
fn label(text: &str, marks: &[u8]) -> bool {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let last = text.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63 && starts(text, |byte| byte.is_ascii_lowercase()) && lower && word(text, marks) && last
}

/// A service, or a resource inside it.
pub fn resource_ref(text: &str) -> bool {
    let (service, resource) = text.split_once('/').map_or((text, None), |(service, resource)| (service, Some(resource)));
    let lower = !service.bytes().any(|byte| byte.is_ascii_uppercase());
    let service = starts(service, |byte| byte.is_ascii_lowercase()) && lower && word(service, b"-_");
    service && resource.is_none_or(|resource| !resource.is_empty() && word(resource, b"-_."))
}

/// The name of a service: a DNS label.
pub fn name(text: &str) -> bool {
    label(text, b"-")
}

/// The name of a network, credential or volume.
pub fn network_name(text: &str) -> bool {
    label(text, b"-_")
}

/// The name of a dataset, database or topic.
pub fn dataset_name(text: &str) -> bool {
    text.len() <= 63 && starts(text, is_letter) && word(text, b"-_.")
}

/// An environment variable.
pub fn env_name(text: &str) -> bool {
    starts(text, is_letter) && word(text, b"_")
}

/// A variable in capitals.
pub fn variable_name(text: &str) -> bool {
    starts(text, |byte| byte.is_ascii_uppercase()) && env_name(text) && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A version: numbers and words between dots, first a number.
pub fn version(text: &str) -> bool {
    let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
    let number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    number
        && rest.is_none_or(|rest| {
            rest.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        })
}

/// A user by number, and its group.
pub fn user(text: &str) -> bool {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    digits(user, 9) && group.is_none_or(|group| digits(group, 9)) || parameter(text)
}

/// One parameter, and nothing else.
pub fn parameter(text: &str) -> bool {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).is_some_and(parameter_name)
}

/// So many digits.
fn digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Processors, in thousandths at the finest.
pub fn cpu(text: &str) -> bool {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    digits(whole, 4) && part.is_none_or(|part| digits(part, 3)) || parameter(text)
}

/// Bytes, in units of 1024.
pub fn size(text: &str) -> bool {
    let number = ["Ki", "Mi", "Gi", "Ti"].iter().find_map(|unit| text.strip_suffix(unit));
    number.is_some_and(|number| digits(number, 10) && !number.starts_with('0')) || parameter(text)
}

/// A time, in one unit.
pub fn duration(text: &str) -> bool {
    let number = ["ms", "s", "m", "h", "d"].iter().find_map(|unit| text.strip_suffix(unit));
    number.is_some_and(|number| digits(number, 9)) || parameter(text)
}

/// An address of IPv4, or what looks like one of IPv6.
pub fn address(text: &str) -> bool {
    let part = |part: &str| digits(part, 3) && (part.len() == 1 || !part.starts_with('0')) && part.parse::<u8>().is_ok();
    let four = text.split('.').count() == 4 && text.split('.').all(part);
    four || text.contains(':') && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

/// Text whose holes are parameters.
pub fn parametric(text: &str) -> bool {
    holes(text, parameter_name)
}

/// Text whose holes are parameters and variables of the deployer.
pub fn deployable(text: &str) -> bool {
    holes(text, |inside| parameter_name(inside) || variable(inside))
}

/// Text with any holes.
pub fn text(text: &str) -> bool {
    holes(text, |inside| variable(inside) || property(inside))
}

/// Whether the inside of every `${...}` is as it must be; `$$` is a dollar, and so is one alone.
fn holes(text: &str, inside: fn(&str) -> bool) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = match (after.strip_prefix('$'), after.strip_prefix('{')) {
            (Some(after), _) => after,
            (_, Some(hole)) => match hole.split_once('}') {
                Some((hole, after)) if inside(hole) => after,
                _ => return false,
            },
            _ => after,
        };
    }
    true
}

fn parameter_name(inside: &str) -> bool {
    inside.strip_prefix("parameters.").is_some_and(|name| starts(name, |byte| byte.is_ascii_lowercase()) && lower_word(name, b"_"))
}

fn variable(inside: &str) -> bool {
    inside.strip_prefix("env.").is_some_and(|inside| variable_name(inside.split_once(":-").map_or(inside, |(name, _)| name)))
}

/// `service.property` or `service/resource.property`; both the resource and the property may have dots.
fn property(inside: &str) -> bool {
    let is_property = |text: &str| starts(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && lower_word(text, b"-_.");
    let Some(at) = inside.find(['/', '.']) else { return false };
    let (service, rest) = (&inside[..at], &inside[at + 1..]);
    let ends = match inside.as_bytes()[at] {
        b'.' => is_property(rest),
        _ => rest.match_indices('.').any(|(dot, _)| dot > 0 && word(&rest[..dot], b"-_.") && is_property(&rest[dot + 1..])),
    };
    ends && starts(service, |byte| byte.is_ascii_lowercase()) && lower_word(service, b"-_")
}

/// Lower-case letters, digits and these marks.
fn lower_word(text: &str, marks: &[u8]) -> bool {
    word(text, marks) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    include!("../patterns.rs");

    /// From these all texts of up to three pieces are made.
    const PIECES: [&str; 26] = [
        "a",
        "A",
        "0",
        "-",
        "_",
        ".",
        "/",
        "$",
        "{",
        "}",
        ":-",
        "é",
        "\n",
        "${",
        "$$",
        "${parameters.a",
        "${env.A",
        "${a/B.c",
        "${a.0",
        "a.b",
        ":",
        "1234",
        "25.5",
        ".255.256",
        "Ki",
        "ms",
    ];

    /// What so few pieces do not reach: units, and the most digits.
    const MORE: [&str; 20] = [
        "1s",
        "1m",
        "1h",
        "1d",
        "1Mi",
        "1Gi",
        "1Ti",
        "123456789s",
        "1234567890s",
        "1234567890Ki",
        "12345678901Ki",
        "1000.001",
        "12345",
        "0.0.0.0",
        "255.10.99.249",
        "255.10.99.256",
        "1.2.3.04",
        "1.2.3",
        "1.2.3.4.5",
        "fe80::1",
    ];

    fn texts(most: usize) -> Vec<String> {
        let mut all = vec![String::new(), "a".repeat(62), "a".repeat(63), "a".repeat(64), "a".repeat(63) + "-"];
        all.extend(MORE.map(str::to_owned));
        let mut last = vec![String::new()];
        for _ in 0..most {
            last = last.iter().flat_map(|text| PIECES.iter().map(move |piece| format!("{text}{piece}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn what_is_checked_by_hand_is_what_the_pattern_says() {
        let texts = texts(3);
        for (name, pattern) in PATTERNS {
            let by_hand = by_hand(name);
            assert!(crate::SCHEMA.contains(&json!(pattern).to_string()), "the schema has no such pattern: {pattern}");
            let validator = jsonschema::draft7::new(&json!({ "pattern": pattern })).expect("a pattern");
            for text in &texts {
                assert_eq!(by_hand(text), validator.is_valid(&json!(text)), "{name} {text:?}");
            }
        }
    }

    fn by_hand(name: &str) -> fn(&str) -> bool {
        match name {
            "name" => super::name,
            "network_name" => super::network_name,
            "dataset_name" => super::dataset_name,
            "env_name" => super::env_name,
            "variable_name" => super::variable_name,
            "resource_ref" => super::resource_ref,
            "user" => super::user,
            "version" => super::version,
            "parameter" => super::parameter,
            "cpu" => super::cpu,
            "size" => super::size,
            "duration" => super::duration,
            "address" => super::address,
            "parametric" => super::parametric,
            "deployable" => super::deployable,
            "text" => super::text,
            _ => panic!("no form {name}"),
        }
    }
}
