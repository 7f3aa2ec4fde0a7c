//! What a pair of models was measured to be able to do, and what an agent version may therefore use.
//!
//! A probe asks the questions of invented businesses whose right answers are known (`app::fitness`). Each ability is
//! judged by one or more measures; a measure is passed when its *lower* bound reaches a stated bar, so a model is not
//! found fit by luck on few questions. [`Allowance`] turns the verdicts into the modes of an agent version.

mod allowance;
mod mode_use;
mod tongue;

pub use allowance::{Allowance, DEFAULT_EMBEDDER, Fitness};
pub use mode_use::ModeUse;
pub use tongue::written_in;

use crate::stats::bounds::clopper_pearson_lower;
use serde::{Deserialize, Serialize};

/// Version of the questions, the measures and their bars. What was measured with another version counts as unmeasured.
pub const PROBE_VERSION: i64 = 1;
/// Confidence of every lower bound.
pub const CONFIDENCE: f64 = 0.95;

/// A language that the probe speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
}

impl Language {
    /// All languages of the probe.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The code of the API and of an agent's settings.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Its name in English.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "German",
        }
    }

    /// Reads a language tag; the region is not looked at. `None` for a language that the probe does not speak.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == primary)
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ability {
    /// Put the right entry of the knowledge first.
    Retrieve,
    /// Quote the right entry, and nothing where nothing answers.
    Quote,
    /// Write an answer that says what the passages say and nothing else, in the visitor's language.
    Compose,
    /// Tell that nothing fits.
    Abstain,
    /// Fill in a form that a JSON schema describes, with the right values.
    Grammar,
    /// Tell what a visitor asks to be done, and with what they said; nothing where they ask for nothing.
    Act,
    /// Give what it writes rightly a higher probability than what it writes wrongly.
    Doubt,
}

impl Ability {
    /// All abilities, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Retrieve,
        Self::Quote,
        Self::Compose,
        Self::Abstain,
        Self::Grammar,
        Self::Act,
        Self::Doubt,
    ];

    /// The code of the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Retrieve => "retrieve",
            Self::Quote => "quote",
            Self::Compose => "compose",
            Self::Abstain => "abstain",
            Self::Grammar => "grammar",
            Self::Act => "act",
            Self::Doubt => "doubt",
        }
    }

    /// What it is, as a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Retrieve => "find the right entry",
            Self::Quote => "quote the knowledge",
            Self::Compose => "write answers",
            Self::Abstain => "say that nothing fits",
            Self::Grammar => "fill in forms",
            Self::Act => "propose actions",
            Self::Doubt => "doubt what it writes wrongly",
        }
    }

    /// Does it need a chat model?
    pub const fn needs_chat(self) -> bool {
        matches!(
            self,
            Self::Compose | Self::Abstain | Self::Grammar | Self::Act | Self::Doubt
        )
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every measure reached its bar.
    Fit,
    /// A measure did not.
    Unfit,
    /// It was not measured, or not all of it.
    Unmeasured,
}

impl Verdict {
    /// The code of the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Unfit => "unfit",
            Self::Unmeasured => "unmeasured",
        }
    }

    /// What holds of all together: fit if every one is, unfit if any is; nothing is unmeasured.
    pub fn weakest(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let worse = |a: Self, b: Self| match (a, b) {
            (Self::Unfit, _) | (_, Self::Unfit) => Self::Unfit,
            (Self::Unmeasured, _) | (_, Self::Unmeasured) => Self::Unmeasured,
            (Self::Fit, Self::Fit) => Self::Fit,
        };
        verdicts.into_iter().reduce(worse).unwrap_or(Self::Unmeasured)
    }

    /// As a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Unfit => "not fit",
            Self::Unmeasured => "not measured",
        }
    }
}

/// What a measure counts. Each has its bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gauge {
    /// Answerable questions whose right entry ranks first.
    RightFirst,
    /// Answerable questions that are answered with the right entry.
    RightlyQuoted,
    /// Of what is quoted to answerable questions, the share that is right.
    QuotesRight,
    /// Unanswerable questions to which nothing is quoted.
    NothingQuoted,
    /// How well the ranking separates answerable from unanswerable questions (AUROC, 0.5 being a coin).
    Separates,
    /// Written answers that have the facts, nothing unsupported, and the right language.
    RightlyWritten,
    /// Questions that the passages do not answer, and the model says that it does not know.
    SaysUnknown,
    /// Forms filled in with the right values.
    RightlyFilled,
    /// Of what visitors asked to be done, the share that is proposed, with what they said.
    RightlyProposed,
    /// Messages that ask for nothing, or too little, and nothing is proposed.
    NothingProposed,
    /// How well the mean log-probability of a written answer's tokens separates right answers from wrong ones (AUROC).
    ProbabilitiesTell,
}

