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

use std::borrow::Borrow;
use std::cmp::Ordering;

/// Weight of the similarity to the body alone, next to 1 for title and body together.
pub const BODY_WEIGHT: f32 = 0.5;

/// What an entry scores that has nothing to do with the question (the median over questions to another kind of business):
/// the surroundings of an entry that has no neighbours.
pub const UNRELATED_SCORE: f64 = 0.15;

/// The vectors of one entry, each of unit length and made by the same embedder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntryVectors {
    /// Title and body, joined by [`joined`].
    pub whole: Vec<f32>,
    /// The title alone. Ranking does not need it; a verified answer's question does, to be compared with the visitor's.
    pub title: Option<Vec<f32>>,
    /// The body alone.
    pub body: Vec<f32>,
}

/// The text whose vector is [`EntryVectors::whole`].
pub fn joined(title: &str, body: &str) -> String {
    format!("{title}\n{body}")
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

/// One entry as the ranking sees it.
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

/// The nearest entries of a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranking {
    /// Nearest first; equal scores keep the order in which they came.
    pub entries: Vec<RankedEntry>,
    /// Best score minus second best; 0 without a second.
    pub gap: f64,
    /// Best score minus that of its surroundings, about `-0.1..=0.7`; 0 without entries. The signal to abstain on.
    pub stand_out: f64,
}

/// Ranks all entries against the question, exactly, and keeps the nearest `keep`.
///
/// # Errors
/// [`RetrievalError::Dimensions`] when an entry's vectors are not as long as the question's.
pub fn rank<E: Borrow<EntryVectors>>(question: &[f32], entries: &[E], keep: usize) -> Result<Ranking, RetrievalError> {
    let mut ranked = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().map(Borrow::borrow).enumerate() {
        for vector in [Some(&entry.whole), Some(&entry.body), entry.title.as_ref()]
            .into_iter()
            .flatten()
        {
            if vector.len() != question.len() {
                return Err(RetrievalError::Dimensions {
                    index,
                    expected: question.len(),
                    found: vector.len(),
                });
            }
        }
        let body = dot(question, &entry.body);
        let score = (dot(question, &entry.whole) + BODY_WEIGHT * body) / (1.0 + BODY_WEIGHT);
        ranked.push(RankedEntry {
            index,
            score: f64::from(score),
            title_similarity: entry.title.as_ref().map(|title| f64::from(dot(question, title))),
            body_similarity: f64::from(body),
        });
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
    let scores: Vec<f64> = ranked.iter().map(|entry| entry.score).collect();
    ranked.truncate(keep);
    Ok(Ranking {
        gap: gap(&scores),
        stand_out: stand_out(&scores),
        entries: ranked,
    })
}

/// Dot product; the cosine for vectors of unit length. Eight running sums let the compiler use wide instructions.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

fn gap(scores: &[f64]) -> f64 {
    match scores {
        [best, second, ..] => best - second,
        _ => 0.0,
    }
}

/// How far the best of `scores` (highest first) rises above its surroundings: the mean of the other scores, each
/// weighted by itself. A weight in proportion has no parameter to fit, and an entry as near as the best one (a second
/// entry on the same subject) counts no more than its share.
fn stand_out(scores: &[f64]) -> f64 {
    let Some((best, others)) = scores.split_first() else {
        return 0.0;
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for &score in others
        .iter()
        .filter(|score| score.partial_cmp(&&0.0) == Some(Ordering::Greater))
    {
        sum += score * score;
        weights += score;
    }
    let surroundings = if weights > 0.0 { sum / weights } else { UNRELATED_SCORE };
    best - surroundings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(whole: [f32; 2], body: [f32; 2]) -> EntryVectors {
        EntryVectors {
            whole: whole.to_vec(),
            title: Some(whole.to_vec()),
            body: body.to_vec(),
        }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn the_body_alone_decides_between_equal_wholes() {
        let entries = [entry([0.8, 0.6], [0.0, 1.0]), entry([0.8, 0.6], [1.0, 0.0])];
        let ranking = rank(&[1.0, 0.0], &entries, 10).unwrap_or_default();
        let order: Vec<usize> = ranking.entries.iter().map(|e| e.index).collect();
        assert_eq!(order, [1, 0]);
        // (0.8 + 0.5 * 1) / 1.5 and (0.8 + 0) / 1.5
        assert!(ranking.entries.first().is_some_and(|e| near(e.score, 1.3 / 1.5)));
        assert!(near(ranking.gap, 0.5 / 1.5), "{ranking:?}");
    }

    #[test]
    fn equal_scores_keep_their_order_and_only_the_nearest_are_kept() {
        let entries = vec![entry([1.0, 0.0], [1.0, 0.0]); 5];
        let ranking = rank(&[1.0, 0.0], &entries, 2).unwrap_or_default();
        let order: Vec<usize> = ranking.entries.iter().map(|e| e.index).collect();
        assert_eq!(order, [0, 1]);
        assert!(near(ranking.stand_out, 0.0), "five equal entries: none stands out");
    }

    #[test]
    fn standing_out_is_the_best_minus_the_self_weighted_mean_of_the_others() {
        // (0.4² + 0.2²) / (0.4 + 0.2) = 1/3
        assert!(near(stand_out(&[0.7, 0.4, 0.2]), 0.7 - 1.0 / 3.0));
    }

    #[test]
    fn unrelated_entries_hardly_change_how_far_the_best_stands_out() {
        let mut scores = vec![0.7, 0.4, 0.4, 0.3];
        let alone = stand_out(&scores);
        scores.extend([0.01; 40]);
        scores.extend([-0.2; 40]);
        assert!((stand_out(&scores) - alone).abs() < 0.15);
        assert!(stand_out(&scores) > alone);
    }

    #[test]
    fn a_single_entry_is_compared_with_what_an_unrelated_one_scores() {
        assert!(near(stand_out(&[0.65]), 0.5));
        assert!(near(stand_out(&[0.65, -0.1]), 0.5));
        assert!(near(stand_out(&[]), 0.0));
    }

    #[test]
    fn vectors_of_another_model_are_an_error_that_names_the_entry() {
        let entries = [
            entry([1.0, 0.0], [1.0, 0.0]),
            EntryVectors {
                whole: vec![1.0; 3],
                ..entry([1.0, 0.0], [1.0, 0.0])
            },
        ];
        assert_eq!(
            rank(&[1.0, 0.0], &entries, 1),
            Err(RetrievalError::Dimensions {
                index: 1,
                expected: 2,
                found: 3
            })
        );
    }

    proptest! {
        #[test]
        fn dot_equals_the_plain_sum(pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..40)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let plain: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
            prop_assert!((dot(&a, &b) - plain).abs() < 1e-4);
        }

        #[test]
        fn the_ranking_is_sorted_and_standing_out_is_bounded(
            vectors in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..30),
        ) {
            let entries: Vec<EntryVectors> = vectors.iter().map(|&(x, y)| entry([x, y], [y, x])).collect();
            let ranking = rank(&[0.6, 0.8], &entries, entries.len()).unwrap_or_default();
            prop_assert_eq!(ranking.entries.len(), entries.len());
            prop_assert!(ranking.entries.is_sorted_by(|a, b| a.score >= b.score));
            prop_assert!(ranking.stand_out.is_finite() && ranking.gap >= 0.0);
        }
    }
}
