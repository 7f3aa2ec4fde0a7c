//! Logistic regression with a ridge toward a prior and signs that are kept: Newton's method on a bounded problem.

use super::{Direction, logistic};

/// Steps after which the fit is taken as it is; a handful is usual, because the loss is convex.
const STEPS: usize = 60;
/// Sweeps over the coordinates inside of a step.
const SWEEPS: usize = 400;
/// A step this small in every coordinate ends the fit.
const SETTLED: f64 = 1e-9;

/// One coefficient to find.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficient {
    /// Where the ridge pulls it.
    pub(super) prior: f64,
    /// How strongly: verdicts' worth of evidence for one standard deviation of a feature.
    pub(super) ridge: f64,
    /// The sign it must keep.
    pub(super) direction: Direction,
}

/// What is fitted on: standardised features row after row, what the fixed part of the score says of each row, and the
/// verdict with its weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// `columns` values a row.
    pub(super) features: &'a [f64],
    /// Values a row, one for each coefficient.
    pub(super) columns: usize,
    /// Fixed log-odds of each row.
    pub(super) offsets: &'a [f64],
    /// 1 for bad, 0 for good.
    pub(super) bad: &'a [f64],
    /// Finite and not negative.
    pub(super) weights: &'a [f64],
}

impl Rows<'_> {
    fn each(&self) -> impl Iterator<Item = (&[f64], f64, f64, f64)> {
        let features = self.features.chunks_exact(self.columns.max(1));
        let rest = self.offsets.iter().zip(self.bad).zip(self.weights);
        features
            .zip(rest)
            .map(|(row, ((offset, bad), weight))| (row, *offset, *bad, *weight))
    }
}

/// The coefficients that minimise `Σ w·(ln(1 + e^η) − bad·η) + Σ ½·ridge·(β − prior)²`, η = offset + row · β, with signs
/// kept. Defined for every input, no rows among them, because every coefficient has a ridge.
pub(super) fn solve(rows: &Rows<'_>, coefficients: &[Coefficient]) -> Vec<f64> {
    let mut at: Vec<f64> = coefficients.iter().map(|c| c.direction.keep(c.prior)).collect();
    let mut loss = loss_at(rows, coefficients, &at);
    for _ in 0..STEPS {
        let step = newton_step(rows, coefficients, &at);
        // Halving: Newton's step may go too far where the verdicts are nearly separable.
        let mut length = 1.0;
        let taken = loop {
            let tried: Vec<f64> = at
                .iter()
                .zip(&step)
                .map(|(value, change)| value + length * change)
                .collect();
            let tried_loss = loss_at(rows, coefficients, &tried);
            if tried_loss <= loss {
                loss = tried_loss;
                at = tried;
                break true;
            }
            length /= 2.0;
            if length < 1e-6 {
                break false;
            }
        };
        if !taken || step.iter().all(|change| change.abs() * length < SETTLED) {
            break;
        }
    }
    at
}

fn dot(row: &[f64], at: &[f64]) -> f64 {
    row.iter().zip(at).map(|(x, b)| x * b).sum()
}

fn loss_at(rows: &Rows<'_>, coefficients: &[Coefficient], at: &[f64]) -> f64 {
    let misfit: f64 = rows
        .each()
        .map(|(row, offset, bad, weight)| {
            let odds = offset + dot(row, at);
            // ln(1 + e^η) without overflow.
            weight * (odds.max(0.0) + (-odds.abs()).exp().ln_1p() - bad * odds)
        })
        .sum();
    let pulled = at
        .iter()
        .zip(coefficients)
        .map(|(value, c)| 0.5 * c.ridge * (value - c.prior).powi(2));
    misfit + pulled.sum::<f64>()
}

