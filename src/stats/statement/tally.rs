//! Which part of the sample counts when reviewers have fallen behind.

use super::Counts;
use crate::stats::bounds::Stratum;
use crate::stats::number::count_u64;
use std::collections::BTreeMap;

/// A group of weeks, and each band in it, needs this many in its effective sample to stand on its own.
const FEWEST: u64 = 2;

/// An answer that went out unreviewed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SentAnswer {
    /// The week of the month it went out in, in rising order; any numbering.
    pub week: u16,
    /// Its band, riskier with the number.
    pub band: u16,
    /// If it was drawn, how far its check is.
    pub drawn: Option<Drawn>,
}

/// A drawn answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// Its place in the queue, `ρ`, in `0.0..1.0` (`sampler::rho`). What has none counts as waiting at the front.
    pub rho: f64,
    /// How far its check is.
    pub state: CheckState,
}

/// How far a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// Nobody has judged it, or somebody else is to try.
    Waiting,
    /// Two people could not judge it: the residue.
    CannotJudge,
    /// Judged.
    Judged {
        /// The reviewer found it bad.
        bad: bool,
        /// What a second person found (bad or not), if one looked.
        second: Option<bool>,
    },
}

/// The answers of a month, counted; made of [`SentAnswer`]s with `collect`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    sent: BTreeMap<(u16, u16), u64>,
    drawn: Vec<(u16, u16, Drawn)>,
}

impl FromIterator<SentAnswer> for Tally {
    fn from_iter<I: IntoIterator<Item = SentAnswer>>(answers: I) -> Self {
        let mut tally = Self::default();
        for answer in answers {
            tally.add(answer.week, answer.band, 1);
            if let Some(drawn) = answer.drawn {
                tally.drawn.push((answer.week, answer.band, drawn));
            }
        }
        tally
    }
}

impl Tally {
    /// Counts answers that were not drawn.
    pub fn add(&mut self, week: u16, band: u16, answers: u64) {
        *self.sent.entry((week, band)).or_default() += answers;
    }

    /// What can be used: in each week what stands in the queue before its first waiting check, `{ρ < r*_w}`. Where nothing waits
    /// that is everything, and the strata are the bands; otherwise they are bands within weeks.
    ///
    /// Weeks of which hardly anything was judged are joined with a neighbour under the smaller `r*` of both, until
    /// each group has two judged answers. The grouping looks at places in the queue only, never at verdicts.
    pub(super) fn effective_sample(&self) -> EffectiveSample {
        let mut groups: Vec<Group> = Vec::new();
        for week in self.sent.keys().map(|(week, _)| *week) {
            if groups.last().is_none_or(|group| group.last != week) {
                groups.push(Group {
                    first: week,
                    last: week,
                    reach: self.reach(week),
                });
            }
        }
        let all_done = groups.iter().all(|group| group.reach >= 1.0);
        if let (true, Some(first), Some(last)) = (all_done, groups.first(), groups.last()) {
            let whole = Group {
                first: first.first,
                last: last.last,
                reach: 1.0,
            };
            groups = vec![whole];
        }
        while let Some(thin) = groups.iter().position(|group| self.within(group).take(2).count() < 2) {
            if groups.len() < 2 {
                break;
            }
            let gone = groups.remove(thin);
            if let Some(neighbour) = groups.get_mut(thin.saturating_sub(1)) {
                *neighbour = neighbour.with(&gone);
            }
        }
        let mut sample = EffectiveSample {
            counts: Counts {
                sent: self.sent.values().sum(),
                drawn: self.drawn.len() as u64,
                ..Counts::default()
            },
            groups: Vec::new(),
        };
        for group in &groups {
            sample.groups.push(self.cells(group, &mut sample.counts));
        }
        sample
    }

    /// `r*` of a week: the smallest `ρ` that waits, at most 1.
    fn reach(&self, week: u16) -> f64 {
        let waiting = self.drawn.iter().filter(|(of, _, drawn)| *of == week && drawn.waits());
        waiting.map(|(_, _, drawn)| drawn.place()).fold(1.0, f64::min)
    }

