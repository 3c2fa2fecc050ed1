//! What Helm charts accept, as facts read from the charts: the paths of their values, the types there, and what a chart
//! evaluates as a template of its own.
//!
//! A chart ignores a value under a path that none of its templates reads, and says nothing. The tables in `schema/charts/`
//! hold only paths that are read; `tests/charts.rs` compares them with the charts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The table of a chart, if there is one.
pub fn values(chart: &str, version: &str) -> Option<Values> {
    let known = CHARTS.iter().find(|known| (known.0, known.1) == (chart, version));
    known.map(|(_, _, root)| Values::Known(root))
}

/// Where a value went that the chart passes on to a program that no longer reads it under this path (`config.core.dag_concurrency`):
/// the path that it has now, or nothing. `None`: nobody said that it is gone.
pub fn gone(chart: &str, version: &str, path: &str) -> Option<&'static str> {
    let (_, _, options) = OPTIONS.iter().find(|known| (known.0, known.1) == (chart, version))?;
    let of_section = || path.rsplit_once('.').and_then(|(section, _)| options.get(format!("{section}.*").as_str()));
    options.get(path).or_else(of_section).copied()
}

/// By path; `SECTION.*` is every option of a section.
type Options = LazyLock<BTreeMap<&'static str, &'static str>>;

fn options(table: &'static str) -> BTreeMap<&'static str, &'static str> {
    table.lines().skip(1).filter_map(|row| row.split_once('\t')).collect()
}

/// What Airflow 3.0, for which the chart was made, renamed and removed.
static OPTIONS: [(&str, &str, Options); 1] =
    [("airflow", "1.18.0", LazyLock::new(|| options(include_str!("../schema/charts/airflow-1.18.0-gone.tsv"))))];

static CHARTS: [(&str, &str, LazyLock<Node>); 1] =
    [("airflow", "1.18.0", LazyLock::new(|| Node::of(include_str!("../schema/charts/airflow-1.18.0.tsv"))))];

/// A place in a chart's values.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// The table says what is here, and below.
    Known(&'static Node),
    /// Inside of what the table names as a whole, such as an object of Kubernetes.
    Inside {
        /// Whether it is evaluated.
        evaluated: bool,
    },
}

impl Values {
    /// The place of a key of the map that is here; `None`: nothing reads it.
    pub fn key(self, key: &str) -> Option<Self> {
        self.below(key).or_else(|| self.below("*"))
    }

    /// The place of the items of the list that is here; `None`: no list is read here.
    pub fn item(self) -> Option<Self> {
        self.below("[]")
    }

    /// The keys of the map that is here, as far as they are named.
    pub fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Known(node) => node.below.keys().copied().filter(|key| !matches!(*key, "*" | "[]")).collect(),
            Self::Inside { .. } => Vec::new(),
        }
    }

    fn below(self, key: &str) -> Option<Self> {
        let Self::Known(node) = self else { return Some(self) };
        match (node.below.get(key), node.field) {
            (Some(below), _) => Some(Self::Known(below)),
            (None, Some(field)) if field.is_open() => Some(Self::Inside { evaluated: field.evaluated }),
            (None, _) => None,
        }
    }

    /// Whether a value of a type of JSON Schema may stand here. `null` may anywhere: Helm forgets the chart's default.
    pub fn accepts(self, kind: &str) -> bool {
        let Self::Known(node) = self else { return true };
        let of_children = if node.below.contains_key("[]") { "array" } else { "object" };
        kind == "null" || !node.below.is_empty() && kind == of_children || node.field.is_some_and(|field| field.accepts(kind))
    }

    /// The types that may stand here, for people.
    pub fn types(self) -> &'static str {
        match self {
            Self::Known(Node { field: Some(field), .. }) => field.types,
            Self::Known(node) if node.below.contains_key("[]") => "array",
            _ => "object",
        }
    }

    /// Whether the chart evaluates what stands here as a template.
    pub fn evaluated(self) -> bool {
        match self {
            Self::Known(node) => node.field.is_some_and(|field| field.evaluated),
            Self::Inside { evaluated } => evaluated,
        }
    }
}

/// A part of a table.
#[derive(Debug, Default)]
pub struct Node {
    below: BTreeMap<&'static str, Node>,
    field: Option<Field>,
}

