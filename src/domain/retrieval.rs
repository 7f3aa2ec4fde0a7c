//! Which entries of the knowledge are near a question, and whether the nearest stands out enough to be an answer.
//!
//! The ranking score of an entry is a weighted mean of two cosines: question to *title and body*, and question to the
//! *body alone* with half the weight. The body's own say helps because titles of a small FAQ share their phrasing
//! ("Do you have …?"), which pulls every question to every title.
//!
//! How sure the ranking is, [`Ranking::stand_out`] tells: the best score minus the score of the other entries, in which
//! each other entry counts as much as it resembles the question. A bare cosine says mostly how the question is phrased
//! ("Do they have a good breakfast?" is near everything a hotel writes); what the knowledge answers is what rises above
//! its surroundings. The weighting keeps unrelated documents, however many an owner adds, from looking like surroundings.
//! `docs/knowledge.md` has the measurements.

pub use crate::stats::vector::dot;
use std::borrow::Borrow;
use std::cmp::Ordering;

/// Weight of the similarity to the body alone, next to 1 for title and body together.
pub const BODY_WEIGHT: f32 = 0.5;

/// What an entry scores that has nothing to do with the question (the median over questions to another kind of business):
/// the surroundings of an entry that has no neighbours.
pub const UNRELATED_SCORE: f64 = 0.15;

/// The vectors of one entry, each made by the same embedder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryVectors {
    /// Its product with a question's vector is the ranking score; see [`ranking_vector`].
    pub ranking: Vec<f32>,
    /// The title alone. Ranking does not need it; a verified answer's question does, to be compared with the visitor's.
    pub title: Option<Vec<f32>>,
    /// The body alone.
    pub body: Vec<f32>,
}

/// Title and body as the one text that is embedded whole.
pub fn joined(title: &str, body: &str) -> String {
    format!("{title}\n{body}")
}

/// The one vector that an entry is ranked by, `(whole + ½ body) / 1.5`: a score that is linear in the question needs no more than this, and a hundred
/// thousand entries are one pass over their vectors. `whole` is the vector of [`joined`], of unit length as `body` is; as long as the shorter one.
pub fn ranking_vector(whole: &[f32], body: &[f32]) -> Vec<f32> {
    let pairs = whole.iter().zip(body);
    pairs
        .map(|(whole, body)| (whole + BODY_WEIGHT * body) / (1.0 + BODY_WEIGHT))
        .collect()
}

/// Why vectors could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetrievalError {
    /// An entry was embedded by another model than the question.
    #[error(
        "entry {index} has vectors of {found} numbers, the question one of {expected}; embed the knowledge again with the current model"
    )]
    Dimensions {
        /// Position of the entry.
        index: usize,
        /// Numbers in the question's vector.
        expected: usize,
        /// Numbers in the entry's vector.
        found: usize,
    },
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Position among the entries that were ranked.
    pub index: usize,
    /// The ranking score, in `-1.0..=1.0`; higher is nearer.
    pub score: f64,
}

/// One entry as the choice of an answer sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedEntry {
    /// Position among the entries that were ranked.
    pub index: usize,
    /// The ranking score, in `-1.0..=1.0`; higher is nearer.
    pub score: f64,
    /// Cosine of the question to the title alone, where the entry has that vector.
    pub title_similarity: Option<f64>,
    /// Cosine of the question to the body alone.
    pub body_similarity: f64,
}

impl Ranked {
    /// With the similarities to the entry's parts.
    pub fn beside(self, question: &[f32], title: Option<&[f32]>, body: &[f32]) -> RankedEntry {
        RankedEntry {
            index: self.index,
            score: self.score,
            title_similarity: title.map(|title| f64::from(dot(question, title))),
            body_similarity: f64::from(dot(question, body)),
        }
    }
}

/// The nearest entries of a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranking {
    /// Nearest first; equal scores keep the order in which they came.
    pub entries: Vec<Ranked>,
    /// Best score minus second best; 0 without a second.
    pub gap: f64,
    /// Best score minus that of its surroundings, about `-0.1..=0.7`; 0 without entries. The signal to abstain on.
    pub stand_out: f64,
}

/// Ranks all entries against the question, exactly, and keeps the nearest `keep`.
///
/// # Errors
/// [`RetrievalError::Dimensions`] when an entry's vector is not as long as the question's.
pub fn rank<E: Borrow<EntryVectors>>(question: &[f32], entries: &[E], keep: usize) -> Result<Ranking, RetrievalError> {
    let vectors = entries.iter().map(|entry| entry.borrow().ranking.as_slice());
    scan(question, vectors.enumerate(), keep)
}

/// The same over ranking vectors with their positions, in one pass and with memory for `keep` entries only.
///
/// # Errors
/// [`RetrievalError::Dimensions`] when a vector is not as long as the question's.
pub fn scan<'a>(
    question: &[f32],
    vectors: impl Iterator<Item = (usize, &'a [f32])>,
    keep: usize,
) -> Result<Ranking, RetrievalError> {
    // The gap needs two.
    let mut nearest = Nearest::new(keep.max(2));
    let mut surroundings = Surroundings::default();
    for (index, vector) in vectors {
        if vector.len() != question.len() {
            return Err(RetrievalError::Dimensions {
                index,
                expected: question.len(),
                found: vector.len(),
            });
        }
        let score = f64::from(dot(question, vector));
        surroundings.add(score);
        nearest.add(Ranked { index, score });
    }
    let mut entries = nearest.entries;
    let (gap, stand_out) = match entries.as_slice() {
        [best, second, ..] => (best.score - second.score, surroundings.stand_out(best.score)),
        [best] => (0.0, surroundings.stand_out(best.score)),
        [] => (0.0, 0.0),
    };
    entries.truncate(keep);
    Ok(Ranking {
        entries,
        gap,
        stand_out,
    })
}

/// The nearest so far, nearest first.
struct Nearest {
    entries: Vec<Ranked>,
    keep: usize,
}

impl Nearest {
    fn new(keep: usize) -> Self {
        Self {
            entries: Vec::with_capacity(keep.min(64)),
            keep,
        }
    }

    fn add(&mut self, new: Ranked) {
        let is_nearer = |other: &Ranked| new.score.total_cmp(&other.score) == Ordering::Greater;
        if self.entries.len() == self.keep && !self.entries.last().is_some_and(is_nearer) {
            return;
        }
        // After those as near: equal scores keep the order in which they came.
        let place = self.entries.partition_point(|other| !is_nearer(other));
        self.entries.insert(place, new);
        self.entries.truncate(self.keep);
    }
}

/// How much there is around the best entry: the mean of the other scores, each weighted by itself. A weight in proportion has no parameter to fit,
/// and an entry as near as the best one (a second entry on the same subject) counts no more than its share.
#[derive(Debug, Default, Clone, Copy)]
struct Surroundings {
    weights: f64,
    squares: f64,
    /// Entries that count.
    like_it: usize,
}

impl Surroundings {
    fn add(&mut self, score: f64) {
        if score > 0.0 {
            self.weights += score;
            self.squares += score * score;
            self.like_it += 1;
        }
    }

    /// How far the best of all that were added rises above the others.
    fn stand_out(self, best: f64) -> f64 {
        if best <= 0.0 || best.is_nan() || self.like_it < 2 {
            return best - UNRELATED_SCORE;
        }
        let others = self.weights - best;
        // What is too small to be told beside the best is no surroundings at all.
        let mean = if others > 0.0 {
            (self.squares - best * best) / others
        } else {
            0.0
        };
        best - mean.clamp(0.0, best)
    }
}

#[cfg(test)]
mod tests;
