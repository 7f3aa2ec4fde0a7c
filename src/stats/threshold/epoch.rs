//! When a certificate may change, and how often it may be wrong.

use super::certify::{Certificate, Certification};
use std::f64::consts::PI;

/// An epoch ends after this many verdicts, or with the month, whichever comes first. Neither looks at what the verdicts say.
pub const EPOCH_VERDICTS: u32 = 300;

/// Whether an epoch is over.
#[must_use]
pub const fn epoch_is_over(month_is_over: bool, verdicts_in_epoch: u32) -> bool {
    month_is_over || verdicts_in_epoch >= EPOCH_VERDICTS
}

/// How the probability of a wrong certificate is spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spending {
    /// This much in each epoch: "95 % sure of this certificate".
    PerEpoch(f64),
    /// This much over all epochs together: `δ_k = 6 δ / (π² k²)` in the `k`-th, which adds up to `δ`.
    OverAll(f64),
}

impl Spending {
    /// The risk of the `epoch`-th epoch, from 1 on (0 counts as 1).
    pub fn risk(self, epoch: u32) -> f64 {
        match self {
            Self::PerEpoch(risk) => risk,
            Self::OverAll(risk) => {
                let k = f64::from(epoch.max(1));
                6.0 * risk / (PI * PI * k * k)
            }
        }
    }
}

/// The certificate from now on. At the border of epochs it is what was tested, or none. In between, when something was published or
/// evidence fell away, it can only shrink: looking often then opens nothing. A certificate by another version of the score
/// cannot be compared, so it ends.
pub fn next_certificate(current: Option<Certificate>, tested: &Certification, at_border: bool) -> Option<Certificate> {
    let tested = tested.outcome.ok();
    if at_border {
        return tested;
    }
    let (current, tested) = (current?, tested?);
    if current.score_version != tested.score_version {
        return None;
    }
    // What was tightened meanwhile, limit or risk, holds at once; what was loosened has to wait.
    let stays = current.reach.min(tested.reach) == current.reach
        && current.limit <= tested.limit
        && current.risk <= tested.risk;
    Some(if stays {
        current
    } else {
        Certificate {
            reach: current.reach.min(tested.reach),
            ..tested
        }
    })
}
