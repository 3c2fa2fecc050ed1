//! pipegen: one typed blueprint of a data platform, every deployment artifact generated from it.

pub mod blueprint;
pub mod diagnostic;
pub mod platform;
pub mod source;
pub mod value;
