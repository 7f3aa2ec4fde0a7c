//! What is planned for a month.

/// This part of what reviewers can do goes to decisions without a verdict, `0.0..=1.0`.
const REQUEUED: f64 = 0.1;
/// A month in which every held draft was judged says nothing of how many will not be. So many of them may not be, `0.0..=1.0`.
const LEAST_UNJUDGED: f64 = 0.1;

/// The probability with which a draft is asked about that was decided about without a verdict, from a month's `capacity` in reviews, and from how
/// many drafts are expected to be `held` in it, and of these to be judged by nobody.
///
/// A tenth of the capacity is spent on them, however many there may be. 1 where none are expected, 0 without capacity or for numbers that are
/// none.
pub fn requeue_probability(capacity: f64, unjudged: f64, held: f64) -> f64 {
    let expected = unjudged.max(LEAST_UNJUDGED * held);
    let probability = REQUEUED * capacity / expected;
    if probability.is_nan() || capacity <= 0.0 {
        return 0.0;
    }
    probability.clamp(0.0, 1.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_without_any_unjudged_draft_does_not_make_checks_of_thousands_in_the_next() {
        assert_eq!(requeue_probability(900.0, 0.0, 9_000.0), 0.1);
        assert_eq!(requeue_probability(900.0, 3_000.0, 9_000.0), 0.03);
        assert_eq!(
            (requeue_probability(900.0, 0.0, 0.0), requeue_probability(0.0, 0.0, 0.0)),
            (1.0, 0.0)
        );
        assert_eq!(requeue_probability(f64::NAN, 1.0, 1.0), 0.0);
    }

    proptest! {
        #[test]
        fn what_is_asked_again_keeps_to_its_part_of_the_capacity(
            capacity in 0.0..10_000.0_f64,
            held in 0.0..1e6_f64,
            part in 0.0..1.0_f64,
        ) {
            let unjudged = held * part;
            let probability = requeue_probability(capacity, unjudged, held);
            prop_assert!((0.0..=1.0).contains(&probability));
            prop_assert!(probability * unjudged.max(0.1 * held) <= 0.1 * capacity * (1.0 + 1e-9));
        }
    }
}
