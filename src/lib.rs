//! pipegen: one typed blueprint of a data platform, every deployment artifact generated from it.

pub mod blueprint;
pub mod charts;
pub mod cli;
pub mod commands;
pub mod compile;
pub mod components;
pub mod diagnostic;
pub mod dotenv;
pub mod emit;
pub mod fileset;
pub mod formats;
pub mod platform;
pub mod reference;
pub mod rules;
pub mod schema;
pub mod secrets;
pub mod source;
pub mod targets;
pub mod template;
pub mod value;
pub mod yaml;
