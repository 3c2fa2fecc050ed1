//! One verb per file. Layer 6: no logic of their own, only what is asked for and how it is said.

pub mod arguments;
pub mod check;
pub mod completions;
pub mod components;
pub mod explain;
pub mod init;
pub mod reference;
pub mod render;
pub mod schema;
pub mod secrets;

mod blueprint;
mod paths;
mod report;

use std::borrow::Cow;
use std::io::{BufWriter, IsTerminal as _, Write as _};

use crate::compile::{Compiled, masked};
use crate::diagnostic::{printable, render_json, render_plain};
use crate::source::Source;

/// The exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// The blueprint is invalid.
    Invalid = 1,
    /// Wrong arguments, or a file that is not there.
    Usage = 2,
    /// Committed output is out of date.
    OutOfDate = 3,
    /// Refused to overwrite, or could not read or write.
    Disk = 4,
    /// A fault of our own (`EX_SOFTWARE`).
    Internal = 70,
}

/// How a command ends: well, or with a status after it said why.
pub type Done = Result<(), Exit>;

/// Says something to people, on standard error.
fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says an error and what to do about it.
fn fail(exit: Exit, message: &str, help: &str) -> Exit {
    let bold = anstyle::Style::new().bold();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    say(&format!("{red}error{red:#}{bold}:{bold:#} {}", printable(message)));
    if !help.is_empty() {
        say(&format!("\n{bold}help{bold:#}: {}", printable(help)));
    }
    exit
}

/// Prints data, on standard output. A reader that went away has what it wanted; any other failure would leave
/// incomplete data behind a good status.
fn print(text: &str) -> Done {
    print_all([text])
}

/// Prints data that comes in parts.
fn print_all<Text: AsRef<str>>(parts: impl IntoIterator<Item = Text>) -> Done {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match parts.into_iter().try_for_each(|part| out.write_all(part.as_ref().as_bytes())).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(fail(Exit::Disk, &format!("standard output: {error}"), "")),
        _ => Ok(()),
    }
}

/// Prints what files hold: exactly, but a terminal must not obey it.
fn print_texts<'a>(texts: impl Iterator<Item = Cow<'a, str>>) -> Done {
    if std::io::stdout().is_terminal() { print_all(texts.map(|text| printable(&text))) } else { print_all(texts) }
}

/// Says the diagnostics to people, on standard error.
fn say_diagnostics(source: &Source, compiled: &Compiled) {
    if !compiled.diagnostics.is_empty() {
        let _ = write!(anstream::stderr(), "{}", render_plain(source, &compiled.diagnostics, &masked(source), true));
    }
}

/// The diagnostics as JSON lines.
fn diagnostics_json(source: &Source, compiled: &Compiled) -> String {
    render_json(source, &compiled.diagnostics)
}
