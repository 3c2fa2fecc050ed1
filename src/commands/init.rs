//! `pipegen init`: writes a commented blueprint to start from.

use std::path::Path;

use super::blueprint::shown;
use super::{Done, Exit, fail, say};

const STARTER: &str = include_str!("starter.yml");

/// Writes the file, never over one that is there.
pub fn run(file: &Path) -> Done {
    let written = fs_err::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, STARTER.as_bytes()));
    match written {
        Ok(()) => {
            say(&format!("wrote {0}\n\nnext: pipegen check {0}, then pipegen render {0}", shown(file)));
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(fail(Exit::Disk, &format!("`{}` exists already", file.display()), "give the path of a new file"))
        }
        Err(error) => Err(fail(Exit::Disk, &error.to_string(), "")),
    }
}
