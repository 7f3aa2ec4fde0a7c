//! How far reviewers agree, with each other and with what is known to be right.

use super::bounds::{clopper_pearson_lower, clopper_pearson_upper};
use super::number::count_u64;

/// Agreement is shown from this many doubly judged answers on.
pub const FEWEST_DOUBLES: u64 = 50;
/// The gold alarm: a reviewer whose accuracy is below this, for all we know.
pub const LEAST_ACCURACY: f64 = 0.85;
/// The risk at either end of agreement's interval.
const INTERVAL_RISK: f64 = 0.025;
/// The risk of the gold alarm's bound.
const GOLD_RISK: f64 = 0.05;

/// How many of an answer's judges found it bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratings {
    /// People who judged it.
    pub judges: u32,
    /// Those who found it bad, at most `judges`.
    pub bad: u32,
}

/// Agreement of reviewers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Answers that two or more people judged.
    pub doubles: u64,
    /// The probability that two judges of one answer agree, `p_a`, `0.0..=1.0`.
    pub percent: f64,
    /// Gwet's AC1, `(p_a - p_e) / (1 - p_e)`, at most 1; 0 is chance.
    pub ac1: f64,
    /// Its interval, 95 %: the ends of Clopper and Pearson's interval of `p_a`, each corrected for the same chance. Never of no width, unlike Gwet's
    /// standard error where all agree; that `p_e` is an estimate, too, is left aside (it moves far less than `p_a`).
    pub interval: (f64, f64),
}

/// Percent agreement and Gwet's AC1 ("Computing inter-rater reliability and its variance in the presence of high
/// agreement", British Journal of Mathematical and Statistical Psychology 61, 2008), which does not collapse where bad answers are rare,
/// as kappa does: `p_e = 2 π (1 - π)` with `π` the mean share of "bad" over all answers.
///
/// Any number of judges per answer, gaps allowed. `None` below [`FEWEST_DOUBLES`] doubly judged answers. Ratings that are impossible are left
/// out.
pub fn agreement(ratings: &[Ratings]) -> Option<Agreement> {
    let (mut doubles, mut agreed) = (0_u64, 0.0);
    let (mut answers, mut prevalence) = (0_u64, 0.0);
    for Ratings { judges, bad } in ratings.iter().filter(|r| r.judges > 0 && r.bad <= r.judges) {
        let (judges, bad) = (f64::from(*judges), f64::from(*bad));
        answers += 1;
        prevalence += bad / judges;
        if judges >= 2.0 {
            let good = judges - bad;
            doubles += 1;
            agreed += (bad * (bad - 1.0) + good * (good - 1.0)) / (judges * (judges - 1.0));
        }
    }
    if doubles < FEWEST_DOUBLES {
        return None;
    }
    let percent = agreed / count_u64(doubles);
    let prevalence = prevalence / count_u64(answers);
    let by_chance = 2.0 * prevalence * (1.0 - prevalence);
    let beyond_chance = |share: f64| (share - by_chance) / (1.0 - by_chance);
    let answers = count_u64(doubles);
    Some(Agreement {
        doubles,
        percent,
        ac1: beyond_chance(percent),
        interval: (
            beyond_chance(clopper_pearson_lower(agreed, answers, INTERVAL_RISK)),
            beyond_chance(clopper_pearson_upper(agreed, answers, INTERVAL_RISK)),
        ),
    })
}

/// A reviewer's accuracy on gold items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoldAccuracy {
    /// The share judged as known.
    pub share: f64,
    /// Its upper bound, 95 % one-sided (Clopper and Pearson).
    pub upper: f64,
    /// Even the upper bound is below [`LEAST_ACCURACY`].
    pub is_alarming: bool,
}

/// The accuracy of `right` of `judged` gold items. `None` without any, or with more right than judged.
pub fn gold_accuracy(right: u64, judged: u64) -> Option<GoldAccuracy> {
    if judged == 0 || right > judged {
        return None;
    }
    let upper = clopper_pearson_upper(count_u64(right), count_u64(judged), GOLD_RISK);
    Some(GoldAccuracy {
        share: count_u64(right) / count_u64(judged),
        upper,
        is_alarming: upper < LEAST_ACCURACY,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(both_bad: usize, split: usize, both_good: usize) -> Vec<Ratings> {
        let of = |bad, number| vec![Ratings { judges: 2, bad }; number];
        [of(2, both_bad), of(1, split), of(0, both_good)].concat()
    }

    #[test]
    fn two_raters_agree_as_computed_by_hand() {
        // p_a = 0.95; π = (2·1 + 5·½) / 100 = 0.045; p_e = 0.08595.
        let found = agreement(&pairs(2, 5, 93)).unwrap();
        assert!((found.percent - 0.95).abs() < 1e-12);
        assert!((found.ac1 - (0.95 - 0.085_95) / (1.0 - 0.085_95)).abs() < 1e-12);
        assert_eq!(found.doubles, 100);
        // Clopper and Pearson's interval of 95 of 100: 0.8872 to 0.9836.
        let (low, high) = found.interval;
        assert!((low - (0.887_2 - 0.085_95) / (1.0 - 0.085_95)).abs() < 1e-4, "{low}");
        assert!((high - (0.983_6 - 0.085_95) / (1.0 - 0.085_95)).abs() < 1e-4, "{high}");
        let all_agree = agreement(&pairs(0, 0, 100)).unwrap();
        assert!(
            all_agree.interval.0 < 0.97 && all_agree.interval.1 >= 1.0 - 1e-12,
            "{all_agree:?}"
        );
    }

    #[test]
    fn rare_bad_answers_do_not_make_good_agreement_look_like_chance() {
        // Cohen's kappa is below 0 here: -0.02.
        assert!(agreement(&pairs(0, 4, 96)).unwrap().ac1 > 0.95);
    }

    #[test]
    fn three_judges_and_gaps_are_counted_as_pairs() {
        let mut ratings = vec![Ratings { judges: 3, bad: 1 }; 60];
        ratings.push(Ratings { judges: 1, bad: 1 });
        ratings.push(Ratings { judges: 1, bad: 2 });
        let found = agreement(&ratings).unwrap();
        assert!((found.percent - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.doubles, 60);
    }

    #[test]
    fn little_says_nothing() {
        assert_eq!(agreement(&pairs(0, 0, 49)), None);
        assert_eq!(agreement(&[]), None);
        assert_eq!(gold_accuracy(0, 0), None);
        assert_eq!(gold_accuracy(3, 2), None);
    }

    #[test]
    fn gold_alarms_when_even_the_upper_bound_is_low() {
        assert!(gold_accuracy(10, 20).unwrap().is_alarming);
        assert!(!gold_accuracy(3, 5).unwrap().is_alarming);
        assert!(!gold_accuracy(18, 20).unwrap().is_alarming);
    }
}
