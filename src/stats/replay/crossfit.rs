//! How well the scores separate answers that they were not fitted on.

use super::{Priors, Row};
use crate::stats::auroc::{difference_lower95, weighted_auroc};
use crate::stats::number::count;
use crate::stats::random::SplitMix64;
use crate::stats::score::{Example, Prior, fit};
use serde::Serialize;

/// Parts that the turns are divided into; each is scored by versions that were fitted on the others.
const FOLDS: usize = 10;

/// How well the scores tell bad answers from good ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Separation {
    /// Area under the ROC curve of the product's score, against the truth, out of fold.
    pub auroc: f64,
    /// The same for the baseline.
    pub auroc_baseline: f64,
    /// One-sided lower 95 % bound of the difference, by the paired bootstrap over turns.
    pub auroc_diff_lower95: f64,
}

/// Fits both scores on the reviewer's verdicts of nine tenths of the turns and compares them on the last tenth with the truth,
/// ten times. `None` where all answers are good, or all bad.
pub fn separation(rows: &[Row], priors: Priors<'_>, seed: u64) -> Option<Separation> {
    let folds = folds(rows, seed);
    let score = out_of_fold(rows, &folds, priors.score, |row| &row.features);
    let baseline = out_of_fold(rows, &folds, priors.baseline, |row| &row.baseline);
    let bad: Vec<bool> = rows.iter().map(|row| row.bad).collect();
    let turns: Vec<usize> = rows.iter().map(|row| row.turn).collect();
    let each_once = vec![1.0; rows.len()];
    Some(Separation {
        auroc: weighted_auroc(&score, &bad, &each_once)?,
        auroc_baseline: weighted_auroc(&baseline, &bad, &each_once)?,
        auroc_diff_lower95: difference_lower95(&score, &baseline, &bad, &turns, seed)?,
    })
}

/// The fold of each turn.
fn folds(rows: &[Row], seed: u64) -> Vec<usize> {
    let turns = rows.iter().map(|row| row.turn + 1).max().unwrap_or(0);
    let mut random = SplitMix64::new(seed);
    (0..turns).map(|_| random.below(FOLDS)).collect()
}

/// The place of each row, by the version that did not see its turn, among all rows as that version ranks them, `0.0..=1.0`.
///
/// Places rather than ranks, because ten versions are compared in one figure: a fold with many bad answers leaves few for its version
/// to learn from, whose ranks would be lower all together.
fn out_of_fold<'a>(
    rows: &'a [Row],
    folds: &[usize],
    prior: &Prior,
    features: impl Fn(&'a Row) -> &'a [f64],
) -> Vec<f64> {
    let fold_of = |row: &Row| folds.get(row.turn).copied().unwrap_or_default();
    let mut places = vec![f64::NAN; rows.len()];
    for fold in 0..FOLDS {
        let others = rows.iter().filter(|row| fold_of(row) != fold);
        let examples: Vec<Example<'_>> = others
            .map(|row| Example {
                features: features(row),
                bad: row.judged_bad,
                weight: 1.0,
            })
            .collect();
        let version = fit(prior, &examples, None);
        let ranks: Vec<f64> = rows.iter().map(|row| version.rank(features(row))).collect();
        let mut sorted = ranks.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        for ((row, rank), place) in rows.iter().zip(&ranks).zip(&mut places) {
            if fold_of(row) == fold {
                *place = count(sorted.partition_point(|other| other < rank)) / count(rows.len());
            }
        }
    }
    places
}
