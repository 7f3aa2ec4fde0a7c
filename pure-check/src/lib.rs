//! Proof by compilation that `domain` and `stats` are pure: this crate includes both folders and depends on
//! nothing that could read a clock, a file, a socket or a database.

#[path = "../../src/domain/mod.rs"]
pub mod domain;
