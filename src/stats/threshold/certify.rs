//! The test itself.

use super::cells::{Cells, at_worst, may_go_out, weighed};
use super::evidence::{Draft, Mode, Reach};
use crate::stats::bounds::{clopper_pearson_upper, weighted_upper};
use crate::stats::number::count;
use serde::{Deserialize, Serialize};

/// The first set of a mode holds this part of its drafts, in percent; each further one `GRID_STEP` more.
const GRID_FIRST: u16 = 25;
const GRID_STEP: u16 = 5;
/// Certificates are first tried where half the limit would pass.
const START: f64 = 0.5;
/// More verdicts than this are never asked for.
const MOST_NEEDED: u32 = 10_000_000;

/// What is to be certified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The owner's limit: the largest share of bad answers among those that go out without a person, in `0.0..1.0`.
    pub limit: f64,
    /// The probability with which the certificate may be wrong, `δ`, in `0.0..1.0` (`Spending::risk`).
    pub risk: f64,
    /// Version of the score by which the drafts' risks were computed; it must be older than their verdicts.
    pub score_version: u32,
    /// Second opinions count among the verdicts.
    pub is_corrected: bool,
}

/// What lets the gate open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Which answers may go out.
    pub reach: Reach,
    /// The upper bound of the share of bad ones among them, at most the limit.
    pub upper: f64,
    /// The estimate of that share.
    pub estimate: f64,
    /// The size of a uniform sample that would say as much.
    pub effective: f64,
    /// Verdicts it rests on.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// The share of the window's drafts that it would have let out, sensitive and fresh ones in the denominator.
    pub automation: f64,
    /// The limit that was certified.
    pub limit: f64,
    /// The probability with which it may be wrong.
    pub risk: f64,
    /// First and last epoch of the window.
    pub window: (u32, u32),
    /// Version of the score.
    pub score_version: u32,
    /// Second opinions count in it; otherwise it is as its reviewers judged.
    #[serde(default)]
    pub is_corrected: bool,
}

/// One set of the sequence: a point of the autonomy curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The set.
    pub reach: Reach,
    /// The share of the window's drafts that it lets out.
    pub automation: f64,
    /// The estimate of the share of bad answers in it.
    pub estimate: f64,
    /// The upper bound of that at the rules' risk, for this set alone.
    pub upper: f64,
    /// The size of a uniform sample that would say as much.
    pub effective: f64,
    /// Verdicts in it.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// Enough verdicts for the test to begin here; it does at the first such set.
    pub can_start: bool,
    /// Certified: the test went through it.
    pub is_certified: bool,
}

/// Why there is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncertified {
    /// The rules are none: limit and risk lie between 0 and 1.
    NoRules,
    /// No draft of the window could be let out at all.
    NothingToCertify,
    /// Too few verdicts.
    TooFewVerdicts {
        /// The largest effective number in any of the sets.
        effective: f64,
        /// How many it takes from there; see [`verdicts_needed`].
        needed: u32,
    },
    /// The first set that could be tested may exceed the limit.
    OverLimit {
        /// Its upper bound.
        upper: f64,
    },
}

/// The result of the test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certification {
    /// The certificate, or why there is none.
    pub outcome: Result<Certificate, Uncertified>,
    /// All sets in order, for the autonomy curve. Beyond the certified ones the bounds promise nothing: each is computed alone.
    pub curve: Vec<Step>,
}

/// Tests the nested sets in their fixed order and certifies the last that passes.
///
/// For each mode in order the sets hold its safest 25 %, 30 %, …, 100 % of drafts (and all of the safer modes); quantiles are of
/// all drafts, judged or not. In a set the verdicts of each cell (epoch × group) stand for the cell's drafts, `w = N / (n N_D)`, and
/// `U` is the weighted Clopper–Pearson bound at `rules.risk`. The test begins at the first set in which half the limit would pass:
/// `CP(⌊½ α n_e⌋, n_e) ≤ α` with `n_e = 1 / Σ (W² / n)`, which looks at no verdict; from there it goes on while `U ≤ α` and stops at the first that
/// fails. So the probability to certify a set whose share exceeds the limit is at most the risk (up to the approximation in
/// the bound; `holdpoint simulate` T1–T7).
///
/// What was decided without a verdict ([`DECIDED_UNJUDGED`](super::DECIDED_UNJUDGED)) is weighed by the verdicts that were asked for afterwards; where there are
/// fewer than five, all of it counts as bad. Census cells count as a sample of the traffic to come, like all others: a certificate is about tomorrow.
/// A bad verdict counts in full whether or not its answer was changed since.
/// Left out: sensitive and fresh drafts, those of `closed` topics, those whose risk is NaN. Defined for every input; without
/// evidence there is no certificate.
pub fn certify(drafts: &[Draft], closed: &[u32], rules: &Rules) -> Certification {
    let none = |why, curve| Certification {
        outcome: Err(why),
        curve,
    };
    let is_share = |value: f64| value > 0.0 && value < 1.0;
    if !is_share(rules.limit) || !is_share(rules.risk) {
        return none(Uncertified::NoRules, Vec::new());
    }
    let may_go = drafts.iter().filter(|draft| may_go_out(draft, closed));
    let grid = grid(may_go.clone());
    let mut curve = Vec::with_capacity(grid.len());
    let mut cells = Cells::new();
    for (reach, added) in grid.iter().zip(by_step(may_go, &grid)) {
        for (place, cell) in &added {
            cells.entry(*place).or_default().join(cell);
        }
        curve.push(step(*reach, &cells, count(drafts.len()), rules));
    }
    let epochs = || cells.keys().map(|(epoch, _)| *epoch);
    let (Some(first), Some(last)) = (epochs().min(), epochs().max()) else {
        return none(Uncertified::NothingToCertify, Vec::new());
    };
    let start = curve.iter().position(|step| step.can_start);
    let Some(start) = start else {
        let effective = curve.iter().map(|step| step.effective).fold(0.0, f64::max);
        let needed = needed_from(effective, rules.limit, rules.risk);
        return none(Uncertified::TooFewVerdicts { effective, needed }, curve);
    };
    let passing = curve
        .iter()
        .skip(start)
        .take_while(|step| step.upper <= rules.limit)
        .count();
    for step in curve.iter_mut().skip(start).take(passing) {
        step.is_certified = true;
    }
    let outcome = match curve.get(start..start + passing).and_then(<[Step]>::last) {
        Some(step) => Ok(Certificate {
            reach: step.reach,
            upper: step.upper,
            estimate: step.estimate,
            effective: step.effective,
            reviewed: step.reviewed,
            bad: step.bad,
            automation: step.automation,
            limit: rules.limit,
            risk: rules.risk,
            window: (first, last),
            score_version: rules.score_version,
            is_corrected: rules.is_corrected,
        }),
        None => Err(Uncertified::OverLimit {
            upper: curve.get(start).map_or(1.0, |step| step.upper),
        }),
    };
    Certification { outcome, curve }
}

