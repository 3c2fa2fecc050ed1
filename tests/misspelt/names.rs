//! Names that the user gives, where they are declared and where they are used. Both are read from the tree.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pipegen::source::{Source, Span};
use pipegen::yaml::{Node, Value};
use regex::Regex;

use super::{BLUEPRINTS, Said, check, edited, inside, misspellings, read};

/// What kind of thing a name names, and inside of what: databases and ports of a service, datasets of a pipeline.
type Space = (&'static str, String);

/// A name in the text.
#[derive(Debug, Clone)]
struct Name {
    space: Space,
    name: String,
    span: Span,
    /// The scalar that holds it.
    scalar: Span,
}

#[derive(Default)]
struct Names {
    declared: Vec<Name>,
    used: Vec<Name>,
}

/// `${parameters.x}`, `${credentials.x.`, `${volumes.x.`, `${service.` and `${service/resource.`.
static HOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$\{(?:(parameters|credentials|volumes)\.([-_a-z0-9]+)|(?:env\.[^}]*)|([-_a-z0-9]+)(?:/([^.}]+))?\.)").expect("a pattern")
});

impl Names {
    fn of(source: &Source, tree: &Node) -> Self {
        let mut reader = Reader { source, tree, names: Self::default() };
        reader.declarations();
        reader.uses(tree, &mut Vec::new());
        reader.names
    }

    fn declaration(&self, of: &Name) -> Option<&Name> {
        self.declared.iter().find(|declared| declared.space == of.space && declared.name == of.name)
    }

    /// The places that refer to a declaration, each once.
    fn uses_of(&self, declared: &Name) -> BTreeSet<Span> {
        self.used.iter().filter(|used| used.space == declared.space && used.name == declared.name).map(|used| used.scalar).collect()
    }

    /// Whether a misspelling is nearer to another name, or is one.
    fn is_another(&self, name: &Name, misspelt: &str) -> bool {
        let space = |other: &Name| other.space == name.space || (is_shared(&other.space) && is_shared(&name.space));
        let others = self.declared.iter().filter(|other| space(other) && other.name != name.name);
        others.into_iter().any(|other| strsim::damerau_levenshtein(&other.name, misspelt) <= 1)
    }
}

/// Services and volumes share one space of names.
fn is_shared(space: &Space) -> bool {
    matches!(space.0, "service" | "volume")
}

struct Reader<'a> {
    source: &'a Source,
    tree: &'a Node,
    names: Names,
}

