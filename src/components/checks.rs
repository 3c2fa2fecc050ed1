//! Questions that several components ask.

use crate::platform::{Check, PublicText};

/// Asks over HTTP; the image has curl.
pub(super) fn curl(url: PublicText) -> Check {
    let words = ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null"].map(PublicText::from);
    Check::Exec(words.into_iter().chain([url]).collect())
}
