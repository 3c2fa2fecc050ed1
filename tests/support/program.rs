//! Programs that a test makes and starts.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a program. A process of its own writes it: while a file is open for writing here, whatever another thread of
/// the test starts at that moment has it open too, and Linux runs no file that someone may still write (`ETXTBSY`).
pub fn write(path: &Path, text: &str) {
    let mut writer = Command::new("sh");
    writer.args(["-c", r#"cat > "$1" && chmod 755 "$1""#, "sh"]).arg(path).stdin(Stdio::piped());
    let mut writer = writer.spawn().expect("a shell");
    writer.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    assert!(writer.wait().expect("it ends").success(), "{} cannot be written", path.display());
}
