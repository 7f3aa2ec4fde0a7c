//! Which modes an agent version may use, given what its models were found fit for.

use super::{Language, Verdict};
use crate::domain::answer::{AllowedModes, AnswerMode};
use crate::domain::settings::AgentSettings;
use serde::{Deserialize, Serialize};

/// The embedding model that the thresholds were set for, and that comes with the program's own set-up. Until the probe
/// has run on a machine it counts as fit to quote in English, which it was found to be again and again.
pub const DEFAULT_EMBEDDER: &str = "all-minilm-l6-v2-f16";

/// What the models of an agent version are fit for, in the agent's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitness {
    /// The embedder, to quote.
    pub quote: Verdict,
    /// The embedder and the chat model together, to write.
    pub compose: Verdict,
    /// The chat model, to tell by the probability of what it writes whether that is right.
    pub doubt: Verdict,
    /// The chat model, to propose what a visitor asks to be done.
    pub act: Verdict,
}

impl Fitness {
    /// Nothing has been measured.
    pub const UNMEASURED: Self = Self {
        quote: Verdict::Unmeasured,
        compose: Verdict::Unmeasured,
        doubt: Verdict::Unmeasured,
        act: Verdict::Unmeasured,
    };

    /// The same, where something that has not been measured is known all the same.
    #[must_use]
    pub fn presumed(self, embedder: &str, language: Option<Language>) -> Self {
        let known = embedder == DEFAULT_EMBEDDER && language == Some(Language::En);
        let quote = match self.quote {
            Verdict::Unmeasured if known => Verdict::Fit,
            measured => measured,
        };
        Self { quote, ..self }
    }
}

/// Which modes an agent version may use, and which of them only because its owner allows an unfit model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The modes.
    pub modes: AllowedModes,
    /// What they would be with fit models.
    pub wanted: AllowedModes,
    /// Drafts that rest on how near the embedder finds a question are unfit.
    pub unfit_quote: bool,
    /// Drafts of the chat model are unfit.
    pub unfit_compose: bool,
    /// The probabilities of what the chat model writes tell right from wrong: they may enter the score.
    pub probabilities_tell: bool,
}

impl Allowance {
    /// These modes, by models that are fit for them: what models are measured with.
    pub const fn only(modes: AllowedModes) -> Self {
        Self {
            modes,
            wanted: modes,
            unfit_quote: false,
            unfit_compose: false,
            probabilities_tell: false,
        }
    }

    /// The modes that the owner wants, as far as the models are fit for them. A mode that they are not fit for is used
    /// only where the owner allows it; its drafts are then unfit. Unmeasured is not fit.
    ///
    /// A verified answer needs no model where it is asked for word for word. Where the question is only near it, the
    /// embedder has judged how near, and it is as fit for that as for quoting.
    pub fn of(settings: &AgentSettings, fitness: Fitness) -> Self {
        let wants = |mode| settings.modes.contains(&mode);
        let (quotes, composes) = (fitness.quote == Verdict::Fit, fitness.compose == Verdict::Fit);
        Self {
            wanted: AllowedModes {
                verified: wants(AnswerMode::Verified),
                nearby: true,
                quote: wants(AnswerMode::Quote),
                compose: wants(AnswerMode::Compose),
            },
            modes: AllowedModes {
                verified: wants(AnswerMode::Verified),
                nearby: quotes || settings.allow_unfit,
                quote: wants(AnswerMode::Quote) && (quotes || settings.allow_unfit),
                compose: wants(AnswerMode::Compose) && (composes || settings.allow_unfit),
            },
            unfit_quote: !quotes,
            unfit_compose: !composes,
            probabilities_tell: fitness.doubt == Verdict::Fit,
        }
    }

    /// The same without the chat model, for when it cannot answer.
    #[must_use]
    pub const fn without_llm(self) -> Self {
        let (mut modes, mut wanted) = (self.modes, self.wanted);
        (modes.compose, wanted.compose) = (false, false);
        Self { modes, wanted, ..self }
    }

