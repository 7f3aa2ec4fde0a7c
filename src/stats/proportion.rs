//! How sure a share is that was counted on a few trials.

/// The one-sided lower confidence bound of a share after `successes` in `trials`, by Clopper and Pearson ("The use of
/// confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934): the share `p` at which
/// that many successes or more have the probability `1 - confidence`. Exact, so it holds for any number of trials, and
/// never less than the stated confidence. In `0.0..=successes / trials`.
///
/// `None` without trials, with more successes than trials, or for a confidence outside of `0.0..1.0`.
pub fn lower_bound(successes: u32, trials: u32, confidence: f64) -> Option<f64> {
    if trials == 0 || successes > trials || !(0.0..1.0).contains(&confidence) {
        return None;
    }
    if successes == 0 {
        return Some(0.0);
    }
    let risk = 1.0 - confidence;
    // The tail grows with the share: bisection, until the two ends are neighbouring numbers or nearly.
    let (mut low, mut high) = (0.0_f64, f64::from(successes) / f64::from(trials));
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_least(successes, trials, middle) < risk {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(low)
}

/// Probability of `successes` or more in `trials` of a chance `share`, `0.0..=1.0`.
///
/// The terms are made of logarithms, so that thousands of trials neither overflow nor vanish.
fn at_least(successes: u32, trials: u32, share: f64) -> f64 {
    if successes == 0 || share >= 1.0 {
        return 1.0;
    }
    if share <= 0.0 {
        return 0.0;
    }
    let (log_share, log_rest) = (share.ln(), (-share).ln_1p());
    let mut log_ways = 0.0;
    let mut tail = 0.0;
    for count in 0..=trials {
        if count > 0 {
            log_ways += (f64::from(trials - count + 1) / f64::from(count)).ln();
        }
        if count >= successes {
            tail += (log_ways + f64::from(count) * log_share + f64::from(trials - count) * log_rest).exp();
        }
    }
    tail.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bound_after_nothing_but_successes_has_a_closed_form() {
        for trials in [1, 12, 74, 500] {
            let expected = 0.05_f64.powf(1.0 / f64::from(trials));
            let bound = lower_bound(trials, trials, 0.95).unwrap_or(f64::NAN);
            assert!((bound - expected).abs() < 1e-9, "{trials}: {bound} {expected}");
        }
    }

    #[test]
    fn published_bounds_are_found() {
        // Two-sided 95 % limits of the paper's method for 10 of 20 and 1 of 20: their lower ends at 97.5 %.
        for (successes, trials, expected) in [(10, 20, 0.271_96), (1, 20, 0.001_27), (18, 20, 0.683_02)] {
            let bound = lower_bound(successes, trials, 0.975).unwrap_or(f64::NAN);
            assert!((bound - expected).abs() < 5e-5, "{successes} of {trials}: {bound}");
        }
    }

    #[test]
    fn what_cannot_be_a_count_has_no_bound() {
        assert_eq!(lower_bound(0, 0, 0.95), None);
        assert_eq!(lower_bound(3, 2, 0.95), None);
        assert_eq!(lower_bound(1, 2, 1.0), None);
        assert_eq!(lower_bound(1, 2, f64::NAN), None);
    }

    proptest! {
        #[test]
        fn the_bound_is_below_the_share_and_leaves_exactly_the_risk(trials in 1_u32..400, part in 0.0_f64..=1.0, confidence in 0.5_f64..0.999) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count up to 400")]
            let successes = (part * f64::from(trials)).round() as u32;
            let bound = lower_bound(successes, trials, confidence).unwrap_or(f64::NAN);
            prop_assert!(bound >= 0.0 && bound <= f64::from(successes) / f64::from(trials));
            if successes > 0 {
                prop_assert!((at_least(successes, trials, bound) - (1.0 - confidence)).abs() < 1e-6);
            }
        }

        #[test]
        fn one_success_more_raises_the_bound_and_more_confidence_lowers_it(trials in 2_u32..200, at in 0_u32..199) {
            let successes = at % trials;
            let bound = |successes, confidence| lower_bound(successes, trials, confidence).unwrap_or(f64::NAN);
            prop_assert!(bound(successes + 1, 0.95) > bound(successes, 0.95));
            prop_assert!(bound(successes + 1, 0.99) < bound(successes + 1, 0.9));
        }
    }
}
