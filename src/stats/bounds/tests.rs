use super::*;
use crate::stats::beta::{beta_probability, beta_quantile, student_upper_tail};
use proptest::prelude::*;

// Made with `python3 -m venv v && v/bin/pip install scipy` and a script that prints the calls named beside each table.
#[expect(clippy::unreadable_literal, reason = "as SciPy prints them")]
mod scipy;

fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs().max(1e-300)
}

#[test]
fn the_beta_distribution_is_scipys() {
    for (x, a, b, expected) in scipy::BETA_PROBABILITIES {
        let found = beta_probability(x, a, b).unwrap();
        assert!(
            (found - expected).abs() < 1e-12,
            "I_{x}({a}, {b}) = {found}, not {expected}"
        );
    }
    for (p, a, b, expected) in scipy::BETA_QUANTILES {
        let found = beta_quantile(p, a, b).unwrap();
        assert!(
            close(found, expected, 1e-9),
            "{p} of ({a}, {b}): {found}, not {expected}"
        );
    }
    for (t, freedom, expected) in scipy::STUDENT_TAILS {
        let found = student_upper_tail(t, freedom).unwrap();
        assert!(
            close(found, expected, 1e-9),
            "t {t}, {freedom}: {found}, not {expected}"
        );
    }
}

#[test]
fn clopper_and_pearsons_bounds_are_scipys() {
    for (bad, n, risk, lower, upper) in scipy::CLOPPER_PEARSON {
        let found = (clopper_pearson_lower(bad, n, risk), clopper_pearson_upper(bad, n, risk));
        assert!(
            close(found.0, lower, 1e-9) && close(found.1, upper, 1e-9),
            "{bad} of {n} at {risk}: {found:?}"
        );
    }
}

#[test]
fn published_bounds_are_found() {
    // The paper's own two-sided 95 % limits for 10 of 20 and others of 20.
    for (bad, lower, upper) in [
        (10.0, 0.271_96, 0.728_04),
        (1.0, 0.001_27, 0.248_73),
        (18.0, 0.683_02, 0.987_65),
    ] {
        assert!((clopper_pearson_lower(bad, 20.0, 0.025) - lower).abs() < 5e-5);
        assert!((clopper_pearson_upper(bad, 20.0, 0.025) - upper).abs() < 5e-5);
    }
    // Nothing bad among 74 shows that at most 4 % are: ln 0.05 / ln(1 - p).
    assert!(clopper_pearson_upper(0.0, 74.0, 0.05) < 0.04 && clopper_pearson_upper(0.0, 73.0, 0.05) > 0.04);
    // With a closed form.
    assert!(close(
        clopper_pearson_upper(0.0, 12.0, 0.05),
        1.0 - 0.05_f64.powf(1.0 / 12.0),
        1e-12
    ));
    assert!(close(
        clopper_pearson_lower(12.0, 12.0, 0.05),
        0.05_f64.powf(1.0 / 12.0),
        1e-12
    ));
}

#[test]
fn what_is_no_evidence_gives_the_trivial_bounds() {
    let none = f64::NAN;
    for (bad, n, risk) in [
        (0.0, 0.0, 0.05),
        (3.0, 2.0, 0.05),
        (-1.0, 2.0, 0.05),
        (1.0, none, 0.05),
        (none, 2.0, 0.05),
        (1.0, f64::INFINITY, 0.05),
        (1.0, 2.0, 0.0),
        (1.0, 2.0, 1.0),
        (1.0, 2.0, none),
    ] {
        assert_eq!(
            (clopper_pearson_lower(bad, n, risk), clopper_pearson_upper(bad, n, risk)),
            (0.0, 1.0)
        );
    }
    assert_eq!(beta_quantile(0.5, 0.0, 1.0), None);
    assert_eq!(beta_quantile(1.5, 1.0, 1.0), None);
    assert_eq!(beta_probability(0.5, f64::INFINITY, 1.0), None);
    assert_eq!(
        (beta_quantile(0.0, 2.0, 3.0), beta_quantile(1.0, 2.0, 3.0)),
        (Some(0.0), Some(1.0))
    );
}

fn stratum(population: f64, reviewed: f64, bad: f64) -> Stratum {
    Stratum {
        population,
        reviewed,
        bad,
    }
}

