//! The estimate corrected by second opinions.

use super::tally::{EffectiveSample, Opinions};
use super::{Claim, Judged};
use crate::stats::bounds::{WeightedSum, weighted_lower, weighted_upper};
use crate::stats::number::count_u64;

/// Verdicts "acceptable" that need a second opinion before it says anything about the others.
const FEWEST: u64 = 10;

/// A corrected estimate: every verdict "bad" counts as its second opinion says, with the weight of a verdict; every
/// rechecked "acceptable" with the weight of all that it was drawn from, `n_acceptable / (n_rechecked · n)`. Bounds are weighted
/// Clopper–Pearson ones. In a stratified sample each weight is multiplied by what its stratum's verdicts stand for.
#[derive(Debug)]
pub(super) struct Corrected {
    cautious: WeightedSum,
    hopeful: WeightedSum,
    judged: Judged,
}

impl Corrected {
    /// `None` where a verdict "bad" has no second opinion, or too few of the others have one.
    pub(super) fn of(sample: &EffectiveSample) -> Option<Self> {
        let (mut bad, mut acceptable) = (Opinions::default(), Opinions::default());
        for cell in sample.cells() {
            bad.add(cell.bad);
            acceptable.add(cell.acceptable);
        }
        let enough = acceptable.rechecked >= FEWEST.min(acceptable.all);
        let nothing_rechecked = bad.rechecked + acceptable.rechecked == 0;
        if bad.rechecked < bad.all || !enough || nothing_rechecked {
            return None;
        }
        let sent: f64 = sample.cells().map(|cell| count_u64(cell.sent)).sum();
        let stands_for = if acceptable.rechecked > 0 {
            count_u64(acceptable.all) / count_u64(acceptable.rechecked)
        } else {
            0.0
        };
        let (mut cautious, mut hopeful) = (WeightedSum::new(), WeightedSum::new());
        // Thin cells were joined, so each has verdicts.
        for cell in sample.cells().filter(|cell| cell.reviewed > 0) {
            let weight = count_u64(cell.sent) / sent / count_u64(cell.reviewed);
            let unjudged = count_u64(cell.unjudged);
            for (sum, unjudged_bad) in [(&mut cautious, unjudged), (&mut hopeful, 0.0)] {
                sum.add(weight, unjudged, unjudged_bad);
                sum.add(weight, count_u64(cell.bad.all), count_u64(cell.bad.found_bad));
                let rechecked = count_u64(cell.acceptable.rechecked);
                sum.add(weight * stands_for, rechecked, count_u64(cell.acceptable.found_bad));
            }
        }
        let judged = Judged::Adjudicated {
            bad_overturned: bad.all - bad.found_bad,
            acceptable_rechecked: acceptable.rechecked,
            acceptable_overturned: acceptable.found_bad,
        };
        Some(Self {
            cautious,
            hopeful,
            judged,
        })
    }

    pub(super) fn applied_to(&self, claim: &Claim, risk: f64) -> Claim {
        let half = risk / 2.0;
        let estimate = self.cautious.estimate().min(1.0);
        let variance = self.cautious.variance();
        Claim {
            estimate,
            upper: weighted_upper(&self.cautious, risk),
            interval: (
                weighted_lower(&self.hopeful, half),
                weighted_upper(&self.cautious, half),
            ),
            effective: if variance > 0.0 {
                (estimate / variance).min(claim.effective)
            } else {
                claim.effective
            },
            judged: self.judged,
            ..claim.clone()
        }
    }
}
