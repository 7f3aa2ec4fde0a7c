//! How well a score separates two groups.

use super::bootstrap::lower95;

/// The probability that a random member of `positives` scores above a random member of `negatives`, ties counted half:
/// the area under the ROC curve, in `0.0..=1.0`, where 0.5 is a coin.
///
/// Returns `None` when either group is empty or a score is not a number, because no ordering exists then.
pub fn auroc(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    let scores: Vec<f64> = positives.iter().chain(negatives).copied().collect();
    let is_positive: Vec<bool> = (0..scores.len()).map(|at| at < positives.len()).collect();
    Ordered::new(&scores, &is_positive)?.auroc(&vec![1.0; scores.len()])
}

/// The same for a population of which each member stands for `weights` members: with `1 / π` of every member that was looked
/// at, an estimate for all, looked at or not (Horvitz and Thompson 1952).
///
/// Returns `None` when the slices differ in length, a score is not a number, a weight is negative or not finite, or either
/// group weighs nothing.
pub fn weighted_auroc(scores: &[f64], is_positive: &[bool], weights: &[f64]) -> Option<f64> {
    Ordered::new(scores, is_positive)?.auroc(weights)
}

/// The one-sided lower 95 % bound of how much better `score` separates than `other`, by the paired percentile bootstrap over
/// clusters: `cluster` numbers the cluster of each row from 0. The same `seed` gives the same bound on every machine.
///
/// Returns `None` when the slices differ in length, a score is not a number, or a group is empty.
pub fn difference_lower95(
    score: &[f64],
    other: &[f64],
    is_positive: &[bool],
    cluster: &[usize],
    seed: u64,
) -> Option<f64> {
    if cluster.len() != is_positive.len() {
        return None;
    }
    let (score, other) = (Ordered::new(score, is_positive)?, Ordered::new(other, is_positive)?);
    let clusters = cluster.iter().max().map_or(0, |last| last + 1);
    let mut drawn = vec![0.0; clusters];
    let mut weights = vec![0.0; cluster.len()];
    lower95(clusters, seed, |sample| {
        drawn.fill(0.0);
        for at in sample {
            if let Some(times) = drawn.get_mut(*at) {
                *times += 1.0;
            }
        }
        for (weight, cluster) in weights.iter_mut().zip(cluster) {
            *weight = drawn.get(*cluster).copied().unwrap_or_default();
        }
        Some(score.auroc(&weights)? - other.auroc(&weights)?)
    })
}

/// Rows in the order of their scores: sorted once, asked with many weights.
struct Ordered {
    rows: Vec<Place>,
}

struct Place {
    row: usize,
    is_positive: bool,
    /// Is its score above that of the place before?
    is_higher: bool,
}

impl Ordered {
    fn new(scores: &[f64], is_positive: &[bool]) -> Option<Self> {
        if scores.len() != is_positive.len() || scores.iter().any(|score| score.is_nan()) {
            return None;
        }
        let mut sorted: Vec<(f64, usize, bool)> = scores
            .iter()
            .zip(is_positive)
            .enumerate()
            .map(|(row, (score, positive))| (*score, row, *positive))
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut before = f64::NEG_INFINITY;
        let rows = sorted
            .into_iter()
            .map(|(score, row, is_positive)| {
                // `>` rather than the total order, so that 0.0 and -0.0 tie.
                let is_higher = score > before;
                before = score;
                Place {
                    row,
                    is_positive,
                    is_higher,
                }
            })
            .collect();
        Some(Self { rows })
    }

    /// One pass over groups of equal scores: each positive wins against all negatives below it and half of those beside it.
    fn auroc(&self, weights: &[f64]) -> Option<f64> {
        if weights.len() != self.rows.len() {
            return None;
        }
        let (mut wins, mut below, mut all_positives) = (0.0, 0.0, 0.0);
        let (mut positives, mut negatives) = (0.0, 0.0);
        for place in &self.rows {
            let weight = *weights.get(place.row)?;
            if !(weight >= 0.0 && weight.is_finite()) {
                return None;
            }
            if place.is_higher {
                wins += positives * (below + negatives / 2.0);
                below += negatives;
                (positives, negatives) = (0.0, 0.0);
            }
            if place.is_positive {
                positives += weight;
                all_positives += weight;
            } else {
                negatives += weight;
            }
        }
        wins += positives * (below + negatives / 2.0);
        below += negatives;
        let pairs = all_positives * below;
        (pairs > 0.0).then(|| wins / pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is(actual: Option<f64>, expected: f64) -> bool {
        actual.is_some_and(|a| (a - expected).abs() < 1e-12)
    }

    #[test]
    fn it_counts_won_pairs_by_hand() {
        // Pairs (0.9, ·): 3 won; (0.4, ·): beats 0.1 and 0.3, loses to 0.5. 5 of 6.
        assert!(is(auroc(&[0.9, 0.4], &[0.1, 0.3, 0.5]), 5.0 / 6.0));
        assert!(is(auroc(&[1.0, 2.0], &[-1.0, 0.0]), 1.0));
        assert!(is(auroc(&[-1.0], &[0.0, 1.0]), 0.0));
    }

    #[test]
    fn a_tie_counts_half() {
        assert!(is(auroc(&[0.5], &[0.5]), 0.5));
        assert!(is(auroc(&[0.0], &[-0.0]), 0.5));
        // (2,1) won, (2,2) half, (1,1) half, (1,2) lost: 2 of 4.
        assert!(is(auroc(&[2.0, 1.0], &[1.0, 2.0]), 0.5));
    }

    #[test]
    fn without_both_groups_or_with_nan_there_is_no_answer() {
        assert_eq!(auroc(&[], &[1.0]), None);
        assert_eq!(auroc(&[1.0], &[]), None);
        assert_eq!(auroc(&[f64::NAN], &[1.0]), None);
    }

    proptest! {
        #[test]
        fn swapping_the_groups_mirrors_it_and_it_equals_the_count_of_pairs(
            positives in prop::collection::vec(-5i8..5, 1..20), negatives in prop::collection::vec(-5i8..5, 1..20),
        ) {
            let positives: Vec<f64> = positives.into_iter().map(f64::from).collect();
            let negatives: Vec<f64> = negatives.into_iter().map(f64::from).collect();
            let mut wins = 0.0;
            for p in &positives {
                for n in &negatives {
                    wins += if p > n { 1.0 } else if p < n { 0.0 } else { 0.5 };
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "a few hundred pairs")]
            let pairs = (positives.len() * negatives.len()) as f64;
            prop_assert!(is(auroc(&positives, &negatives), wins / pairs));
            prop_assert!(is(auroc(&negatives, &positives), 1.0 - wins / pairs));
        }
    }
}
