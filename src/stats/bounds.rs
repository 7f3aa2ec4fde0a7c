//! How large a share can be, given what was counted.
//!
//! | bound | for | sampling |
//! |---|---|---|
//! | [`clopper_pearson_upper`], [`clopper_pearson_lower`] | anything counted; the exact fallback | uniform |
//! | [`korn_graubard`] | the monthly claim about a finished set of answers | strata |
//! | [`weighted_upper`], [`weighted_lower`] | certificates, adjudicated estimates | weights |
//! | [`betting_upper`] | the figure on a page that is looked at whenever one likes | strata, any time |
//!
//! Shares are in `0.0..=1.0`; `risk` is the probability with which a bound may be wrong, in `0.0..1.0` (0.05 for "95 %
//! sure"). **A bound that was not earned is the trivial one**: whatever cannot be evidence (nothing counted, more bad
//! than counted, a risk or a weight that is none) gives 1 as upper and 0 as lower bound, never an error and never less.

mod betting;
mod korn_graubard;
mod weighted;

pub use betting::{Watched, betting_upper};
pub use korn_graubard::{Population, SampleEstimate, Stratum, korn_graubard, merge_thin};
pub use weighted::{WeightedSum, weighted_lower, weighted_upper};

use super::beta::beta_quantile;

/// Rounding that a count made of weights may bring along.
const ROUNDING: f64 = 1e-9;

/// The upper bound of a share of which `bad` were counted among `n`: `BetaInv(1 - risk; bad + 1, n - bad)`, the share at
/// which so few or fewer would have been counted with the probability `risk`.
///
/// Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
/// (1934). Exact for whole counts: wrong at most with probability `risk`, whatever `n`. Both counts may be broken numbers
/// (effective samples), where it is the usual continuation. 1 where nothing follows, so for `n = 0`, too.
pub fn clopper_pearson_upper(bad: f64, n: f64, risk: f64) -> f64 {
    let Some(bad) = counted(bad, n, risk) else { return 1.0 };
    if bad >= n {
        return 1.0;
    }
    beta_quantile(1.0 - risk, bad + 1.0, n - bad).unwrap_or(1.0)
}

/// The lower bound: `BetaInv(risk; bad, n - bad + 1)`, 0 where none was counted or nothing follows. See
/// [`clopper_pearson_upper`].
pub fn clopper_pearson_lower(bad: f64, n: f64, risk: f64) -> f64 {
    let Some(bad) = counted(bad, n, risk) else { return 0.0 };
    if bad <= 0.0 {
        return 0.0;
    }
    beta_quantile(risk, bad, n - bad + 1.0).unwrap_or(0.0)
}

/// The `bad` among `n`, if that can be a count and `risk` a risk.
fn counted(bad: f64, n: f64, risk: f64) -> Option<f64> {
    let is_count = n.is_finite() && n > 0.0 && bad >= 0.0 && bad <= n * (1.0 + ROUNDING) + ROUNDING;
    (is_count && is_risk(risk)).then_some(bad.min(n))
}

fn is_risk(risk: f64) -> bool {
    risk > 0.0 && risk < 1.0
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests;