#[test]
fn korn_and_graubards_estimate_is_computed_as_by_hand() {
    // W = 0.8, 0.2; p̂ = 0.02, 0.1; V = 0.64·0.0196/99 + 0.04·0.09/99.
    let strata = [stratum(8_000.0, 100.0, 2.0), stratum(2_000.0, 100.0, 10.0)];
    let found = korn_graubard(&strata, Population::Traffic).unwrap();
    let variance = (0.64 * 0.0196 + 0.04 * 0.09) / 99.0;
    let effective = 0.036 * 0.964 / variance;
    assert!(close(found.share, 0.036, 1e-12) && close(found.variance, variance, 1e-12));
    assert!(close(found.effective, effective, 1e-12));
    assert!(close(
        found.upper(0.05),
        clopper_pearson_upper(0.036 * effective, effective, 0.05),
        1e-12
    ));
    let finished = korn_graubard(&strata, Population::Finished).unwrap();
    let variance = (0.64 * 0.0196 * (1.0 - 0.0125) + 0.04 * 0.09 * 0.95) / 99.0;
    assert!(close(finished.variance, variance, 1e-12) && finished.upper(0.05) < found.upper(0.05));
}

#[test]
fn without_a_bad_answer_the_effective_sample_is_what_the_weights_leave() {
    let strata = [stratum(8_000.0, 100.0, 0.0), stratum(2_000.0, 100.0, 0.0)];
    let found = korn_graubard(&strata, Population::Traffic).unwrap();
    assert!(close(found.effective, 100.0 / 0.68, 1e-12));
    assert_eq!((found.share, found.lower(0.05)), (0.0, 0.0));
}

#[test]
fn a_set_looked_at_whole_is_known_and_a_nearly_whole_one_nearly() {
    let whole = korn_graubard(&[stratum(50.0, 50.0, 3.0)], Population::Finished).unwrap();
    assert_eq!((whole.lower(0.05), whole.upper(0.05)), (0.06, 0.06));
    let nearly = korn_graubard(&[stratum(50.0, 49.0, 3.0)], Population::Finished).unwrap();
    assert!(nearly.upper(0.05) <= 4.0 / 50.0 && nearly.upper(0.05) > 0.06 && nearly.lower(0.05) >= 3.0 / 50.0);
}

#[test]
fn thin_strata_join_the_next_safer_one() {
    let strata = [
        stratum(10.0, 1.0, 0.0),
        stratum(20.0, 5.0, 1.0),
        stratum(0.0, 0.0, 0.0),
        stratum(5.0, 1.0, 1.0),
        stratum(7.0, 3.0, 0.0),
        stratum(9.0, 0.0, 0.0),
    ];
    assert_eq!(merge_thin(&strata), [stratum(35.0, 7.0, 2.0), stratum(16.0, 3.0, 0.0)]);
    assert_eq!(merge_thin(&[stratum(10.0, 1.0, 1.0)]), [stratum(10.0, 1.0, 1.0)]);
    assert_eq!(merge_thin(&[]), []);
}

#[test]
fn impossible_strata_have_no_estimate() {
    for strata in [
        vec![],
        vec![stratum(10.0, 0.0, 0.0)],
        vec![stratum(10.0, 11.0, 0.0)],
        vec![stratum(10.0, 3.0, 4.0)],
        vec![stratum(10.0, 3.0, -1.0)],
        vec![stratum(f64::NAN, 3.0, 1.0)],
        vec![stratum(f64::INFINITY, 3.0, 1.0), stratum(10.0, 5.0, 0.0)],
        vec![stratum(10.0, f64::NAN, 1.0)],
    ] {
        assert_eq!(korn_graubard(&strata, Population::Traffic), None, "{strata:?}");
    }
    let single = korn_graubard(&[stratum(10.0, 1.0, 0.0)], Population::Traffic).unwrap();
    assert!(close(single.upper(0.05), 0.95, 1e-12));
}

fn sum(parts: &[(f64, f64, f64)]) -> WeightedSum {
    let mut sum = WeightedSum::new();
    for (weight, reviewed, bad) in parts {
        sum.add(*weight, *reviewed, *bad);
    }
    sum
}

#[test]
fn equal_weights_give_clopper_and_pearsons_bounds() {
    for (bad, n) in [(0.0, 30.0), (3.0, 74.0), (40.0, 900.0), (30.0, 30.0), (1.0, 1.0)] {
        let sum = sum(&[(1.0 / n, n, bad)]);
        assert!(
            close(weighted_upper(&sum, 0.05), clopper_pearson_upper(bad, n, 0.05), 1e-9),
            "{bad} of {n}"
        );
        assert!(
            close(weighted_lower(&sum, 0.05), clopper_pearson_lower(bad, n, 0.05), 1e-9),
            "{bad} of {n}"
        );
    }
}

#[test]
fn weighted_bounds_are_those_of_the_formula() {
    for (parts, risk, lower, upper) in scipy::WEIGHTED {
        let sum = sum(parts);
        assert!(close(weighted_lower(&sum, risk), lower, 1e-9), "{parts:?}");
        assert!(close(weighted_upper(&sum, risk), upper, 1e-9), "{parts:?}");
    }
}

