//! The features, what they mean, and what is believed of them before any verdict.

use super::{Words, count, share};
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
    pub(super) measure: fn(&Words) -> Option<f64>,
}

/// Share of bad drafts that is believed before any verdict.
const BAD_RATE: f64 = 0.1;

const fn feature(
    name: &'static str,
    meaning: &'static str,
    (direction, coefficient): (Direction, f64),
    (centre, scale): (f64, f64),
    measure: fn(&Words) -> Option<f64>,
) -> Feature {
    Feature { name, meaning, direction, coefficient, centre, scale, measure }
}

use Direction::{Either, Risk, Safety};

/// Every feature, the most telling first: in this order verdicts free their coefficients.
pub const CATALOGUE: &[Feature] = &[
    feature("question_in_passage", "Share of what is asked that the passage mentions", (Safety, -1.5), (0.7, 0.35), |w| {
        let passage = w.passage.as_ref()?;
        share(w.asked(), |word| passage.content.contains(word))
    }),
    feature("like_title", "How much the question is like the passage's title", (Safety, -1.5), (0.7, 0.3), |w| {
        let title = w.title.as_ref().or(w.passage.as_ref())?;
        Some(w.question.similarity(title))
    }),
    feature("asked_in_answer", "Share of what is asked that the answer mentions", (Safety, -1.0), (0.4, 0.35), |w| {
        share(w.asked(), |word| w.answer.content.contains(word))
    }),
    feature("subject_missing", "Share of the subject's name that the passage does not have", (Risk, 1.0), (0.2, 0.35), |w| {
        let about = w.about.as_ref()?;
        let passage = w.passage.as_ref()?;
        let has = |word: &str| passage.content.contains(word) || w.passage_about.as_ref().is_some_and(|p| p.content.contains(word));
        share(about.content.iter(), has).map(|s| 1.0 - s)
    }),
    feature("subject_differs", "Share of the passage's subject that is not the question's", (Risk, 1.0), (0.2, 0.35), |w| {
        let about = w.about.as_ref()?;
        share(w.passage_about.as_ref()?.content.iter(), |word| about.content.contains(word)).map(|s| 1.0 - s)
    }),
    feature("answer_in_sources", "Share of the answer's content that its sources have", (Safety, -1.0), (0.5, 0.3), |w| {
        let passage = w.passage.as_ref()?;
        share(w.answer.content.iter(), |word| passage.content.contains(word) || w.question.content.contains(word) || w.names_subject(word))
    }),
    feature("matching_and_in_sources", "x", (Safety, -1.0), (0.5, 0.3), |w| {
        let title = w.title.as_ref().or(w.passage.as_ref())?;
        let passage = w.passage.as_ref()?;
        let s = share(w.answer.content.iter(), |word| passage.content.contains(word) || w.question.content.contains(word) || w.names_subject(word))?;
        Some(s * w.question.similarity(title))
    }),
    feature("matching_and_used", "x", (Safety, -1.0), (0.5, 0.3), |w| {
        let title = w.title.as_ref().or(w.passage.as_ref())?;
        let body = w.body.as_ref()?;
        let news = body.content.iter().filter(|word| !w.names_subject(word));
        Some(share(news, |word| w.answer.content.contains(word))? * w.question.similarity(title))
    }),
    feature("soft_asked", "x", (Safety, -0.5), (0.5, 0.3), |w| {
        super::reading::soft(w.asked(), &w.answer.content)
    }),
    feature("soft_matching_used", "x", (Safety, -0.5), (0.5, 0.3), |w| {
        let title = w.title.as_ref().or(w.passage.as_ref())?;
        let body = w.body.as_ref()?;
        let news = body.content.iter().filter(|word| !w.names_subject(word));
        Some(super::reading::soft(news, &w.answer.content)? * w.question.similarity(title))
    }),
    feature("matching_contradicts", "x", (Risk, 0.5), (0.1, 0.3), |w| {
        let title = w.title.as_ref().or(w.passage.as_ref())?;
        let body = w.body.as_ref()?;
        Some(f64::from(u8::from((body.negations > 0) != (w.answer.negations > 0))) * w.question.similarity(title))
    }),
    feature("passage_negative", "x", (Either, 0.0), (0.1, 0.3), |w| {
        let body = w.body.as_ref()?;
        Some(f64::from(u8::from(body.negations > 0)))
    }),
    feature("body_length", "x", (Either, 0.0), (2.0, 0.5), |w| {
        let body = w.body.as_ref()?;
        Some(count(body.content.len()).ln_1p())
    }),
    feature("body_in_answer", "Share of what the passage says that the answer repeats", (Safety, -1.0), (0.5, 0.35), |w| {
        let body = w.body.as_ref()?;
        let news = body.content.iter().filter(|word| !w.names_subject(word));
        share(news, |word| w.answer.content.contains(word))
    }),
    feature("says_nothing", "The answer has no word of content in common with the passage", (Risk, 1.0), (0.1, 0.3), |w| {
        let body = w.passage.as_ref()?;
        let common = w.answer.content.iter().filter(|word| body.content.contains(*word) && !w.names_subject(word)).count();
        Some(f64::from(u8::from(common == 0)))
    }),
    feature("contradicts", "Passage or answer says no, and the other does not", (Risk, 1.0), (0.15, 0.35), |w| {
        let body = w.body.as_ref()?;
        Some(f64::from(u8::from((body.negations > 0) != (w.answer.negations > 0))))
    }),
    feature("negative", "The answer says no", (Either, 0.3), (0.25, 0.43), |w| {
        Some(f64::from(u8::from(w.answer.negations > 0)))
    }),
    feature("unsupported", "Numbers, prices, dates and names of the answer that stand nowhere else, of three", (Risk, 1.0), (0.1, 0.25), |w| {
        Some(count(w.unsupported).min(3.0) / 3.0)
    }),
    feature("numbers_left_out", "Share of the passage's numbers that the answer does not give", (Risk, 0.3), (0.1, 0.3), |w| {
        let body = w.body.as_ref()?;
        Some(share(body.numbers.iter(), |n| w.answer.numbers.contains(n)).map_or(0.0, |s| 1.0 - s))
    }),
    feature("repeats", "Share of the answer's pairs of words that it has said before", (Risk, 1.5), (0.02, 0.1), |w| {
        Some(w.answer.repeats())
    }),
    feature("asks_back", "Share of the answer's sentences that are questions", (Either, 0.0), (0.2, 0.3), |w| {
        (w.answer.sentences > 0).then(|| count(w.answer.questions) / count(w.answer.sentences))
    }),
    feature("length", "Words of the answer, as ln(1 + words)", (Either, 0.0), (2.8, 0.6), |w| {
        Some(count(w.answer.words.len()).ln_1p())
    }),
    feature("question_length", "Words of the question, as ln(1 + words)", (Either, 0.0), (2.2, 0.4), |w| {
        Some(count(w.question.words.len()).ln_1p())
    }),
    feature("breaks_off", "The answer ends in the middle of a sentence", (Risk, 0.5), (0.1, 0.3), |w| {
        Some(f64::from(u8::from(w.answer.breaks_off)))
    }),
    feature("answer_like_question", "How much the answer's letters are like the question's", (Either, 0.0), (0.4, 0.2), |w| {
        Some(w.answer.similarity(&w.question))
    }),
    feature("answer_like_body", "How much the answer's letters are like the passage's", (Safety, 0.0), (0.4, 0.2), |w| {
        Some(w.answer.similarity(w.body.as_ref()?))
    }),
    feature("numbers", "Numbers in the answer, as ln(1 + count)", (Either, 0.0), (0.2, 0.5), |w| {
        Some(count(w.answer.numbers.len()).ln_1p())
    }),
];

/// The prior of a score over all features.
pub fn prior() -> Prior {
    Prior { features: CATALOGUE.iter().map(Feature::prior).collect(), bad_rate: BAD_RATE }
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
const BASELINE: [&str; 5] = ["question_in_passage", "like_title", "answer_in_sources", "asked_in_answer", "answer_like_question"];

fn in_baseline() -> impl Iterator<Item = (usize, &'static Feature)> {
    CATALOGUE.iter().enumerate().filter(|(_, feature)| BASELINE.contains(&feature.name))
}

/// The prior of the baseline that the score is compared with: a ridge logistic regression on similarity and overlap, of which nothing
/// is believed beforehand.
pub fn baseline_prior() -> Prior {
    let features = in_baseline().map(|(_, feature)| FeaturePrior {
        direction: Direction::Either,
        coefficient: 0.0,
        ..feature.prior()
    });
    Prior { features: features.collect(), bad_rate: BAD_RATE }
}

/// The baseline's part of a draft's features.
pub fn baseline_of(features: &[f64]) -> Vec<f64> {
    in_baseline().map(|(at, _)| features.get(at).copied().unwrap_or(f64::NAN)).collect()
}
