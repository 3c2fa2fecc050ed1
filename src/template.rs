//! The one environment in which text is made from templates: scripts, SQL, Markdown. YAML is never made here.
//!
//! What is printed is escaped by the template's extension, so that forgetting it is not possible:
//!
//! | extension | `{{ x }}` becomes | filters for other places |
//! |---|---|---|
//! | `.sh` | one word of a POSIX shell | `variable`: the name of a variable, as in `"${{ x | variable }}"` |
//! | `.md` | inline Markdown | `code`: a code span, `link`: a link, `word`: one shell word in a code block |
//! | any other | an error | `ident`, `literal`: SQL |
//!
//! `safe` prints a text as it is. Lists, maps and missing values are never printed. Layer 1.

use std::fmt;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

use crate::value::escape::{self, Unwritable};

/// Every template, sorted by name.
const TEMPLATES: &[(&str, &str)] = &[
    ("airflow/connections.py", include_str!("../templates/airflow/connections.py")),
    ("airflow/init.py", include_str!("../templates/airflow/init.py")),
    ("compose/README.md", include_str!("../templates/compose/README.md.j2")),
    ("compose/down.sh", include_str!("../templates/compose/down.sh.j2")),
    ("compose/setup-connections.sh", include_str!("../templates/compose/setup-connections.sh.j2")),
    ("compose/up.sh", include_str!("../templates/compose/up.sh.j2")),
    ("compose/verify-network.sh", include_str!("../templates/compose/verify-network.sh.j2")),
    ("helm/operators.sh", include_str!("../templates/helm/operators.sh.j2")),
    ("helm/releases.sh", include_str!("../templates/helm/releases.sh.j2")),
    ("helm/upgrade.sh", include_str!("../templates/helm/upgrade.sh.j2")),
    ("kafka/topics.sh", include_str!("../templates/kafka/topics.sh.j2")),
    ("kind/README.md", include_str!("../templates/kind/README.md.j2")),
    ("kind/cluster.sh", include_str!("../templates/kind/cluster.sh.j2")),
    ("kubernetes/README.md", include_str!("../templates/kubernetes/README.md.j2")),
    ("kubernetes/forward.sh", include_str!("../templates/kubernetes/forward.sh.j2")),
    ("kubernetes/install.sh", include_str!("../templates/kubernetes/install.sh.j2")),
    ("kubernetes/secrets.sh", include_str!("../templates/kubernetes/secrets.sh.j2")),
    ("kubernetes/status.sh", include_str!("../templates/kubernetes/status.sh.j2")),
    ("kubernetes/uninstall.sh", include_str!("../templates/kubernetes/uninstall.sh.j2")),
    ("kubernetes/verify-network.sh", include_str!("../templates/kubernetes/verify-network.sh.j2")),
    ("network/verify-network-probe.sh", include_str!("../templates/network/verify-network-probe.sh.j2")),
    ("network/verify-network.sh", include_str!("../templates/network/verify-network.sh.j2")),
    ("postgres/backup.sh", include_str!("../templates/postgres/backup.sh.j2")),
    ("postgres/init.sh", include_str!("../templates/postgres/init.sh.j2")),
    ("postgres/init.sql", include_str!("../templates/postgres/init.sql.j2")),
    ("postgres/pool.sh", include_str!("../templates/postgres/pool.sh.j2")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Why a template could not be rendered: a mistake in the template, or a value that its syntax cannot hold.
#[derive(Debug)]
pub struct TemplateError {
    template: String,
    source: Error,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { template, source } = self;
        match source.line() {
            Some(line) => write!(f, "template {template}, line {line}: ")?,
            None => write!(f, "template {template}: ")?,
        }
        f.write_str(source.detail().unwrap_or("it cannot be rendered"))
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Renders a template by its name, such as `postgres/init.sql`. Cost: linear; a template is parsed at its first use.
///
/// # Errors
/// There is no such template, it reads what the context does not have, or a value cannot be written in its syntax.
pub fn render(name: &str, context: impl Serialize) -> Result<String, TemplateError> {
    let rendered = ENVIRONMENT.get_template(name).and_then(|template| template.render(Value::from(Serde(context))));
    rendered.map_err(|source| TemplateError { template: name.to_owned(), source })
}

fn environment() -> Environment<'static> {
    let mut environment = empty_environment();
    environment.set_loader(|name| {
        let found = TEMPLATES.binary_search_by_key(&name, |(name, _)| name);
        Ok(found.ok().and_then(|index| TEMPLATES.get(index)).map(|(_, source)| *source))
    });
    environment
}

fn empty_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    // It can only fail for delimiters, and these are the usual ones.
    environment.set_syntax(syntax.build().unwrap_or_default());
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| AutoEscape::Custom(extension(name).into()));
    environment.set_formatter(print);
    environment.add_filter("variable", |name: &str| variable(name).map(Value::from_safe_string));
    environment.add_filter("word", |text: &str| filtered(escape::shell(text)));
    environment.add_filter("ident", |name: &str| filtered(escape::sql_identifier(name)));
    environment.add_filter("literal", |text: &str| filtered(escape::sql_literal(text)));
    environment.add_filter("code", |text: &str| Value::from_safe_string(code_span(text)));
    environment.add_filter("link", |url: &str| link(url).map(Value::from_safe_string));
    environment
}

