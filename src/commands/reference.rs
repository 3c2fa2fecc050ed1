//! `pipegen reference`: fills the generated sections of a page; hidden, for `.ci/generate`.

use std::path::Path;

use super::{Exit, fail, print};
use crate::reference::fill;

/// Prints the page with its generated sections written anew.
pub fn run(page: &Path) -> Exit {
    let text = match fs_err::read_to_string(page) {
        Ok(text) => text,
        Err(error) => return fail(Exit::Disk, &error.to_string(), ""),
    };
    match fill(&text) {
        Ok(filled) => {
            print(&filled);
            Exit::Fine
        }
        Err(fault) => fail(Exit::Usage, &format!("{}: {fault}", page.display()), "`src/reference/mod.rs` lists the sections"),
    }
}
