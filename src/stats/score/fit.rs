//! From verdicts to a version.

use super::ridge::{Coefficient, Rows, solve};
use super::{Calibration, Direction, FeaturePrior, FittedOn, Prior, Term, Version, leak, logit, standardised};
use crate::stats::number::count;

/// Weights above this many times their mean are cut down to it: one draft that was hardly ever looked at must not decide.
const TRUNCATION: f64 = 10.0;
/// Bad (or good, if they are fewer) verdicts that free one coefficient.
const BAD_FOR_EACH_COEFFICIENT: usize = 10;
/// How strongly coefficients are pulled toward the prior, in verdicts' worth of evidence per standard deviation.
const RIDGE: f64 = 60.0;
/// The same for the intercept: it is worth about ten verdicts at one bad in ten.
const INTERCEPT_RIDGE: f64 = 1.0;
/// Verdicts from which on the features' own means and spreads are used instead of the prior's.
const OWN_SCALE_FROM: usize = 30;

/// A draft with its verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example<'a> {
    /// In the prior's order; what was not measured is NaN.
    pub features: &'a [f64],
    /// Was the draft bad?
    pub bad: bool,
    /// 1 / (probability that it was looked at): 1 for drafts that all were. Weights that are not a number, 0 or negative
    /// leave the verdict out, because nothing is known then about what it stands for; infinite ones count as the largest
    /// allowed.
    pub weight: f64,
}

