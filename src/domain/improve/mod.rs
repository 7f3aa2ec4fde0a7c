//! How the AI gets better: what is missing, what is proposed for it, and what was tried on questions of the past before it goes live.

pub mod answer;
pub mod candidate;
pub mod comparison;
pub mod correction;
pub mod gap;
