//! `pipegen components`: lists the catalog.

use serde_json::json;

use super::arguments::Format;
use super::{Done, print};
use crate::components::COMPONENTS;

/// Prints the list.
pub fn run(format: Format) -> Done {
    let width = COMPONENTS.iter().map(|component| component.name.len()).max().unwrap_or(0);
    let mut list = String::new();
    for component in COMPONENTS {
        let line = match format {
            Format::Plain => format!("{:width$}  {}", component.name, component.summary),
            Format::Json => {
                json!({ "component": component.name, "summary": component.summary, "versions": component.series() }).to_string()
            }
        };
        list.push_str(&line);
        list.push('\n');
    }
    print(&list)
}
