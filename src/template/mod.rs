//! How text is made from templates: scripts, SQL, Markdown. YAML is never made here.
//!
//! Askama compiles the files of `templates/` into the program, so a template that reads what is not there, or prints a list, does not
//! compile. What is printed is escaped by what the template says to `escape`, so that forgetting it is not possible:
//!
//! | `escape` | `{{ x }}` becomes | filters for other places |
//! |---|---|---|
//! | `sh` | one word of a POSIX shell | `variable`: the name of a variable, as in `"${{ x | variable }}"` |
//! | `md` | inline Markdown | `code`: a code span, `link`: a link, `word`: one shell word in a code block |
//! | `sql` | nothing: it does not compile | `ident`, `literal` |
//!
//! `safe` prints a text as it is. A tag alone on its line is written `{%- ... %}`, which takes the line break before it away: the line
//! is as if it were not there. With `{% ... %}` it stays as an empty one. Layer 1.

mod bodies;
pub(crate) mod filters;

use std::fmt::{self, Write};

pub use askama::Template;
use askama::filters::Escaper;

use crate::value::escape;

pub use bodies::fill;

/// Why a template could not be filled in: a value that its syntax cannot hold.
#[derive(Debug)]
pub struct TemplateError {
    template: &'static str,
    detail: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {}: {}", self.template, self.detail)
    }
}

impl std::error::Error for TemplateError {}

/// The text that a template makes of its values. `name` is that of its file, for the error. Cost: linear.
///
/// # Errors
/// A value cannot be written in the template's syntax.
pub fn render(name: &'static str, template: &impl Template) -> Result<String, TemplateError> {
    let mut text = template.render().map_err(|error| TemplateError { template: name, detail: detail(&error) })?;
    // Askama leaves out the line break at the end of a file.
    text.push('\n');
    Ok(text)
}

fn detail(error: &askama::Error) -> String {
    match error {
        // All that an escaper can say. NUL is what none of them can hold.
        askama::Error::Fmt => "a text has a character that cannot be written there".to_owned(),
        error => error.to_string(),
    }
}

/// Templates that read the same values: each is a view of them.
macro_rules! views {
    ($($view:ident<$life:lifetime>: $values:ty = $path:tt, escape $syntax:tt;)+) => {$(
        #[derive($crate::template::Template)]
        #[template(path = $path, escape = $syntax)]
        struct $view<$life>(&$life $values);

        impl<$life> std::ops::Deref for $view<$life> {
            type Target = $values;

            fn deref(&self) -> &Self::Target {
                self.0
            }
        }
    )+};
}
pub(crate) use views;

/// Writes a text as one word of a POSIX shell. What comes in pieces is one word too: quoted texts side by side are.
#[derive(Debug, Clone, Copy)]
pub struct Shell;

impl Escaper for Shell {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        out.write_str(&escape::shell(text).map_err(|_| fmt::Error)?)
    }
}

/// Writes a text as inline Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        out.write_str(&escape::markdown(text))
    }
}