    fn within<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a (u16, u16, Drawn)> {
        self.drawn
            .iter()
            .filter(|(week, _, drawn)| group.has(*week) && drawn.place() < group.reach && !drawn.waits())
    }

    fn cells(&self, group: &Group, counts: &mut Counts) -> Vec<Cell> {
        let mut cells: BTreeMap<u16, Cell> = BTreeMap::new();
        for ((_, band), sent) in self.sent.iter().filter(|((week, _), _)| group.has(*week)) {
            cells.entry(*band).or_default().sent += sent;
        }
        for (_, band, drawn) in self.within(group) {
            let cell = cells.entry(*band).or_default();
            cell.reviewed += 1;
            counts.reviewed += 1;
            match drawn.state {
                CheckState::Waiting => {}
                CheckState::CannotJudge => {
                    cell.unjudged += 1;
                    counts.unjudged += 1;
                }
                CheckState::Judged { bad, second } => {
                    counts.bad += u64::from(bad);
                    cell.judge(bad, second);
                }
            }
        }
        merged(cells.into_values())
    }
}

impl Drawn {
    const fn waits(&self) -> bool {
        matches!(self.state, CheckState::Waiting) || self.rho.is_nan()
    }

    const fn place(&self) -> f64 {
        if self.rho.is_nan() { 0.0 } else { self.rho }
    }
}

/// Bands of which hardly anything was judged, joined with the next safer one (the safest with the next).
fn merged(cells: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut merged: Vec<Cell> = Vec::new();
    for cell in cells.filter(|cell| cell.sent > 0) {
        match merged.last_mut() {
            Some(safer) if safer.reviewed < FEWEST || cell.reviewed < FEWEST => safer.add(cell),
            _ => merged.push(cell),
        }
    }
    merged
}

/// Neighbouring weeks that were worked off as far.
#[derive(Debug, Clone, Copy)]
struct Group {
    first: u16,
    last: u16,
    reach: f64,
}

impl Group {
    const fn has(&self, week: u16) -> bool {
        self.first <= week && week <= self.last
    }

    fn with(&self, other: &Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            reach: self.reach.min(other.reach),
        }
    }
}

/// The effective sample: cells by band, in groups of weeks.
#[derive(Debug, Clone)]
pub(super) struct EffectiveSample {
    pub(super) counts: Counts,
    groups: Vec<Vec<Cell>>,
}

/// What was judged of one band in one group of weeks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    pub(super) sent: u64,
    pub(super) reviewed: u64,
    pub(super) unjudged: u64,
    pub(super) bad: Opinions,
    pub(super) acceptable: Opinions,
}

/// Verdicts of one kind and what second persons said about them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opinions {
    pub(super) all: u64,
    pub(super) rechecked: u64,
    pub(super) found_bad: u64,
}

impl Cell {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.reviewed += other.reviewed;
        self.unjudged += other.unjudged;
        self.bad.add(other.bad);
        self.acceptable.add(other.acceptable);
    }

    fn judge(&mut self, bad: bool, second: Option<bool>) {
        let opinions = if bad { &mut self.bad } else { &mut self.acceptable };
        opinions.all += 1;
        opinions.rechecked += u64::from(second.is_some());
        opinions.found_bad += u64::from(second == Some(true));
    }
}

impl Opinions {
    pub(super) const fn add(&mut self, other: Self) {
        self.all += other.all;
        self.rechecked += other.rechecked;
        self.found_bad += other.found_bad;
    }
}

impl EffectiveSample {
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.groups.iter().flatten()
    }

    /// The strata; `cautious` counts what nobody could judge as bad.
    pub(super) fn strata(&self, cautious: bool) -> Vec<Stratum> {
        let of = |cell: &Cell| Stratum {
            population: count_u64(cell.sent),
            reviewed: count_u64(cell.reviewed),
            bad: count_u64(cell.bad.all + if cautious { cell.unjudged } else { 0 }),
        };
        self.cells().map(of).collect()
    }
}
