//! What makes answers better: what is missing, what is proposed for it, and what was proven before it counts.

pub mod gap;
