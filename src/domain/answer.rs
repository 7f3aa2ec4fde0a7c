//! Stand-in until the knowledge work is merged.
use serde::{Deserialize, Serialize};

/// How an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// A verified answer.
    Verified,
    /// A quoted passage.
    Quote,
    /// Written by the LLM.
    Compose,
    /// Nothing fits.
    Abstain,
}

/// Signals.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Signals {}
