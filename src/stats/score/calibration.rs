//! From ranks to probabilities that people read: Platt's sigmoid below 1 000 verdicts, isotonic regression from there on.
//!
//! Platt, "Probabilistic outputs for support vector machines" (1999), with its smoothed targets; isotonic regression by
//! pooling adjacent violators, Ayer et al. (1955); the choice between them, Niculescu-Mizil and Caruana, "Predicting good
//! probabilities with supervised learning" (2005). Both are monotone, so they never change an order of drafts by more than
//! tying neighbours; order is taken from ranks.

use super::ridge::{Coefficient, Rows, solve};
use super::{Direction, logistic, rounded};
use serde::{Deserialize, Serialize};

/// Verdicts from which on the map is isotonic.
const ISOTONIC_FROM: usize = 1_000;

/// A map from ranks (log-odds of bad) to the probability of bad that never falls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Calibration {
    /// The rank's own probability.
    Plain,
    /// `σ(slope · rank + intercept)`.
    Platt {
        /// At least 0.
        slope: f64,
        /// Any number.
        intercept: f64,
    },
    /// Straight lines between points, level beyond them.
    Isotonic {
        /// Rank and probability, both rising.
        points: Vec<(f64, f64)>,
    },
}

impl Calibration {
    /// The map that fits ranks with their weights and verdicts (`true` = bad). Without verdicts the plain one.
    ///
    /// Weights must be finite and not negative.
    pub(super) fn fitted(ranked: &[(f64, f64, bool)]) -> Self {
        if ranked.is_empty() {
            Self::Plain
        } else if ranked.len() < ISOTONIC_FROM {
            platt(ranked)
        } else {
            isotonic(ranked)
        }
    }

    /// The probability of bad for a rank, `0.0..=1.0`.
    pub fn risk(&self, rank: f64) -> f64 {
        match self {
            Self::Plain => logistic(rank),
            Self::Platt { slope, intercept } => logistic(slope * rank + intercept),
            Self::Isotonic { points } => between(points, rank),
        }
    }
}

impl Calibration {
    /// Rounds its numbers as those of a version are.
    pub(super) fn round(&mut self) {
        match self {
            Self::Plain => {}
            Self::Platt { slope, intercept } => {
                *slope = rounded(*slope);
                *intercept = rounded(*intercept);
            }
            Self::Isotonic { points } => {
                for (rank, risk) in points {
                    *rank = rounded(*rank);
                    *risk = rounded(*risk);
                }
            }
        }
    }
}

fn between(points: &[(f64, f64)], rank: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at <= rank);
    let before = after.checked_sub(1).and_then(|at| points.get(at));
    match (before, points.get(after)) {
        (Some((x0, y0)), Some((x1, y1))) => {
            // Neighbours are apart, because equal ranks were pooled; rounding may have made them equal again.
            let part = (rank - x0) / (x1 - x0);
            y0 + (y1 - y0) * if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
        }
        (Some((_, y)), None) | (None, Some((_, y))) => *y,
        (None, None) => logistic(rank),
    }
}

fn platt(ranked: &[(f64, f64, bool)]) -> Calibration {
    let of = |wanted: bool| {
        ranked
            .iter()
            .filter(|(_, _, bad)| *bad == wanted)
            .map(|(_, weight, _)| weight)
            .sum::<f64>()
    };
    let (bad, good) = (of(true), of(false));
    // Platt's targets: nobody is certain after so few verdicts.
    let (when_bad, when_good) = ((bad + 1.0) / (bad + 2.0), 1.0 / (good + 2.0));
    let features: Vec<f64> = ranked.iter().flat_map(|(rank, _, _)| [1.0, *rank]).collect();
    let offsets = vec![0.0; ranked.len()];
    let targets: Vec<f64> = ranked
        .iter()
        .map(|(_, _, bad)| if *bad { when_bad } else { when_good })
        .collect();
    let weights: Vec<f64> = ranked.iter().map(|(_, weight, _)| *weight).collect();
    let rows = Rows {
        features: &features,
        columns: 2,
        offsets: &offsets,
        bad: &targets,
        weights: &weights,
    };
    // A light pull toward leaving the ranks as they are keeps the map defined for one verdict or one kind of verdicts.
    let found = solve(
        &rows,
        &[
            Coefficient {
                prior: 0.0,
                ridge: 0.5,
                direction: Direction::Either,
            },
            Coefficient {
                prior: 1.0,
                ridge: 2.0,
                direction: Direction::Risk,
            },
        ],
    );
    match found.as_slice() {
        [intercept, slope] => Calibration::Platt {
            slope: *slope,
            intercept: *intercept,
        },
        _ => Calibration::Plain,
    }
}

/// A run of ranks with one probability.
struct Block {
    weight: f64,
    bad: f64,
    /// Weighted mean of its ranks.
    rank: f64,
}

impl Block {
    fn share(&self) -> f64 {
        self.bad / self.weight
    }

    fn join(&mut self, next: &Self) {
        let weight = self.weight + next.weight;
        self.rank = (self.rank * self.weight + next.rank * next.weight) / weight;
        self.bad += next.bad;
        self.weight = weight;
    }
}

fn isotonic(ranked: &[(f64, f64, bool)]) -> Calibration {
    let mut sorted: Vec<&(f64, f64, bool)> = ranked.iter().filter(|(_, weight, _)| *weight > 0.0).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut blocks: Vec<Block> = Vec::new();
    for (rank, weight, bad) in sorted {
        let mut next = Block {
            weight: *weight,
            bad: if *bad { *weight } else { 0.0 },
            rank: *rank,
        };
        while let Some(last) = blocks.last() {
            // Not strictly rising: pooled. So are equal ranks, which a function cannot tell apart.
            if last.share() < next.share() && last.rank < next.rank {
                break;
            }
            if let Some(mut last) = blocks.pop() {
                last.join(&next);
                next = last;
            }
        }
        blocks.push(next);
    }
    let total: f64 = blocks.iter().map(|block| block.weight).sum();
    // The outermost blocks often hold a handful of verdicts of one kind; they do not make anything certain.
    let least = 1.0 / (total + 2.0);
    let points = blocks
        .iter()
        .map(|block| (block.rank, block.share().clamp(least, 1.0 - least)))
        .collect();
    Calibration::Isotonic { points }
}