fn extension(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "sh")) => "sh",
        Some((_, "md")) => "md",
        _ => "none",
    }
}

/// Writes what stands between `{{` and `}}`.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let text = value.as_str().unwrap_or_default();
    let written = match value.kind() {
        ValueKind::Number | ValueKind::Bool => write!(out, "{value}"),
        ValueKind::String if value.is_safe() => out.write_str(text),
        ValueKind::String => out.write_str(&escaped(state.auto_escape(), text)?),
        ValueKind::Undefined => return Err(refusal("a value that the context does not have is printed")),
        kind => return Err(refusal(format!("a {kind} is printed"))),
    };
    written.map_err(Error::from)
}

fn escaped(syntax: &AutoEscape, text: &str) -> Result<String, Error> {
    let AutoEscape::Custom(syntax) = syntax else { return Err(refusal("a text is printed where nothing is escaped")) };
    match syntax.as_ref() {
        "sh" => escape::shell(text).map_err(|error| refusal(error.to_string())),
        "md" => Ok(escape::markdown(text)),
        _ => Err(refusal("a text is printed without a filter that escapes it")),
    }
}

fn refusal(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn filtered(text: Result<String, Unwritable>) -> Result<Value, Error> {
    text.map(Value::from_safe_string).map_err(|error| refusal(error.to_string()))
}

/// The name of an environment variable that a shell can read.
fn variable(name: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        return Err(refusal(format!("`{}` cannot be the name of a shell variable", name.escape_debug())));
    }
    Ok(name.to_owned())
}

