//! The command line: arguments, and the exit status. Layer 7.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{self, Exit};

/// One typed blueprint of a data platform; every deployment artifact generated from it.
#[derive(Debug, Parser)]
#[command(name = "pipegen", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 fine, 1 the blueprint is invalid, 2 wrong usage or file not found, 3 committed output is out of date,\n\
                        4 refused to overwrite or could not read or write, 70 a fault of pipegen's own."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the artifacts of a blueprint
    #[command(
        after_help = "Artifacts go to <OUT>/<BLUEPRINT>/<TARGET>, with --env E to <OUT>/<BLUEPRINT>@E/<TARGET>. Commit them. Files that \
                            pipegen did not write, or that were edited by hand, are refused by name.\n\n\
                            Examples:\n  pipegen render blueprints/capstone.yml\n  pipegen render blueprints/capstone.yml --target compose --out golden\n  \
                            pipegen render blueprints/capstone.yml --check    # in CI: exit 3 and a diff where the committed files are stale"
    )]
    Render(RenderArgs),
    /// Check blueprints, each as it is and with every environment; write nothing
    Check(CheckArgs),
    /// Print the JSON Schema of blueprints, for editors
    #[command(
        after_help = "Begin a blueprint with this line, and an editor that knows YAML schemas checks and completes while you type:\n  \
                            # yaml-language-server: $schema=PATH/blueprint.schema.json"
    )]
    Schema,
    /// Explain a component, a target or the code of a message
    #[command(after_help = "Examples:\n  pipegen explain kafka\n  pipegen explain compose\n  pipegen explain no-shared-network")]
    Explain {
        /// The component, target or code; without it all of them are listed
        topic: Option<String>,
    },
    /// List the components of the catalog
    Components {
        /// How the list is written
        #[arg(long, value_enum, default_value_t = Format::Plain)]
        format: Format,
    },
    /// Write a commented blueprint to start from
    Init {
        /// The file to write; it must not exist yet
        #[arg(default_value = "blueprint.yml")]
        file: PathBuf,
    },
    /// Manage the secrets of the deployer
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  pipegen completions bash > ~/.local/share/bash-completion/completions/pipegen")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a page of the documentation with its generated sections written anew
    #[command(hide = true)]
    Reference {
        /// The page, in Markdown
        page: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// Write `.env` beside the Compose files: make what is missing, keep what is there, print no value
    #[command(
        after_help = "Passwords and keys are made; what belongs to existing systems is left empty and listed, to be filled in. Run it again \
                            after every change of the file: it computes the derived values anew. It refuses where git would take the file in."
    )]
    Init(ChoiceArgs),
}

/// What is compiled, and for whom.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// The blueprint's file
    pub blueprint: PathBuf,
    /// An environment of the blueprint
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// A parameter's value; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The folder under which artifacts are written
    #[arg(long, value_name = "DIR", default_value = "generated")]
    pub out: PathBuf,
}

/// The arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// What is rendered
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// A target; repeatable; without it all that apply
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// Compare with the disk, write nothing: exit 3 and a diff if anything is out of date
    #[arg(long, conflicts_with_all = ["diff", "stdout", "force"])]
    pub check: bool,
    /// Show what would change, write nothing
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
    #[arg(required = true)]
    pub blueprints: Vec<PathBuf>,
    /// A parameter's value; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How messages are written; JSON goes to standard output, one object a line
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    pub format: Format,
}

/// How things are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Plain,
    /// One JSON object a line
    Json,
}

/// The whole program.
pub fn main() -> ExitCode {
    // A panic is our own fault, and says so, instead of looking like the user's.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| match Cli::try_parse() {
        Ok(cli) => run(cli.command),
        Err(error) => {
            // Help and version are data and go to standard output; clap knows.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Fine }
        }
    }));
    let exit = outcome.unwrap_or_else(|payload| {
        let what = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no more is known");
        let _ = writeln!(anstream::stderr(), "error: a fault of pipegen's own: {what}\n\nPlease report it, with the blueprint if you can.");
        Exit::Internal
    });
    ExitCode::from(exit as u8)
}

fn run(command: Command) -> Exit {
    match command {
        Command::Render(arguments) => commands::render::run(&arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Schema => commands::schema::run(),
        Command::Explain { topic } => commands::explain::run(topic.as_deref()),
        Command::Components { format } => commands::components::run(format),
        Command::Init { file } => commands::init::run(&file),
        Command::Secrets(SecretsCommand::Init(choice)) => commands::secrets::init(&choice),
        Command::Reference { page } => commands::reference::run(&page),
        Command::Completions { shell } => commands::completions::run(shell, &mut <Cli as clap::CommandFactory>::command()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_are_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