#[test]
fn weights_that_are_none_earn_nothing() {
    for weight in [f64::NAN, f64::INFINITY, -0.1] {
        let spoilt = sum(&[(0.01, 100.0, 1.0), (weight, 1.0, 0.0)]);
        assert_eq!(
            (weighted_lower(&spoilt, 0.05), weighted_upper(&spoilt, 0.05)),
            (0.0, 1.0)
        );
    }
    for empty in [WeightedSum::new(), sum(&[(0.0, 100.0, 3.0)]), sum(&[(0.01, 2.0, 3.0)])] {
        assert_eq!((weighted_lower(&empty, 0.05), weighted_upper(&empty, 0.05)), (0.0, 1.0));
    }
    // One verdict that stands for half of everything shows little.
    assert!(weighted_upper(&sum(&[(0.5, 1.0, 0.0), (0.001, 500.0, 0.0)]), 0.05) > 0.7);
}

fn watched(share: f64, draws: f64, good: u64, bad: u64) -> Watched {
    Watched {
        share,
        draws,
        good,
        bad,
    }
}

#[test]
fn the_betting_bound_is_that_of_an_independent_implementation() {
    for (strata, risk, expected) in scipy::BETTING {
        let strata: Vec<Watched> = strata
            .iter()
            .map(|(w, q, good, bad)| watched(*w, *q, *good, *bad))
            .collect();
        let found = betting_upper(&strata, risk);
        assert!(close(found, expected, 1e-6), "{strata:?}: {found}, not {expected}");
    }
}

#[test]
fn a_watched_bound_is_wider_than_one_looked_at_once_and_narrows() {
    let at = |n: u64| betting_upper(&[watched(1.0, 1.0, n - n / 25, n / 25)], 0.05);
    assert!(at(25) > at(100) && at(100) > at(900) && at(900) > at(100_000));
    assert!(at(900) > clopper_pearson_upper(36.0, 900.0, 0.05));
    assert!(at(100_000) < 0.045);
}

#[test]
fn a_watched_sample_without_evidence_has_no_bound() {
    for strata in [
        vec![],
        vec![watched(1.0, 1.0, 0, 0)],
        vec![watched(1.0, 1.0, 0, 50)],
        vec![watched(0.5, 1.0, 100, 0), watched(0.5, 0.0, 0, 0)],
        vec![watched(f64::NAN, 1.0, 100, 0)],
        vec![watched(1.0, 7.0, 100, 0)],
        vec![watched(0.9, 0.5, 100, 0), watched(0.9, 0.5, 100, 0)],
    ] {
        assert_eq!(betting_upper(&strata, 0.05), 1.0, "{strata:?}");
    }
    assert_eq!(betting_upper(&[watched(1.0, 1.0, 100, 0)], f64::NAN), 1.0);
    // A million reviews neither overflow nor vanish.
    assert!(betting_upper(&[watched(1.0, 1.0, 990_000, 10_000)], 0.05) < 0.0105);
}

proptest! {
    #[test]
    fn quantiles_invert_probabilities(p in 0.0001..0.9999_f64, a in 0.01..5_000.0_f64, b in 0.01..5_000.0_f64) {
        let x = beta_quantile(p, a, b).unwrap();
        prop_assert!((0.0..=1.0).contains(&x));
        // Where the whole probability lies within a few numbers of an end, no number is closer.
        if x > 1e-290 && x < 1.0 - 1e-9 {
            prop_assert!((beta_probability(x, a, b).unwrap() - p).abs() < 1e-8, "{x}");
        }
    }

    #[test]
    fn bounds_enclose_the_share_and_grow_with_sureness(n in 1.0..1e6_f64, part in 0.0..=1.0_f64, risk in 0.001..0.4_f64) {
        let bad = part * n;
        let (lower, upper) = (clopper_pearson_lower(bad, n, risk), clopper_pearson_upper(bad, n, risk));
        prop_assert!(lower <= part + 1e-12 && part <= upper + 1e-12);
        prop_assert!(clopper_pearson_upper(bad, n, risk / 2.0) >= upper - 1e-12);
        prop_assert!(clopper_pearson_lower(bad, n, risk / 2.0) <= lower + 1e-12);
    }

    #[test]
    fn whatever_the_numbers_a_bound_is_a_share(
        parts in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..6), risk in any::<f64>(),
    ) {
        let sum = sum(&parts);
        let strata: Vec<Stratum> = parts.iter().map(|(n, reviewed, bad)| stratum(*n, *reviewed, *bad)).collect();
        for bound in [weighted_upper(&sum, risk), weighted_lower(&sum, risk)] {
            prop_assert!((0.0..=1.0).contains(&bound), "{bound}");
        }
        if let Some(estimate) = korn_graubard(&strata, Population::Finished) {
            prop_assert!((0.0..=1.0).contains(&estimate.upper(risk)) && (0.0..=1.0).contains(&estimate.lower(risk)));
        }
        for (bad, n, _) in parts {
            prop_assert!((0.0..=1.0).contains(&clopper_pearson_upper(bad, n, risk)));
        }
    }
}
