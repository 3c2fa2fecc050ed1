//! The files of the releases: their values, and the scripts that install them.

use serde::Serialize;

use super::values::{self, ReleaseValues, SetString};
use super::{Release, releases};
use crate::formats::Layout;
use crate::formats::kubernetes::{OperatorRow, ReleaseRow, Releases, Scope, operators};
use crate::formats::text::Piece;
use crate::platform::{Encoding, Image, Platform, WorkloadKind};

use crate::template::{self, TemplateError};
use crate::yaml;

#[derive(Serialize)]
struct Scripts<'a> {
    header: &'a str,
    releases: Vec<Row>,
    /// The images whose tag `upgrade.sh` changes.
    images: Vec<String>,
}

#[derive(Serialize)]
struct Operators<'a> {
    header: &'a str,
    operators: Vec<OperatorRow>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    namespace: String,
    repository: &'static str,
    chart: &'static str,
    version: &'static str,
    values: String,
    set: Vec<SetRow>,
    /// The paths of the image's tag.
    tags: Vec<String>,
    /// The labels that select the jobs of the chart, as `kubectl` reads them.
    jobs: Vec<String>,
}

#[derive(Serialize)]
struct SetRow {
    path: String,
    pieces: Vec<PieceRow>,
}

#[derive(Serialize)]
struct PieceRow {
    literal: Option<String>,
    variable: Option<String>,
    /// How a variable is read from `.env`.
    read: &'static str,
}

/// The files of all releases, and what the scripts of the manifests need to know of them.
///
/// # Errors
/// A name cannot be written in a shell script, which the language rules out.
pub fn files(platform: &Platform, layout: &Layout, scope: &mut Scope<'_>) -> Result<Releases, TemplateError> {
    let header = layout.header();
    let mut found = Releases::default();
    let mut scripts = Scripts { header: &header, releases: Vec::new(), images: Vec::new() };
    for release in releases(scope) {
        let values = values::values(scope, &release);
        let stack = platform.stacks.get(release.stack).and_then(|stack| stack.name.as_ref());
        let file = format!("{}{}.values.yaml", stack.map(|name| format!("{name}/")).unwrap_or_default(), release.name);
        let about = format!("{header}\nValues of the chart {} {} from {}.", release.chart, release.version, release.repository);
        found.files.insert(&file, yaml::write(&about, &values.doc));
        let row = row(scope, &release, values, file);
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
    let operators = operators(scope);
    if !operators.is_empty() {
        found.operators = true;
        let script = template::render("helm/operators.sh", &Operators { header: &header, operators })?;
        found.files.insert_executable("operators.sh", script);
    }
    if !scripts.releases.is_empty() {
        for name in ["releases.sh", "upgrade.sh"] {
            found.files.insert_executable(name, template::render(&format!("helm/{name}"), &scripts)?);
        }
    }
    Ok(found)
}

fn row(scope: &Scope<'_>, release: &Release<'_>, values: ReleaseValues, file: String) -> Row {
    let is_job = |name: &str| scope.index.workload(name).is_some_and(|workload| matches!(workload.kind, WorkloadKind::Job { .. }));
    let jobs = release.realization.pods.iter().filter(|pods| is_job(&pods.workload));
    let selector = |labels: &[(String, String)]| labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    Row {
        name: release.name.to_owned(),
        namespace: scope.namespaces.get(release.stack).cloned().unwrap_or_default(),
        repository: release.repository,
        chart: release.chart,
        version: release.version,
        values: file,
        set: values.set.into_iter().map(set_row).collect(),
        tags: values.tags,
        jobs: jobs.map(|pods| selector(&pods.selector)).collect(),
    }
}

fn set_row(set: SetString) -> SetRow {
    let piece = |piece| match piece {
        Piece::Known(text) => PieceRow { literal: Some(text), variable: None, read: "" },
        // A raw value can be anything, and is read from its copy in Base64; an encoded one is derived, and is one line.
        Piece::Hole(hole) => {
            let read = if hole.variable == crate::secrets::FINGERPRINT || hole.encoding != Encoding::Raw { "plain" } else { "raw" };
            PieceRow { literal: None, variable: Some(hole.name()), read }
        }
    };
    SetRow { path: set.path, pieces: set.pieces.into_iter().map(piece).collect() }
}

/// The name of the image, as far as it is known.
fn image(scope: &Scope<'_>, release: &Release<'_>) -> Option<String> {
    let workload = release.realization.replaces.iter().find_map(|name| scope.index.workload(name))?;
    let (Image::Pulled { reference } | Image::Built { reference, .. }) = &workload.image;
    reference.text().as_literal().map(str::to_owned)
}
