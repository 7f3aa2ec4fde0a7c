//! How the AI gets better: changes that are tried on questions of the past before they go live.

pub mod candidate;
