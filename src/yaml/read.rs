//! From text to tree: follows the parser's events, keeps the limits, resolves scalars, tags and aliases.
//!
//! Faults that leave the structure intact are collected and reading goes on, so that one run shows all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow::{self, Break, Continue};

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};

use super::build::{Builder, Built};
use super::scalar::{self, Trouble};
use super::syntax;
use super::tree::{Node, Value};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::{Source, Span};

/// The deepest nesting of lists and maps, aliases followed.
const MAX_DEPTH: usize = 128;
/// How many nodes the aliases of a file may add; every [`NODE_BYTES`] of repeated text count as one more.
const MAX_ALIASED: usize = 100_000;
/// The text that one node stands for in [`MAX_ALIASED`], so that a long text cannot be multiplied for free.
const NODE_BYTES: usize = 100;
/// Nobody reads more faults than this, and a hostile file could have one in every line.
pub(super) const MAX_FAULTS: usize = 100;

/// Reads one document.
///
/// # Errors
/// Every fault found, in the order of the file; never an empty list.
pub fn read(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let mut reader = Reader::new(source.text());
    reader.run();
    reader.finish()
}

struct Reader<'a> {
    text: &'a str,
    builder: Builder,
    anchors: BTreeMap<usize, Built>,
    aliased: usize,
    seen_document: bool,
    /// Where the last event ended: what a syntax error points behind.
    last_end: usize,
    faults: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            builder: Builder::default(),
            anchors: BTreeMap::new(),
            aliased: 0,
            seen_document: false,
            last_end: 0,
            faults: Vec::new(),
        }
    }

    fn run(&mut self) {
        let mut options = Options::default();
        options.block_nesting_limit = MAX_DEPTH;
        options.flow_nesting_limit = MAX_DEPTH;
        options.disallow_directives = true;
        for event in Parser::new_from_str_with_options(self.text, options) {
            let flow = match event {
                Ok((event, span)) => self.event(event, &span),
                Err(error) => Break(syntax::diagnose(&error, self.text, self.last_end, self.builder.open_flow())),
            };
            if let Break(fault) = flow {
                self.faults.push(fault);
                return;
            }
            if self.faults.len() >= MAX_FAULTS {
                self.faults.truncate(MAX_FAULTS);
                return;
            }
        }
    }

    fn finish(mut self) -> Result<Node, Vec<Diagnostic>> {
        match self.builder.take_root() {
            Some(root) if self.faults.is_empty() && root.value != Value::Null => Ok(root),
            _ if self.faults.is_empty() => Err(vec![
                Diagnostic::new(&code::EMPTY_BLUEPRINT, Place::File, "the file has no content")
                    .help("`pipegen init` writes a blueprint to start from"),
            ]),
            _ => {
                self.faults.sort_by_key(start);
                Err(self.faults)
            }
        }
    }

    /// Takes one event; breaks with the fault after which nothing more can be read.
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> ControlFlow<Diagnostic> {
        let span = content_span(self.text, at);
        match event {
            Event::DocumentStart(..) => self.document(span)?,
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| (tag, tag_span(at)));
                self.scalar(&text, style, anchor, tag, span);
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(style, anchor, tag) => {
                self.check_depth(self.builder.depth() + 1, span)?;
                self.check_collection_tag(tag, "seq", at);
                self.builder.open_list(span, flow_span(style, span), anchor);
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_depth(self.builder.depth() + 1, span)?;
                self.check_collection_tag(tag, "map", at);
                self.builder.open_map(span, flow_span(style, span), anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => return Continue(()),
        }
        self.last_end = span.end;
        Continue(())
    }

    fn document(&mut self, span: Span) -> ControlFlow<Diagnostic> {
        if std::mem::replace(&mut self.seen_document, true) {
            return Break(
                Diagnostic::new(&code::SECOND_DOCUMENT, Place::Span(span), "a second document begins here")
                    .help("one file holds one document: move this one into a file of its own"),
            );
        }
        Continue(())
    }

    fn check_depth(&self, depth: usize, span: Span) -> ControlFlow<Diagnostic> {
        if depth > MAX_DEPTH { Break(syntax::too_deep(span)) } else { Continue(()) }
    }

    fn close(&mut self, end: Span) {
        let Some((built, anchor)) = self.builder.close(end, &mut self.faults) else {
            return;
        };
        self.attach(built, anchor);
    }

    fn attach(&mut self, built: Built, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        self.builder.attach(built, &mut self.faults);
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<(Cow<'_, Tag>, Span)>, span: Span) {
        // The parser gives `~` for nothing at all.
        let text = if span.start == span.end && style == ScalarStyle::Plain { "" } else { text };
        let plain = style == ScalarStyle::Plain && tag.is_none();
        let value = if self.builder.expects_key() {
            // `on:` is a key of our language, and no reader takes a key for a number where text is expected.
            if plain && text == "<<" {
                return self.builder.merge_key();
            }
            Value::String(text.to_owned())
        } else {
            self.value(text, style, tag, span)
        };
        let weight = 1 + text.len() / NODE_BYTES;
        self.attach(Built { node: Node::new(span, value), end: span.end, weight, height: 0 }, anchor);
    }

    fn value(&mut self, text: &str, style: ScalarStyle, tag: Option<(Cow<'_, Tag>, Span)>, span: Span) -> Value {
        let fault = match tag {
            None if style == ScalarStyle::Plain => match scalar::resolve(text) {
                Ok(value) => return value,
                Err(trouble) => ambiguous(text, &trouble, span),
            },
            None => return Value::String(text.to_owned()),
            Some((tag, at)) => match tagged(text, &tag) {
                Some(value) => return value,
                None => wrong_tag(&tag, at),
            },
        };
        self.faults.push(fault);
        Value::String(text.to_owned())
    }

    fn check_collection_tag(&mut self, tag: Option<Cow<'_, Tag>>, expected: &str, at: &granit_parser::Span) {
        match tag {
            Some(tag) if tag.core_suffix() != Some(expected) => self.faults.push(wrong_tag(&tag, tag_span(at))),
            _ => {}
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> ControlFlow<Diagnostic> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Break(
                Diagnostic::new(&code::TOO_MANY_ALIASES, Place::Span(span), "an alias inside its own anchor, which would never end")
                    .help("write the value out, or move the anchor to the part that repeats"),
            );
        };
        self.aliased += target.weight;
        if self.aliased > MAX_ALIASED {
            return Break(
                Diagnostic::new(&code::TOO_MANY_ALIASES, Place::Span(span), "the aliases up to here add more than 100,000 nodes")
                    .help("repeat less: a blueprint of this size is generated better than aliased"),
            );
        }
        self.check_depth(self.builder.depth() + target.height, span)?;
        let mut built = target.clone();
        built.node.alias = Some(span);
        built.end = span.end;
        self.attach(built, 0);
        Continue(())
    }
}

/// The bytes of a node. Block scalars end where their text ends: the parser counts the blank lines behind them too.
fn content_span(text: &str, at: &granit_parser::Span) -> Span {
    let range = at.byte_range().unwrap_or_default();
    let content = text.get(range.clone()).unwrap_or("");
    Span::new(range.start, range.start + content.trim_end_matches(['\n', '\r', ' ']).len())
}

fn tag_span(at: &granit_parser::Span) -> Span {
    let range = at.tag_span().unwrap_or(*at).byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

fn flow_span(style: StructureStyle, span: Span) -> Option<Span> {
    (style == StructureStyle::Flow).then_some(span)
}

fn start(fault: &Diagnostic) -> usize {
    match fault.place {
        Place::Span(span) => span.start,
        _ => 0,
    }
}

/// Only a boolean is repeated: any other value may be a secret, as a password of digits is.
fn ambiguous(text: &str, trouble: &Trouble, span: Span) -> Diagnostic {
    let (code, message, help) = match trouble {
        Trouble::Boolean(value) => (
            &code::AMBIGUOUS_SCALAR,
            format!("YAML 1.1 reads this as `{value}`, YAML 1.2 as text"),
            format!("write `{value}`, or `\"{text}\"` if text is meant"),
        ),
        Trouble::Ambiguous(what) => (
            &code::AMBIGUOUS_SCALAR,
            format!("some YAML readers take this for {what}, others do not"),
            "write quotes around it, or a plain decimal number if one is meant".to_owned(),
        ),
        Trouble::Unrepresentable => {
            let help = "write quotes around it if text is meant";
            (&code::BAD_VALUE, "a number that cannot be kept exactly".to_owned(), help.to_owned())
        }
    };
    Diagnostic::new(code, Place::Span(span), message).help(help)
}

/// A scalar with a tag: `!!str` makes text of anything, the other tags must say what the scalar is anyway.
fn tagged(text: &str, tag: &Tag) -> Option<Value> {
    let kind = tag.core_suffix()?;
    if kind == "str" {
        return Some(Value::String(text.to_owned()));
    }
    let value = scalar::resolve(text).ok()?;
    let fits = match &value {
        Value::Null => kind == "null",
        Value::Bool(_) => kind == "bool",
        Value::Number(number) => kind == "float" || kind == "int" && !number.is_f64(),
        Value::String(_) | Value::List(_) | Value::Map(_) => false,
    };
    fits.then_some(value)
}

fn wrong_tag(tag: &Tag, at: Span) -> Diagnostic {
    if let Some(kind) = tag.core_suffix() {
        let message = format!("`!!{kind}` stands before a value of another kind");
        return Diagnostic::new(&code::BAD_VALUE, Place::Span(at), message).help("delete the tag");
    }
    Diagnostic::new(&code::UNSUPPORTED_TAG, Place::Span(at), "a tag outside the core schema of YAML")
        .help("delete the tag, or quote the value if the `!` belongs to it")
}

#[cfg(test)]
mod tests;
