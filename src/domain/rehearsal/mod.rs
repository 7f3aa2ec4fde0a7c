//! Rehearsals: what the AI would have answered to questions of the past, judged before it answers anybody.
//!
//! A rehearsal begins with a file of old questions ([`Collector`]), gets a draft for each of them ([`RehearsedDraft`]) and
//! verdicts of people ([`RehearsalVerdict`]), and ends in a result sheet ([`Sheet`]). It is kept apart from everything that
//! happens with visitors: nothing here is a draft, a decision or a verdict that anything else counts.

mod cases;
mod gaps;
mod sheet;

pub use cases::{Case, Collector, Line, MOST_CASES, MOST_NAMED, Reading, Skipped};
pub use gaps::{Example, Gap};
pub use sheet::{Counts, Part, Rehearsed, Share, Sheet, Standing};

use super::answer::{AnswerMode, Signals};
use super::draft::Source;
use super::ids::AgentVersionId;
use super::policy::{DecisionKind, Reason};
use super::screening::Screening;
use serde::{Deserialize, Serialize};

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalState {
    /// Drafts are being made; those that are there can be judged.
    Drafting,
    /// All drafts are made.
    Judging,
    /// Somebody ended it: nothing is drafted and judged any more.
    Ended,
}

/// What a person says of a rehearsed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalVerdict {
    /// It could have gone out.
    Right,
    /// It could not.
    Wrong,
    /// A person should have answered this, whatever the answer says.
    Leave,
}

impl RehearsalVerdict {
    /// The code of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Leave => "leave",
        }
    }
}

/// What the AI would have done with a question, made exactly as a draft for a visitor is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RehearsedDraft {
    /// The version of the agent that made it.
    pub agent_version_id: AgentVersionId,
    /// How it was found.
    pub mode: AnswerMode,
    /// The answer; empty where there is none.
    pub text: String,
    /// What it rests on, the best first.
    pub sources: Vec<Source>,
    /// What was measured.
    pub signals: Signals,
    /// What was noticed about question, sources and answer.
    pub screening: Screening,
    /// The topic that the question counts for.
    pub topic: String,
    /// Log-odds of bad by the score in force; none where nothing answers.
    pub score: Option<f64>,
    /// The version of the score.
    pub score_version: i64,
    /// What the policy would have done with it.
    pub decision: DecisionKind,
    /// Why, the reason that decided first.
    pub reasons: Vec<Reason>,
}

impl RehearsedDraft {
    /// The visitor would not have had an answer of the AI's: there is none, or the question goes to a person or is refused whatever it says.
    pub fn is_silent(&self) -> bool {
        self.text.is_empty() || matches!(self.decision, DecisionKind::HandOff | DecisionKind::Refuse)
    }

    /// It is silent because nothing that the AI knows answers the question.
    pub fn lacks_knowledge(&self) -> bool {
        self.is_silent() && self.reasons.contains(&Reason::MissingKnowledge)
    }
}

#[cfg(test)]
mod tests;
