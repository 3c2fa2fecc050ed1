//! `pipegen schema`: prints the JSON Schema.

use super::{Done, print};

/// Prints the schema.
pub fn run() -> Done {
    print(&crate::schema::schema_text())
}
