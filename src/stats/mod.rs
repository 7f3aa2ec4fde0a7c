//! Estimates and their uncertainty, as pure functions of the data and a seed.

pub mod auroc;
pub mod bootstrap;
pub mod metrics;
pub mod proportion;
pub mod quantile;
pub mod random;
pub mod replay;
pub mod score;
