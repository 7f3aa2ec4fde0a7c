//! The tests of `domain`, with optimisation and without the rest of the program: for playing millions of the stories of
//! `src/domain/story.rs`. Not among the tests that run by themselves.
//!
//! `PROPTEST_CASES=5000000 cargo test --release -p pure-check --test stories domain::story`

#[path = "../src/domain/mod.rs"]
pub mod domain;
#[path = "../src/stats/mod.rs"]
pub mod stats;
