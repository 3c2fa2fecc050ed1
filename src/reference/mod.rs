//! The generated parts of the documentation, from the registries and the JSON Schema. Layer 6.
//!
//! A page is Markdown that people write, with sections between `<!-- generated: NAME -->` and `<!-- end -->` that
//! [`fill`] writes. `.ci/generate` fills the committed pages, and a test compares them.

mod keys;

use crate::components::{COMPONENTS, Component};
use crate::diagnostic::{CODES, Code, Severity};
use crate::targets::{TARGETS, Target};

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- end -->";

/// A page with its generated sections written anew.
///
/// # Errors
/// A section that nothing generates, or that is not closed.
pub fn fill(page: &str) -> Result<String, String> {
    let mut filled = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        filled.push_str(line);
        filled.push('\n');
        let Some(name) = line.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let content = section(name).ok_or_else(|| format!("no section is called `{name}`"))?;
        if !lines.any(|line| line == CLOSE) {
            return Err(format!("the section `{name}` has no `{CLOSE}`"));
        }
        filled.push_str(&format!("\n{}\n\n{CLOSE}\n", content.trim_end()));
    }
    Ok(filled)
}

fn section(name: &str) -> Option<String> {
    match name {
        "table of components" => Some(keys::table(&["component", "what it is", "versions"], COMPONENTS.iter().map(component_row))),
        "table of targets" => Some(keys::table(
            &["target", "what it writes"],
            TARGETS.iter().map(|target| vec![code(target.name), target.summary.to_owned()]),
        )),
        "components" => Some(join(COMPONENTS.iter().map(|entry| component(entry)))),
        "targets" => Some(join(TARGETS.iter().map(|entry| target(entry)))),
        "codes" => Some(join(CODES.iter().map(|entry| diagnostic(entry)))),
        "values" => Some(keys::values()),
        "keys" => keys::of_blueprint(None),
        _ => keys::of_blueprint(Some(name.strip_prefix("keys of ")?)),
    }
}

fn component_row(component: &&Component) -> Vec<String> {
    let versions = component.series().join(", ");
    vec![format!("[{0}](docs/components.md#{0})", component.name), component.summary.to_owned(), versions]
}

/// What `pipegen explain` and the reference say of a component.
pub fn component(component: &Component) -> String {
    let Component { name, summary, doc, runs, .. } = component;
    let versions = component.series();
    let versions = if versions.is_empty() { String::new() } else { format!(" Versions: {}.", versions.join(", ")) };
    let keys = keys::of_component(name);
    let beside = if *runs {
        "Beside the keys that every service has:"
    } else {
        "Beside `component`, and nothing else, since nothing of it runs here:"
    };
    let keys = if keys.is_empty() { String::new() } else { format!("\n\n## Keys\n\n{beside}\n\n{keys}") };
    format!("# {name}\n\n{summary}.{versions}\n\n{}{keys}\n", doc.trim())
}

/// What `pipegen explain` and the reference say of a target.
pub fn target(target: &Target) -> String {
    format!("# {}\n\n{}.\n\n{}\n", target.name, target.summary, target.doc.trim())
}

/// What `pipegen explain` and the reference say of a code.
pub fn diagnostic(code: &Code) -> String {
    let severity = match code.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    format!("# {}\n\n{severity}: {}.\n\n{}\n", code.name, code.summary, code.doc.trim())
}

/// Texts of their own as chapters of one page: every heading one level lower.
fn join(texts: impl Iterator<Item = String>) -> String {
    let mut page = String::new();
    for text in texts {
        let mut fenced = false;
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            if line.starts_with('#') && !fenced {
                page.push('#');
            }
            page.push_str(line);
            page.push('\n');
        }
        page.push('\n');
    }
    page
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, component, fill};
    use crate::components::COMPONENTS;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = "before\n<!-- generated: table of targets -->\nold\n<!-- end -->\nafter\n";
        let filled = fill(page).expect("a known section");
        assert!(filled.starts_with("before\n<!-- generated: table of targets -->\n\n| target"), "{filled}");
        assert!(filled.ends_with("\n\n<!-- end -->\nafter\n"), "{filled}");
        assert!(!filled.contains("old"));
        assert_eq!(fill(&filled).as_deref(), Ok(filled.as_str()), "filling twice changes nothing");
    }

    #[test]
    fn a_section_that_cannot_be_written_is_named() {
        let unknown = fill(&format!("<!-- generated: keys of servces -->\n{CLOSE}\n")).expect_err("no such key");
        assert!(unknown.contains("`keys of servces`"), "{unknown}");
        let open = fill("<!-- generated: codes -->\n").expect_err("not closed");
        assert!(open.contains("`codes`"), "{open}");
    }

    #[test]
    fn a_component_lists_its_own_keys_and_not_the_common_ones() {
        let redis = COMPONENTS.iter().find(|entry| entry.name == "redis").expect("in the catalog");
        let text = component(redis);
        assert!(text.contains("| `persistence` | `snapshot`, `append_only` or `none` |"), "{text}");
        assert!(!text.contains("| `stack` |"), "{text}");
    }
}
