//! What a shop can expect before it has any verdict: whether the gate will open at its limit, when, how far, and which knob to turn.
//!
//! A forecast, not a promise: certificates are tested on verdicts ([`super::threshold`]), never on this. It plays the same test with
//! the verdicts that are to be expected, in a world with [`Assumed`] figures: drafts are bad with probability `p`, the score of
//! acceptable ones is standard normal and of bad ones `d = √2 Φ⁻¹(AUROC)` higher, so that of the safest share the part
//! `p Φ(t - d) / (p Φ(t - d) + (1 - p) Φ(t))` is bad ([`safest`]). Every draft is a conversation of its own, all are of one mode, none
//! is sensitive or new.
//!
//! Until the gate opens everything is held, so as many verdicts come a day as there are conversations or reviews, whichever is less;
//! a third of them makes the score and never certifies (`score::leak`), and evidence older than [`WINDOW_DAYS`] has left the window.

use super::beta::beta_probability;
use super::normal::{normal_probability, normal_quantile};
use super::threshold::{EPOCH_VERDICTS, can_start, verdicts_needed};
use serde::Serialize;

/// Days of evidence that a certificate rests on at least once there are so many: two whole months (the third is under way).
pub const WINDOW_DAYS: f64 = 60.0;
/// An epoch lasts at most a month.
const EPOCH_DAYS: f64 = 30.0;
/// The part of verdicts that certifies while there are few.
const CERTIFIES: f64 = 2.0 / 3.0;
/// This part of what reviewers can do looks at what was sent, however much is held.
const LEAST_SAMPLED: f64 = 0.1;
/// The sets of the test, in hundredths of the drafts.
const GRID_FIRST: u8 = 25;
const GRID_STEP: usize = 5;
/// The gate is said to open when that is at least as likely as not.
const LIKELY: f64 = 0.5;
/// No shop has more conversations or reviews a day.
const MOST_A_DAY: f64 = 100_000.0;

/// What is taken for granted of answers nobody has seen yet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assumed {
    /// The share of bad drafts, in `0.0..1.0`.
    pub bad: f64,
    /// How well the score tells bad from acceptable ones, in `0.5..1.0`.
    pub auroc: f64,
}

impl Default for Assumed {
    /// Six in a hundred are bad, and the score finds them with an AUROC of 0.75.
    fn default() -> Self {
        Self { bad: 0.06, auroc: 0.75 }
    }
}

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Wish {
    /// Conversations with a question to answer a day.
    pub conversations: f64,
    /// The largest share of bad answers among those that go out without a person, in `0.0..1.0`.
    pub limit: f64,
    /// The probability with which a certificate may be wrong, in `0.0..1.0`.
    pub risk: f64,
    /// Answers that people can judge a day, those that wait for them included.
    pub reviews: f64,
}

/// A wish that many a shop has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// At most 2 % bad, 95 % sure.
    Careful,
    /// At most 4 % bad, 95 % sure.
    Balanced,
    /// At most 8 % bad, 90 % sure.
    Bold,
}

impl Preset {
    /// All, from the tightest limit to the loosest.
    pub const ALL: [Self; 3] = [Self::Careful, Self::Balanced, Self::Bold];

    /// Its limit and its risk.
    pub const fn limit_and_risk(self) -> (f64, f64) {
        match self {
            Self::Careful => (0.02, 0.05),
            Self::Balanced => (0.04, 0.05),
            Self::Bold => (0.08, 0.10),
        }
    }
}

/// How the gate first opens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Opening {
    /// After so many days: a test falls due after [`EPOCH_VERDICTS`] verdicts and at each month's end.
    pub days: f64,
    /// How likely that test is to succeed, 0.5 and more.
    pub chance: f64,
    /// The share of answers that goes out from then on.
    pub automation: f64,
    /// The share of bad ones that is to be expected among them.
    pub bad: f64,
}

/// Why it is not to be expected that the gate opens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Never {
    /// The wish is none: limit and risk lie between 0 and 1, conversations and reviews are not negative.
    NoWish,
    /// Nobody asks anything.
    NoConversations,
    /// Nobody judges anything.
    NoReviews,
    /// Even of the safest quarter more are bad.
    LimitTooTight {
        /// The share of bad ones in it.
        bad: f64,
    },
    /// A window never holds enough verdicts.
    TooLittleEvidence {
        /// Verdicts that certify in a window, over all drafts.
        verdicts: f64,
        /// So many in the safest quarter would let the test begin.
        needed: u32,
    },
}

/// What can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Knob {
    /// More bad answers allowed.
    Limit,
    /// More reviews a day.
    Reviews,
    /// Less sure.
    Risk,
}

/// A knob turned as far as it makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Turned {
    /// Which.
    pub knob: Knob,
    /// Its new value, in the units of [`Wish`].
    pub to: f64,
    /// How the gate opens then.
    pub opening: Opening,
    /// People can look at everything that is held then.
    pub is_feasible: bool,
}

