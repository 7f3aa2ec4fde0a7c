//! What is planned for a month.

use crate::stats::sampler::allocate_held;

/// This part of what reviewers can do goes to decisions without a verdict, `0.0..=1.0`.
const REQUEUED: f64 = 0.1;
/// A month in which every held draft was judged says nothing of how many will not be. So many of them may not be, `0.0..=1.0`.
const LEAST_UNJUDGED: f64 = 0.1;

/// The probabilities with which drafts are asked about that were decided about without a verdict, those with the smaller risks first
/// ([`allocate_held`]), from a month's `capacity` in reviews, and from how many drafts are expected to be `held` in it, and of these to be judged
/// by nobody.
///
/// A tenth of the capacity is spent on them, however many there may be. 1 where none are expected, 0 without capacity or for numbers that are
/// none. Where the middle of the risks is not known, all are asked about alike.
pub fn requeue_probabilities(capacity: f64, unjudged: f64, held: f64, knows_middle: bool) -> [f64; 2] {
    let expected = unjudged.max(LEAST_UNJUDGED * held);
    let reviews = REQUEUED * capacity;
    if expected <= 0.0 && capacity > 0.0 {
        return [1.0; 2];
    }
    if knows_middle {
        return allocate_held(expected, reviews);
    }
    let alike = reviews / expected;
    [if alike.is_nan() { 0.0 } else { alike.clamp(0.0, 1.0) }; 2]
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_without_any_unjudged_draft_does_not_make_checks_of_thousands_in_the_next() {
        let alike = |capacity, unjudged, held| requeue_probabilities(capacity, unjudged, held, false);
        assert_eq!(alike(900.0, 0.0, 9_000.0), [0.1; 2]);
        assert_eq!(alike(900.0, 3_000.0, 9_000.0), [0.03; 2]);
        assert_eq!(alike(900.0, 0.0, 0.0), [1.0; 2]);
        assert_eq!((alike(0.0, 0.0, 0.0), alike(0.0, 10.0, 10.0)), ([0.0; 2], [0.0; 2]));
        assert_eq!(alike(f64::NAN, 1.0, 1.0), [0.0; 2]);
    }

    #[test]
    fn where_the_middle_is_known_four_fifths_go_to_the_half_with_the_smaller_risks() {
        let [near, far] = requeue_probabilities(900.0, 3_000.0, 9_000.0, true);
        assert!(
            (near - 0.048).abs() < 1e-12 && (far - 0.012).abs() < 1e-12,
            "{near} {far}"
        );
        assert_eq!(requeue_probabilities(900.0, 0.0, 0.0, true), [1.0; 2]);
        assert_eq!(requeue_probabilities(0.0, 10.0, 10.0, true), [0.0; 2]);
    }

    proptest! {
        #[test]
        fn what_is_asked_again_keeps_to_its_part_of_the_capacity(
            capacity in 0.0..10_000.0_f64,
            held in 0.0..1e6_f64,
            part in 0.0..1.0_f64,
            knows_middle: bool,
        ) {
            let unjudged = held * part;
            let probabilities = requeue_probabilities(capacity, unjudged, held, knows_middle);
            prop_assert!(probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)));
            let mean = probabilities.iter().sum::<f64>() / 2.0;
            prop_assert!(mean * unjudged.max(0.1 * held) <= 0.1 * capacity * (1.0 + 1e-9));
        }
    }
}
