//! Proof by compilation that `domain` and `stats` are pure: this crate includes both folders and depends on nothing that
//! could read a clock, a file, a socket or a database. What the standard library offers of that, `clippy.toml` beside
//! this crate's manifest bans.

#[path = "../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../src/stats/mod.rs"]
pub mod stats;
