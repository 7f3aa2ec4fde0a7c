//! Noticing that answers have become worse.

use super::bounds::SampleEstimate;
use super::number::count;

/// The bets of the detector, `λ`.
const BETS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// A bet may lose at most this part of the fortune with a good answer.
const BOLDEST: f64 = 0.99;
/// The month-end brake pulls beyond this many standard errors: one-sided 1 %.
const BRAKE: f64 = 2.33;

/// The level at which the detector alarms by default: at most one alarm in 3 000 reviews on average while the limit is kept,
/// about 100 days with 30 reviews a day.
pub const ALARM_LEVEL: f64 = 3_000.0;

/// An e-detector: a figure that stays small while the share of bad answers keeps to the limit, and grows once it does not.
///
/// For each `λ` of ¼, ½, 1, 2, 4: `M ← (M + 1)(1 + λ (Z - α))`; alarm when the mean of the `M` reaches the level `A`. The average time to a
/// false alarm is then at least `A` reviews (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
/// detection", 2024). With unequal probabilities of being reviewed `Z` is the bad answer's weight `B_h = W_h / q_h`, 0 for a good one
/// (`bounds::betting_upper` has the same weights), which keeps its mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    limit: f64,
    level: f64,
    fortunes: [f64; BETS.len()],
    reviews: u64,
}

impl Detector {
    /// A detector for a `limit` in `0.0..1.0` that alarms at `level` (1 and more; [`ALARM_LEVEL`]). `None` for others.
    pub fn new(limit: f64, level: f64) -> Option<Self> {
        (limit > 0.0 && limit < 1.0 && level >= 1.0 && level.is_finite()).then_some(Self {
            limit,
            level,
            fortunes: [0.0; BETS.len()],
            reviews: 0,
        })
    }

    /// Takes a review: `weight` is `B_h` of its stratum (1 in a uniform sample). Returns whether the alarm is on.
    ///
    /// A bad answer with a weight that is none counts with weight 1; an endless row of bad ones stays finite.
    pub fn observe(&mut self, bad: bool, weight: f64) -> bool {
        let weight = if weight.is_finite() && weight >= 0.0 {
            weight
        } else {
            1.0
        };
        let surprise = if bad { weight } else { 0.0 } - self.limit;
        for (fortune, bet) in self.fortunes.iter_mut().zip(BETS) {
            // With a limit above ¼ the boldest bets would lose more than there is.
            let bet = bet.min(BOLDEST / self.limit);
            *fortune = ((*fortune + 1.0) * (1.0 + bet * surprise)).min(f64::MAX / 1e9);
        }
        self.reviews = self.reviews.saturating_add(1);
        self.is_alarmed()
    }

    /// The figure, 0 and more; the alarm is on when it reaches the level.
    pub fn figure(&self) -> f64 {
        self.fortunes.iter().sum::<f64>() / count(BETS.len())
    }

    /// Whether the alarm is on.
    pub fn is_alarmed(&self) -> bool {
        self.figure() >= self.level
    }

    /// Reviews since it began.
    pub const fn reviews(&self) -> u64 {
        self.reviews
    }
}

/// A share of bad answers as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The estimate.
    pub share: f64,
    /// The estimate's variance.
    pub variance: f64,
}

impl From<&SampleEstimate> for Level {
    fn from(estimate: &SampleEstimate) -> Self {
        Self {
            share: estimate.share,
            variance: estimate.variance,
        }
    }
}

/// Whether the month that ended is so much worse than the window the certificate rests on that the window begins anew:
/// `(θ̂_new - θ̂_window) / √(V_new + V_window) > 2.33`. Both about the same set of answers (`threshold::level_within`).
///
/// Never for levels that are no numbers. Without any variance in either (complete knowledge) any difference is one.
pub fn brakes(month: impl Into<Level>, window: impl Into<Level>) -> bool {
    let (month, window) = (month.into(), window.into());
    let worse = month.share - window.share;
    let error = (month.variance.max(0.0) + window.variance.max(0.0)).sqrt();
    worse > 0.0 && worse > BRAKE * error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bounds::{Population, Stratum, korn_graubard};

    #[test]
    fn the_figure_follows_its_formula() {
        let mut detector = Detector::new(0.04, 3_000.0).unwrap();
        detector.observe(true, 1.0);
        let expected: f64 = BETS.iter().map(|bet| 1.0 + bet * 0.96).sum::<f64>() / 5.0;
        assert!((detector.figure() - expected).abs() < 1e-12);
    }

    #[test]
    fn it_alarms_on_bad_answers_and_not_on_good_ones() {
        let mut detector = Detector::new(0.04, ALARM_LEVEL).unwrap();
        assert!((0..10_000).all(|_| !detector.observe(false, 1.0)));
        assert!((0..9).any(|_| detector.observe(true, 1.0)));
        assert!((0..100_000).all(|_| detector.observe(true, f64::INFINITY)) && detector.figure().is_finite());
    }

    #[test]
    fn what_is_no_limit_has_no_detector() {
        for (limit, level) in [
            (0.0, 10.0),
            (1.0, 10.0),
            (f64::NAN, 10.0),
            (0.1, 0.5),
            (0.1, f64::INFINITY),
        ] {
            assert_eq!(Detector::new(limit, level), None);
        }
        let mut lax = Detector::new(0.9, 10.0).unwrap();
        assert!((0..50).all(|_| !lax.observe(false, 1.0)) && lax.figure() >= 0.0);
    }

    #[test]
    fn the_brake_pulls_when_a_month_is_clearly_worse() {
        let estimate = |bad| {
            let stratum = Stratum {
                population: 10_000.0,
                reviewed: 900.0,
                bad,
            };
            korn_graubard(&[stratum], Population::Traffic).unwrap()
        };
        assert!(brakes(&estimate(81.0), &estimate(36.0)));
        assert!(!brakes(&estimate(40.0), &estimate(36.0)));
        assert!(!brakes(&estimate(10.0), &estimate(36.0)));
        assert!(!brakes(&estimate(0.0), &estimate(0.0)));
    }
}
