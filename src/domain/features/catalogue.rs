//! The features, what they mean, and what is believed of them before any verdict.

use super::{Word, Words, count, share};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;
use crate::stats::score::{Direction, FeaturePrior, Prior};

/// One feature of a draft.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// Its name; versions of the score refer to it.
    pub name: &'static str,
    /// What it says, for people.
    pub meaning: &'static str,
    /// Which way it may push.
    pub direction: Direction,
    /// Change of the log-odds of bad for one unit of it, believed before any verdict.
    pub coefficient: f64,
    /// Its usual value.
    pub centre: f64,
    /// Its usual standard deviation.
    pub scale: f64,
    pub(super) measure: fn(&Words<'_>) -> Option<f64>,
}

/// How much the passage's title is like the question.
fn matching(words: &Words<'_>) -> Option<f64> {
    words.matching()
}

/// Share of bad drafts that is believed before any verdict.
const BAD_RATE: f64 = 0.1;

const fn feature(
    name: &'static str,
    meaning: &'static str,
    (direction, coefficient): (Direction, f64),
    (centre, scale): (f64, f64),
    measure: fn(&Words<'_>) -> Option<f64>,
) -> Feature {
    Feature {
        name,
        meaning,
        direction,
        coefficient,
        centre,
        scale,
        measure,
    }
}

use Direction::{Either, Risk, Safety};

/// Every feature, the most telling first: in this order verdicts free their coefficients.
pub const CATALOGUE: &[Feature] = &[
    feature(
        "matching_and_used",
        "Share of what the passage says that the answer says, times how much the passage's title is like the question: the right \
        passage, and used",
        (Safety, -1.2),
        (0.6, 0.35),
        |w| Some(w.used()? * w.matching()?),
    ),
    feature(
        "asked_in_answer",
        "Share of what is asked that the answer mentions",
        (Safety, -0.7),
        (0.55, 0.38),
        |w| share(w.asked(), |word| w.answer.has(word)),
    ),
    feature(
        "matching",
        "How much the passage's title is like the question",
        (Safety, -1.5),
        (0.8, 0.3),
        matching,
    ),
    feature(
        "in_sources",
        "Share of the answer's content that passage or question has",
        (Safety, -0.5),
        (0.45, 0.3),
        |w| {
            let in_passage = w.passage()?;
            share(&w.answer.content, |word| {
                in_passage(word) || w.question.has(word) || w.names_subject(word)
            })
        },
    ),
    feature(
        "length",
        "Words of the answer, as ln(1 + words)",
        (Either, 0.0),
        (2.9, 0.6),
        |w| Some(count(w.answer.words.len()).ln_1p()),
    ),
    feature(
        "like_question",
        "How much the answer's letters are like the question's",
        (Either, 0.0),
        (0.35, 0.2),
        |w| Some(w.answer.similarity(&w.question)),
    ),
    feature("negative", "The answer says no", (Either, 0.3), (0.25, 0.43), |w| {
        Some(f64::from(u8::from(w.answer.negations > 0)))
    }),
    feature(
        "contradicts",
        "Either passage or answer says no, and the other does not",
        (Risk, 0.7),
        (0.1, 0.3),
        |w| {
            let body = w.body.as_ref()?;
            Some(f64::from(u8::from((body.negations > 0) != (w.answer.negations > 0))))
        },
    ),
    feature(
        "asks_back",
        "Share of the answer's sentences that are questions",
        (Either, 0.0),
        (0.15, 0.35),
        |w| w.answer.asks,
    ),
    feature(
        "unsupported",
        "Numbers, prices, dates and names of the answer that stand nowhere else: none, one, two, three and more, as thirds",
        (Risk, 1.0),
        (0.1, 0.25),
        |w| Some(count(w.unsupported).min(3.0) / 3.0),
    ),
    feature(
        "repeats",
        "Share of the answer's pairs of words that it has said before",
        (Risk, 1.5),
        (0.02, 0.08),
        |w| Some(w.answer.repeats()),
    ),
    feature(
        "asked_in_passage",
        "Share of what is asked that the passage mentions",
        (Safety, -0.5),
        (0.8, 0.35),
        |w| {
            let in_passage = w.passage()?;
            share(w.asked(), in_passage)
        },
    ),
    feature(
        "question_length",
        "Words of the question, as ln(1 + words)",
        (Either, 0.0),
        (2.2, 0.35),
        |w| Some(count(w.question.words.len()).ln_1p()),
    ),
    feature(
        "numbers_left_out",
        "Share of the passage's numbers that the answer does not give",
        (Risk, 0.5),
        (0.1, 0.25),
        |w| {
            let body = w.body.as_ref()?;
            Some(share(&body.numbers, |n| w.answer.numbers.contains(&n)).map_or(0.0, |given| 1.0 - given))
        },
    ),
    feature(
        "says_nothing",
        "The answer has no word of content in common with the passage",
        (Risk, 0.5),
        (0.1, 0.25),
        |w| {
            let in_passage = w.passage()?;
            let says = w
                .answer
                .content
                .iter()
                .any(|word| in_passage(*word) && !w.names_subject(*word));
            Some(f64::from(u8::from(!says)))
        },
    ),
    feature(
        "subject_missing",
        "Share of the subject's name that the passage does not have",
        (Risk, 0.3),
        (0.1, 0.3),
        |w| {
            let (about, in_passage) = (w.about.as_ref()?, w.passage()?);
            let named =
                |word: Word| in_passage(word) || w.passage_about.as_ref().is_some_and(|subject| subject.has(word));
            share(&about.content, named).map(|named| 1.0 - named)
        },
    ),
    feature(
        "breaks_off",
        "The answer ends in the middle of a sentence",
        (Risk, 0.3),
        (0.05, 0.25),
        |w| Some(f64::from(u8::from(w.answer.breaks_off))),
    ),
    feature(
        "numbers",
        "Numbers in the answer, as ln(1 + numbers)",
        (Either, 0.0),
        (0.2, 0.4),
        |w| Some(count(w.answer.numbers.len()).ln_1p()),
    ),
    feature(
        "stand_out",
        "How far the best passage rises above its surroundings",
        (Safety, -2.5),
        (0.3, 0.15),
        |w| Some(w.signals?.stand_out),
    ),
    feature(
        "top_similarity",
        "Ranking score of the best passage",
        (Safety, -1.0),
        (0.55, 0.15),
        |w| Some(w.signals?.top_similarity),
    ),
    feature(
        "gap",
        "Ranking score of the best passage minus that of the second",
        (Safety, -0.5),
        (0.1, 0.1),
        |w| Some(w.signals?.gap),
    ),
    feature(
        "question_answer_similarity",
        "Cosine of question and answer",
        (Safety, -0.5),
        (0.5, 0.15),
        |w| w.signals?.question_answer_similarity,
    ),
    feature(
        "question_title_similarity",
        "Cosine of the question and the passage's title",
        (Safety, -0.5),
        (0.6, 0.2),
        |w| w.signals?.question_title_similarity,
    ),
    feature("composed", "The LLM wrote it", (Risk, 0.7), (0.3, 0.45), |w| {
        Some(f64::from(u8::from(w.signals?.mode == AnswerMode::Compose)))
    }),
    feature(
        "unverified",
        "No person has approved this very answer",
        (Risk, 0.7),
        (0.7, 0.45),
        |w| Some(f64::from(u8::from(w.signals?.mode != AnswerMode::Verified))),
    ),
    feature(
        "flags",
        "Things noticed about the turn that speak for a person's look: none, one, two and more, as halves",
        (Risk, 1.0),
        (0.1, 0.25),
        |w| {
            let flags = w.screening?.flags.iter().filter(|flag| **flag != Flag::Unsupported);
            Some(count(flags.count()).min(2.0) / 2.0)
        },
    ),
    feature(
        "unfit",
        "The models were not found fit for this mode in this language",
        (Risk, 1.0),
        (0.1, 0.3),
        |w| Some(f64::from(u8::from(w.signals?.unfit))),
    ),
    feature(
        "mean_logprob",
        "Mean log-probability of the written tokens",
        (Safety, -0.3),
        (-0.5, 0.4),
        |w| w.probabilities()?.mean_logprob,
    ),
    feature(
        "min_logprob",
        "Lowest log-probability of a written token",
        (Safety, -0.1),
        (-4.0, 2.0),
        |w| w.probabilities()?.min_logprob,
    ),
    feature(
        "support_delta",
        "How much likelier the answer is with its passages than without",
        (Safety, -0.3),
        (0.5, 0.5),
        |w| w.probabilities()?.support_delta,
    ),
];

/// The prior of a score over all features.
pub fn prior() -> Prior {
    Prior {
        features: CATALOGUE.iter().map(Feature::prior).collect(),
        bad_rate: BAD_RATE,
    }
}

impl Feature {
    fn prior(&self) -> FeaturePrior {
        FeaturePrior {
            name: self.name.to_owned(),
            direction: self.direction,
            coefficient: self.coefficient,
            centre: self.centre,
            scale: self.scale,
        }
    }
}

/// What the baseline knows: similarity and overlap.
const BASELINE: [&str; 5] = [
    "asked_in_answer",
    "matching",
    "in_sources",
    "like_question",
    "asked_in_passage",
];

fn in_baseline() -> impl Iterator<Item = (usize, &'static Feature)> {
    CATALOGUE
        .iter()
        .enumerate()
        .filter(|(_, feature)| BASELINE.contains(&feature.name))
}

/// The prior of the baseline that the score is compared with: a ridge logistic regression on similarity and overlap, of which nothing
/// is believed beforehand.
pub fn baseline_prior() -> Prior {
    let features = in_baseline().map(|(_, feature)| FeaturePrior {
        direction: Direction::Either,
        coefficient: 0.0,
        ..feature.prior()
    });
    Prior {
        features: features.collect(),
        bad_rate: BAD_RATE,
    }
}

/// The baseline's part of a draft's features.
pub fn baseline_of(features: &[f64]) -> Vec<f64> {
    in_baseline()
        .map(|(at, _)| features.get(at).copied().unwrap_or(f64::NAN))
        .collect()
}
