//! The files of the releases: their values, and the scripts that install them.

use super::values::{self, ReleaseValues, SetString};
use super::{Release, releases};
use crate::fileset::FileSet;
use crate::formats::Layout;
use crate::formats::kubernetes::{OperatorRow, ReleaseRow, Releases, Scope, operators, written_selector};
use crate::formats::text::Piece;
use crate::platform::{Platform, WorkloadKind};
use crate::template::{self, Template, TemplateError};
use crate::yaml::{self, Doc};

template::views! {
    ReleaseScript<'a>: Scripts = "helm/releases.sh.j2", escape "sh";
    UpgradeScript<'a>: Scripts = "helm/upgrade.sh.j2", escape "sh";
}

/// What the scripts of the releases read.
struct Scripts {
    header: String,
    releases: Vec<Row>,
    /// The images whose tag `upgrade.sh` changes.
    images: Vec<String>,
}

#[derive(Template)]
#[template(path = "helm/operators.sh.j2", escape = "sh")]
struct Operators<'a> {
    header: String,
    operators: Vec<OperatorRow<'a>>,
}

struct Row {
    name: String,
    namespace: String,
    repository: &'static str,
    chart: &'static str,
    version: &'static str,
    values: String,
    set: Vec<SetString>,
    /// The paths of the image's tag.
    tags: Vec<String>,
    /// The labels that select the jobs of the chart, as `kubectl` reads them.
    jobs: Vec<String>,
}

/// The files of all releases, and what the scripts of the manifests need to know of them.
pub fn files<'a>(platform: &Platform, layout: &Layout, scope: &mut Scope<'a>) -> Releases<'a> {
    let header = layout.header();
    let mut found = Releases::default();
    let (mut values_files, mut scripts) = (Vec::new(), Scripts { header: header.clone(), releases: Vec::new(), images: Vec::new() });
    for release in releases(scope) {
        let ReleaseValues { doc, set, tags } = values::values(scope, &release);
        let stack = platform.stacks.get(release.stack).and_then(|stack| stack.name.as_ref());
        let file = format!("{}{}.values.yaml", stack.map(|name| format!("{name}/")).unwrap_or_default(), release.name);
        let about = format!("{header}\nValues of the chart {} {} from {}.", release.chart, release.version, release.repository);
        let row = row(scope, &release, set, tags, file.clone());
        values_files.push((file, about, doc));
        found.rows.push(ReleaseRow {
            name: row.name.clone(),
            namespace: row.namespace.clone(),
            chart: format!("{} {}", row.chart, row.version),
            repository: row.repository.to_owned(),
            values: row.values.clone(),
        });
        scripts.images.extend(image(scope, &release));
        scripts.releases.push(row);
    }
    let operators = Operators { header, operators: operators(scope) };
    found.operators = !operators.operators.is_empty();
    found.files.push(Box::new(move || write(&values_files, &operators, &scripts)));
    found
}

/// # Errors
/// A name cannot be written in a shell script, which the language rules out.
fn write(values: &[(String, String, Doc)], operators: &Operators<'_>, scripts: &Scripts) -> Result<FileSet, TemplateError> {
    let mut files = FileSet::new();
    for (file, about, doc) in values {
        files.insert(file, yaml::write(about, doc));
    }
    if !operators.operators.is_empty() {
        files.insert_executable("operators.sh", template::render("helm/operators.sh", operators)?);
    }
    if !scripts.releases.is_empty() {
        files.insert_executable("releases.sh", template::render("helm/releases.sh", &ReleaseScript(scripts))?);
        files.insert_executable("upgrade.sh", template::render("helm/upgrade.sh", &UpgradeScript(scripts))?);
    }
    Ok(files)
}

fn row(scope: &Scope<'_>, release: &Release<'_>, set: Vec<SetString>, tags: Vec<String>, values: String) -> Row {
    let is_job = |name: &str| scope.index.workload(name).is_some_and(|workload| matches!(workload.kind, WorkloadKind::Job { .. }));
    let jobs = release.realization.pods.iter().filter(|pods| is_job(&pods.workload));
    Row {
        name: release.name.to_owned(),
        namespace: scope.namespaces.get(release.stack).cloned().unwrap_or_default(),
        repository: release.repository,
        chart: release.chart,
        version: release.version,
        values,
        set,
        tags,
        jobs: jobs.map(|pods| written_selector(&pods.selector)).collect(),
    }
}

/// The name of the image, as far as it is known.
fn image(scope: &Scope<'_>, release: &Release<'_>) -> Option<String> {
    let workload = release.realization.replaces.iter().find_map(|name| scope.index.workload(name))?;
    workload.image.reference().text().as_literal().map(str::to_owned)
}
