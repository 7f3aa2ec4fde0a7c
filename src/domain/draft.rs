//! What the AI proposes. A draft is immutable; what becomes of it is told by decisions, outcomes and releases.

use super::answer::{AnswerMode, Signals};
use super::conversation::Epoch;
use super::ids::{AgentVersionId, DocumentId, DraftId, TurnId, VerifiedAnswerId};
use super::screening::Screening;
use serde::{Deserialize, Serialize};

/// A passage that a draft rests on, as it read when the draft was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The document, unless the source is a verified answer.
    pub document_id: Option<DocumentId>,
    /// The verified answer, if the source is one.
    pub verified_answer_id: Option<VerifiedAnswerId>,
    /// Heading, question or title of the passage.
    pub title: String,
    /// The passage.
    pub text: String,
    /// Similarity of question and passage as the ranking scored it (cosine-like; higher is closer).
    pub score: f64,
    /// The parts of `text` that the draft quotes, as character ranges `[start, end)`.
    pub quoted: Vec<(usize, usize)>,
}

/// A draft as the app hands it to the policy and the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// The turn it answers.
    pub turn_id: TurnId,
    /// The revision of the turn it answers.
    pub revision: i64,
    /// The ownership epoch it was made under.
    pub epoch: Epoch,
    /// The agent version that made it.
    pub agent_version_id: AgentVersionId,
    /// How the answer was found.
    pub mode: AnswerMode,
    /// The question as it was understood (the turn's messages joined).
    pub question: String,
    /// The proposed text; empty exactly when the mode is `abstain`.
    pub text: String,
    /// What it rests on, best first.
    pub sources: Vec<Source>,
    /// Its features.
    pub signals: Signals,
    /// What was noticed about the question, the sources and the text.
    #[serde(default)]
    pub screening: Screening,
}
