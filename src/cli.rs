//! The command line: what there is to say, and the exit status. Layer 7.

use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::arguments::{CheckArgs, ChoiceArgs, Format, RenderArgs};
use crate::commands::{self, Done, Exit};

/// One typed blueprint of a data platform; every deployment artifact generated from it.
#[derive(Debug, Parser)]
#[command(name = "pipegen", bin_name = "pipegen", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Data goes to standard output, messages to standard error.

Exit status:
   0  fine; there may be warnings
   1  the blueprint is invalid
   2  wrong usage, or a file that is not there
   3  committed output is out of date (render --check)
   4  refused to overwrite, or could not read or write
  70  a fault of pipegen's own

Begin with `pipegen init`, then `pipegen check blueprint.yml`.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the artifacts of a blueprint
    #[command(after_help = "\
Artifacts go to <OUT>/<BLUEPRINT>/<TARGET>, with --env E to <OUT>/<BLUEPRINT>@E/<TARGET>, where
<BLUEPRINT> is the `name:` in the file. Commit them. A file that pipegen did not write, or that was
edited by hand, is refused by name; nothing is written then.

With --format json, standard output has one object a line: each message (`code`, `severity`, ...)
and each file: its `outcome`, with --check and --diff its `change`, with --stdout its `text`.

Examples:
  pipegen render blueprints/capstone.yml
  pipegen render blueprints/capstone.yml --target compose --out golden
  pipegen render blueprints/capstone.yml --check        # in CI: fails where artifacts are stale
  pipegen render blueprints/capstone.yml --diff | git apply")]
    Render(RenderArgs),
    /// Check blueprints, each as it is and with every environment; write nothing
    #[command(after_help = "\
Every fault is said in one run. `pipegen explain CODE` says more about the code of a message.

Examples:
  pipegen check blueprints/*.yml
  pipegen check blueprints/capstone.yml --format json")]
    Check(CheckArgs),
    /// Print the JSON Schema of blueprints, for editors
    #[command(after_help = "\
Begin a blueprint with this line, and an editor that knows YAML schemas checks and completes:
  # yaml-language-server: $schema=blueprint.schema.json

Example:
  pipegen schema > blueprint.schema.json")]
    Schema,
    /// Explain a component, a target or the code of a message
    #[command(after_help = "\
Examples:
  pipegen explain
  pipegen explain kafka
  pipegen explain no-shared-network")]
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
    /// Make the passwords and keys that a platform needs
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  pipegen completions bash > ~/.local/share/bash-completion/completions/pipegen")]
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
    /// Write `.env` beside the rendered Compose files; keep what is there, print no value
    #[command(after_help = "\
Passwords and keys are made; what belongs to existing systems is left empty and listed, for you to
fill in. Run it again after every change of the file: it computes the derived values anew. It
refuses to write where git would take the file in.

Example:
  pipegen render blueprint.yml && pipegen secrets init blueprint.yml")]
    Init(ChoiceArgs),
}

/// The whole program.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(end_with_our_fault));
    let exit = match Cli::try_parse() {
        Ok(cli) => run(cli.command).err().unwrap_or(Exit::Fine),
        Err(error) => {
            // Help and version are data and go to standard output; clap knows.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Fine }
        }
    };
    ExitCode::from(exit as u8)
}

/// A panic is our own fault, and says so, instead of looking like the user's.
#[allow(clippy::exit, reason = "nothing is unwound: a release is built to abort")]
fn end_with_our_fault(panic: &PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("no more is known");
    let _ = writeln!(anstream::stderr(), "error: a fault of pipegen's own: {what}\n\nPlease report it, with the blueprint if you can.");
    std::process::exit(Exit::Internal as i32)
}

fn run(command: Command) -> Done {
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
