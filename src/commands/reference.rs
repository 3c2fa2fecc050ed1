//! `pipegen reference`: fills the generated sections of a page; hidden, for `.ci/generate`.

use std::path::Path;

use super::{Done, Exit, fail, print};
use crate::reference::fill;

/// Prints the page with its generated sections written anew.
pub fn run(page: &Path) -> Done {
    let text = fs_err::read_to_string(page).map_err(|error| fail(Exit::Disk, &error.to_string(), ""))?;
    let filled = fill(&text)
        .map_err(|fault| fail(Exit::Usage, &format!("{}: {fault}", page.display()), "`src/reference/mod.rs` lists the sections"))?;
    print(&filled)
}
