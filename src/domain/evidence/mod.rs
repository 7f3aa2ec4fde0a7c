//! What is known of drafts, and why somebody is asked about one.

pub mod audit;
pub mod check;
mod content;
mod ended;
mod month;
mod plan;
mod record;
#[cfg(test)]
mod tests;

pub use content::rests_on;
pub use ended::Ended;
pub use month::{MonthName, NotAMonth};
pub use plan::requeue_probabilities;
pub use record::{Judgement, Record, Window, examples, level, sample_weights, sent_answers};

use super::answer::AnswerMode;
use super::review::VerdictLabel;
use crate::stats::threshold::Mode;
use serde::{Deserialize, Serialize};

/// Where the verdict on a draft comes from that counts as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgedBy {
    /// Whoever decided about it while it was held.
    Gate,
    /// A check of what had gone out unreviewed.
    Sample,
    /// A check of what had been decided without a verdict.
    Requeue,
}

/// Why a check is made. Never shown before the verdict: all checks look alike (invariant 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckPurpose {
    /// The answer went out unreviewed and was drawn.
    Sample,
    /// It was decided without a verdict, and was drawn.
    Requeue,
    /// A second opinion on somebody's verdict.
    Second,
    /// The right verdict is known; the reviewer is measured.
    Gold,
    /// The reviewer has judged it before; their steadiness is measured.
    Repeat,
}

impl CheckPurpose {
    /// Which evidence the verdict is; none for those that say something about the reviewer or about another verdict.
    pub const fn evidence(self) -> Option<JudgedBy> {
        match self {
            Self::Sample => Some(JudgedBy::Sample),
            Self::Requeue => Some(JudgedBy::Requeue),
            Self::Second | Self::Gold | Self::Repeat => None,
        }
    }
}

/// Whether a label says good or bad; `None` where nobody could tell.
pub const fn is_bad(label: VerdictLabel) -> Option<bool> {
    match label {
        VerdictLabel::Acceptable => Some(false),
        VerdictLabel::Bad => Some(true),
        VerdictLabel::CannotJudge => None,
    }
}

/// The mode as certificates know it; none where nothing answers.
pub const fn mode_of(mode: AnswerMode) -> Option<Mode> {
    match mode {
        AnswerMode::Verified => Some(Mode::Verified),
        AnswerMode::Quote => Some(Mode::Quote),
        AnswerMode::Compose => Some(Mode::Compose),
        AnswerMode::Abstain => None,
    }
}
