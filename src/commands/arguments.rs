//! What the commands are told. The comments on the fields are their help texts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is compiled, and for whom.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// The blueprint's file
    pub blueprint: PathBuf,
    /// An environment of the blueprint
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// The value of a parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The folder of the artifacts
    #[arg(long, value_name = "DIR", default_value = "generated")]
    pub out: PathBuf,
}

/// The arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// What is rendered.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// A target (`pipegen explain` lists them); repeatable; without it, all that fit the platform
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// Compare with the disk, write nothing: exit 3 and a diff if anything is out of date
    #[arg(long, conflicts_with_all = ["diff", "stdout", "force"])]
    pub check: bool,
    /// Print what would change as a diff, write nothing
    #[arg(long, conflicts_with_all = ["stdout", "force"])]
    pub diff: bool,
    /// Print the artifacts instead of writing them
    #[arg(long, conflicts_with = "force")]
    pub stdout: bool,
    /// Overwrite files that were edited by hand or that pipegen did not write
    #[arg(long)]
    pub force: bool,
    /// How messages and the report are written
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    pub format: Format,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The blueprints' files
    #[arg(required = true, value_name = "BLUEPRINT")]
    pub blueprints: Vec<PathBuf>,
    /// A target that has to be able to express them (`pipegen explain` lists them); repeatable; without it, all that fit the
    /// platform
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// The value of a parameter; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How messages are written
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    pub format: Format,
}

/// How things are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Plain,
    /// For programs: one JSON object a line, on standard output
    Json,
}
