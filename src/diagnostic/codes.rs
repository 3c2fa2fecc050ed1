//! The registry of diagnostic codes, sorted by name. `pipegen explain CODE` and the reference print these texts.

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
    ($($constant:ident $name:literal $severity:ident $summary:literal $doc:literal;)*) => {
        /// One constant per code.
        pub mod code {
            use super::{Code, Severity};
            $(
                #[doc = $summary]
                pub static $constant: Code = Code { name: $name, severity: Severity::$severity, summary: $summary, doc: $doc };
            )*
        }

        /// Every code, sorted by name.
        pub static CODES: &[&Code] = &[$(&code::$constant),*];
    };
}

codes! {
    AMBIGUOUS_REFERENCE "ambiguous-reference" Error "a short reference where several resources are declared" "";
    AMBIGUOUS_SCALAR "ambiguous-scalar" Error "a plain scalar that YAML readers understand differently" "";
    BAD_REFERENCE "bad-reference" Error "a `${...}` that cannot be read" "";
    BAD_VALUE "bad-value" Error "a value of the right type that is not allowed" "";
    BROKEN_EXPECTATION "broken-expectation" Error "the platform does not keep what `expect:` demands" "";
    COMPONENT_CHANGED "component-changed" Error "an environment changes what a service is" "";
    DEPENDENCY_CYCLE "dependency-cycle" Error "services wait for each other" "";
    DUPLICATE_KEY "duplicate-key" Error "a key written twice in one map" "";
    EMPTY_BLUEPRINT "empty-blueprint" Error "a file without content" "";
    ENV_IN_CONTEXT "env-in-context" Warning "a build context or mount that contains the rendered `.env`" "";
    FLOATING_TAG "floating-tag" Error "an image without a fixed tag" "";
    INTERNAL_ONLY_PUBLISH "internal-only-publish" Error "a published port on a service that has only internal networks" "";
    INVALID_UTF8 "invalid-utf8" Error "a file that is not UTF-8" "";
    LARGE_OUTPUT "large-output" Warning "a rendered file that Compose refuses to read" "";
    LITERAL_SECRET "literal-secret" Error "a secret written into the blueprint" "";
    MISSING_HEALTH "missing-health" Error "waiting for readiness of a container without a health check" "";
    MISSING_KEY "missing-key" Error "a required key that is not there" "";
    MISSING_PARAMETER "missing-parameter" Error "a parameter without a value" "";
    MOUNT_TAKEN "mount-taken" Error "two things mounted at the same path" "";
    NAME_TAKEN "name-taken" Error "a name that something else already has" "";
    NETWORK_OWNED_TWICE "network-owned-twice" Error "a network that is the home of two stacks" "";
    NO_SHARED_NETWORK "no-shared-network" Error "an edge between services that share no network" "";
    NOT_RENDERED_YET "not-rendered-yet" Warning "a key that no target renders yet" "";
    OVERRIDE_USED "override-used" Warning "an override that pipegen does not check" "";
    PATH_NOT_FOUND "path-not-found" Warning "a path that does not exist" "";
    PORT_TAKEN "port-taken" Error "a host port published twice" "";
    PROFILE_MISMATCH "profile-mismatch" Error "a dependency that its own profile may leave out" "";
    REFERENCE_NOT_ALLOWED "reference-not-allowed" Error "a `${...}` where this kind is not allowed" "";
    RESERVED_NAME "reserved-name" Error "a name that the language itself uses" "";
    SECOND_DOCUMENT "second-document" Error "a file with more than one YAML document" "";
    SECRET_NOT_ALLOWED "secret-not-allowed" Error "a secret where it would be readable by anyone" "";
    STACK_CYCLE "stack-cycle" Error "stacks that must each start before the other" "";
    TARGET_LIMIT "target-limit" Error "something that a target cannot express" "";
    TOO_DEEP "too-deep" Error "more than 128 levels of nesting" "";
    TOO_LARGE "too-large" Error "a blueprint of more than 16 MB" "";
    TOO_MANY_ALIASES "too-many-aliases" Error "aliases that add more than 100,000 nodes" "";
    UNKNOWN_COMPONENT "unknown-component" Error "a component that the catalog does not have" "";
    UNKNOWN_KEY "unknown-key" Error "a key that the language does not have here" "";
    UNKNOWN_NAME "unknown-name" Error "a reference to something that is not declared" "";
    UNKNOWN_PROPERTY "unknown-property" Error "a property that the service does not have" "";
    UNSUPPORTED_TAG "unsupported-tag" Error "a YAML tag outside the core schema" "";
    UNSUPPORTED_VERSION "unsupported-version" Error "a version that the component does not know" "";
    VARIABLE_TAKEN "variable-taken" Error "two things that write the same variable" "";
    WRONG_COMPONENT "wrong-component" Error "a reference to a service of the wrong component" "";
    WRONG_TYPE "wrong-type" Error "a value of the wrong type" "";
    YAML_SYNTAX "yaml-syntax" Error "text that is not YAML" "";
}
