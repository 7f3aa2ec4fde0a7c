//! How likely a draft is bad: a frozen score, learned from verdicts.
//!
//! A draft's features `x` become a *rank*, the log-odds that it is bad,
//!
//! ```text
//! rank(x) = b + Σ_j β_j · z_j,    z_j = (x_j − c_j) / s_j, cut to −6..=6; 0 where x_j was not measured
//! ```
//!
//! with `β` from a ridge logistic regression on verdicts that is pulled toward a prior set by hand (`fit`), so that the
//! score orders drafts sensibly before the first verdict and moves only as far as the verdicts carry it. A monotone map
//! (`Calibration`) turns ranks into probabilities for people to read. **Guarantees use ranks only**: whatever the map
//! does, a certificate does not change.
//!
//! A [`Version`] is frozen: everything that scoring needs, under an id that is the hash of it. Which verdicts may make
//! one and which are kept for certifying with it says [`leak::Rule`].
//!
//! Sources: ridge logistic regression, le Cessie and van Houwelingen, "Ridge estimators in logistic regression", Applied
//! Statistics 41 (1992); weights by the inverse of the inclusion probability, Horvitz and Thompson (1952), and their
//! truncation, Cole and Hernán, "Constructing inverse probability weights for marginal structural models" (2008).

pub mod calibration;
mod fit;
pub mod leak;
mod ridge;

pub use calibration::Calibration;
pub use fit::{Example, fit};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Standard deviations after which a feature says no more.
const FARTHEST: f64 = 6.0;

/// Which way a feature may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More of it never makes a draft safer.
    Risk,
    /// More of it never makes a draft riskier.
    Safety,
    /// What it means is for the verdicts to say.
    Either,
}

impl Direction {
    /// The coefficient nearest to `value` that goes this way.
    fn keep(self, value: f64) -> f64 {
        match self {
            Self::Risk => value.max(0.0),
            Self::Safety => value.min(0.0),
            Self::Either => value,
        }
    }
}

/// What is believed of a feature before any verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeaturePrior {
    /// Its name; the same in every version.
    pub name: String,
    /// Which way it may push.
    pub direction: Direction,
    /// Change of the log-odds of bad for one unit of the feature, of the sign that `direction` allows.
    pub coefficient: f64,
    /// Its usual value, in its own unit.
    pub centre: f64,
    /// Its usual standard deviation, above 0, in its own unit.
    pub scale: f64,
}

/// What is believed before any verdict. The order of the features is the order in which verdicts free them: the most
/// telling first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The features, in the order of their vectors.
    pub features: Vec<FeaturePrior>,
    /// Share of bad drafts expected of a draft with usual features, above 0 and below 1.
    pub bad_rate: f64,
}

/// A feature in a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// What is subtracted from it, in its own unit.
    pub centre: f64,
    /// What it is divided by then, above 0, in its own unit.
    pub scale: f64,
    /// Change of the log-odds of bad for one `scale` of it.
    pub coefficient: f64,
    /// Did verdicts move it, or does it stand where the prior put it?
    pub learned: bool,
}

/// What a version was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedOn {
    /// Verdicts of known weight.
    pub verdicts: usize,
    /// How many of them were bad.
    pub bad: usize,
    /// What they are worth as evidence, `(Σw)² / Σw²`, at most `verdicts`.
    pub effective: f64,
    /// Which verdicts were allowed; none for a version that was set by hand.
    pub rule: Option<leak::Rule>,
}

/// A frozen score: everything that scoring a draft needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Hash of everything else, 16 hexadecimal digits: the same score has the same id on every machine.
    pub id: String,
    /// The features, in the order of their vectors.
    pub terms: Vec<Term>,
    /// Log-odds of bad for a draft with usual features.
    pub intercept: f64,
    /// From ranks to probabilities.
    pub calibration: Calibration,
    /// Where it comes from.
    pub fitted_on: FittedOn,
}

impl Version {
    /// The score before any verdict: the prior itself.
    pub fn by_hand(prior: &Prior) -> Self {
        fit(prior, &[], None)
    }

    /// The log-odds that a draft with these features is bad, before calibration: higher is riskier. Always a finite number;
    /// a feature that is missing at the end or not a number counts as usual.
    pub fn rank(&self, features: &[f64]) -> f64 {
        let said = features.iter().zip(&self.terms);
        self.intercept
            + said
                .map(|(value, term)| term.coefficient * standardised(*value, term.centre, term.scale))
                .sum::<f64>()
    }

    /// The calibrated probability that a draft with these features is bad, `0.0..=1.0`; never falls when the rank rises.
    pub fn risk(&self, features: &[f64]) -> f64 {
        self.calibration.risk(self.rank(features))
    }

    /// The calibrated probability that a draft with these features is acceptable, `0.0..=1.0`.
    pub fn confidence(&self, features: &[f64]) -> f64 {
        1.0 - self.risk(features)
    }

    /// What each feature adds to the log-odds of bad, the strongest first: why a draft has its score.
    pub fn reasons(&self, features: &[f64]) -> Vec<(&str, f64)> {
        let mut reasons: Vec<(&str, f64)> = features
            .iter()
            .zip(&self.terms)
            .map(|(value, term)| {
                let added = term.coefficient * standardised(*value, term.centre, term.scale);
                (term.name.as_str(), added)
            })
            .collect();
        reasons.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        reasons
    }

    /// Rounds a version's numbers, so that it is the same after it was written down and read, and gives it its id.
    fn sealed(mut self) -> Self {
        for term in &mut self.terms {
            for number in [&mut term.centre, &mut term.scale, &mut term.coefficient] {
                *number = rounded(*number);
            }
        }
        self.intercept = rounded(self.intercept);
        self.fitted_on.effective = rounded(self.fitted_on.effective);
        self.calibration.round();
        self.id = String::new();
        // Plain data without maps always serialises; if it ever did not, versions would share one id, not a score.
        let content = serde_json::to_vec(&self).unwrap_or_default();
        let digest = Sha256::digest(content);
        self.id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self
    }
}

/// A feature in standard deviations from its usual value, `-6.0..=6.0`; 0 where it is not a number or has no spread.
fn standardised(value: f64, centre: f64, scale: f64) -> f64 {
    let z = (value - centre) / scale;
    if z.is_nan() || scale <= 0.0 {
        0.0
    } else {
        z.clamp(-FARTHEST, FARTHEST)
    }
}

/// A number to twelve significant digits: so many survive every way of writing decimals down.
fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

/// A probability's log-odds, finite for all of `0.0..=1.0`.
fn logit(share: f64) -> f64 {
    let share = share.clamp(1e-9, 1.0 - 1e-9);
    (share / (1.0 - share)).ln()
}

/// The probability of log-odds, computed so that nothing overflows.
fn logistic(odds: f64) -> f64 {
    if odds >= 0.0 {
        1.0 / (1.0 + (-odds).exp())
    } else {
        let e = odds.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests;
