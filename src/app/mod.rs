//! One service per capability.

pub mod knowledge;