impl Gauge {
    /// What the lower bound must reach, `0.0..=1.0`. `docs/models-fitness.md` says why.
    pub const fn bar(self) -> f64 {
        match self {
            Self::RightlyQuoted => 0.35,
            Self::NothingQuoted | Self::RightlyWritten => 0.50,
            Self::RightFirst => 0.55,
            Self::QuotesRight
            | Self::Separates
            | Self::SaysUnknown
            | Self::RightlyFilled
            | Self::RightlyProposed
            | Self::NothingProposed
            | Self::ProbabilitiesTell => 0.60,
        }
    }

    /// What it counts, as a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::RightFirst => "right entry first",
            Self::RightlyQuoted => "answered with the right entry",
            Self::QuotesRight => "of its quotes right",
            Self::NothingQuoted => "nothing quoted where nothing fits",
            Self::Separates => "tells answerable from unanswerable (AUROC)",
            Self::RightlyWritten => "rightly written",
            Self::SaysUnknown => "says that it does not know",
            Self::RightlyFilled => "forms rightly filled in",
            Self::RightlyProposed => "what was asked for rightly proposed",
            Self::NothingProposed => "nothing proposed where nothing was asked for",
            Self::ProbabilitiesTell => "right answers are likelier than wrong ones (AUROC)",
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What it counts.
    pub gauge: Gauge,
    /// Cases asked.
    pub asked: u32,
    /// The share, or the AUROC, `0.0..=1.0`.
    pub share: f64,
    /// One-sided lower bound of it at [`CONFIDENCE`].
    pub lower: f64,
    /// What the lower bound must reach.
    pub bar: f64,
}

impl Measure {
    /// A share that was counted; none without cases.
    pub fn counted(gauge: Gauge, passed: u32, asked: u32) -> Option<Self> {
        if asked == 0 || passed > asked {
            return None;
        }
        let lower = clopper_pearson_lower(f64::from(passed), f64::from(asked), 1.0 - CONFIDENCE);
        Some(Self::known(gauge, asked, f64::from(passed) / f64::from(asked), lower))
    }

    /// A figure whose bound was found otherwise.
    pub const fn known(gauge: Gauge, asked: u32, share: f64, lower: f64) -> Self {
        Self {
            gauge,
            asked,
            share,
            lower,
            bar: gauge.bar(),
        }
    }

    /// Does its lower bound reach the bar?
    pub fn passes(&self) -> bool {
        self.lower >= self.bar
    }
}

/// What was found about one ability in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The ability.
    pub ability: Ability,
    /// The language.
    pub language: Language,
    /// The verdict.
    pub verdict: Verdict,
    /// The figures it rests on.
    pub measures: Vec<Measure>,
    /// Why it could not be measured, or not all of it.
    pub why: Option<String>,
}

impl Finding {
    /// Judges what was measured: `missing` says what was not. One measure below its bar is enough to be unfit; to be fit
    /// takes all of them.
    pub fn of(ability: Ability, language: Language, measures: Vec<Measure>, missing: Option<String>) -> Self {
        let verdict = if measures.iter().any(|measure| !measure.passes()) {
            Verdict::Unfit
        } else if missing.is_some() || measures.is_empty() {
            Verdict::Unmeasured
        } else {
            Verdict::Fit
        };
        Self {
            ability,
            language,
            verdict,
            measures,
            why: missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_above_the_bar_on_a_handful_of_questions_is_not_enough() {
        let few = Measure::counted(Gauge::RightFirst, 5, 6);
        let many = Measure::counted(Gauge::RightFirst, 50, 60);
        assert!(few.is_some_and(|measure| measure.share > measure.bar && !measure.passes()));
        assert!(many.is_some_and(|measure| measure.passes()));
    }

    #[test]
    fn several_models_are_as_fit_as_the_weakest() {
        use Verdict::{Fit, Unfit, Unmeasured};
        assert_eq!(Verdict::weakest([Fit, Fit]), Fit);
        assert_eq!(Verdict::weakest([Fit, Unmeasured]), Unmeasured);
        assert_eq!(Verdict::weakest([Unmeasured, Unfit, Fit]), Unfit);
        assert_eq!(Verdict::weakest([]), Unmeasured);
    }

    #[test]
    fn a_tag_with_a_region_is_its_language() {
        assert_eq!(Language::parse("de-AT"), Some(Language::De));
        assert_eq!(Language::parse("EN_gb"), Some(Language::En));
        assert_eq!(Language::parse("fr"), None);
        assert_eq!(Language::parse(""), None);
    }

    proptest! {
        #[test]
        fn fit_takes_everything_and_one_failure_is_enough_to_be_unfit(
            figures in prop::collection::vec((0_u32..=40, 1_u32..=40), 0..4), missing in any::<bool>(),
        ) {
            let measures: Vec<Measure> = figures
                .iter()
                .filter_map(|&(passed, asked)| Measure::counted(Gauge::RightFirst, passed.min(asked), asked))
                .collect();
            let all = measures.iter().all(Measure::passes);
            let why = missing.then(|| "no chat model".to_owned());
            let verdict = Finding::of(Ability::Quote, Language::En, measures.clone(), why).verdict;
            prop_assert_eq!(verdict == Verdict::Unfit, !all);
            prop_assert_eq!(verdict == Verdict::Fit, all && !missing && !measures.is_empty());
        }
    }
}
