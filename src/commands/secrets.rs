//! `pipegen secrets init`: writes the deployer's `.env`.

use std::path::Path;

use super::arguments::ChoiceArgs;
use super::blueprint::{self, Chosen, render_command, shown};
use super::render::{Needs, lower};
use super::{Done, Exit, fail, say, say_diagnostics};
use crate::secrets::{InitError, Status, init as make, os_random, store};

/// Writes `.env` into the folder of every target that was rendered and reads one.
pub fn init(choice: &ChoiceArgs) -> Done {
    let Chosen { source, mut compiled } = blueprint::choose(choice, false)?;
    let all = lower(&compiled, &choice.blueprint, &choice.out, choice.env.as_deref(), None)?;
    let (mut there, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|needs| needs.folder.is_dir());
    for needs in &mut there {
        compiled.add(std::mem::take(&mut needs.diagnostics));
    }
    if compiled.has_errors() {
        say_diagnostics(&source, &compiled);
        return Err(Exit::Invalid);
    }
    if there.is_empty() {
        let folders = missing.iter().map(|needs| format!("`{}`", needs.folder.display())).collect::<Vec<_>>().join(" or ");
        let help = format!("run `{}` first", render_command(choice));
        return Err(fail(Exit::Disk, &format!("there is no folder {folders}"), &help));
    }
    there.iter().try_for_each(write)
}

fn write(needs: &Needs) -> Done {
    let Needs { folder, diagnostics: _, secrets, settings } = needs;
    let disk = |error: std::io::Error| fail(Exit::Disk, &error.to_string(), "");
    store::guard_git(folder).map_err(|message| fail(Exit::Disk, &message, ""))?;
    let existing = store::read_env(folder).map_err(disk)?;
    let outcome = make(existing.as_deref(), secrets, settings, &mut os_random).map_err(|error| refused(folder, &error))?;
    store::write_env(folder, outcome.text.reveal()).map_err(disk)?;
    report(folder, &outcome.report);
    Ok(())
}

fn refused(folder: &Path, error: &InitError) -> Exit {
    fail(Exit::Disk, &format!("{}: {error}", folder.join(".env").display()), "nothing was written")
}

/// Names, never values.
fn report(folder: &Path, report: &[(String, Status)]) {
    let count = |status: Status| report.iter().filter(|(_, one)| *one == status).count();
    say(&format!(
        "{}: {} made, {} kept, {} derived",
        shown(&folder.join(".env")),
        count(Status::Made),
        count(Status::Kept),
        count(Status::Derived)
    ));
    let open: Vec<&str> = report.iter().filter(|(_, status)| *status == Status::ToFill).map(|(name, _)| name.as_str()).collect();
    if !open.is_empty() {
        say(&format!("fill in, then run this again: {}", open.join(", ")));
    }
}
