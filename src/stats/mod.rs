//! Estimates and their uncertainty, as pure functions of the data and a seed.

pub mod agreement;
pub mod auroc;
pub mod beta;
pub mod bootstrap;
pub mod bounds;
pub mod changes;
pub mod clusters;
pub mod drift;
pub mod eprocess;
pub mod metrics;
pub mod normal;
mod number;
pub mod planner;
pub mod quantile;
pub mod random;
pub mod replay;
pub mod sampler;
pub mod score;
pub mod simulate;
pub mod statement;
pub mod threshold;
pub mod tuner;
pub mod vector;
