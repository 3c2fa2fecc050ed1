//! `pipegen schema`: prints the JSON Schema.

use super::{Exit, print};

/// Prints the schema.
pub fn run() -> Exit {
    print(&crate::schema::schema_text());
    Exit::Fine
}
