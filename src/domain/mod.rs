//! The rules of the product, as pure code.

pub mod answer;
pub mod retrieval;