impl Reader<'_> {
    fn declarations(&mut self) {
        let sections = [
            ("services", "service"),
            ("networks", "network"),
            ("stacks", "stack"),
            ("credentials", "credential"),
            ("volumes", "volume"),
            ("parameters", "parameter"),
        ];
        let tree = self.tree;
        for (section, kind) in sections {
            self.keys(tree.get(section), kind, "");
        }
        for service in tree.get("services").map(Node::entries).unwrap_or_default() {
            self.keys(service.value.get("databases"), "resource", &service.key);
            self.keys(service.value.get("topics"), "resource", &service.key);
            self.keys(service.value.get("ports"), "port", &service.key);
        }
        for pipeline in tree.get("pipelines").map(Node::entries).unwrap_or_default() {
            self.keys(pipeline.value.get("datasets"), "dataset", &pipeline.key);
        }
    }

    /// The names that a map, or a list in its short form, declares.
    fn keys(&mut self, node: Option<&Node>, kind: &'static str, owner: &str) {
        let Some(node) = node else { return };
        let keys = node.entries().iter().map(|entry| (entry.key.as_str(), entry.key_span));
        let elements = node.elements().iter().map(|node| (node.as_str().expect("a name"), node.span));
        for (name, scalar) in keys.chain(elements) {
            let span = inside(self.source, scalar, 0, name.len());
            self.names.declared.push(Name { space: (kind, owner.to_owned()), name: name.to_owned(), span, scalar });
        }
    }

    fn uses(&mut self, node: &Node, path: &mut Vec<String>) {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries.iter() {
                    path.push(entry.key.clone());
                    self.by_key(path, &entry.key, entry.key_span);
                    self.uses(&entry.value, path);
                    path.pop();
                }
            }
            Value::List(nodes) => {
                for node in nodes.iter() {
                    path.push("-".to_owned());
                    self.uses(node, path);
                    path.pop();
                }
            }
            Value::String(text) => {
                self.by_value(path, text, node.span);
                self.holes(node.span);
            }
            _ => {}
        }
    }

    /// Maps whose keys are names.
    fn by_key(&mut self, path: &[String], key: &str, scalar: Span) {
        match words(path).as_slice() {
            ["services", _, "uses", _] => self.target(key, scalar),
            ["services", service, "publish", _] if self.is_container(service) => self.add("port", service, key, scalar, 0),
            _ => {}
        }
    }

    fn by_value(&mut self, path: &[String], text: &str, scalar: Span) {
        match words(path).as_slice() {
            ["services", _, "stack"] => self.add("stack", "", text, scalar, 0),
            ["services", _, "networks", _] | ["stacks", _, "network"] => self.add("network", "", text, scalar, 0),
            ["services", _, "uses", _]
            | ["services", _, "database" | "broker"]
            | ["services", _, "connections", _, "to"]
            | ["pipelines", _, "datasets", _, "in"]
            | ["expect", _, "from" | "reaches" | "never_reaches"] => self.target(text, scalar),
            ["pipelines", _, "steps", _, "on"] => self.add("service", "", text, scalar, 0),
            ["services", _, "credential" | "admin"] | ["services", _, "databases", _, "owner"] => {
                self.add("credential", "", text, scalar, 0)
            }
            // In the list, the short form, this declares a database.
            ["services", _, "databases", name] if *name != "-" => self.add("credential", "", text, scalar, 0),
            ["services", _, "volumes", "-"] | ["services", _, "volumes", "-", "volume"] => self.add("volume", "", text, scalar, 0),
            ["services", service, "health", "tcp" | "endpoint"] => self.add("port", service, text, scalar, 0),
            ["pipelines", pipeline, "steps", _, "reads" | "writes" | "after", _] => self.add("dataset", pipeline, text, scalar, 0),
            _ => {}
        }
    }

    /// `service`, `service/resource`, `service/role`, or a volume.
    fn target(&mut self, text: &str, scalar: Span) {
        let (service, resource) = text.split_once('/').map_or((text, None), |(service, resource)| (service, Some(resource)));
        self.service(service, resource, scalar, 0);
    }

    fn service(&mut self, service: &str, resource: Option<&str>, scalar: Span, offset: usize) {
        let is_volume = self.tree.get("volumes").is_some_and(|volumes| volumes.get(service).is_some());
        self.add(if is_volume { "volume" } else { "service" }, "", service, scalar, offset);
        let declared = |resource: &&str| self.names.declared.iter().any(|name| name.name == **resource && name.space.1 == service);
        // A role and a number of Redis are declared by the component.
        if let Some(resource) = resource.filter(declared) {
            self.add("resource", service, resource, scalar, offset + service.len() + 1);
        }
    }

    fn holes(&mut self, scalar: Span) {
        let raw = self.source.slice(scalar).to_owned();
        let quote = inside(self.source, scalar, 0, 0).start - scalar.start;
        for hole in HOLE.captures_iter(&raw) {
            match (hole.get(1), hole.get(2), hole.get(3)) {
                (Some(scope), Some(name), _) => {
                    let kind = match scope.as_str() {
                        "parameters" => "parameter",
                        "credentials" => "credential",
                        _ => "volume",
                    };
                    self.add(kind, "", name.as_str(), scalar, name.start() - quote);
                }
                (_, _, Some(service)) => {
                    self.service(service.as_str(), hole.get(4).map(|name| name.as_str()), scalar, service.start() - quote)
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, kind: &'static str, owner: &str, name: &str, scalar: Span, offset: usize) {
        let span = inside(self.source, scalar, offset, name.len());
        assert_eq!(self.source.slice(span), name);
        self.names.used.push(Name { space: (kind, owner.to_owned()), name: name.to_owned(), span, scalar });
    }

    fn is_container(&self, service: &str) -> bool {
        let component = self.tree.get("services").and_then(|services| services.get(service)?.get("component")?.as_str());
        component == Some("container")
    }
}

fn words(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// Whether this says that a name is not known, with the right one, on a line, and shows the line of the declaration.
fn says(said: &Said, line: usize, right: &str, declared: Option<usize>) -> bool {
    let named = said.help.contains(&format!("`{right}`")) || said.help.contains(&format!("/{right}`"));
    said.code == "unknown-name" && said.line == line && named && declared.is_none_or(|line| said.related.contains(&line))
}

#[test]
fn a_name_misspelt_where_it_is_declared_is_one_diagnostic_per_place_that_refers_to_it() {
    let mut wrong = Vec::new();
    for path in BLUEPRINTS {
        let (source, tree) = read(path);
        let names = Names::of(&source, &tree);
        let line = |span: Span| source.position(span.start).line;
        assert!(names.declared.len() > 5, "{path} has names");
        for declared in &names.declared {
            let lines: Vec<usize> = names.uses_of(declared).into_iter().map(line).collect();
            for misspelt in misspellings(&declared.name).iter().filter(|misspelt| !names.is_another(declared, misspelt)) {
                let found = check(&edited(&source, declared.span, misspelt));
                let right = found.len() == lines.len()
                    && found.iter().zip(&lines).all(|(said, at)| says(said, *at, misspelt, Some(line(declared.span))));
                if !right {
                    wrong.push(format!(
                        "{path}: {:?} `{}` declared as `{misspelt}`, used on {lines:?}: {found:?}",
                        declared.space, declared.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_name_misspelt_where_it_is_used_is_one_diagnostic_that_shows_the_declaration() {
    let mut wrong = Vec::new();
    for path in BLUEPRINTS {
        let (source, tree) = read(path);
        let names = Names::of(&source, &tree);
        let line = |span: Span| source.position(span.start).line;
        assert!(names.used.len() > 5, "{path} uses names");
        for used in &names.used {
            let declared = names.declaration(used).map(|declared| line(declared.span));
            assert!(declared.is_some() || matches!(used.name.as_str(), "host" | "internet"), "{used:?} is declared");
            for misspelt in misspellings(&used.name).iter().filter(|misspelt| !names.is_another(used, misspelt)) {
                let found = check(&edited(&source, used.span, misspelt));
                let right = matches!(found.as_slice(), [one] if says(one, line(used.span), &used.name, declared));
                if !right {
                    wrong.push(format!("{path}:{} {:?} `{}` used as `{misspelt}`: {found:?}", line(used.span), used.space, used.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
