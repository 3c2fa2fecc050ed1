//! Values of secrets, made from random bytes.

use crate::value::escape;
use crate::value::secret::{Secret, SecretFormat};
use sha2::{Digest, Sha256};

/// Where random bytes come from.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), getrandom::Error> + 'a;

/// The random bytes of the operating system, fit for keys.
pub use getrandom::fill as os_random;

impl SecretFormat {
    /// A new value, or `None` if the deployer has to supply it.
    ///
    /// # Errors
    /// Only those of `random`.
    pub fn make(self, random: &mut Random<'_>) -> Result<Option<Secret>, getrandom::Error> {
        let text = match self {
            Self::Password => password(random)?,
            Self::Fernet => base64_url(&key(random)?),
            Self::Hex64 => hex(&key(random)?),
            Self::Supplied { .. } => return Ok(None),
        };
        Ok(Some(Secret::new(text)))
    }
}

fn key(random: &mut Random<'_>) -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(bytes)
}

fn password(random: &mut Random<'_>) -> Result<String, getrandom::Error> {
    const LENGTH: usize = 32;
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // The largest multiple of 62 that a byte holds: beyond it the first letters would come more often.
    const FAIR: u8 = 248;
    let mut out = String::with_capacity(LENGTH);
    while out.len() < LENGTH {
        let fair = key(random)?.into_iter().filter(|byte| *byte < FAIR);
        out.extend(fair.take(LENGTH - out.len()).map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])));
    }
    Ok(out)
}

/// RFC 4648, section 5, with padding.
fn base64_url(bytes: &[u8]) -> String {
    escape::base64(bytes).replace('+', "-").replace('/', "_")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256, in hexadecimal as `sha256sum` prints it.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that count up from `start`, wrapping at 255.
    fn counting(start: u8) -> impl FnMut(&mut [u8]) -> Result<(), getrandom::Error> {
        let mut next = start;
        move |buffer| {
            for byte in buffer {
                *byte = next;
                next = next.wrapping_add(1);
            }
            Ok(())
        }
    }

    fn made(format: SecretFormat, start: u8) -> String {
        let value = format.make(&mut counting(start)).expect("random bytes");
        value.expect("a generated format").reveal().to_owned()
    }

    #[test]
    fn base64_agrees_with_the_vectors_of_rfc_4648() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64_url(text.as_bytes()), encoded);
        }
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8=");
    }

    #[test]
    fn each_format_has_its_shape() {
        assert_eq!(made(SecretFormat::Fernet, 0), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert_eq!(made(SecretFormat::Hex64, 0xf0), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f");
        assert_eq!(made(SecretFormat::Password, 0), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef");
        let supplied = SecretFormat::Supplied { hint: "from the vendor" }.make(&mut counting(0));
        assert_eq!(supplied, Ok(None));
    }

    #[test]
    fn a_password_skips_the_bytes_that_would_favour_some_letters() {
        assert_eq!(made(SecretFormat::Password, 240), "23456789ABCDEFGHIJKLMNOPQRSTUVWX");
    }

    #[test]
    fn every_letter_of_a_password_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        let mut random = counting(0);
        // 31 passwords of 32 letters are made of 992 bytes: four rounds of the 248 fair ones.
        for _ in 0..31 * 8 {
            let mut once = |buffer: &mut [u8]| {
                buffer.fill(255);
                random(&mut buffer[..1])
            };
            let value = SecretFormat::Password.make(&mut once).expect("random bytes").expect("generated");
            for letter in value.reveal().chars() {
                *counts.entry(letter).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| *count == 31 * 8 * 32 / 62), "{counts:?}");
    }

    #[test]
    fn a_failing_source_is_an_error() {
        let mut broken = |_: &mut [u8]| Err(getrandom::Error::UNSUPPORTED);
        for format in [SecretFormat::Password, SecretFormat::Fernet, SecretFormat::Hex64] {
            assert_eq!(format.make(&mut broken), Err(getrandom::Error::UNSUPPORTED));
        }
    }

    #[test]
    fn the_system_gives_two_different_passwords() {
        let make = || SecretFormat::Password.make(&mut os_random).expect("random bytes");
        assert_ne!(make(), make());
    }
}