    /// Is a draft of this mode unfit? `word_for_word`: the source's own question was asked.
    pub const fn is_unfit(self, mode: AnswerMode, word_for_word: bool) -> bool {
        match mode {
            AnswerMode::Verified => self.unfit_quote && !word_for_word,
            AnswerMode::Quote => self.unfit_quote,
            AnswerMode::Compose => self.unfit_compose,
            AnswerMode::Abstain => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CertificateId;
    use crate::domain::policy::{Certified, DecisionKind, Facts, GateState, Policy, Reason, decide};
    use crate::domain::time::Timestamp;
    use crate::stats::threshold::{Mode, Reach};
    use proptest::prelude::*;
    use uuid::Uuid;

    const MODES: [AnswerMode; 3] = [AnswerMode::Verified, AnswerMode::Quote, AnswerMode::Compose];

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop::sample::select(vec![Verdict::Fit, Verdict::Unfit, Verdict::Unmeasured])
    }

    fn fitness() -> impl Strategy<Value = Fitness> {
        (verdict(), verdict(), verdict(), verdict()).prop_map(|(quote, compose, doubt, act)| Fitness {
            quote,
            compose,
            doubt,
            act,
        })
    }

    fn settings() -> impl Strategy<Value = AgentSettings> {
        (prop::sample::subsequence(MODES.to_vec(), 0..=3), any::<bool>()).prop_map(|(modes, allow_unfit)| {
            AgentSettings {
                modes,
                allow_unfit,
                ..AgentSettings::default()
            }
        })
    }

    fn uses(allowance: Allowance, mode: AnswerMode) -> bool {
        match mode {
            AnswerMode::Verified => allowance.modes.verified,
            AnswerMode::Quote => allowance.modes.quote,
            AnswerMode::Compose => allowance.modes.compose,
            AnswerMode::Abstain => true,
        }
    }

    proptest! {
        #[test]
        fn nothing_is_used_that_was_not_wanted(settings in settings(), fitness in fitness()) {
            let allowance = Allowance::of(&settings, fitness);
            for mode in MODES {
                prop_assert!(!uses(allowance, mode) || settings.modes.contains(&mode));
            }
        }

        #[test]
        fn without_leave_no_draft_is_ever_unfit(settings in settings(), fitness in fitness(), same in any::<bool>()) {
            let settings = AgentSettings { allow_unfit: false, ..settings };
            let allowance = Allowance::of(&settings, fitness);
            for mode in MODES {
                // A verified answer is served to other words only where the embedder may judge how near they are.
                let served = uses(allowance, mode) && (mode != AnswerMode::Verified || same || allowance.modes.nearby);
                prop_assert!(!(served && allowance.is_unfit(mode, same)), "{mode:?} {allowance:?}");
            }
        }

        #[test]
        fn with_leave_everything_wanted_is_used_and_the_unfit_is_marked_and_held(
            settings in settings(), fitness in fitness(), same in any::<bool>(),
        ) {
            let settings = AgentSettings { allow_unfit: true, ..settings };
            let allowance = Allowance::of(&settings, fitness);
            for mode in &settings.modes {
                prop_assert!(uses(allowance, *mode));
                let measured = if *mode == AnswerMode::Compose { fitness.compose } else { fitness.quote };
                let needs_no_model = *mode == AnswerMode::Verified && same;
                prop_assert_eq!(allowance.is_unfit(*mode, same), measured != Verdict::Fit && !needs_no_model);
                if allowance.is_unfit(*mode, same) {
                    let facts = Facts {
                        mode: *mode,
                        unfit: true,
                        ..Facts::default()
                    };
                    let open = GateState::Certified(Certified {
                        certificate: CertificateId::from(Uuid::nil()),
                        reach: Reach { mode: Mode::Compose, risk: f64::MAX },
                        score_version: 0,
                        closed_topics: Vec::new(),
                        expires_at: Timestamp(i64::MAX),
                    });
                    let decision = decide(&open, &Policy::default(), &facts);
                    prop_assert_eq!(decision.kind, DecisionKind::Hold);
                    prop_assert!(decision.reasons.contains(&Reason::UnfitModel));
                }
            }
        }

        #[test]
        fn a_verified_answer_asked_word_for_word_is_always_served_and_never_unfit(settings in settings(), fitness in fitness()) {
            let allowance = Allowance::of(&settings, fitness);
            prop_assert_eq!(allowance.modes.verified, settings.modes.contains(&AnswerMode::Verified));
            prop_assert!(!allowance.is_unfit(AnswerMode::Verified, true));
        }

        #[test]
        fn being_found_fitter_takes_no_mode_away_and_marks_nothing(settings in settings(), fitness in fitness()) {
            let before = Allowance::of(&settings, fitness);
            let after = Allowance::of(&settings, Fitness { quote: Verdict::Fit, compose: Verdict::Fit, ..fitness });
            for mode in MODES {
                prop_assert!(!uses(before, mode) || uses(after, mode));
                prop_assert!(!after.is_unfit(mode, false));
            }
        }
    }

    #[test]
    fn what_nobody_measured_is_unfit_but_for_the_default_embedder_in_english() {
        let presumed = |embedder, language| Fitness::UNMEASURED.presumed(embedder, language).quote;
        assert_eq!(presumed(DEFAULT_EMBEDDER, Some(Language::En)), Verdict::Fit);
        assert_eq!(presumed(DEFAULT_EMBEDDER, Some(Language::De)), Verdict::Unmeasured);
        assert_eq!(presumed(DEFAULT_EMBEDDER, None), Verdict::Unmeasured);
        assert_eq!(presumed("another", Some(Language::En)), Verdict::Unmeasured);
        let measured = Fitness {
            quote: Verdict::Unfit,
            ..Fitness::UNMEASURED
        };
        assert_eq!(
            measured.presumed(DEFAULT_EMBEDDER, Some(Language::En)).quote,
            Verdict::Unfit,
            "a measurement counts"
        );
    }
}
