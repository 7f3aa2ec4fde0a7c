//! All integration tests in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod durability;
mod durability_child;
mod durability_disk;
mod durability_power_loss;
mod engine;
mod invariants;
mod invariants_stories;
mod store_bench;
mod store_isolation;
mod store_open;
mod store_schema;
mod store_search;
mod store_world;
mod store_writer;
