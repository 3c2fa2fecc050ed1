//! A folder that brings a platform into a cluster: manifests, the lists of them, scripts and a guide.

mod folder;
mod scripts;
mod store;
mod verification;

pub use folder::is_own_file;

use super::{Scope, StackManifests, check_objects};
use crate::fileset::FileSet;
use crate::formats::{Layout, Rendered, Writer, variables};
use crate::platform::{Platform, SecretStore};
use crate::secrets::{self, store::GITIGNORE};
use crate::template::{self, Template, TemplateError, filters};

/// What the releases of charts add to the folder of the manifests.
#[derive(Default)]
pub struct Releases<'a> {
    /// Write their values, and the scripts that install them.
    pub files: Vec<Writer<'a>>,
    /// What the other scripts and the guide say of them.
    pub rows: Vec<ReleaseRow>,
    /// Whether a script installs operators.
    pub operators: bool,
    /// Whether a script makes the cluster.
    pub cluster: bool,
    /// Whether that cluster has volumes of its own.
    pub volumes: bool,
}

/// A release of a chart, for the scripts and the guide.
#[derive(Debug)]
pub struct ReleaseRow {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The chart and its version.
    pub chart: String,
    /// The address of the chart's repository.
    pub repository: String,
    /// The file with its values.
    pub values: String,
}

/// The whole folder: manifests, scripts and guide.
pub fn bundle<'a>(
    platform: &'a Platform,
    layout: &'a Layout,
    mut scope: Scope<'a>,
    stacks: Vec<StackManifests<'a>>,
    releases: Releases<'a>,
) -> Rendered<Writer<'a>> {
    let stacks: Vec<StackManifests<'_>> = stacks.into_iter().filter(|stack| !stack.workloads.is_empty()).collect();
    check_objects(&mut scope, &stacks);
    let mut diagnostics = std::mem::take(&mut scope.resolver.diagnostics);
    let (secrets, settings) = variables::read(platform, &scope.resolver.used, &mut diagnostics);
    let header = match platform.secret_store {
        SecretStore::Env => "The variables of the cluster's secrets. `pipegen secrets init` writes a `.env` with them.",
        SecretStore::External { .. } => "The values that are yours and no secrets. `pipegen secrets init` writes a `.env` with them.",
    };
    let example = secrets::example(header, &secrets, &settings, true);
    let files = Box::new(move || {
        let mut files = folder::files(layout, &scope, &stacks);
        files.merge(scripts::files(platform, layout, &scope, &stacks, &releases)?);
        files.merge(releases.write(example)?);
        Ok(files)
    });
    Rendered { files, diagnostics, secrets, settings }
}

#[derive(Template)]
#[template(path = "kind/README.md.j2", escape = "md")]
struct ClusterGuide<'a> {
    header: String,
    name: &'a str,
    init: String,
    /// Whether `.env` has anything for the cluster.
    asks: bool,
}

/// A folder with nothing but the cluster, for a platform whose manifests are not enough.
pub fn cluster_alone<'a>(platform: &'a Platform, layout: &'a Layout, mut scope: Scope<'a>, releases: Releases<'a>) -> Rendered<Writer<'a>> {
    let mut diagnostics = std::mem::take(&mut scope.resolver.diagnostics);
    let (secrets, settings) = variables::read(platform, &scope.resolver.used, &mut diagnostics);
    let header = "The values that the cluster's images need. `pipegen secrets init` writes a `.env` with them.";
    let example = secrets::example(header, &secrets, &settings, true);
    let asks = !(secrets.is_empty() && settings.is_empty());
    let files = Box::new(move || {
        let mut files = releases.write(example)?;
        let guide = ClusterGuide { header: layout.header(), name: &platform.name, init: layout.init_command(platform), asks };
        files.insert("README.md", template::render("kind/README.md", &guide)?);
        Ok(files)
    });
    Rendered { files, diagnostics, secrets, settings }
}

impl Releases<'_> {
    /// The files, and those that belong beside them wherever there is a `.env`.
    fn write(self, example: String) -> Result<FileSet, TemplateError> {
        let mut files = FileSet::new();
        for write in self.files {
            files.merge(write()?);
        }
        files.insert(".env.example", example);
        let volumes = if self.volumes { "# What pods of the cluster wrote.\nvolumes/\n" } else { "" };
        files.insert(".gitignore", format!("{GITIGNORE}{volumes}"));
        Ok(files)
    }
}
