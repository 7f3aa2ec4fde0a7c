//! How good the probabilities of a score are, from verdicts on drafts of which only some were looked at.
//!
//! Every figure is about *all* drafts: each verdict weighs `1 / π`, the inverse of the probability with which its draft was
//! looked at (Horvitz and Thompson 1952). How well a score orders drafts is in [`super::auroc`].

use super::auroc::weighted_auroc;
use super::bounds::{clopper_pearson_lower, clopper_pearson_upper};
use serde::{Deserialize, Serialize};

/// Bins of the reliability diagram and of the calibration error.
pub const BINS: usize = 10;

/// A draft that was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The probability of bad that was stated, `0.0..=1.0`.
    pub risk: f64,
    /// Was it bad?
    pub bad: bool,
    /// What it stands for, `1 / π`; above 0 and finite.
    pub weight: f64,
}

/// One bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Verdicts in it.
    pub verdicts: usize,
    /// Share of all drafts that it stands for, `0.0..=1.0`.
    pub share: f64,
    /// The probability of bad that was stated, on average.
    pub stated: f64,
    /// The share that was bad.
    pub found: f64,
    /// Two-sided 95 % interval of `found`.
    pub interval: (f64, f64),
}

/// Everything that is said about a score's probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Mean squared error of the probabilities, `0.0..=1.0`: Brier, "Verification of forecasts expressed in terms of
    /// probability" (1950).
    pub brier: f64,
    /// Expected calibration error over the bins, `Σ share · |found − stated|`, `0.0..=1.0`: Naeini, Cooper and Hauskrecht
    /// (2015), with bins of equal mass. Biased upwards when bins hold few verdicts: read it beside the intervals.
    pub calibration_error: f64,
    /// Area under the risk–coverage curve, `0.0..=1.0`: the share of bad answers when only the safest `c` of all drafts are
    /// sent, averaged over all `c`; El-Yaniv and Wiener (2010). Lower is better.
    pub aurc: f64,
    /// The reliability diagram: bins of equal mass, safest first; fewer than ten where stated probabilities coincide.
    pub bins: Vec<Bin>,
}

/// How good a score is: how it orders drafts, and what its probabilities are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreQuality {
    /// Verdicts that say so; the score had seen none of them.
    pub verdicts: usize,
    /// Bad ones among them.
    pub bad: usize,
    /// The probability that a bad draft is seen as riskier than an acceptable one, weighted; none without both.
    pub auroc: Option<f64>,
    /// What its probabilities are worth.
    pub probabilities: Quality,
}

/// What verdicts say about a score. None where they say nothing.
pub fn score_quality(judged: &[Judged]) -> Option<ScoreQuality> {
    let sound: Vec<Judged> = judged.iter().filter(|row| row.is_sound()).copied().collect();
    let risks: Vec<f64> = sound.iter().map(|row| row.risk).collect();
    let is_bad: Vec<bool> = sound.iter().map(|row| row.bad).collect();
    let weights: Vec<f64> = sound.iter().map(|row| row.weight).collect();
    Some(ScoreQuality {
        verdicts: sound.len(),
        bad: is_bad.iter().filter(|bad| **bad).count(),
        auroc: weighted_auroc(&risks, &is_bad, &weights),
        probabilities: quality(&sound)?,
    })
}

/// What verdicts say about stated probabilities.
///
/// Verdicts whose probability is no number in `0.0..=1.0` or whose weight is not finite and above 0 are left out. Returns
/// `None` when nothing is left.
pub fn quality(judged: &[Judged]) -> Option<Quality> {
    let mut rows: Vec<Judged> = judged.iter().filter(|row| row.is_sound()).copied().collect();
    rows.sort_by(|a, b| a.risk.total_cmp(&b.risk));
    let total: f64 = rows.iter().map(|row| row.weight).sum();
    if rows.is_empty() || !total.is_finite() {
        return None;
    }
    let brier = rows
        .iter()
        .map(|row| row.weight * (row.risk - row.badness()).powi(2))
        .sum::<f64>()
        / total;
    let bins = bins(&rows, total);
    Some(Quality {
        brier,
        calibration_error: bins.iter().map(|bin| bin.share * (bin.found - bin.stated).abs()).sum(),
        aurc: aurc(&rows, total),
        bins,
    })
}

impl Judged {
    fn is_sound(&self) -> bool {
        (0.0..=1.0).contains(&self.risk) && self.weight > 0.0 && self.weight.is_finite()
    }

    fn badness(&self) -> f64 {
        if self.bad { 1.0 } else { 0.0 }
    }
}

/// Runs of equal stated probability, safest first.
fn ties(rows: &[Judged]) -> impl Iterator<Item = &[Judged]> {
    rows.chunk_by(|a, b| a.risk >= b.risk)
}

fn aurc(sorted: &[Judged], total: f64) -> f64 {
    let (mut covered, mut bad, mut area) = (0.0, 0.0, 0.0);
    for tied in ties(sorted) {
        let weight: f64 = tied.iter().map(|row| row.weight).sum();
        covered += weight;
        bad += tied.iter().map(|row| row.weight * row.badness()).sum::<f64>();
        // Drafts that score alike are sent together or not at all.
        area += weight / total * (bad / covered);
    }
    area
}

