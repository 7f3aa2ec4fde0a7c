//! Strata: bands of risk.

use crate::stats::quantile::quantiles;

/// Where the bands are cut: quantiles of the risks of last month's unreviewed answers. The riskiest are few and many of
/// the bad ones are among them.
pub const BAND_QUANTILES: [f64; 4] = [0.40, 0.70, 0.88, 0.96];

/// The bands of a month, from the safest (0) to the riskiest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bands {
    cuts: Vec<f64>,
}

impl Bands {
    /// Everything in one band: for the first month, of which no risks are known.
    pub const fn one() -> Self {
        Self { cuts: Vec::new() }
    }

    /// Bands cut at [`BAND_QUANTILES`] of the risks of the month before (any order). Risks that are no numbers are left
    /// out; without any other there is one band. Equal risks stay together, so bands may stay empty.
    pub fn of_last_month(risks: &[f64]) -> Self {
        let known: Vec<f64> = risks.iter().copied().filter(|risk| risk.is_finite()).collect();
        Self {
            cuts: quantiles(&known, &BAND_QUANTILES).unwrap_or_default(),
        }
    }

    /// The bands of cuts that were logged. `None` unless they are numbers in rising order.
    pub fn from_cuts(cuts: Vec<f64>) -> Option<Self> {
        let rise = cuts.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
        (rise && cuts.iter().all(|cut| cut.is_finite())).then_some(Self { cuts })
    }

    /// The cuts, for the log.
    pub fn cuts(&self) -> &[f64] {
        &self.cuts
    }

    /// How many bands there are, one at least.
    pub fn len(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Never: there is always one band.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The band of a risk; the riskiest for NaN.
    pub fn of(&self, risk: f64) -> usize {
        if risk.is_nan() {
            return self.cuts.len();
        }
        self.cuts.partition_point(|cut| *cut < risk)
    }
}