/// What is to be expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Of what.
    pub wish: Wish,
    /// Under which assumptions.
    pub assumed: Assumed,
    /// Verdicts a day until the gate opens.
    pub verdicts_a_day: f64,
    /// How the gate first opens.
    pub opening: Option<Opening>,
    /// Why it does not.
    pub never: Option<Never>,
    /// The share that goes out in the long run, when the certificate has to live on what is sampled; none if it closes again.
    pub later: Option<f64>,
    /// Drafts a day that wait for a person and that nobody has time for: before the gate opens, and after.
    pub unattended: (f64, f64),
    /// The largest share that could go out within the limit, if everything were known of the score; 0 where not even the safest could.
    pub within_limit: f64,
    /// The gate opens, and people can look at everything that is held then.
    pub is_feasible: bool,
    /// What to turn, each by as little as helps.
    pub knobs: Vec<Turned>,
}

/// The share of bad ones among the safest `share` of drafts, both in `0.0..=1.0`.
pub fn safest(share: f64, assumed: Assumed) -> f64 {
    let shift = std::f64::consts::SQRT_2 * normal_quantile(assumed.auroc);
    let bad_below = |at: f64| assumed.bad * normal_probability(at - shift);
    let below = |at: f64| bad_below(at) + (1.0 - assumed.bad) * normal_probability(at);
    if share.is_nan() || share <= 0.0 || share >= 1.0 || !shift.is_finite() {
        return assumed.bad;
    }
    let (mut low, mut high) = (-12.0_f64, 12.0 + shift.abs());
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if below(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    let at = f64::midpoint(low, high);
    (bad_below(at) / below(at)).min(assumed.bad)
}

/// The plan for a wish. Defined for every input.
pub fn plan(wish: Wish, assumed: Assumed) -> Plan {
    let mut plan = without_knobs(wish, assumed);
    if !matches!(plan.never, Some(Never::NoWish | Never::NoConversations)) {
        plan.knobs = knobs(&plan);
    }
    plan
}

fn without_knobs(wish: Wish, assumed: Assumed) -> Plan {
    let mut plan = Plan {
        wish,
        assumed,
        verdicts_a_day: 0.0,
        opening: None,
        never: None,
        later: None,
        unattended: (0.0, 0.0),
        within_limit: 0.0,
        is_feasible: false,
        knobs: Vec::new(),
    };
    let is_share = |value: f64| value > 0.0 && value < 1.0;
    let is_a_day = |value: f64| (0.0..=MOST_A_DAY).contains(&value);
    if !is_share(wish.limit) || !is_share(wish.risk) || !is_a_day(wish.conversations) || !is_a_day(wish.reviews) {
        plan.never = Some(Never::NoWish);
        return plan;
    }
    plan.within_limit = shares()
        .rev()
        .find(|share| safest(*share, assumed) <= wish.limit)
        .unwrap_or(0.0);
    plan.verdicts_a_day = wish.conversations.min(wish.reviews);
    let held = |automation: f64| (wish.conversations * (1.0 - automation) - wish.reviews).max(0.0);
    plan.unattended = (held(0.0), held(0.0));
    if wish.conversations <= 0.0 {
        plan.never = Some(Never::NoConversations);
        return plan;
    }
    if wish.reviews <= 0.0 {
        plan.never = Some(Never::NoReviews);
        return plan;
    }
    let certifying = plan.verdicts_a_day * CERTIFIES;
    let opening = tests(plan.verdicts_a_day).find_map(|days| {
        let (automation, chance) = tested(certifying * days, wish, assumed)?;
        Some(Opening {
            days,
            chance,
            automation,
            bad: safest(automation, assumed),
        })
    });
    if let Some(opening) = opening {
        plan.later = shares().rev().find(|share| lasts(*share, wish, assumed));
        plan.unattended.1 = held(opening.automation);
        plan.is_feasible = plan.unattended.1 <= 0.0;
        plan.opening = Some(opening);
    } else if plan.within_limit <= 0.0 {
        plan.never = Some(Never::LimitTooTight {
            bad: safest(f64::from(GRID_FIRST) / 100.0, assumed),
        });
    } else {
        plan.never = Some(Never::TooLittleEvidence {
            verdicts: certifying * WINDOW_DAYS,
            needed: verdicts_needed(wish.limit, wish.risk),
        });
    }
    plan
}

/// The sets of the test, safest first.
fn shares() -> impl DoubleEndedIterator<Item = f64> {
    (GRID_FIRST..=100)
        .step_by(GRID_STEP)
        .map(|percent| f64::from(percent) / 100.0)
}

/// When tests fall due until the window is full, in days.
fn tests(verdicts_a_day: f64) -> impl Iterator<Item = f64> {
    let every = (f64::from(EPOCH_VERDICTS) / verdicts_a_day).clamp(1.0, EPOCH_DAYS);
    // At most sixty tests: one a day.
    let due = (1..=60_u32).map(move |number| f64::from(number) * every);
    due.take_while(|days| *days < WINDOW_DAYS).chain([WINDOW_DAYS])
}

/// How far a test gets with so many verdicts spread evenly over all drafts, and how likely it gets anywhere: at least as likely as not.
fn tested(verdicts: f64, wish: Wish, assumed: Assumed) -> Option<(f64, f64)> {
    let first = shares().find(|share| can_start((share * verdicts).floor(), wish.limit, wish.risk))?;
    let bad = safest(first, assumed);
    if bad > wish.limit {
        return None;
    }
    let chance = chance_to_pass((first * verdicts).floor(), bad, wish);
    if chance < LIKELY {
        return None;
    }
    let goes_on = |share: &f64| {
        let n = share * verdicts;
        passes(safest(*share, assumed) * n, n, wish)
    };
    let reached = shares().skip_while(|share| *share <= first).take_while(goes_on).last();
    Some((reached.unwrap_or(first), chance))
}

/// Whether Clopper and Pearson's upper bound keeps to the limit with so many bad ones found among `n`.
fn passes(bad: f64, n: f64, wish: Wish) -> bool {
    bad < n && beta_probability(wish.limit, bad + 1.0, n - bad).is_some_and(|below| below >= 1.0 - wish.risk)
}

/// The probability that so few bad ones are found among `n`, a share `bad` of which is, that the test passes.
fn chance_to_pass(n: f64, bad: f64, wish: Wish) -> f64 {
    if !passes(0.0, n, wish) {
        return 0.0;
    }
    // The largest number that passes: bounds rise with it.
    let (mut low, mut high) = (0.0, n);
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if passes(middle, n, wish) {
            low = middle;
        } else {
            high = middle;
        }
    }
    beta_probability(1.0 - bad, n - low, low + 1.0).unwrap_or(0.0)
}

