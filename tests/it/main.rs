//! All integration tests in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod engine;
mod store_bench;
mod store_isolation;
mod store_open;
mod store_schema;
mod store_search;
mod store_writer;
