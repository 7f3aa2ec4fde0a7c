//! Bodies of `/score`: how likely a given answer is after one or several prompts.

use serde::{Deserialize, Serialize};

use super::{ChatMessage, Usage};

/// Body of `POST /score`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ScoreRequest {
    /// Name of the model; the default one if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `LoRA` adapter by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The prompts, 1 to 4: usually the one the answer was written after, and the same without its passages.
    pub prompts: Vec<Vec<ChatMessage>>,
    /// The answer.
    pub answer: String,
}

/// Answer of `POST /score`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoreAnswer {
    /// Name of the model.
    pub model: String,
    /// One per prompt, in order.
    pub scores: Vec<Score>,
    /// Tokens used.
    #[serde(default)]
    pub usage: Usage,
}

/// How likely the answer is after one prompt: natural logarithms of the probabilities of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Their sum, at most 0.
    pub sum: f64,
    /// Their mean, at most 0.
    pub mean: f64,
    /// The least likely token's, at most 0.
    pub min: f64,
    /// Tokens of the answer, its end not counted.
    pub tokens: u32,
}
