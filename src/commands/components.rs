//! `pipegen components`: lists the catalog.

use serde_json::json;

use super::{Exit, print};
use crate::cli::Format;
use crate::components::COMPONENTS;

/// Prints the list.
pub fn run(format: Format) -> Exit {
    let width = COMPONENTS.iter().map(|component| component.name.len()).max().unwrap_or(0);
    for component in COMPONENTS {
        let line = match format {
            Format::Plain => format!("{:width$}  {}", component.name, component.summary),
            Format::Json => {
                json!({ "component": component.name, "summary": component.summary, "versions": component.versions }).to_string()
            }
        };
        print(&format!("{line}\n"));
    }
    Exit::Fine
}
