//! The two places where secrets meet the disk: the `.env` file itself, and what git makes of it.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Output};

/// The name of the file, in the folder of the Compose files.
pub const FILE: &str = ".env";

/// The text of the `.env` in `folder`, or `None` if there is none.
///
/// # Errors
/// The file exists but cannot be read, or is not UTF-8.
pub fn read_env(folder: &Path) -> io::Result<Option<String>> {
    match fs_err::read_to_string(folder.join(FILE)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the `.env` in `folder` as a whole. On Unix only the owner can read it, at every moment: the
/// temporary file is created with mode 0600 and then takes the place of the old one, whatever mode that had.
///
/// # Errors
/// The file is a symbolic link (it would be cut, and the place it leads to left behind), or cannot be written.
pub fn write_env(folder: &Path, text: &str) -> io::Result<()> {
    let path = folder.join(FILE);
    if path.is_symlink() {
        let message = format!("`{}` is a symbolic link: put a file in its place", path.display());
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), error.error);
        io::Error::new(error.error.kind(), message)
    })?;
    Ok(())
}

/// Makes sure that no `git add` takes the `.env` in `folder`. No git, or no repository, is fine.
///
/// # Errors
/// Says what to do where git tracks the file, does not ignore it, or does not answer.
pub fn guard_git(folder: &Path) -> Result<(), String> {
    let path = folder.join(FILE);
    let path = path.display();
    let Some(tracked) = git(folder, &["ls-files", "--error-unmatch", "--", FILE])? else {
        return Ok(());
    };
    if tracked.status.success() {
        return Err(format!("git tracks `{path}`: run `git rm --cached` on it, and change every secret that was committed"));
    }
    let Some(ignored) = git(folder, &["check-ignore", "--quiet", "--", FILE])? else {
        return Ok(());
    };
    if ignored.status.success() {
        return Ok(());
    }
    Err(format!("git does not ignore `{path}`: add a line `.env` to the `.gitignore` beside it"))
}

/// Runs git in `folder`; `None` if there is no git or no repository. Both commands exit with 1 for "no";
/// 128 is a failure, which must not pass for an answer.
fn git(folder: &Path, arguments: &[&str]) -> Result<Option<Output>, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("LC_ALL", "C");
    // Set inside a git hook, they would lead away from the repository of `folder`.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot run git: {error}")),
    };
    if matches!(output.status.code(), Some(0 | 1)) {
        return Ok(Some(output));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("not a git repository") {
        return Ok(None);
    }
    Err(format!("git does not say whether it ignores `{}`: {}", folder.join(FILE).display(), said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn run_git(folder: &Path, arguments: &[&str]) {
        let done = git(folder, arguments).expect("git answers").expect("a repository");
        assert!(done.status.success(), "git {arguments:?}");
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().expect("the file exists").permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_a_new_file_and_a_wider_one_is_tightened() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.path().join(FILE);
        write_env(folder.path(), "A=\"1\"\n").expect("written");
        assert_eq!(mode(&path), 0o600);

        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("widened");
        write_env(folder.path(), "A=\"2\"\n").expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read_env(folder.path()).expect("read").as_deref(), Some("A=\"2\"\n"));
        assert_eq!(fs_err::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_refused_and_its_end_untouched() {
        let folder = folder();
        let end = folder.path().join("elsewhere");
        fs_err::write(&end, "A=\"1\"\n").expect("written");
        std::os::unix::fs::symlink(&end, folder.path().join(FILE)).expect("linked");
        let error = write_env(folder.path(), "A=\"2\"\n").expect_err("refused").to_string();
        assert!(error.contains("is a symbolic link"), "{error}");
        assert_eq!(fs_err::read_to_string(&end).expect("read"), "A=\"1\"\n");
    }

    #[test]
    fn a_missing_file_is_none_and_a_missing_folder_an_error() {
        let folder = folder();
        assert_eq!(read_env(folder.path()).expect("read"), None);
        assert!(write_env(&folder.path().join("nowhere"), "").is_err());
    }

    #[test]
    fn outside_of_a_repository_git_has_no_say() {
        assert_eq!(guard_git(folder().path()), Ok(()));
    }

    #[test]
    fn git_has_to_ignore_the_file_and_not_to_track_it() {
        let folder = folder();
        let here = folder.path();
        run_git(here, &["init", "--quiet"]);
        let message = guard_git(here).expect_err("not ignored");
        assert!(message.starts_with("git does not ignore"), "{message}");

        fs_err::write(here.join(".gitignore"), ".env\n").expect("written");
        assert_eq!(guard_git(here), Ok(()));

        fs_err::write(here.join(FILE), "").expect("written");
        run_git(here, &["add", "--force", FILE]);
        let message = guard_git(here).expect_err("tracked");
        assert!(message.starts_with("git tracks"), "{message}");
    }

    #[test]
    fn a_git_that_fails_does_not_pass_for_an_answer() {
        let folder = folder();
        run_git(folder.path(), &["init", "--quiet"]);
        fs_err::write(folder.path().join(".git/config"), "[broken").expect("written");
        let message = guard_git(folder.path()).expect_err("no answer");
        assert!(message.starts_with("git does not say"), "{message}");
    }
}
