//! Holdpoint.

pub mod engine;
