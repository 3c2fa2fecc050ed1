//! Secrets: a text that stays out of every message, and what one looks like.

use std::fmt;

/// A text that no message, log or debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the one place that has to write it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What the value of a secret looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretFormat {
    /// 32 characters of `[A-Za-z0-9]`: 190 bits, and no syntax has to escape any of them.
    Password,
    /// A Fernet key: 32 bytes in URL-safe base64, with padding
    /// (<https://github.com/fernet/spec/blob/master/Spec.md>).
    Fernet,
    /// 32 bytes in hexadecimal, for keys that sign tokens.
    Hex64,
    /// Nothing that could be generated: the deployer has it from elsewhere.
    Supplied {
        /// Where from, or what it looks like.
        hint: &'static str,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}
