//! The measured features of a draft.

use super::{AnswerMode, LeftOut};
use serde::{Deserialize, Serialize};

/// What was measured of a draft when it was made. Confidence is learned from these numbers; reviewers do not see them
/// before their verdict.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Signals {
    /// How the answer was found.
    pub mode: AnswerMode,
    /// Ranking score of the best candidate, `-1.0..=1.0`; 0 without candidates.
    pub top_similarity: f64,
    /// Best score minus second best, `0.0..=2.0`.
    pub gap: f64,
    /// Best score minus that of its surroundings, about `-0.1..=0.7`: the best single sign that the knowledge answers.
    pub stand_out: f64,
    /// Share of the question's content words found in the best candidate, `0.0..=1.0`.
    pub overlap: f64,
    /// Cosine of the question to the answer, `-1.0..=1.0`; `None` until the answer has been embedded.
    pub question_answer_similarity: Option<f64>,
    /// Cosine of the question to the best candidate's title or verified question, `-1.0..=1.0`.
    pub question_title_similarity: Option<f64>,
    /// Numbers, dates, prices, times and names of the answer that its sources do not contain, as written there.
    pub unsupported: Vec<String>,
    /// The models were not found fit for this mode in the agent's language: it was drafted all the same, or, for `abstain`, not
    /// drafted because of that.
    pub unfit: bool,
    /// A check of the chat model found that the probabilities of what it writes tell right from wrong. Otherwise they are measured, and
    /// do not enter the score.
    pub probabilities_tell: bool,
    /// Words of the answer.
    pub answer_words: u32,
    /// Mean log-probability of the composed tokens, at most 0; `None` unless composed by an engine that reports it.
    pub mean_logprob: Option<f64>,
    /// Lowest log-probability of a composed token, at most 0.
    pub min_logprob: Option<f64>,
    /// How much likelier the composed answer is with its passages than without them: the difference of the mean log-probabilities
    /// of its tokens. `None` unless the agent asks for it and the engine can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_delta: Option<f64>,
    /// The embedding model that it was found with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedder: Option<String>,
    /// The model that wrote it; none unless composed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// What the model did not see, because its window was too small or the conversation too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_written_before_a_field_existed_can_still_be_read() {
        let read: Result<Signals, _> = serde_json::from_str(r#"{"mode":"quote","top_similarity":0.5}"#);
        assert!(read.is_ok_and(|s| s.mode == AnswerMode::Quote && s.top_similarity > 0.4 && s.min_logprob.is_none()));
    }
}
