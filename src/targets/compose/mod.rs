//! Docker Compose: one file per stack, and what is needed to start it.

mod checks;
mod files;
mod guide;
mod lower;
mod model;
pub mod plan;
mod project;
mod scope;
mod scripts;
mod storage;
mod text;
mod variables;

use super::{Layout, Rendered, Target, Writer};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::fileset::FileSet;
use crate::formats::text::Resolver;
use crate::formats::variables::read;
use crate::platform::{Platform, SecretStore, Workload, WorkloadKind};
use crate::secrets::store::GITIGNORE;
use crate::template::TemplateError;
use crate::yaml::{self, Doc};
use plan::{ComposePlan, StackPlan};
use project::Lowered;
use scope::Scope;

/// The target's name, in `overrides` too.
const NAME: &str = "compose";

/// Docker Compose refuses a file with more nodes (`defaultMaxNodeVisits` in compose-go, `loader/reset.go`).
const MOST_NODES: usize = 100_000;

/// The registry's entry.
pub static TARGET: Target = Target {
    name: NAME,
    summary: "Docker Compose files, one per stack, with scripts and a guide",
    doc: include_str!("doc.md"),
    unfit,
    lower,
};

/// Without what only another workload could start, a platform would look alive and do none of its work. Without its store,
/// it would run on other secrets than those that were meant.
fn unfit(platform: &Platform) -> Option<String> {
    let is_template = |workload: &&Workload| matches!(workload.kind, WorkloadKind::Template { .. });
    let template = platform.workloads.iter().find(is_template).map(|workload| lower::started_by_another(&workload.name));
    template.or_else(|| matches!(platform.secret_store, SecretStore::External { .. }).then(|| checks::NO_STORE.to_owned()))
}

fn lower<'a>(platform: &'a Platform, layout: &'a Layout) -> Rendered<Writer<'a>> {
    let mut plan = ComposePlan::new(platform);
    let (stacks, Resolver { used, mut diagnostics, .. }) = lowered_stacks(platform, layout, &plan);
    plan.variables = variables::names(&plan, &used);
    let (secrets, settings) = read(platform, &used, &mut diagnostics);
    let example = variables::example(&secrets, &settings, &plan.variables);
    let files = Box::new(move || {
        let mut files = FileSet::default();
        files.insert(".env.example", example);
        files.insert(".gitignore", GITIGNORE);
        for (stack, lowered) in plan.stacks.iter().zip(stacks) {
            compose_file(layout, stack, lowered, &mut files);
        }
        guide_and_scripts(platform, layout, &plan, &mut files)?;
        Ok(files)
    });
    Rendered { files, diagnostics, secrets, settings }
}

/// What becomes of each stack of the plan, and what was found on the way.
fn lowered_stacks<'a>(platform: &'a Platform, layout: &Layout, plan: &ComposePlan<'a>) -> (Vec<Lowered>, Resolver<'a>) {
    let mut scope = Scope::new(platform, layout, plan);
    checks::check(&mut scope.resolver, platform, plan);
    let mut stacks = Vec::with_capacity(plan.stacks.len());
    for stack in &plan.stacks {
        let lowered = project::project(&mut scope, platform, stack);
        warn_if_large(&mut scope.resolver, stack, &lowered.doc);
        stacks.push(lowered);
    }
    (stacks, scope.resolver)
}

/// Writes the file of a stack, and the files that its services read.
fn compose_file(layout: &Layout, stack: &StackPlan<'_>, lowered: Lowered, files: &mut FileSet) {
    files.insert(&stack.file, yaml::write(&project::header(layout, stack.stack), &lowered.doc));
    for file in lowered.committed {
        files.insert_file(&file.path, file.text, file.executable);
    }
}

/// Writes what a person reads and runs.
fn guide_and_scripts(platform: &Platform, layout: &Layout, plan: &ComposePlan<'_>, files: &mut FileSet) -> Result<(), TemplateError> {
    let committed = files.iter().any(|(path, _)| path.as_str().starts_with("files/"));
    files.merge(scripts::files(platform, layout, plan, committed)?);
    files.insert("README.md", guide::readme(platform, layout, plan)?);
    Ok(())
}

fn warn_if_large(resolver: &mut Resolver<'_>, stack: &StackPlan<'_>, doc: &Doc) {
    let nodes = model::nodes(doc);
    if nodes > MOST_NODES {
        let message = format!("`{}` has {nodes} YAML nodes, and Docker Compose reads at most {MOST_NODES}", stack.file);
        let place = Place::Value(stack.stack.origin.clone());
        resolver.diagnostics.push(Diagnostic::new(&code::LARGE_OUTPUT, place, message).help("split the stack"));
    }
}

#[cfg(test)]
mod tests;
