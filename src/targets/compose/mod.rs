//! Docker Compose: one file per stack, and what is needed to start it.

pub mod plan;