/// A code span: its fence is longer than any run of backticks in it (CommonMark 6.1), and it keeps to its table cell.
fn code_span(text: &str) -> String {
    // Most texts: nothing in them means anything between two backticks.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'`' | b'|')) {
        return format!("`{text}`");
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', r"\|");
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// A link that shows where it leads; what is no web address is shown as code.
fn link(url: &str) -> Result<String, Error> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Ok(code_span(url));
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>|".contains(c)) {
        return Err(refusal("a link has a character that ends it"));
    }
    Ok(format!("<{url}>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;
    use std::path::Path;

    fn render_source(name: &'static str, source: &'static str, context: Value) -> Result<String, Error> {
        let mut environment = empty_environment();
        environment.add_template(name, source)?;
        environment.get_template(name)?.render(context)
    }

    fn files(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in fs_err::read_dir(folder).expect("templates") {
            let entry = entry.expect("an entry");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { files(&entry.path(), &format!("{name}/"), found) } else { found.push(name) }
        }
    }

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))
    }

    #[test]
    fn every_file_is_listed_and_parses() {
        let mut found = Vec::new();
        files(folder(), "", &mut found);
        found.sort_by(|one, other| one.trim_end_matches(".j2").cmp(other.trim_end_matches(".j2")));
        let lines: Vec<String> =
            found.iter().map(|file| format!("    ({:?}, include_str!(\"../templates/{file}\")),", file.trim_end_matches(".j2"))).collect();
        let source = include_str!("template.rs");
        let missing: Vec<&String> = lines.iter().filter(|line| !source.contains(line.as_str())).collect();
        assert!(missing.is_empty(), "add to TEMPLATES in src/template.rs: {missing:#?}");
        assert_eq!(TEMPLATES.len(), lines.len(), "TEMPLATES has an entry twice");
        assert!(TEMPLATES.is_sorted(), "TEMPLATES is searched by halves: sort it");
        for (name, _) in TEMPLATES {
            if let Err(error) = ENVIRONMENT.get_template(name) {
                panic!("{name} does not parse: {error}");
            }
        }
    }

    /// Escaped values bring their own quotes, which between double quotes would be text, and `$` would be alive.
    #[test]
    fn no_shell_template_prints_between_double_quotes() {
        let mut found = Vec::new();
        files(folder(), "", &mut found);
        for file in found.iter().filter(|file| file.ends_with(".sh.j2")) {
            let source = fs_err::read_to_string(folder().join(file)).expect("a template");
            for (number, line) in source.lines().enumerate() {
                assert!(!prints_between_double_quotes(line), "{file}:{}: {line}", number + 1);
            }
        }
    }

    fn prints_between_double_quotes(line: &str) -> bool {
        line.match_indices("{{").any(|(at, _)| {
            let quotes = line[..at].replace("\\\"", "").matches('"').count();
            let printed = line[at..].split("}}").next().unwrap_or_default();
            quotes % 2 == 1 && !printed.contains("| variable") && !printed.contains("| safe")
        })
    }

    /// The line break after a tag is dropped, which is right for a line of its own; after text, the next line would follow.
    #[test]
    fn no_line_swallows_the_next_one() {
        let mut found = Vec::new();
        files(folder(), "", &mut found);
        for file in found.iter().filter(|file| file.ends_with(".j2")) {
            let source = fs_err::read_to_string(folder().join(file)).expect("a template");
            for (number, line) in source.lines().enumerate() {
                let tag_alone = line.trim_start().starts_with("{%") && line.matches("{%").count() == 1;
                let writes_nothing = line.starts_with("{% set ") && line.ends_with("{% endset %}");
                assert!(
                    tag_alone || writes_nothing || !line.ends_with("%}") || line.ends_with("+%}"),
                    "{file}:{}: end it with `+%}}`: {line}",
                    number + 1
                );
            }
        }
    }

    #[test]
    fn the_quoting_lint_finds_a_bug() {
        assert!(prints_between_double_quotes(r#"echo "{{ x }}""#));
        assert!(prints_between_double_quotes(r#"echo "a" "b {{ x }}""#));
        assert!(!prints_between_double_quotes(r#"echo "a" {{ x }} "${{ x | variable }}""#));
    }

    #[test]
    fn each_extension_escapes_in_its_own_way() {
        let x = context! { x => "it's `$HOME`", n => 3 };
        assert_eq!(render_source("a.sh", "echo {{ x }} {{ n }}\n", x.clone()).expect("sh"), "echo 'it'\\''s `$HOME`' 3\n");
        assert_eq!(
            render_source("a.md", "{{ x }} {{ x | code }} {{ x | word }}", x.clone()).expect("md"),
            "it's \\`\\$HOME\\` `` it's `$HOME` `` 'it'\\''s `$HOME`'"
        );
        assert_eq!(
            render_source("a.sql", "{{ x | ident }} {{ x | literal }}", x.clone()).expect("sql"),
            "\"it's `$HOME`\" 'it''s `$HOME`'"
        );
        for source in ["{{ x }}", "{{ x ~ x }}", "{{ x | upper }}"] {
            let error = render_source("a.sql", source, x.clone()).expect_err(source);
            assert!(error.to_string().contains("without a filter"), "{error}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_printed() {
        let x = context! { list => ["a"], map => context! { a => 1 }, none => Value::from(()) };
        for source in ["{{ list }}", "{{ map }}", "{{ none }}", "{{ missing }}", "{{ map.b }}", "{% if missing %}{% endif %}"] {
            for name in ["a.sh", "a.md", "a.sql"] {
                assert!(render_source(name, source, x.clone()).is_err(), "{name}: {source}");
            }
        }
        assert!(render_source("a.sh", "{{ x }}", context! { x => "a\0b" }).is_err());
    }

    #[test]
    fn filters_refuse_what_would_end_their_syntax() {
        let rendered = |source, x: &str| render_source("a.sh", source, context! { x => x });
        assert_eq!(rendered("\"${{ x | variable }}\"", "A_1").expect("a name"), "\"$A_1\"");
        for name in ["", "1A", "A-B", "A}", "É"] {
            assert!(rendered("{{ x | variable }}", name).is_err(), "{name}");
        }
        assert_eq!(rendered("{{ x | link }}", "http://localhost:8080").expect("a link"), "<http://localhost:8080>");
        assert_eq!(rendered("{{ x | link }}", "localhost:5433").expect("code"), "`localhost:5433`");
        assert!(rendered("{{ x | link }}", "http://a> b").is_err());
    }

    #[test]
    fn an_error_names_the_template_and_the_line() {
        let error = render("no/such.sh", ()).expect_err("there is none");
        assert!(error.to_string().starts_with("template no/such.sh: "), "{error}");
        let error = render("postgres/init.sql", context! { owners => [context! {}], databases => [0; 0] }).expect_err("no name");
        assert!(error.to_string().starts_with("template postgres/init.sql, line "), "{error}");
    }
}
