//! What Helm charts accept, as facts read from the charts: the paths of their values, the types there, and what a chart
//! evaluates as a template of its own.
//!
//! A chart ignores a value under a path that none of its templates reads, and says nothing. The tables in `schema/charts/`
//! hold only paths that are read; `tests/charts.rs` compares them with the charts.

/// A row of a table: a path, and what is said of it in two columns.
type Row = [&'static str; 3];

/// The rows of a table, and its headings, taken apart when this is compiled.
const fn rows<const LINES: usize>(table: &'static str) -> [Row; LINES] {
    let mut rows = [[""; 3]; LINES];
    let (mut row, mut column) = (0, 0);
    let (mut rest, mut at) = (table, 0);
    while at < rest.len() {
        let end = rest.as_bytes()[at];
        at += 1;
        if end == b'\t' || end == b'\n' {
            let (cell, after) = rest.split_at(at);
            rows[row][column] = cell.split_at(at - 1).0;
            (row, column) = if end == b'\n' { (row + 1, 0) } else { (row, column + 1) };
            (rest, at) = (after, 0);
        }
    }
    rows
}

const fn lines(text: &str) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < text.len() {
        count += (text.as_bytes()[at] == b'\n') as usize;
        at += 1;
    }
    count
}

const AIRFLOW: &str = include_str!("../schema/charts/airflow-1.18.0.tsv");
const AIRFLOW_GONE: &str = include_str!("../schema/charts/airflow-1.18.0-gone.tsv");
static AIRFLOW_ROWS: [Row; lines(AIRFLOW)] = rows(AIRFLOW);
static AIRFLOW_GONE_ROWS: [Row; lines(AIRFLOW_GONE)] = rows(AIRFLOW_GONE);

/// What is known of a chart. The rows are sorted by their path: what is looked up is found by binary search.
struct Chart {
    name: &'static str,
    version: &'static str,
    values: &'static [Row],
    /// What the program that the chart runs renamed and removed: the path, and where it is now. `SECTION.*` is every option of a
    /// section.
    gone: &'static [Row],
}

/// Airflow 3.0, for which this version of its chart was made.
static CHARTS: [Chart; 1] =
    [Chart { name: "airflow", version: "1.18.0", values: AIRFLOW_ROWS.split_at(1).1, gone: AIRFLOW_GONE_ROWS.split_at(1).1 }];

fn known(name: &str, version: &str) -> Option<&'static Chart> {
    CHARTS.iter().find(|chart| (chart.name, chart.version) == (name, version))
}

/// The table of a chart, if there is one.
pub fn values(chart: &str, version: &str) -> Option<Values> {
    known(chart, version).map(|chart| Values::Known(Part { rows: chart.values, path: 0 }))
}

/// Where a value went that the chart passes on to a program that no longer reads it under this path (`config.core.dag_concurrency`):
/// the path that it has now, or nothing. `None`: nobody said that it is gone.
pub fn gone(chart: &str, version: &str, path: &str) -> Option<&'static str> {
    let options = known(chart, version)?.gone;
    let now = |path: &str| options.binary_search_by(|[option, ..]| (*option).cmp(path)).ok().map(|at| options[at][1]);
    now(path).or_else(|| path.rsplit_once('.').and_then(|(section, _)| now(&[section, ".*"].concat())))
}

/// A place in a chart's values.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// The table says what is here, and below.
    Known(Part),
    /// Inside of what the table names as a whole, such as an object of Kubernetes.
    Inside {
        /// Whether it is evaluated.
        evaluated: bool,
    },
}

impl Values {
    /// The place of a key of the map that is here; `None`: nothing reads it.
    pub fn key(self, key: &str) -> Option<Self> {
        self.below(|part| part.key(key)).or_else(|| self.below(|part| part.key("*")))
    }

    /// The place of the items of the list that is here; `None`: no list is read here.
    pub fn item(self) -> Option<Self> {
        self.below(Part::items)
    }

    /// The keys of the map that is here, as far as they are named.
    pub fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Known(part) => part.keys(),
            Self::Inside { .. } => Vec::new(),
        }
    }

    fn below(self, step: impl Fn(Part) -> Option<Part>) -> Option<Self> {
        let Self::Known(part) = self else { return Some(self) };
        match (step(part), part.field()) {
            (Some(below), _) => Some(Self::Known(below)),
            (None, Some(field)) if field.is_open() => Some(Self::Inside { evaluated: field.evaluated }),
            (None, _) => None,
        }
    }

    /// Whether a value of a type of JSON Schema may stand here. `null` may anywhere: Helm forgets the chart's default.
    pub fn accepts(self, kind: &str) -> bool {
        let Self::Known(part) = self else { return true };
        let of_children = || if part.items().is_some() { "array" } else { "object" };
        kind == "null" || part.field().is_some_and(|field| field.accepts(kind)) || part.has_below() && kind == of_children()
    }

    /// The types that may stand here, for people.
    pub fn types(self) -> &'static str {
        let Self::Known(part) = self else { return "object" };
        match part.field() {
            Some(field) => field.types,
            None if part.items().is_some() => "array",
            None => "object",
        }
    }

    /// Whether the chart evaluates what stands here as a template.
    pub fn evaluated(self) -> bool {
        match self {
            Self::Known(part) => part.field().is_some_and(|field| field.evaluated),
            Self::Inside { evaluated } => evaluated,
        }
    }
}

