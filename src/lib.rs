//! pipegen: one typed blueprint of a data platform, every deployment artifact generated from it.

pub mod diagnostic;
pub mod source;
pub mod yaml;
