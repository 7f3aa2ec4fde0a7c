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
        let usage = |mode, used, unfit, in_words| Self {
            mode,
            used,
            unfit,
            in_words: if settings.modes.contains(&mode) {
                in_words
            } else {
                "Switched off in the agent's settings."
            },
        };
        let drafted = |mode, used, verdict| usage(mode, used, used && verdict != Verdict::Fit, drafted(used, verdict));
        let near_unfit = modes.verified && modes.nearby && fitness.quote != Verdict::Fit;
        let verified = served(modes.nearby, fitness.quote);
        [
            usage(AnswerMode::Verified, modes.verified, near_unfit, verified),
            drafted(AnswerMode::Quote, modes.quote, fitness.quote),
            drafted(AnswerMode::Compose, modes.compose, fitness.compose),
        ]
    }
}

/// What is done with verified answers. `nearby`: they are served to similar questions too.
const fn served(nearby: bool, verdict: Verdict) -> &'static str {
    match (nearby, verdict) {
        (false, _) => {
            "Served only to the very same question: the embedding model has not been found fit to judge similar ones in this language."
        }
        (true, Verdict::Fit) => "Served to the same and to similar questions.",
        (true, Verdict::Unfit | Verdict::Unmeasured) => {
            "Served; to similar questions by an embedding model that has not been found fit, so those are always held."
        }
    }
}

/// What is done with a mode that rests on the models.
const fn drafted(used: bool, verdict: Verdict) -> &'static str {
    match (used, verdict) {
        (true, Verdict::Fit) => "Used: the models were found fit for it in this language.",
        (true, Verdict::Unfit) => {
            "Used although the models were found unfit for it in this language: always held, and marked as unfit."
        }
        (true, Verdict::Unmeasured) => {
            "Used although nobody has measured the models for it in this language: always held, and marked as unfit."
        }
        (false, Verdict::Unmeasured) => "Not used: nobody has measured the models for it in this language yet.",
        (false, _) => "Not used: the models were found unfit for it in this language.",
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
            doubt: Verdict::Unmeasured,
            act: Verdict::Unmeasured,
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
