//! Which strength is surest to gain: cross-validation over whole groups.

use super::basis::Basis;
use super::fit::{self, Row};
use super::given::{Given, Judgement};
use super::{FEWEST, OWN_FROM, STRENGTHS, SURENESS, Strength, Tried};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Parts that are each judged by what the others taught.
const FOLDS: usize = 5;

/// The strength whose gain over the frozen score is surest, if any is; and what was found of all.
pub(super) fn strength(given: &Given<'_>, seed: u64) -> (Option<Strength>, Vec<Tried>) {
    let folds = folds(given, seed);
    if given.rows.len() < FEWEST || folds.len() < FOLDS {
        return (None, Vec::new());
    }
    let tried = STRENGTHS
        .iter()
        .filter(|it| it.own.is_none() || given.rows.len() >= OWN_FROM);
    let tried: Vec<Strength> = tried.copied().collect();
    // gains[strength][row], by what was learned without the row's part.
    let mut gains = vec![vec![0.0; given.rows.len()]; tried.len()];
    for part in 0..FOLDS {
        let is_in = |judgement: &Judgement<'_>| folds.get(judgement.group).is_some_and(|at| at % FOLDS == part);
        let learned: Vec<&Judgement<'_>> = given.rows.iter().filter(|row| !is_in(row)).collect();
        let basis = Basis::of(given, &learned);
        let rows: Vec<Row<'_>> = learned.iter().map(|row| basis.row(row)).collect();
        for (strength, gains) in tried.iter().zip(&mut gains) {
            let weights = fit::fit(given.dimensions, &rows, *strength);
            for (judgement, gain) in given.rows.iter().zip(gains).filter(|(row, _)| is_in(row)) {
                *gain = fit::cost(judgement, &judgement.frozen) - fit::cost_of(&basis.row(judgement), &weights);
            }
        }
    }
    let tried: Vec<Tried> = tried
        .into_iter()
        .zip(&gains)
        .map(|(strength, gains)| {
            let (gain, error) = mean_by_group(&given.rows, gains);
            Tried { strength, gain, error }
        })
        .collect();
    let sure = |tried: &Tried| tried.gain - SURENESS * tried.error;
    // The first, and weakest, of equals.
    let best = tried.iter().rev().max_by(|a, b| sure(a).total_cmp(&sure(b)));
    (best.filter(|best| sure(best) > 0.0).map(|best| best.strength), tried)
}

/// Each group's place in an order that the seed draws and that nothing else has a say in.
fn folds<'g>(given: &Given<'g>, seed: u64) -> BTreeMap<&'g str, usize> {
    let mut drawn: Vec<([u8; 32], &str)> = given
        .rows
        .iter()
        .map(|row| row.group)
        .map(|group| {
            let hash = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(group);
            (hash.finalize().into(), group)
        })
        .collect();
    drawn.sort_unstable();
    drawn.dedup();
    drawn
        .into_iter()
        .enumerate()
        .map(|(at, (_, group))| (group, at))
        .collect()
}

/// The mean of a figure over rows, and its standard error with whole groups as the unit.
fn mean_by_group(rows: &[Judgement<'_>], figures: &[f64]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "counts of verdicts")]
    let count = |n: usize| n as f64;
    let n = count(figures.len());
    let mean = figures.iter().sum::<f64>() / n;
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (row, figure) in rows.iter().zip(figures) {
        *sums.entry(row.group).or_default() += figure - mean;
    }
    let groups = count(sums.len());
    let spread: f64 = sums.values().map(|sum| sum * sum).sum();
    (mean, (spread * groups / (groups - 1.0)).sqrt() / n)
}