/// The end of a path.
#[derive(Debug, Clone, Copy)]
struct Field {
    /// `string|null`, or the name of a type of Kubernetes.
    types: &'static str,
    evaluated: bool,
}

impl Field {
    /// Whether it is more than a scalar, without further paths in the table.
    fn is_open(self) -> bool {
        self.types.split('|').any(|one| matches!(one, "any" | "object" | "array") || one.contains('.'))
    }

    fn accepts(self, kind: &str) -> bool {
        let one_is = |wanted: &str| self.types.split('|').any(|one| one == wanted);
        one_is(kind)
            || one_is("any")
            || kind == "integer" && one_is("number")
            || kind == "object" && self.types.split('|').any(|one| one.contains('.'))
    }
}

impl Node {
    fn of(table: &'static str) -> Self {
        let mut root = Self::default();
        for row in table.lines().skip(1) {
            let mut columns = row.split('\t');
            let path = columns.next().unwrap_or_default();
            let types = columns.next().unwrap_or_default();
            let evaluated = columns.next() == Some("tpl");
            let mut node = &mut root;
            for step in path.split('.') {
                let (key, items) = step.split_once("[]").map_or((step, ""), |(key, _)| (key, "[]"));
                for part in [key, items].into_iter().filter(|part| !part.is_empty()) {
                    node = node.below.entry(part).or_default();
                }
            }
            node.field = Some(Field { types, evaluated });
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &[&str]) -> Option<Values> {
        let root = values("airflow", "1.18.0").expect("the table");
        path.iter().try_fold(root, |place, step| if *step == "[]" { place.item() } else { place.key(step) })
    }

    #[test]
    fn a_path_is_known_only_where_a_template_reads_it() {
        assert!(at(&["images", "airflow", "tag"]).is_some_and(|place| place.accepts("string") && !place.accepts("integer")));
        assert!(at(&["scheduler", "resources", "limits", "memory"]).is_some(), "inside of an object of Kubernetes");
        assert!(at(&["scheduler", "env", "[]", "valueFrom", "secretKeyRef", "key"]).is_some());
        assert!(at(&["labels", "any.thing/at-all"]).is_some());
        for path in [&["cleanUpPods"][..], &["scheduler", "logCleanup"], &["images", "airflow", "tag", "x"]] {
            assert!(at(path).is_none(), "{path:?}");
        }
        // In the schema, but what the templates read is `containers`.
        assert!(at(&["securityContexts", "container"]).is_none());
    }

    #[test]
    fn what_passes_through_tpl_is_marked() {
        assert!(at(&["config", "core", "x"]).is_some_and(Values::evaluated));
        assert!(at(&["createUserJob", "args", "[]"]).is_some_and(Values::evaluated));
        assert!(at(&["createUserJob", "extraInitContainers", "[]", "image"]).is_some_and(Values::evaluated));
        assert!(at(&["env", "[]", "value"]).is_some_and(|place| !place.evaluated()));
        assert!(at(&["images", "airflow", "tag"]).is_some_and(|place| !place.evaluated()));
    }

    #[test]
    fn what_a_program_no_longer_reads_is_known_with_its_new_place() {
        let gone = |path| gone("airflow", "1.18.0", path);
        assert_eq!(gone("config.webserver.expose_config"), Some("config.api.expose_config"));
        assert_eq!(gone("config.kubernetes.delete_worker_pods"), Some("config.kubernetes_executor.*"));
        assert_eq!(gone("config.core.check_slas"), Some(""));
        assert_eq!(gone("config.kubernetes_executor.delete_worker_pods"), None);
    }

    #[test]
    fn types_are_those_of_the_schema() {
        assert!(at(&["scheduler", "replicas"]).is_some_and(|place| place.accepts("integer") && !place.accepts("string")));
        assert!(at(&["env"]).is_some_and(|place| place.accepts("array") && !place.accepts("object")));
        assert!(at(&["images"]).is_some_and(|place| place.accepts("object") && place.accepts("null")));
        assert!(at(&["images", "migrationsWaitTimeout"]).is_some_and(|place| place.accepts("integer")));
        assert_eq!(at(&["data", "metadataSecretName"]).map(Values::types), Some("string|null"));
    }
}
