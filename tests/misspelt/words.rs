//! Keys and values that are words of the language. Which ones are is read from the schema, not listed here.

use std::collections::BTreeSet;

use pipegen::source::{Source, Span};
use pipegen::yaml::{Node, Value};
use serde_json::Value as Json;

use super::{BLUEPRINTS, check, edited, inside, misspellings, read};

/// A word of the language where a blueprint has it.
struct Word {
    text: String,
    span: Span,
    /// The words that could stand in its place as well.
    others: BTreeSet<String>,
}

/// Reads a tree and the schema side by side.
struct Walk<'a> {
    schema: &'a Json,
    source: &'a Source,
    words: Vec<Word>,
}

impl Walk<'_> {
    /// The schema behind `$ref`s and the `allOf` that only carries one.
    fn follow<'s>(&'s self, mut schema: &'s Json) -> &'s Json {
        loop {
            let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref")).and_then(Json::as_str);
            match reference {
                Some(pointer) => schema = self.schema.pointer(&pointer[1..]).expect("the reference is right"),
                None => return schema,
            }
        }
    }

    /// Of a service, the definition of its component.
    fn chosen<'s>(&'s self, schema: &'s Json, node: &Node) -> &'s Json {
        let schema = self.follow(schema);
        let branches = schema.get("allOf").and_then(Json::as_array).into_iter().flatten();
        let component = node.get("component").and_then(Node::as_str);
        branches
            .filter(|branch| branch.pointer("/if/properties/component/const").and_then(Json::as_str) == component)
            .find_map(|branch| branch.get("then"))
            .map_or(schema, |then| self.follow(then))
    }

    fn node(&mut self, schema: &Json, node: &Node) {
        let copy = self.chosen(schema, node).clone();
        match &node.value {
            Value::Map(entries) => {
                let known = copy.get("properties").and_then(Json::as_object);
                let keys: BTreeSet<String> = known.into_iter().flat_map(|known| known.keys().cloned()).collect();
                for entry in entries.iter() {
                    match known.and_then(|known| known.get(&entry.key)) {
                        Some(_) if entry.key == "component" => {
                            self.word(&entry.key, entry.key_span, &keys);
                            let names = self.components();
                            self.word(entry.value.as_str().expect("a name"), entry.value.span, &names);
                        }
                        Some(below) => {
                            self.word(&entry.key, entry.key_span, &keys);
                            self.node(below, &entry.value);
                        }
                        None => self.node(copy.get("additionalProperties").unwrap_or(&Json::Null), &entry.value),
                    }
                }
            }
            Value::List(nodes) => nodes.iter().for_each(|node| self.node(copy.get("items").unwrap_or(&Json::Null), node)),
            Value::String(text) => {
                let values: BTreeSet<String> =
                    copy.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
                if !values.is_empty() {
                    self.word(text, node.span, &values);
                }
            }
            _ => {}
        }
    }

    fn components(&self) -> BTreeSet<String> {
        let names = self.schema.pointer("/definitions/Service/properties/component/enum").and_then(Json::as_array);
        names.expect("the catalog").iter().filter_map(Json::as_str).map(str::to_owned).collect()
    }

    fn word(&mut self, text: &str, scalar: Span, all: &BTreeSet<String>) {
        let others = all.iter().filter(|other| *other != text).cloned().collect();
        self.words.push(Word { text: text.to_owned(), span: inside(self.source, scalar, 0, text.len()), others });
    }
}

#[test]
fn a_misspelt_word_of_the_language_is_one_diagnostic_that_names_it() {
    let schema: Json = serde_json::from_str(pipegen_schema::SCHEMA).expect("the schema is JSON");
    let mut wrong = Vec::new();
    for path in BLUEPRINTS {
        let (source, tree) = read(path);
        let mut walk = Walk { schema: &schema, source: &source, words: Vec::new() };
        walk.node(&schema, &tree);
        assert!(walk.words.len() > 30, "{path} has words");
        for word in &walk.words {
            assert_eq!(source.slice(word.span), word.text);
            for misspelt in misspellings(&word.text) {
                // Another word of the same place is no misspelling (`http` for `tcp` is none of ours, but `in` for `on` could be).
                if word.others.contains(&misspelt) {
                    continue;
                }
                let line = source.position(word.span.start).line;
                let found = check(&edited(&source, word.span, &misspelt));
                let right = matches!(found.as_slice(), [one] if one.line == line && one.help.contains(&format!("`{}`", word.text)));
                if !right {
                    wrong.push(format!("{path}:{line}: `{}` misspelt as `{misspelt}`: {found:?}", word.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