/// For a syntax in which nothing says what a text is meant to be: a filter has to. It escapes nothing, so what has no filter does
/// not compile.
#[derive(Debug, Clone, Copy)]
pub struct Filtered;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    /// The templates, and their texts.
    fn sources() -> Vec<(String, String)> {
        let mut found = Vec::new();
        for folder in fs_err::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")).expect("templates") {
            for file in fs_err::read_dir(folder.expect("a folder").path()).expect("a folder") {
                let path = file.expect("a file").path();
                found.push((path.display().to_string(), fs_err::read_to_string(&path).expect("a template")));
            }
        }
        found.retain(|(path, _)| path.ends_with(".j2"));
        assert!(found.len() > 20, "{found:?}");
        found
    }

    /// The lines of all templates that are at fault, each with where it is.
    fn faults(at: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let sources = sources();
        let lines = sources.iter().flat_map(|(path, text)| text.lines().enumerate().map(move |(number, line)| (path, number + 1, line)));
        lines.filter(|(path, _, line)| at(path, line)).map(|(path, number, line)| format!("{path}:{number}: {line}")).collect()
    }

    /// Escaped values bring their own quotes, which between double quotes would be text, and `$` would be alive.
    #[test]
    fn no_shell_template_prints_between_double_quotes() {
        assert_eq!(faults(|path, line| path.ends_with(".sh.j2") && prints_between_double_quotes(line)), [""; 0]);
    }

    fn prints_between_double_quotes(line: &str) -> bool {
        line.match_indices("{{").any(|(at, _)| {
            let quotes = line[..at].replace("\\\"", "").matches('"').count();
            let printed = line[at..].split("}}").next().unwrap_or_default();
            quotes % 2 == 1 && !printed.contains("| variable") && !printed.contains("| safe")
        })
    }

    #[test]
    fn the_quoting_lint_finds_a_bug() {
        assert!(prints_between_double_quotes(r#"echo "{{ x }}""#));
        assert!(prints_between_double_quotes(r#"echo "a" "b {{ x }}""#));
        assert!(!prints_between_double_quotes(r#"echo "a" {{ x }} "${{ x | variable }}""#));
    }

    /// A tag that begins its line takes the line break before it away or leaves an empty line; what stands behind it on the same line
    /// would be on the line before.
    #[test]
    fn a_tag_that_takes_the_line_break_is_alone() {
        assert_eq!(faults(|_, line| tag_takes_text_along(line)), [""; 0]);
        assert!(tag_takes_text_along("{%- if x %}text"));
        assert!(tag_takes_text_along("text {%- if x %}"));
        assert!(tag_takes_text_along("{%- if x %}text{% endif %}"));
        assert!(!tag_takes_text_along("{%- set x %}text{% endset %}"), "it writes nothing here");
        assert!(!tag_takes_text_along("{%- if x %}"));
        assert!(!tag_takes_text_along("{% if x %}text{% endif %}"));
    }

    fn tag_takes_text_along(line: &str) -> bool {
        let alone = line.ends_with("%}") && (line.matches("{%").count() == 1 || line.starts_with("{%- set "));
        line.find("{%-").is_some_and(|at| at > 0 || !alone) || line.contains("-%}")
    }

    macro_rules! filled {
        ($source:tt, $syntax:tt, $x:expr) => {{
            #[derive(Template)]
            #[template(source = $source, ext = $syntax)]
            struct Values<'a> {
                x: &'a str,
            }
            render("test", &Values { x: $x }).map(|text| text.trim_end_matches('\n').to_owned())
        }};
    }

    #[test]
    fn each_syntax_escapes_in_its_own_way() {
        let x = "it's `$HOME`";
        assert_eq!(filled!("echo {{ x }} {{ 3 }}", "sh", x).expect("sh"), "echo 'it'\\''s `$HOME`' 3");
        assert_eq!(filled!("{{ x }}", "sh", "").expect("sh"), "''");
        assert_eq!(
            filled!("{{ x }} {{ x | code }} {{ x | word }}", "md", x).expect("md"),
            "it's \\`\\$HOME\\` `` it's `$HOME` `` 'it'\\''s `$HOME`'"
        );
        assert_eq!(filled!("{{ x | ident }} {{ x | literal }}", "sql", x).expect("sql"), "\"it's `$HOME`\" 'it''s `$HOME`'");
    }

    /// A text in pieces is one word, however each piece is written.
    #[test]
    fn pieces_side_by_side_are_one_word() {
        assert_eq!(filled!("{{ x ~ x }}", "sh", "it's").expect("sh"), r"'it'\''s''it'\''s'");
        assert_eq!(filled!("{{ (x ~ x) | word }}", "sh", "a b").expect("sh"), "'a ba b'");
    }

    #[test]
    fn a_tag_alone_on_its_line_leaves_nothing_or_an_empty_line() {
        assert_eq!(filled!("a\n{%- if x.is_empty() %}\nb\n{%- endif %}\nc", "sh", "").expect("a text"), "a\nb\nc");
        assert_eq!(filled!("a\n{% if x.is_empty() %}\nb\n{%- endif %}\nc", "sh", "").expect("a text"), "a\n\nb\nc");
    }

    #[test]
    fn what_would_end_its_syntax_is_refused() {
        assert_eq!(filled!("\"${{ x | variable }}\"", "sh", "A_1").expect("a name"), "\"$A_1\"");
        for name in ["", "1A", "A-B", "A}", "É"] {
            assert!(filled!("{{ x | variable }}", "sh", name).is_err(), "{name}");
        }
        assert_eq!(filled!("{{ x | link }}", "md", "http://localhost:8080").expect("a link"), "<http://localhost:8080>");
        assert_eq!(filled!("{{ x | link }}", "md", "localhost:5433").expect("code"), "`localhost:5433`");
        assert!(filled!("{{ x | link }}", "md", "http://a> b").is_err());
        let error = filled!("{{ x }}", "sh", "a\0b").expect_err("NUL");
        assert_eq!(error.to_string(), "template test: a text has a character that cannot be written there");
        let error = filled!("{{ x | literal }}", "sql", "a\0b").expect_err("NUL");
        assert_eq!(error.to_string(), "template test: an SQL text cannot hold a NUL character");
    }

    #[test]
    fn an_error_names_the_template_and_what_it_lacks() {
        let error = fill("no/such.sh", json!({})).expect_err("there is none");
        assert_eq!(error.to_string(), "template no/such.sh: there is none of this name");
        let error = fill("postgres/init.sql", json!({ "owners": [{}], "databases": [] })).expect_err("no name");
        assert_eq!(error.to_string(), "template postgres/init.sql: missing field `name`");
        let nobody = json!({ "owners": [], "databases": [{ "name": "d", "owner": "o", "init": ["/1.sql"] }] });
        let error = fill("postgres/init.sh", nobody).expect_err("a password that no variable has");
        assert_eq!(error.to_string(), "template postgres/init.sh: `d` belongs to nobody who is named");
    }
}
