//! How well a score separates two groups.

/// The probability that a random member of `positives` scores above a random member of `negatives`, ties counted half:
/// the area under the ROC curve, in `0.0..=1.0`, where 0.5 is a coin.
///
/// Returns `None` when either group is empty or a score is not a number, because no ordering exists then.
pub fn auroc(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let mut scores: Vec<(f64, bool)> = Vec::with_capacity(positives.len() + negatives.len());
    scores.extend(positives.iter().map(|&score| (score, true)));
    scores.extend(negatives.iter().map(|&score| (score, false)));
    if scores.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));

    // One pass over groups of equal scores: each positive wins against all negatives below it and half of those beside it.
    let (mut wins, mut negatives_below) = (0.0, 0.0);
    let mut rest = scores.as_slice();
    while let Some(&(score, _)) = rest.first() {
        // `==` rather than the total order, so that 0.0 and -0.0 tie.
        let tied = rest.iter().take_while(|(other, _)| *other <= score).count();
        let (group, after) = rest.split_at(tied);
        let group_positives = count(group.iter().filter(|(_, positive)| *positive).count());
        let group_negatives = count(group.len()) - group_positives;
        wins += group_positives * (negatives_below + group_negatives / 2.0);
        negatives_below += group_negatives;
        rest = after;
    }
    Some(wins / (count(positives.len()) * count(negatives.len())))
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows in memory stay far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
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
            let pairs = count(positives.len() * negatives.len());
            prop_assert!(is(auroc(&positives, &negatives), wins / pairs));
            prop_assert!(is(auroc(&negatives, &positives), 1.0 - wins / pairs));
        }
    }
}
