//! The registry of diagnostic codes, sorted by name. `pipegen explain CODE` and the reference print these texts.
//!
//! To add a code, add one line to `codes!` and its text as `codes/<name>.md`.

/// How bad it is. Only errors stop rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is rendered.
    Error,
    /// Rendered all the same.
    Warning,
}

/// A kind of diagnostic.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable name, in kebab-case; it names the problem, not the remedy.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One phrase for lists.
    pub summary: &'static str,
    /// Markdown with the headings `## What it means`, `## Example`, `## Write instead`.
    pub doc: &'static str,
}

macro_rules! codes {
    ($($constant:ident $name:literal $severity:ident $summary:literal;)*) => {
        /// One constant per code.
        pub mod code {
            use super::{Code, Severity};
            $(
                #[doc = $summary]
                pub static $constant: Code = Code {
                    name: $name,
                    severity: Severity::$severity,
                    summary: $summary,
                    doc: include_str!(concat!("codes/", $name, ".md")),
                };
            )*
        }

        /// Every code, sorted by name.
        pub static CODES: &[&Code] = &[$(&code::$constant),*];
    };
}

codes! {
    AMBIGUOUS_REFERENCE "ambiguous-reference" Error "a short reference where several resources are declared";
    AMBIGUOUS_SCALAR "ambiguous-scalar" Error "a plain scalar that YAML readers understand differently";
    BAD_REFERENCE "bad-reference" Error "a `${...}` that cannot be read";
    BAD_VALUE "bad-value" Error "a value of the right type that is not allowed";
    BROKEN_EXPECTATION "broken-expectation" Error "the platform does not keep what `expect:` demands";
    BUILD_ARG_UNUSED "build-arg-unused" Error "a build argument that the Dockerfile does not declare";
    COMPONENT_CHANGED "component-changed" Error "an environment changes what a service is";
    DEPENDENCY_CYCLE "dependency-cycle" Error "services wait for each other";
    DUPLICATE_KEY "duplicate-key" Error "a key written twice in one map";
    EMPTY_BLUEPRINT "empty-blueprint" Error "a file without content";
    ENV_IN_CONTEXT "env-in-context" Warning "a build context or mount that contains the rendered `.env`";
    FLOATING_TAG "floating-tag" Error "an image without a fixed tag";
    HOST_PATH "host-path" Warning "a path of the host where a cluster has to provide it";
    INTERNAL_ONLY_PUBLISH "internal-only-publish" Error "a published port on a service that has only internal networks";
    INVALID_UTF8 "invalid-utf8" Error "a file that is not UTF-8";
    LARGE_OUTPUT "large-output" Warning "a rendered file that Compose refuses to read";
    LITERAL_SECRET "literal-secret" Error "a secret written into the blueprint";
    LOAD_NOT_FOLLOWED "load-not-followed" Warning "a number that follows the load in a target where it cannot";
    MISSING_HEALTH "missing-health" Error "waiting for readiness of a container without a health check";
    MISSING_KEY "missing-key" Error "a required key that is not there";
    MISSING_PARAMETER "missing-parameter" Error "a parameter without a value";
    MOUNT_TAKEN "mount-taken" Error "two things mounted at the same path";
    NAME_TAKEN "name-taken" Error "a name that something else already has";
    NETWORK_OWNED_TWICE "network-owned-twice" Error "a network that is the home of two stacks";
    NO_SHARED_NETWORK "no-shared-network" Error "an edge between services that share no network";
    NO_WAY_OUT "no-way-out" Error "an edge to a system elsewhere from a service that has only internal networks";
    NOT_RENDERED_YET "not-rendered-yet" Warning "a key that no target renders yet";
    OVERRIDE_USED "override-used" Warning "an override that pipegen does not check";
    PATH_NOT_FOUND "path-not-found" Warning "a path that does not exist";
    PORT_TAKEN "port-taken" Error "a host port published twice";
    PROFILE_MISMATCH "profile-mismatch" Error "a dependency that its own profile may leave out";
    REFERENCE_NOT_ALLOWED "reference-not-allowed" Error "a `${...}` where this kind is not allowed";
    RESERVED_NAME "reserved-name" Error "a name that the language itself uses";
    SCHEDULE_NOT_KEPT "schedule-not-kept" Warning "a schedule in a target that has none";
    SECOND_DOCUMENT "second-document" Error "a file with more than one YAML document";
    SECRET_NOT_ALLOWED "secret-not-allowed" Error "a secret where it would be readable by anyone";
    STACK_CYCLE "stack-cycle" Error "stacks that must each start before the other";
    TARGET_LIMIT "target-limit" Error "something that a target cannot express";
    TOO_DEEP "too-deep" Error "more than 128 levels of nesting";
    TOO_LARGE "too-large" Error "a blueprint of more than 16 MB";
    TOO_MANY_ALIASES "too-many-aliases" Error "aliases that add more than 100,000 nodes";
    TWO_DEFAULTS "two-defaults" Error "a variable of the deployer's with two defaults";
    UNKNOWN_COMPONENT "unknown-component" Error "a component that the catalog does not have";
    UNKNOWN_KEY "unknown-key" Error "a key that the language does not have here";
    UNKNOWN_NAME "unknown-name" Error "a reference to something that is not declared";
    UNKNOWN_PROPERTY "unknown-property" Error "a property that the service does not have";
    UNSUPPORTED_TAG "unsupported-tag" Error "a YAML tag outside the core schema";
    UNSUPPORTED_VERSION "unsupported-version" Error "a version that the component does not know";
    VARIABLE_TAKEN "variable-taken" Error "two things that write the same variable";
    VOLUME_NOT_MOUNTED "volume-not-mounted" Error "a step that needs a volume which its service does not mount";
    WRONG_COMPONENT "wrong-component" Error "a reference to a service of the wrong component";
    WRONG_CREDENTIAL "wrong-credential" Error "a reference to a credential of the wrong type";
    WRONG_TYPE "wrong-type" Error "a value of the wrong type";
    YAML_SYNTAX "yaml-syntax" Error "text that is not YAML";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnostic/codes");
    const HEADINGS: [&str; 3] = ["## What it means", "## Example", "## Write instead"];

    #[test]
    fn names_are_sorted_unique_and_in_kebab_case() {
        for pair in CODES.windows(2) {
            assert!(pair[0].name < pair[1].name, "`{}` must stand before `{}`", pair[1].name, pair[0].name);
        }
        for code in CODES {
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(code.name.split('-').all(is_word), "`{}` is not kebab-case", code.name);
            assert!(!code.summary.ends_with('.'), "the summary of `{}` is a phrase", code.name);
        }
    }

    #[test]
    fn every_text_has_the_headings_in_order_and_something_under_each() {
        for code in CODES {
            let (mut headings, mut bodies) = (Vec::new(), Vec::new());
            for section in code.doc.split_inclusive("\n## ") {
                let section = section.trim_end_matches("\n## ").trim_start_matches("## ");
                let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
                headings.push(format!("## {heading}"));
                bodies.push(body.trim());
            }
            assert_eq!(headings, HEADINGS, "headings of {}.md", code.name);
            assert!(bodies.iter().all(|body| !body.is_empty()), "an empty section in {}.md", code.name);
            assert_eq!(code.doc.matches("```").count() % 2, 0, "an open code block in {}.md", code.name);
        }
    }

    #[test]
    fn what_to_write_instead_is_yaml() {
        for code in CODES {
            let (_, instead) = code.doc.split_once(HEADINGS[2]).unwrap_or_default();
            for block in instead.split("```yaml\n").skip(1) {
                let (yaml, _) = block.split_once("```").unwrap_or((block, ""));
                if let Err(error) = serde_yaml::from_str::<serde_yaml::Value>(yaml) {
                    panic!("{}.md: {error}\n{yaml}", code.name);
                }
            }
        }
    }

    #[test]
    fn every_text_belongs_to_a_code() {
        let known: BTreeSet<String> = CODES.iter().map(|code| format!("{}.md", code.name)).collect();
        for entry in fs::read_dir(FOLDER).expect("the folder of the texts") {
            let file = entry.expect("an entry").file_name().into_string().expect("a UTF-8 name");
            let name = file.trim_end_matches(".md");
            let constant = name.replace('-', "_").to_uppercase();
            assert!(known.contains(&file), "add to `codes!` in src/diagnostic/codes.rs:\n    {constant} \"{name}\" Error \"one phrase\";");
        }
    }
}
