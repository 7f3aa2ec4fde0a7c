//! What happened to an item, and what that says about the AI's draft.

use crate::domain::ids::{MemberId, OutcomeId};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The draft goes out as it is.
    Approve,
    /// The draft goes out as the reviewer changed it.
    Edit,
    /// The draft does not go out.
    Reject,
    /// The reviewer answers instead.
    Respond,
    /// The reviewer took the conversation over.
    TakeOver,
    /// Something stricter replaced it.
    Supersede,
    /// Nobody decided in time.
    Expire,
}

impl OutcomeKind {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Respond => "respond",
            Self::TakeOver => "take_over",
            Self::Supersede => "supersede",
            Self::Expire => "expire",
        }
    }

    /// The outcome in the past tense, for "Mia … this at 14:03".
    pub const fn past_tense(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Edit => "edited and approved",
            Self::Reject => "rejected",
            Self::Respond => "answered",
            Self::TakeOver => "took over",
            Self::Supersede => "superseded",
            Self::Expire => "let expire",
        }
    }

    /// Does it send a text to the visitor once it is final?
    pub const fn sends_text(self) -> bool {
        matches!(self, Self::Approve | Self::Edit | Self::Respond)
    }
}

/// The label on the AI's draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictLabel {
    /// It could have gone out.
    Acceptable,
    /// It could not.
    Bad,
    /// The reviewer cannot tell.
    CannotJudge,
}

/// What was wrong with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// It says something untrue.
    Wrong,
    /// It was true once.
    Outdated,
    /// Something important is missing.
    Missing,
    /// The tone.
    Tone,
    /// It breaks the house's rules.
    Policy,
    /// The wrong language.
    Language,
    /// Something else.
    Other,
}

/// The verdict on the draft that follows from an outcome. An edit asks "could the draft have gone out?"; left unanswered it is yes when only
/// tone or language were at fault, and no otherwise. No verdict means the item is judged later, as a quality check.
pub fn verdict_of(kind: OutcomeKind, given: Option<VerdictLabel>, reasons: &[ReasonCode]) -> Option<VerdictLabel> {
    let cosmetic = !reasons.is_empty()
        && reasons
            .iter()
            .all(|r| matches!(r, ReasonCode::Tone | ReasonCode::Language));
    match kind {
        OutcomeKind::Approve => Some(VerdictLabel::Acceptable),
        OutcomeKind::Edit => given.or(Some(if cosmetic {
            VerdictLabel::Acceptable
        } else {
            VerdictLabel::Bad
        })),
        OutcomeKind::Reject => given.or(Some(VerdictLabel::Bad)),
        OutcomeKind::Respond | OutcomeKind::TakeOver => given,
        OutcomeKind::Supersede | OutcomeKind::Expire => None,
    }
}

/// An outcome inside its undo window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The outcome.
    pub id: OutcomeId,
    /// What was decided.
    pub kind: OutcomeKind,
    /// By whom; nobody for `expire` and `supersede`.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// When it becomes final.
    pub final_at: Timestamp,
}
