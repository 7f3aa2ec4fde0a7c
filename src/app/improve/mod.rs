//! What makes answers better: gaps in the knowledge, and the answers that are proposed for them.

pub mod gaps;
pub mod proposals;
