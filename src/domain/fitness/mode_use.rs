//! What an agent version does with each mode, in words for its owner.

use super::{Allowance, Fitness, Verdict};
use crate::domain::answer::AnswerMode;
use crate::domain::settings::AgentSettings;
use serde::Serialize;

/// What an agent version does with a mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModeUse {
    /// The mode.
    pub mode: AnswerMode,
    /// Are drafts made in it?
    pub used: bool,
    /// Are they marked unfit, and always held?
    pub unfit: bool,
    /// The same for people: one sentence.
    pub in_words: &'static str,
}

impl ModeUse {
    /// Every mode that writes or quotes something, safest first.
    pub fn of(settings: &AgentSettings, fitness: Fitness) -> [Self; 3] {
        let allowance = Allowance::of(settings, fitness);
        let modes = allowance.modes;
        let wanted = |mode| settings.modes.contains(&mode);
        let usage = |mode, used, verdict: Verdict| {
            let unfit = used && allowance.is_unfit(mode, false);
            Self {
                mode,
                used,
                unfit,
                in_words: in_words(mode, wanted(mode), used, unfit, verdict, modes.nearby),
            }
        };
        [
            usage(AnswerMode::Verified, modes.verified, fitness.quote),
            usage(AnswerMode::Quote, modes.quote, fitness.quote),
            usage(AnswerMode::Compose, modes.compose, fitness.compose),
        ]
    }
}

const fn in_words(
    mode: AnswerMode,
    wanted: bool,
    used: bool,
    unfit: bool,
    verdict: Verdict,
    nearby: bool,
) -> &'static str {
    let unmeasured = matches!(verdict, Verdict::Unmeasured);
    match mode {
        _ if !wanted => "Switched off in the agent's settings.",
        AnswerMode::Verified if !nearby => {
            "Served only to the very same question: the embedding model has not been found fit to judge similar ones in this language."
        }
        AnswerMode::Verified if unfit => {
            "Served; to similar questions by an embedding model that has not been found fit, so those are always held."
        }
        AnswerMode::Verified => "Served to the same and to similar questions.",
        _ if used && unfit && unmeasured => {
            "Used although nobody has measured the models for it in this language: always held, and marked as unfit."
        }
        _ if used && unfit => {
            "Used although the models were found unfit for it in this language: always held, and marked as unfit."
        }
        _ if used => "Used: the models were found fit for it in this language.",
        _ if unmeasured => "Not used: nobody has measured the models for it in this language yet.",
        _ => "Not used: the models were found unfit for it in this language.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_is_done_and_why() {
        let fit_to_quote = Fitness {
            quote: Verdict::Fit,
            compose: Verdict::Unfit,
        };
        let [verified, quote, compose] = ModeUse::of(&AgentSettings::default(), fit_to_quote);
        assert!(verified.used && quote.used && !compose.used && !quote.unfit);
        assert!(compose.in_words.starts_with("Not used"));
        let allowing = AgentSettings {
            allow_unfit: true,
            ..AgentSettings::default()
        };
        let [_, _, compose] = ModeUse::of(&allowing, fit_to_quote);
        assert!(compose.used && compose.unfit && compose.in_words.contains("always held"));
        let [verified, quote, _] = ModeUse::of(&AgentSettings::default(), Fitness::UNMEASURED);
        assert!(verified.used && verified.in_words.contains("very same") && !quote.used);
    }
}
