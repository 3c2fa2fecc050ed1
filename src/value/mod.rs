//! Values that know their own syntax. Layer 1: pure, no disk, no blueprint.

pub mod escape;
pub mod secret;
