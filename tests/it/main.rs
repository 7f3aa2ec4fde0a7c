//! All integration tests in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod api_visitor;
mod app;
mod browser;
mod cli;
mod console_pages;
mod console_views;
mod engine;
mod store_bench;
mod store_schema;
mod store_writer;
