//! Tuning the ranking on this machine: which verdicts teach it, and what a version was measured to do.

use crate::domain::review::{ReasonCode, VerdictLabel};
use crate::stats::tuner::{Counts, Strength};
use serde::{Deserialize, Serialize};

/// Whether a version ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrievalState {
    /// It was made and measured. It ranks nothing until somebody publishes it.
    Candidate,
    /// Answers are found with it.
    InUse,
    /// Another took its place.
    Retired,
}

/// What a verdict on a draft says of the entry that it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The entry was the right one.
    Right,
    /// It was not.
    Wrong,
}

/// What a verdict says of the entry that was shown; `None` where it says nothing of it: nobody could tell, the entry was
/// the right one and out of date, or only the tone, the language or a house rule was at fault.
pub fn told(label: VerdictLabel, reasons: &[ReasonCode]) -> Option<Told> {
    let is_about_the_entry = |reason: &ReasonCode| match reason {
        ReasonCode::Wrong | ReasonCode::Missing | ReasonCode::Other => true,
        ReasonCode::Outdated | ReasonCode::Tone | ReasonCode::Policy | ReasonCode::Language => false,
    };
    match label {
        VerdictLabel::Acceptable => Some(Told::Right),
        VerdictLabel::Bad if reasons.is_empty() || reasons.iter().any(is_about_the_entry) => Some(Told::Wrong),
        VerdictLabel::Bad | VerdictLabel::CannotJudge => None,
    }
}

/// What a version learned from, and what it does to questions of conversations that it did not learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// What it learned from.
    pub learned_from: Counts,
    /// How strongly it follows the verdicts; `None` if nothing was sure to gain, so that it changes nothing.
    pub strength: Option<Strength>,
    /// What it was judged on.
    pub judged_on: Judged,
}

/// Verdicts of conversations that were kept from learning, by what the untuned and the tuned ranking make of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Judged {
    /// Verdicts.
    pub verdicts: usize,
    /// Conversations.
    pub conversations: usize,
    /// Of them the right entry is known.
    pub known: usize,
    /// Known, and the right entry is first without it.
    pub right_first_untuned: usize,
    /// Known, and the right entry is first with it.
    pub right_first_tuned: usize,
    /// The right entry is not known, but the shown one was wrong and is no longer first.
    pub wrong_gone: usize,
    /// Tuned minus untuned, as a share of the known; `None` without any.
    pub difference: Option<f64>,
    /// Its one-sided lower 95 % bound, by resampling conversations.
    pub lower95: Option<f64>,
}

impl Judged {
    /// What it was measured to do, in a sentence.
    pub fn in_words(&self) -> String {
        if self.known == 0 {
            return "No verdict of those kept for judging names the right passage.".to_owned();
        }
        let (known, tuned, untuned) = (self.known, self.right_first_tuned, self.right_first_untuned);
        format!(
            "Of {known} questions kept for judging, the right passage is first for {tuned}; without it for {untuned}."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_about_anything_but_the_entry_teaches_nothing_about_it() {
        use ReasonCode::{Language, Missing, Outdated, Policy, Tone, Wrong};
        use VerdictLabel::{Acceptable, Bad, CannotJudge};
        assert_eq!(told(Acceptable, &[Tone]), Some(Told::Right));
        assert_eq!(told(Bad, &[]), Some(Told::Wrong));
        assert_eq!(told(Bad, &[Tone, Wrong]), Some(Told::Wrong));
        assert_eq!(told(Bad, &[Missing]), Some(Told::Wrong));
        assert_eq!(told(Bad, &[Outdated, Tone, Policy, Language]), None);
        assert_eq!(told(CannotJudge, &[]), None);
    }
}