fn bins(sorted: &[Judged], total: f64) -> Vec<Bin> {
    let mut gathered: Vec<Vec<Judged>> = vec![Vec::new(); BINS];
    let mut before = 0.0;
    for tied in ties(sorted) {
        let weight: f64 = tied.iter().map(|row| row.weight).sum();
        // Equal probabilities stay together: in the bin that the middle of them falls into.
        let middle = (before + weight / 2.0) / total;
        before += weight;
        let at = BINS_STARTS.partition_point(|start| *start <= middle).saturating_sub(1);
        if let Some(bin) = gathered.get_mut(at) {
            bin.extend_from_slice(tied);
        }
    }
    gathered
        .iter()
        .filter(|rows| !rows.is_empty())
        .map(|rows| bin(rows, total))
        .collect()
}

/// Where the bins begin, as shares of all drafts.
const BINS_STARTS: [f64; BINS] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

fn bin(rows: &[Judged], total: f64) -> Bin {
    let weight: f64 = rows.iter().map(|row| row.weight).sum();
    let squares: f64 = rows.iter().map(|row| row.weight * row.weight).sum();
    let found = rows.iter().map(|row| row.weight * row.badness()).sum::<f64>() / weight;
    Bin {
        verdicts: rows.len(),
        share: weight / total,
        stated: rows.iter().map(|row| row.weight * row.risk).sum::<f64>() / weight,
        found,
        interval: interval(found, weight * weight / squares),
    }
}

/// Clopper and Pearson's two-sided 95 % interval for an effective number of verdicts (Kish's, which unequal weights make
/// smaller than their number).
fn interval(found: f64, effective: f64) -> (f64, f64) {
    let bad = (found * effective).clamp(0.0, effective);
    (
        clopper_pearson_lower(bad, effective, 0.025),
        clopper_pearson_upper(bad, effective, 0.025),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(risk: f64, bad: bool, weight: f64) -> Judged {
        Judged { risk, bad, weight }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn the_figures_of_four_drafts_are_right_by_hand() {
        let of = quality(&[
            judged(0.1, false, 1.0),
            judged(0.2, false, 1.0),
            judged(0.4, true, 1.0),
            judged(0.8, true, 1.0),
        ])
        .unwrap();
        assert!(close(of.brier, (0.01 + 0.04 + 0.36 + 0.04) / 4.0));
        // Sent are 1, 2, 3, 4 of them, of which 0, 0, 1, 2 are bad.
        assert!(close(of.aurc, (0.0 + 0.0 + 1.0 / 3.0 + 0.5) / 4.0));
        assert!(close(of.calibration_error, (0.1 + 0.2 + 0.6 + 0.2) / 4.0));
        assert_eq!(of.bins.len(), 4);
    }

    #[test]
    fn a_weight_of_three_is_worth_three_drafts() {
        let thrice: Vec<Judged> = (0..30)
            .map(|at| judged(f64::from(at % 10) / 10.0, at % 3 == 0, 1.0))
            .collect();
        let thrice: Vec<Judged> = thrice.iter().flat_map(|row| [*row; 3]).collect();
        let once: Vec<Judged> = thrice
            .iter()
            .step_by(3)
            .map(|row| Judged { weight: 3.0, ..*row })
            .collect();
        let (a, b) = (quality(&thrice).unwrap(), quality(&once).unwrap());
        assert!(close(a.brier, b.brier) && close(a.aurc, b.aurc) && close(a.calibration_error, b.calibration_error));
        // But it is not more evidence.
        assert!(a.bins[0].interval.1 < b.bins[0].interval.1);
    }

    #[test]
    fn bins_hold_equal_shares_and_their_intervals_what_was_found() {
        let rows: Vec<Judged> = (0..1_000)
            .map(|at| judged(f64::from(at) / 1_000.0, at % 7 == 0, 1.0))
            .collect();
        let of = quality(&rows).unwrap();
        assert_eq!(of.bins.len(), BINS);
        for bin in &of.bins {
            assert_eq!(bin.verdicts, 100);
            assert!(bin.interval.0 < bin.found && bin.found < bin.interval.1, "{bin:?}");
        }
        assert!(of.bins.windows(2).all(|pair| pair[0].stated < pair[1].stated));
    }

    #[test]
    fn drafts_of_one_probability_are_one_bin() {
        let rows: Vec<Judged> = (0..100).map(|at| judged(0.1, at % 10 == 0, 1.0)).collect();
        let of = quality(&rows).unwrap();
        assert_eq!(of.bins.len(), 1);
        assert!(of.calibration_error < 1e-12 && close(of.aurc, 0.1));
    }

    #[test]
    fn what_is_no_probability_or_stands_for_nothing_is_left_out() {
        let sound = judged(0.5, true, 1.0);
        let odd = [
            judged(f64::NAN, true, 1.0),
            judged(1.5, true, 1.0),
            judged(0.5, true, 0.0),
            judged(0.5, true, f64::INFINITY),
        ];
        assert_eq!(quality(&odd), None);
        let with: Vec<Judged> = odd.into_iter().chain([sound]).collect();
        assert_eq!(quality(&with), quality(&[sound]));
    }
}
