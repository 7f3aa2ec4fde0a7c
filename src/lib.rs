//! Holdpoint: AI in front of a small business's customers, with people in charge of it.

pub mod domain;
pub mod store;
