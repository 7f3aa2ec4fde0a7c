//! Bounds for weighted sums of few events.

use super::{ROUNDING, is_risk};
use crate::stats::beta::beta_quantile;

/// A weighted count of bad answers: `y = Σ w Y`, its variance `v = Σ w² Y` and the heaviest weight of all answers
/// looked at, good or bad. Weights are shares of what is estimated: with equal weights of `n` answers each is `1 / n`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WeightedSum {
    estimate: f64,
    variance: f64,
    heaviest: f64,
    is_spoilt: bool,
}

impl WeightedSum {
    /// Nothing looked at yet.
    pub const fn new() -> Self {
        Self {
            estimate: 0.0,
            variance: 0.0,
            heaviest: 0.0,
            is_spoilt: false,
        }
    }

    /// Adds `reviewed` answers of the same `weight`, `bad` of which were bad. A weight of 0 adds nothing. A weight or a
    /// count that is none (negative, infinite, NaN) spoils the sum: its bounds are trivial from then on.
    pub fn add(&mut self, weight: f64, reviewed: f64, bad: f64) {
        if !(weight.is_finite() && weight >= 0.0 && bad >= 0.0 && reviewed >= bad && reviewed.is_finite()) {
            self.is_spoilt = true;
            return;
        }
        if weight > 0.0 && reviewed > 0.0 {
            self.estimate += weight * bad;
            self.variance += weight * weight * bad;
            self.heaviest = self.heaviest.max(weight);
        }
    }

    /// `y`: the estimated share of bad answers, 0 and more.
    pub const fn estimate(&self) -> f64 {
        self.estimate
    }

    /// `v`: the estimated variance of the estimate.
    pub const fn variance(&self) -> f64 {
        self.variance
    }

    fn can_be_bounded(&self, risk: f64) -> bool {
        !self.is_spoilt && self.heaviest > 0.0 && self.estimate.is_finite() && is_risk(risk)
    }
}

/// The upper bound of a share that is estimated with unequal weights (weighted Clopper–Pearson): with
/// `s = (v + w_M²) / (y + w_M)` and `ξ = (y + w_M) / s`, `U = BetaInv(1 - risk; ξ, 1 / s - ξ + 1)`.
///
/// The beta analogue of Fay and Feuer's bound for weighted Poisson counts ("Confidence intervals for directly standardized
/// rates", Statistics in Medicine 16, 1997): as if one more bad answer of the heaviest weight had been seen. It equals
/// Clopper and Pearson's where all weights are equal; otherwise it is an approximation, checked by `holdpoint simulate` (T1–T7).
/// Weights should add up to about 1. 1 where nothing was looked at or the sum is spoilt.
pub fn weighted_upper(sum: &WeightedSum, risk: f64) -> f64 {
    if !sum.can_be_bounded(risk) {
        return 1.0;
    }
    let (y, v, heaviest) = (sum.estimate, sum.variance, sum.heaviest);
    let scale = (v + heaviest * heaviest) / (y + heaviest);
    let shape = (y + heaviest) / scale;
    let rest = 1.0 / scale - shape + 1.0;
    // No room for one more: everything that was looked at was bad, or one weight is all there is.
    if rest <= ROUNDING {
        return 1.0;
    }
    beta_quantile(1.0 - risk, shape, rest).unwrap_or(1.0)
}

/// The lower bound: with `s = v / y` and `ξ = y / s`, `L = BetaInv(risk; ξ, 1 / s - ξ + 1)`. 0 where no bad answer was seen or
/// the sum is spoilt. See [`weighted_upper`].
pub fn weighted_lower(sum: &WeightedSum, risk: f64) -> f64 {
    if !sum.can_be_bounded(risk) || sum.estimate <= 0.0 {
        return 0.0;
    }
    let scale = sum.variance / sum.estimate;
    let shape = sum.estimate / scale;
    let rest = 1.0 / scale - shape + 1.0;
    if rest <= 0.0 {
        return 0.0;
    }
    beta_quantile(risk, shape, rest).unwrap_or(0.0)
}