/// The step to the minimum of the quadratic that touches the loss at `at`, with signs kept: coordinate descent, which meets
/// bounds exactly.
fn newton_step(rows: &Rows<'_>, coefficients: &[Coefficient], at: &[f64]) -> Vec<f64> {
    let n = coefficients.len();
    let mut slope: Vec<f64> = at
        .iter()
        .zip(coefficients)
        .map(|(value, c)| c.ridge * (value - c.prior))
        .collect();
    let mut curvature = vec![0.0; n * n];
    for (row, offset, bad, weight) in rows.each() {
        let share = logistic(offset + dot(row, at));
        let (pull, bend) = (weight * (share - bad), weight * share * (1.0 - share));
        for ((line, x), s) in curvature.chunks_exact_mut(n.max(1)).zip(row).zip(&mut slope) {
            *s += pull * x;
            let leaning = bend * x;
            for (cell, y) in line.iter_mut().zip(row) {
                *cell += leaning * y;
            }
        }
    }
    let mut step = vec![0.0; n];
    // The gradient of the quadratic at `step`, kept up to date coordinate by coordinate.
    let mut gradient = slope;
    for (diagonal, c) in (0..n).zip(coefficients) {
        if let Some(cell) = curvature.get_mut(diagonal * n + diagonal) {
            *cell += c.ridge;
        }
    }
    for _ in 0..SWEEPS {
        let mut moved = 0.0_f64;
        for (j, line) in curvature.chunks_exact(n.max(1)).enumerate() {
            let (Some(&bend), Some(&pull), Some(&value), Some(c), Some(change)) = (
                line.get(j),
                gradient.get(j),
                at.get(j),
                coefficients.get(j),
                step.get_mut(j),
            ) else {
                continue;
            };
            if bend <= 0.0 {
                continue;
            }
            let wanted = c.direction.keep(value + *change - pull / bend) - value;
            let by = wanted - *change;
            *change = wanted;
            moved = moved.max(by.abs());
            for (g, h) in gradient.iter_mut().zip(line) {
                *g += h * by;
            }
        }
        if moved < SETTLED / 10.0 {
            break;
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coefficient(prior: f64, ridge: f64, direction: Direction) -> Coefficient {
        Coefficient {
            prior,
            ridge,
            direction,
        }
    }

    #[test]
    fn without_rows_the_prior_is_the_answer() {
        let none = Rows {
            features: &[],
            columns: 2,
            offsets: &[],
            bad: &[],
            weights: &[],
        };
        let found = solve(
            &none,
            &[
                coefficient(0.5, 1.0, Direction::Risk),
                coefficient(-2.0, 1.0, Direction::Either),
            ],
        );
        assert!(
            (found[0] - 0.5).abs() < 1e-12 && (found[1] + 2.0).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn the_minimum_of_one_coefficient_satisfies_its_equation() {
        // Three of ten bad, intercept alone, ridge 2 toward 1: 10·σ(b) − 3 + 2·(b − 1) = 0.
        let bad: Vec<f64> = (0..10).map(|i| if i < 3 { 1.0 } else { 0.0 }).collect();
        let rows = Rows {
            features: &[1.0; 10],
            columns: 1,
            offsets: &[0.0; 10],
            bad: &bad,
            weights: &[1.0; 10],
        };
        let b = solve(&rows, &[coefficient(1.0, 2.0, Direction::Either)])[0];
        assert!((10.0 * logistic(b) - 3.0 + 2.0 * (b - 1.0)).abs() < 1e-6, "{b}");
    }

    #[test]
    fn a_sign_that_the_verdicts_contradict_ends_at_nothing() {
        // The feature goes with good verdicts, but may only speak for risk.
        let features: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        let bad: Vec<f64> = features.iter().map(|x| 1.0 - x).collect();
        let rows = Rows {
            features: &features,
            columns: 1,
            offsets: &[0.0; 40],
            bad: &bad,
            weights: &[1.0; 40],
        };
        assert!(solve(&rows, &[coefficient(0.5, 1.0, Direction::Risk)])[0].abs() < 1e-12);
        assert!(solve(&rows, &[coefficient(0.5, 1.0, Direction::Either)])[0] < -1.0);
    }

    #[test]
    fn perfectly_separated_verdicts_still_have_an_answer() {
        let features: Vec<f64> = (0..40).map(|i| if i < 20 { -1.0 } else { 1.0 }).collect();
        let bad: Vec<f64> = features.iter().map(|x| if *x > 0.0 { 1.0 } else { 0.0 }).collect();
        let rows = Rows {
            features: &features,
            columns: 1,
            offsets: &[0.0; 40],
            bad: &bad,
            weights: &[1.0; 40],
        };
        let found = solve(&rows, &[coefficient(0.0, 0.1, Direction::Either)])[0];
        assert!(found.is_finite() && found > 1.0, "{found}");
    }
}
