//! Diagnostics for people, in the form that rustc made familiar.

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Padding, Renderer, Snippet};

use super::excerpt::Excerpt;
use super::printable::printable;
use super::{Diagnostic, Located, Severity};
use crate::source::{Source, Span};

/// Renders diagnostics in the order given, and a last line that counts them; nothing for none.
///
/// The text of `masked` spans (literal secrets) is shown as `•••`, whatever a diagnostic points at. Messages,
/// labels and help must be free of secrets already.
pub fn render_plain(source: &Source, diagnostics: &[Located], masked: &[Span], color: bool) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut rendered = String::new();
    for located in diagnostics {
        rendered.push_str(renderer.render(&report(source, located, masked)).trim());
        rendered.push_str("\n\n");
    }
    rendered.push_str(&summary(diagnostics));
    rendered.push('\n');
    rendered
}

/// The groups of one diagnostic: its title with the place, then the snippet and the help.
fn report<'a>(source: &Source, located: &'a Located, masked: &[Span]) -> [Group<'a>; 3] {
    let Diagnostic { code, message, help, .. } = &located.diagnostic;
    let level = match code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let note = located.environment.iter().map(|name| Level::NOTE.message(format!("in the environment `{}`", printable(name))));
    let below: Vec<_> = note.chain(help.iter().map(|help| Level::HELP.message(printable(help)))).map(Element::Message).collect();
    let padding = (!below.is_empty()).then_some(Element::Padding(Padding));
    let title = level.clone().primary_title(printable(message)).id(code.name);
    let snippet = snippet(source, located, masked).map(Element::Cause);
    [
        // The renderer ends the first group with a line of its own, which is one too many before a snippet.
        Group::with_level(level.clone()),
        title.element(origin(source, located)),
        Group::with_level(level).elements(snippet.into_iter().chain(padding).chain(below)),
    ]
}

/// Where it is in the user's file. The renderer would count columns in the excerpt, where escapes and masks have
/// moved them.
fn origin(source: &Source, located: &Located) -> Origin<'static> {
    let path = printable(&source.path().display().to_string()).replace('\n', "\\u{a}");
    let origin = Origin::path(path);
    match located.span.map(|span| source.position(span.start)) {
        Some(position) => origin.line(position.line).char_column(position.column),
        None => origin,
    }
}

fn snippet<'a>(source: &Source, located: &Located, masked: &[Span]) -> Option<Snippet<'a, Annotation<'a>>> {
    let primary = located.span.map(|span| (span, None));
    let related = located.related.iter().map(|(span, label)| (*span, Some(printable(label))));
    let (spans, labels): (Vec<Span>, Vec<Option<String>>) = primary.into_iter().chain(related).unzip();
    let excerpt = Excerpt::new(source, &spans, masked);
    let kinds = located.span.map(|_| AnnotationKind::Primary).into_iter();
    let annotations = kinds
        .chain(std::iter::repeat(AnnotationKind::Context))
        .zip(excerpt.spans)
        .zip(labels)
        .map(|((kind, span), label)| kind.span(span).label(label));
    (!spans.is_empty()).then(|| Snippet::source(excerpt.text).line_start(excerpt.first_line).annotations(annotations))
}

/// Such as `2 errors, 1 warning`.
fn summary(diagnostics: &[Located]) -> String {
    let errors = diagnostics.iter().filter(|located| located.diagnostic.is_error()).count();
    [(errors, "error"), (diagnostics.len() - errors, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(", ")
}
