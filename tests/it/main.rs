//! All integration tests in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

mod actions;
mod actions_by_ai;
mod actions_by_form;
mod actions_faults;
mod agency;
mod agents;
mod answers;
mod api_access;
mod api_bad_input;
mod api_intake;
mod api_intake_again;
mod api_knowledge;
mod api_origins;
mod api_review;
mod api_server;
mod api_streams;
mod api_visitor;
mod app;
mod at_the_desk;
mod browser;
mod candidates;
mod chat_completions;
mod checks;
mod cli;
mod clusters;
mod collisions;
mod comparison;
mod console_pages;
mod console_views;
mod corrections;
mod documents;
mod drafting;
mod durability;
mod durability_child;
mod durability_disk;
mod durability_power_loss;
mod duty;
mod engage;
mod engine;
mod every_route;
mod evidence;
mod evidence_mends;
mod fitness;
mod forming;
mod gaps;
mod in_charge;
mod insight;
mod invariants;
mod invariants_stories;
mod layers;
mod limits;
mod mail;
mod mcp;
mod models;
mod open_gate;
mod policy;
mod quality;
mod rehearsal;
mod remote;
mod reports;
mod screening_measure;
mod smtp;
mod store_bench;
mod store_isolation;
mod store_open;
mod store_schema;
mod store_search;
mod store_world;
mod store_writer;
mod stories;
mod team;
mod tuning;
mod webhooks;
mod who_is_there;