/// Fits a version on verdicts: standardise; free one coefficient for ten verdicts of the rarer kind, in the prior's order and only of features
/// that these verdicts measured and that varied; minimise the weighted logistic loss with a ridge toward the prior; calibrate. `rule` says
/// which verdicts these are.
///
/// Defined for any verdicts: none, one, all good, all bad, constant features. Deterministic. Time grows with
/// verdicts · features².
pub fn fit(prior: &Prior, examples: &[Example<'_>], rule: Option<leak::Rule>) -> Version {
    let (examples, weights) = weighed(examples);
    let bad = examples.iter().filter(|e| e.bad).count();
    let columns = columns(prior, &examples, &weights, bad);
    let (intercept, coefficients) = coefficients(prior, &columns, &examples, &weights);

    let terms = prior.features.iter().zip(&columns).zip(coefficients);
    let mut version = Version {
        id: String::new(),
        terms: terms
            .map(|((feature, column), coefficient)| Term {
                name: feature.name.clone(),
                centre: column.centre,
                scale: column.scale,
                coefficient,
                learned: column.is_free,
            })
            .collect(),
        intercept,
        calibration: Calibration::Plain,
        fitted_on: FittedOn {
            verdicts: examples.len(),
            bad,
            effective: effective(&weights),
            rule,
        },
    };
    let ranked: Vec<(f64, f64, bool)> = examples
        .iter()
        .zip(&weights)
        .map(|(e, weight)| (version.rank(e.features), *weight, e.bad))
        .collect();
    version.calibration = Calibration::fitted(&ranked);
    version.sealed()
}

/// How a feature enters a fit.
struct Column {
    centre: f64,
    scale: f64,
    /// The prior's coefficient for one `scale`.
    believed: f64,
    /// May verdicts move it?
    is_free: bool,
}

fn columns(prior: &Prior, examples: &[Example<'_>], weights: &[f64], bad: usize) -> Vec<Column> {
    let mut left_to_free = bad.min(examples.len() - bad) / BAD_FOR_EACH_COEFFICIENT;
    let column = |(at, feature): (usize, &FeaturePrior)| {
        let own = own_scale(at, feature, examples, weights);
        let (centre, scale) = own.unwrap_or((feature.centre, feature.scale));
        let is_free = own.is_some() && left_to_free > 0;
        left_to_free -= usize::from(is_free);
        Column {
            centre,
            scale,
            believed: feature.direction.keep(feature.coefficient) * scale,
            is_free,
        }
    };
    prior.features.iter().enumerate().map(column).collect()
}

/// The intercept and every feature's coefficient, found or believed.
fn coefficients(prior: &Prior, columns: &[Column], examples: &[Example<'_>], weights: &[f64]) -> (f64, Vec<f64>) {
    let free = columns.iter().filter(|column| column.is_free).count();
    let mut features = Vec::with_capacity(examples.len() * (free + 1));
    let mut offsets = Vec::with_capacity(examples.len());
    for example in examples {
        features.push(1.0);
        let mut offset = 0.0;
        for (column, value) in columns.iter().zip(example.features) {
            let z = standardised(*value, column.centre, column.scale);
            if column.is_free {
                features.push(z);
            } else {
                offset += z * column.believed;
            }
        }
        offsets.push(offset);
    }
    let intercept = Coefficient {
        prior: logit(prior.bad_rate),
        ridge: INTERCEPT_RIDGE,
        direction: Direction::Either,
    };
    let freed = prior.features.iter().zip(columns).filter(|(_, column)| column.is_free);
    let wanted: Vec<Coefficient> = std::iter::once(intercept)
        .chain(freed.map(|(feature, column)| Coefficient {
            prior: column.believed,
            ridge: RIDGE,
            direction: feature.direction,
        }))
        .collect();
    let bad: Vec<f64> = examples.iter().map(|e| f64::from(u8::from(e.bad))).collect();
    let mut found = solve(
        &Rows {
            features: &features,
            columns: free + 1,
            offsets: &offsets,
            bad: &bad,
            weights,
        },
        &wanted,
    )
    .into_iter();
    let intercept = found.next().unwrap_or_default();
    let all = columns.iter().map(|column| {
        let found = if column.is_free { found.next() } else { None };
        found.unwrap_or(column.believed)
    });
    (intercept, all.collect())
}

/// The examples whose weights mean something, and those weights: truncated, and scaled so that they add up to what the
/// verdicts are worth as evidence. The ridge then weighs the same whatever π was.
fn weighed<'a>(examples: &[Example<'a>]) -> (Vec<Example<'a>>, Vec<f64>) {
    let kept: Vec<Example<'a>> = examples.iter().filter(|e| e.weight > 0.0).copied().collect();
    let weights = truncated(&kept.iter().map(|e| e.weight).collect::<Vec<_>>());
    let sum: f64 = weights.iter().sum();
    let worth = effective(&weights);
    let weights = weights.iter().map(|w| w / sum * worth).collect();
    (kept, weights)
}

/// Weights cut at ten times the mean of the finite ones; all 1 where none is finite.
fn truncated(weights: &[f64]) -> Vec<f64> {
    let finite = || weights.iter().copied().filter(|w| w.is_finite());
    let heaviest = finite().fold(0.0, f64::max);
    if heaviest <= 0.0 {
        return vec![1.0; weights.len()];
    }
    // Relative to the heaviest, so that nothing overflows: the scale is taken out afterwards anyway.
    let mean = finite().map(|w| w / heaviest).sum::<f64>() / count(finite().count());
    weights.iter().map(|w| (w / heaviest).min(TRUNCATION * mean)).collect()
}

/// Kish's effective number of observations, `(Σw)² / Σw²`; 0 for none.
fn effective(weights: &[f64]) -> f64 {
    let (sum, squares) = weights.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Weighted mean and spread of a feature; `None` where too few verdicts measured it or it hardly varied: it may vary tomorrow, and the
/// prior knows by how much.
fn own_scale(at: usize, feature: &FeaturePrior, examples: &[Example<'_>], weights: &[f64]) -> Option<(f64, f64)> {
    let measured: Vec<(f64, f64)> = examples
        .iter()
        .zip(weights)
        .filter_map(|(example, weight)| Some((*example.features.get(at)?, *weight)))
        .filter(|(value, _)| value.is_finite())
        .collect();
    if measured.len() < OWN_SCALE_FROM {
        return None;
    }
    let all: f64 = measured.iter().map(|(_, weight)| weight).sum();
    let mean = measured
        .iter()
        .map(|(value, weight)| value * (weight / all))
        .sum::<f64>();
    let variance = measured
        .iter()
        .map(|(value, weight)| (value - mean).powi(2) * (weight / all))
        .sum::<f64>();
    let spread = variance.sqrt();
    (spread.is_finite() && spread > feature.scale / 20.0).then_some((mean, spread))
}
