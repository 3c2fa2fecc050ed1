//! `pipegen completions`: prints a completion script.

use super::{Done, print};

/// Prints the script for a shell.
pub fn run(shell: clap_complete::Shell, command: &mut clap::Command) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "pipegen", &mut script);
    print(&String::from_utf8_lossy(&script))
}
