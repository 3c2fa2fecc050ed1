//! A build argument that the Dockerfile does not declare: the builder only warns, and what was to be in the image is not.

use super::RuleContext;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::Build;

pub(super) fn check(context: &RuleContext<'_>) -> Vec<Diagnostic> {
    let Some(base) = context.base else { return Vec::new() };
    let mut found = Vec::new();
    for build in context.builds() {
        let Build { context, dockerfile, args, .. } = build;
        let dockerfile = dockerfile.as_deref().unwrap_or("Dockerfile");
        // One that cannot be read is reported by the rule for paths.
        let Ok(text) = fs_err::read_to_string(base.join(&context.path).join(dockerfile)) else { continue };
        for (name, _) in args.iter().filter(|(name, _)| !declares(&text, name)) {
            let message = format!("`{dockerfile}` has no `ARG {name}`, so what it is set to would be lost");
            let fault = Diagnostic::new(&code::BUILD_ARG_UNUSED, Place::Value(context.origin.clone()), message);
            found.push(fault.help(format!("add `ARG {name}` to `{}/{dockerfile}`, and use it there", context.path)));
        }
    }
    found
}

/// Whether a line declares the argument: `ARG NAME`, `ARG NAME=default`, or several in one line.
fn declares(dockerfile: &str, name: &str) -> bool {
    let declarations = dockerfile.lines().filter_map(|line| {
        let (instruction, rest) = line.trim().split_once(char::is_whitespace)?;
        instruction.eq_ignore_ascii_case("ARG").then_some(rest)
    });
    declarations.flat_map(str::split_whitespace).any(|word| word.split('=').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::declares;

    #[test]
    fn an_argument_is_declared_by_its_whole_name() {
        let dockerfile = "FROM x\n# ARG COMMENTED\narg LOWER=1\n  ARG ONE TWO=2\nRUN echo $UNDECLARED\n";
        for name in ["LOWER", "ONE", "TWO"] {
            assert!(declares(dockerfile, name), "{name}");
        }
        for name in ["COMMENTED", "UNDECLARED", "ON", "x"] {
            assert!(!declares(dockerfile, name), "{name}");
        }
    }
}
