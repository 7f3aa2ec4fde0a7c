//! What a decision rests on.

use super::{EngineTrouble, OTHER};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::{Flag, Screening};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the policy looks at. Stored with every decision, without words of the visitor's: the same facts give the same decision
/// again, which is how decisions are explained and other policies are tried on the past.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct Facts {
    /// How the draft was found.
    pub mode: AnswerMode,
    /// What the engine could not do when the draft was made: the draft is less than it would have been.
    pub trouble: Option<EngineTrouble>,
    /// The models were not found fit for the mode: it is used all the same or, where the draft abstains, was not used for that.
    pub unfit: bool,
    /// It rests on a verified answer that newer knowledge speaks against, and such drafts are to wait for a person.
    pub in_conflict: bool,
    /// The month has more conversations than are allowed, and this is one of those beyond.
    pub over_limit: bool,
    /// An earlier draft of this turn is held.
    pub already_held: bool,
    /// How likely the draft is acceptable, `0.0..=1.0`, as far as verdicts tell; 0 where nothing answers.
    pub confidence: f64,
    /// Its risk by the score: log-odds of bad, larger is riskier. None where nothing answers.
    pub score: Option<f64>,
    /// The version of the score.
    pub score_version: i64,
    /// It rests on content that too few verdicts are known of.
    pub is_fresh: bool,
    /// Nothing of what goes out like it is looked at afterwards: the month was planned without reviews.
    pub is_unsampled: bool,
    /// Ranking score of the best passage, `-1.0..=1.0`.
    pub similarity: f64,
    /// What was noticed about the turn.
    pub screening: Screening,
    /// When the draft was decided about: what business hours are compared with.
    pub at: Timestamp,
    /// The visitor has said who they are.
    pub visitor_known: bool,
    /// Which conversation of the agent's this is: 1 for its first. Counted up to [`Facts::COUNTED_CONVERSATIONS`]; what comes
    /// later has one more than that.
    pub conversation: i64,
}

impl Facts {
    /// A rule may speak of this many first conversations at most.
    pub const COUNTED_CONVERSATIONS: i64 = 1_000;

    /// As it is stored: without the pieces of text that raised flags, which are kept, masked and erased with the draft.
    #[must_use]
    pub fn without_words(mut self) -> Self {
        self.screening.evidence.clear();
        self
    }

    /// The topic under which the turn is counted: the first it belongs to.
    pub fn topic(&self) -> &str {
        self.screening.topics.first().map_or(OTHER, |found| found.name.as_str())
    }

    pub(super) fn has(&self, flag: Flag) -> bool {
        self.screening.flags.contains(&flag)
    }
}
