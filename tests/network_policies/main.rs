//! The NetworkPolicies that we write mean what the networks of the blueprint mean.

#[path = "../support/mod.rs"]
mod support;

mod evaluator;
mod mistakes;