/// A part of a table.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The rows whose paths begin with one text; another key may begin with it too: `env` and `envFrom`.
    rows: &'static [Row],
    /// The length of that text in bytes; 0 at the root.
    path: usize,
}

impl Part {
    /// What the paths say after the text that they share: nothing more, `.KEY...` (at the root without the point), `[]...`,
    /// or the rest of another key.
    fn rests(self) -> impl Iterator<Item = &'static str> {
        self.rows.iter().map(move |[path, ..]| &path[self.path..])
    }

    fn has_below(self) -> bool {
        self.path == 0 || self.rests().any(|rest| rest.starts_with(['.', '[']))
    }

    /// The part of a key of the map that is here.
    fn key(self, key: &str) -> Option<Self> {
        // It would be taken for several steps, or for items: the tables have no such key.
        if key.is_empty() || key.contains(['.', '[']) {
            return None;
        }
        if self.path == 0 { self.step(key) } else { self.step(&[".", key].concat()) }
    }

    /// The part of the items of the list that is here.
    fn items(self) -> Option<Self> {
        self.step("[]")
    }

    fn step(self, step: &str) -> Option<Self> {
        let start = self.rows.partition_point(|[path, ..]| path[self.path..] < *step);
        let rows = &self.rows[start..];
        let rows = &rows[..rows.partition_point(|[path, ..]| path[self.path..].starts_with(step))];
        let below = Self { rows, path: self.path + step.len() };
        (below.field().is_some() || below.has_below()).then_some(below)
    }

    /// What stands here itself; its row is the first, because what ends a path sorts before all that goes on.
    fn field(self) -> Option<Field> {
        let [path, types, evaluated] = *self.rows.first()?;
        (path.len() == self.path).then_some(Field { types, evaluated: evaluated == "tpl" })
    }

    /// The keys of the map that is here, as far as they are named.
    fn keys(self) -> Vec<&'static str> {
        let points = usize::from(self.path > 0);
        let steps = self.rests().filter(|rest| self.path == 0 || rest.starts_with('.')).map(|rest| &rest[points..]);
        let mut keys: Vec<&str> = steps.filter_map(|step| step.split(['.', '[']).next()).filter(|key| *key != "*").collect();
        keys.dedup();
        keys
    }
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
    fn rows_are_found_by_binary_search() {
        for Chart { name, values, gone, .. } in &CHARTS {
            assert!([values, gone].iter().all(|rows| rows.is_sorted_by_key(|row| row[0])), "{name}");
        }
    }

    #[test]
    fn a_table_is_taken_apart_as_its_text_says() {
        for (text, rows) in [(AIRFLOW, AIRFLOW_ROWS.as_slice()), (AIRFLOW_GONE, &AIRFLOW_GONE_ROWS)] {
            let written = |row: &Row| row.join("\t").trim_end_matches('\t').to_owned();
            assert_eq!(
                rows.iter().map(written).collect::<Vec<_>>(),
                text.lines().map(|line| line.trim_end_matches('\t')).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_key_is_not_what_another_begins_with() {
        let keys = |path: &[&str]| at(path).map(Values::keys).unwrap_or_default();
        assert!(keys(&[]).contains(&"env") && keys(&[]).contains(&"extraEnv") && keys(&[]).is_sorted());
        assert_eq!(keys(&["images", "airflow"]), ["digest", "pullPolicy", "repository", "tag"]);
        assert!(at(&["extraE"]).is_none() && at(&["images", "airflo"]).is_none() && at(&["images", "airflow", "t"]).is_none());
        assert!(at(&["images"]).is_some_and(|place| !place.accepts("array")));
    }

    /// The chart would read none of these, although a path of the table looks the same.
    #[test]
    fn a_key_is_one_step() {
        for key in ["images.airflow", "images.airflow.tag", "env[]", "[]", "affinity\tcore.v1.Affinity", "affinity\t", "é\t", ""] {
            assert!(at(&[]).and_then(|root| root.key(key)).is_none(), "{key:?}");
            assert!(at(&["images"]).and_then(|images| images.key(key)).is_none(), "images and {key:?}");
        }
        assert!(at(&["images"]).and_then(|images| images.key("airflow.tag")).is_none());
        assert!(at(&["env"]).and_then(|env| env.key("[]")).is_none(), "a map is no list");
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
