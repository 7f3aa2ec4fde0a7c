//! The monthly claim about what went out without a person: "at most 3.1 % of the 2 412 answers sent unreviewed in May were
//! bad (95 % confidence; 180 reviewed)".
//!
//! It rests on the draw alone (`sampler`): it holds under drift and with a useless score. What decides is counted here:
//! the part of the queue that was worked off in order ([`Tally`]), the residue that nobody could judge, the
//! correction by second opinions. The result is figures; words are made elsewhere.

mod corrected;
mod tally;

pub use tally::{CheckState, Drawn, SentAnswer, Tally};

use super::bounds::{Population, SampleEstimate, Stratum, clopper_pearson_upper, korn_graubard};
use super::number::{count, count_u64};
use corrected::Corrected;
use serde::{Deserialize, Serialize};

/// How the claim is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The probability with which the claim may be wrong, in `0.0..1.0`.
    pub risk: f64,
    /// The claim is withheld if more than this part of the sample could not be judged, `0.0..=1.0`.
    pub most_unjudged: f64,
    /// Which bound.
    pub method: Method,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            risk: 0.05,
            most_unjudged: 0.02,
            method: Method::KornGraubard,
        }
    }
}

/// Which bound the claim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Korn and Graubard's with finite-population correction: narrow, an approximation checked by simulation.
    KornGraubard,
    /// Clopper and Pearson's in each stratum, the risk divided among them; with a uniform sample simply theirs. Exact, and wider.
    Exact,
}

/// What can be said about a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// The claim.
    Claim(Claim),
    /// No claim, and why.
    Withheld {
        /// Why.
        because: Withheld,
        /// What was counted.
        counts: Counts,
    },
}

/// Why there is no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// Nothing went out unreviewed.
    NothingSent,
    /// Of what was drawn nothing was judged, or not from the front of the queue on.
    NothingReviewed,
    /// Too much of the sample could not be judged.
    TooManyUnjudged,
    /// The rules are none: a risk outside of `0.0..1.0`.
    NoRules,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Answers sent unreviewed in the month, `N`.
    pub sent: u64,
    /// Answers that were drawn.
    pub drawn: u64,
    /// Drawn answers that make up the effective sample: judged, or tried in vain, before the first that waits.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// Those among them that nobody could judge.
    pub unjudged: u64,
}

/// The claim of a month. Shares in `0.0..=1.0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// What was counted.
    pub counts: Counts,
    /// The best estimate of the share of bad answers; what nobody could judge counts as bad.
    pub estimate: f64,
    /// "At most this": the one-sided upper bound. What nobody could judge counts as bad.
    pub upper: f64,
    /// The two-sided interval for the chart; what nobody could judge counts as good in its lower end.
    pub interval: (f64, f64),
    /// 1 - risk.
    pub confidence: f64,
    /// The size of a uniform sample that would say as much.
    pub effective: f64,
    /// Whose judgement it is.
    pub judged: Judged,
}

/// Whose judgement a claim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// The reviewers' alone: the claim has to say "as judged by your reviewers".
    ByReviewers,
    /// Corrected by second opinions on all that was found bad and a random part of what was found acceptable.
    Adjudicated {
        /// Verdicts "bad" that the second opinion did not share.
        bad_overturned: u64,
        /// Verdicts "acceptable" that had a second opinion.
        acceptable_rechecked: u64,
        /// Those of them that the second opinion found bad.
        acceptable_overturned: u64,
    },
}

/// The statement of a month, from all answers that went out unreviewed in it (in any order).
///
/// The bound is one-sided at `rules.risk`, the interval two-sided at the same risk. Second opinions correct the estimate
/// where every "bad" of the effective sample has one and so have at least ten of the "acceptable" (all, where they are
/// fewer); otherwise they are left aside.
pub fn state(answers: impl IntoIterator<Item = SentAnswer>, rules: &Rules) -> Statement {
    answers.into_iter().collect::<Tally>().state(rules)
}

impl Tally {
    /// The statement of what was tallied; see [`state`].
    pub fn state(&self, rules: &Rules) -> Statement {
        let sample = self.effective_sample();
        let counts = sample.counts;
        let withheld = |because| Statement::Withheld { because, counts };
        if counts.sent == 0 {
            return withheld(Withheld::NothingSent);
        }
        if !(rules.risk > 0.0 && rules.risk < 1.0) {
            return withheld(Withheld::NoRules);
        }
        if counts.reviewed == 0 || counts.reviewed == counts.unjudged {
            return withheld(Withheld::NothingReviewed);
        }
        let tolerated = rules.most_unjudged.max(0.0) * count_u64(counts.reviewed);
        // Rounding must not decide: 2 of 100 are 2 %.
        if count_u64(counts.unjudged) > tolerated * (1.0 + 1e-12) {
            return withheld(Withheld::TooManyUnjudged);
        }
        let cautious = sample.strata(true);
        let hopeful = sample.strata(false);
        let estimates = (
            korn_graubard(&cautious, Population::Finished),
            korn_graubard(&hopeful, Population::Finished),
        );
        let (Some(cautious_estimate), Some(hopeful_estimate)) = estimates else {
            return withheld(Withheld::NothingReviewed);
        };
        let half = rules.risk / 2.0;
        let (upper, interval) = match rules.method {
            Method::KornGraubard => (
                cautious_estimate.upper(rules.risk),
                (hopeful_estimate.lower(half), cautious_estimate.upper(half)),
            ),
            Method::Exact => (
                exact_upper(&cautious, rules.risk),
                (exact_lower(&hopeful, half), exact_upper(&cautious, half)),
            ),
        };
        let claim = Claim {
            counts,
            estimate: cautious_estimate.share,
            upper,
            interval,
            confidence: 1.0 - rules.risk,
            effective: cautious_estimate.effective,
            judged: Judged::ByReviewers,
        };
        // What second opinions correct rests on a bound that simulation checked; who wants none of that keeps their reviewers' word.
        let corrected = Corrected::of(&sample).filter(|_| rules.method == Method::KornGraubard);
        Statement::Claim(match corrected {
            Some(corrected) => corrected.applied_to(&claim, rules.risk),
            None => claim,
        })
    }

    /// The estimate and its variance for the brake at a month's end (`drift::brakes`); `None` where nothing was reviewed.
    pub fn estimate(&self) -> Option<SampleEstimate> {
        korn_graubard(&self.effective_sample().strata(true), Population::Traffic)
    }
}

/// `Σ W_h U_h` with each stratum's exact bound at `risk / H`: wrong at most with probability `risk`, whatever the strata.
fn exact_upper(strata: &[Stratum], risk: f64) -> f64 {
    let each = risk / count(strata.len().max(1));
    combined(strata, |stratum| {
        clopper_pearson_upper(stratum.bad, stratum.reviewed, each)
    })
}

fn exact_lower(strata: &[Stratum], risk: f64) -> f64 {
    let each = risk / count(strata.len().max(1));
    combined(strata, |stratum| {
        super::bounds::clopper_pearson_lower(stratum.bad, stratum.reviewed, each)
    })
}

fn combined(strata: &[Stratum], bound: impl Fn(&Stratum) -> f64) -> f64 {
    let all: f64 = strata.iter().map(|stratum| stratum.population).sum();
    let sum: f64 = strata.iter().map(|stratum| stratum.population * bound(stratum)).sum();
    (sum / all).clamp(0.0, 1.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests;