/// The smallest effective number of verdicts with which the test can begin: `CP(⌊½ α n⌋, n) ≤ α`. 192 at a limit of 4 % and a
/// risk of 5 %. `u32::MAX` for a limit or a risk that is none, or where it would take more than ten millions.
pub fn verdicts_needed(limit: f64, risk: f64) -> u32 {
    needed_from(0.0, limit, risk)
}

/// The same, but not below `least`: where one more bad one is allowed for, the condition fails again for a while.
fn needed_from(least: f64, limit: f64, risk: f64) -> u32 {
    let is_share = |value: f64| value > 0.0 && value < 1.0;
    if !is_share(limit) || !is_share(risk) {
        return u32::MAX;
    }
    // From where not a single bad one would be allowed.
    let mut n = (risk.ln() / (-limit).ln_1p()).max(least).max(1.0).floor();
    while n <= f64::from(MOST_NEEDED) {
        if n >= least && can_start(n, limit, risk) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "1 to ten millions"
            )]
            return n as u32;
        }
        // The next whole number, or far beyond where steps are small against it.
        n += (n / 4096.0).floor().max(1.0);
    }
    u32::MAX
}

/// Whether the test can begin in a set with so many effective verdicts: half the limit would pass.
pub fn can_start(effective: f64, limit: f64, risk: f64) -> bool {
    effective > 0.0 && clopper_pearson_upper((START * limit * effective).floor(), effective, risk) <= limit
}

/// The sets in order; equal ones once.
fn grid<'a>(drafts: impl Iterator<Item = &'a Draft>) -> Vec<Reach> {
    let mut risks: [Vec<f64>; Mode::ALL.len()] = Default::default();
    for draft in drafts {
        if let Some(risks) = risks.get_mut(draft.mode as usize) {
            risks.push(draft.risk);
        }
    }
    let mut grid: Vec<Reach> = Vec::new();
    for (mode, mut risks) in Mode::ALL.into_iter().zip(risks) {
        risks.sort_unstable_by(f64::total_cmp);
        for percent in (GRID_FIRST..=100).step_by(usize::from(GRID_STEP)) {
            // The smallest risk that so many percent do not exceed.
            let rank = (risks.len() * usize::from(percent)).div_ceil(100);
            let Some(risk) = rank.checked_sub(1).and_then(|at| risks.get(at)) else {
                continue;
            };
            let reach = Reach { mode, risk: *risk };
            if grid.last() != Some(&reach) {
                grid.push(reach);
            }
        }
    }
    grid
}

/// The cells of what each set has beyond the one before.
fn by_step<'a>(drafts: impl Iterator<Item = &'a Draft>, grid: &[Reach]) -> Vec<Cells> {
    let mut steps = vec![Cells::new(); grid.len()];
    for draft in drafts {
        let at = grid.partition_point(|reach| !reach.admits(draft.mode, draft.risk));
        if let Some(cells) = steps.get_mut(at) {
            cells.entry((draft.epoch, draft.group)).or_default().add(draft);
        }
    }
    steps
}

fn step(reach: Reach, cells: &Cells, drafts: f64, rules: &Rules) -> Step {
    let inside: f64 = cells.values().map(|cell| cell.drafts).sum();
    let cells = at_worst(cells);
    let (sum, effective) = weighed(&cells);
    let upper = if effective > 0.0 {
        weighted_upper(&sum, rules.risk)
    } else {
        1.0
    };
    Step {
        reach,
        automation: inside / drafts,
        estimate: sum.estimate().min(1.0),
        upper,
        effective,
        reviewed: cells.iter().map(|cell| cell.reviewed).sum(),
        bad: cells.iter().map(|cell| cell.bad).sum(),
        can_start: can_start(effective, rules.limit, rules.risk),
        is_certified: false,
    }
}
