//! Holdpoint: AI in front of a small business's customers, with people in charge of it.

pub mod app;
pub mod cli;
pub mod config;
pub mod data_dir;
pub mod domain;
pub mod engine;
pub mod outbound;
pub mod stats;
pub mod store;
pub mod system;
pub mod telemetry;
pub mod web;
