//! From a file's bytes to a [`Source`].

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Place, code};
use crate::source::Source;

/// The largest blueprint that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Takes a file's bytes. A byte order mark is dropped, so it is part of no span.
///
/// # Errors
/// `too-large` above [`MAX_BYTES`] and `invalid-utf8`, both for the file as a whole.
#[allow(clippy::result_large_err, reason = "at most one a run")]
pub fn decode(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than 16 MB", bytes.len());
        return Err(Diagnostic::new(&code::TOO_LARGE, Place::File, message).help("split it, or move data into files of their own"));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(Source::new(path, text))
}

fn not_utf8(bytes: &[u8], offset: usize) -> Diagnostic {
    let help = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        "this looks like UTF-16: save the file as UTF-8".to_owned()
    } else {
        let line = bytes[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("save the file as UTF-8: byte {offset}, on line {line}, is not valid")
    };
    Diagnostic::new(&code::INVALID_UTF8, Place::File, "the file is not UTF-8 text").help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_moves_no_column() {
        let source = decode("a.yml", b"\xef\xbb\xbfa: 1\n".to_vec()).unwrap();
        assert_eq!(source.text(), "a: 1\n");
    }

    #[test]
    fn invalid_utf8_names_offset_and_line() {
        let error = decode("a.yml", b"a: 1\nb: \xe9\n".to_vec()).unwrap_err();
        assert_eq!(error.code, &code::INVALID_UTF8);
        assert_eq!(error.help.unwrap(), "save the file as UTF-8: byte 8, on line 2, is not valid");
        let error = decode("a.yml", b"\xff\xfea\0".to_vec()).unwrap_err();
        assert_eq!(error.help.unwrap(), "this looks like UTF-16: save the file as UTF-8");
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        assert!(decode("a.yml", vec![b'a'; MAX_BYTES]).is_ok());
        assert_eq!(decode("a.yml", vec![b'a'; MAX_BYTES + 1]).unwrap_err().code, &code::TOO_LARGE);
    }
}