/// Whether a certificate of this share can live on: people look at what is held, and at as much of what is sent as they have time for.
/// By then older verdicts make the score, so all of the window's certify.
fn lasts(share: f64, wish: Wish, assumed: Assumed) -> bool {
    let (sent, held) = (wish.conversations * share, wish.conversations * (1.0 - share));
    let sampled = (wish.reviews - held).max(LEAST_SAMPLED * wish.reviews).min(sent);
    let everywhere = sampled / share * WINDOW_DAYS;
    tested(everywhere, wish, assumed).is_some_and(|(reached, _)| reached >= share)
}

/// Values that people set.
const LIMITS: [f64; 11] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.12, 0.15, 0.20];
const RISKS: [f64; 3] = [0.05, 0.10, 0.20];
const MORE_REVIEWS: [f64; 9] = [1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0];

/// For each knob the smallest turn that helps: the gate opens, or by a week sooner, or by five points further, or everything held is looked at.
fn knobs(plan: &Plan) -> Vec<Turned> {
    let wish = plan.wish;
    let mut limits = LIMITS.into_iter().filter(|limit| *limit > wish.limit);
    let mut risks = RISKS.into_iter().filter(|risk| *risk > wish.risk);
    // More reviews than conversations are of no use.
    let least = wish.reviews.max(1.0);
    let mut reviews = MORE_REVIEWS
        .into_iter()
        .map(|times| (least * times).ceil())
        .filter(|more| *more < wish.conversations)
        .chain([wish.conversations.ceil()])
        .filter(|more| *more > wish.reviews);
    let turn = |knob, to| {
        let wish = match knob {
            Knob::Limit => Wish { limit: to, ..wish },
            Knob::Reviews => Wish { reviews: to, ..wish },
            Knob::Risk => Wish { risk: to, ..wish },
        };
        let turned = without_knobs(wish, plan.assumed);
        let opening = turned
            .opening
            .filter(|opening| helps(plan, opening, turned.is_feasible))?;
        Some(Turned {
            knob,
            to,
            opening,
            is_feasible: turned.is_feasible,
        })
    };
    let found = [
        limits.find_map(|to| turn(Knob::Limit, to)),
        reviews.find_map(|to| turn(Knob::Reviews, to)),
        risks.find_map(|to| turn(Knob::Risk, to)),
    ];
    found.into_iter().flatten().collect()
}

fn helps(before: &Plan, opening: &Opening, is_feasible: bool) -> bool {
    if !before.is_feasible && is_feasible {
        return true;
    }
    // What people cannot keep up with is only helped by a plan with which they can.
    before.opening.is_none_or(|now| {
        before.is_feasible && (opening.days <= now.days - 7.0 || opening.automation >= now.automation + 0.045)
    })
}

#[cfg(test)]
mod tests;
