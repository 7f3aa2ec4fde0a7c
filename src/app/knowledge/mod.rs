//! What the AI may answer from: reading it, and measuring how well it is found.

pub mod chunk;
pub mod evaluate;
pub mod parse;
