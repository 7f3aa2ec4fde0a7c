//! Verdicts by what they stand for.

use super::evidence::{DECIDED_UNJUDGED, Draft, Evidence, Reach};
use crate::stats::bounds::WeightedSum;
use crate::stats::drift::Level;
use std::collections::BTreeMap;

/// A cell with fewer verdicts than this is joined with its neighbour: one verdict would stand for too many drafts.
const FEWEST_IN_CELL: f64 = 5.0;

/// By epoch and group.
pub(super) type Cells = BTreeMap<(u32, u16), Cell>;

/// Whether a certificate may let it out at all.
pub(super) fn may_go_out(draft: &Draft, closed: &[u32]) -> bool {
    !draft.is_sensitive && !draft.is_fresh && !draft.risk.is_nan() && !closed.contains(&draft.topic)
}

/// Cells with few verdicts joined with the one before, in the order of epochs and of groups within them; the first with the next.
///
/// What was decided without a verdict is never joined with anything else: whoever takes over what looks bad and approves the rest would
/// certify the one by verdicts on the other. Of it, what has too few verdicts all the same is left out.
pub(super) fn merged(cells: &Cells) -> Vec<Cell> {
    let (mut merged, unjudged) = parted(cells);
    merged.extend(unjudged.into_iter().filter(Cell::is_known));
    merged
}

/// The same for a certificate: of what was decided without a verdict, where too little of it was judged afterwards, all counts as bad
/// that was not found good.
pub(super) fn at_worst(cells: &Cells) -> Vec<Cell> {
    let (mut merged, unjudged) = parted(cells);
    let counted = |cell: Cell| if cell.is_known() { cell } else { cell.at_worst() };
    merged.extend(unjudged.into_iter().map(counted));
    merged
}

fn parted(cells: &Cells) -> (Vec<Cell>, Vec<Cell>) {
    let is_unjudged = |(_, group): &(u32, u16)| *group >= DECIDED_UNJUDGED;
    let of = |unjudged: bool| joined(cells.iter().filter(move |(place, _)| is_unjudged(place) == unjudged));
    (of(false), of(true))
}

fn joined<'a>(cells: impl Iterator<Item = (&'a (u32, u16), &'a Cell)>) -> Vec<Cell> {
    let mut joined: Vec<Cell> = Vec::new();
    for (_, cell) in cells {
        match joined.last_mut() {
            Some(before) if !before.is_known() || !cell.is_known() => before.join(cell),
            _ => joined.push(cell.clone()),
        }
    }
    joined
}

/// All verdicts by what they stand for, and the effective number of them: 0 where a cell has none.
pub(super) fn weighed(cells: &[Cell]) -> (WeightedSum, f64) {
    let inside: f64 = cells.iter().map(|cell| cell.drafts).sum();
    let mut sum = WeightedSum::new();
    let mut thinness = 0.0;
    for cell in cells {
        let share = cell.drafts / inside;
        thinness += share * share / cell.effective();
        if cell.judged > 0.0 {
            cell.weigh(inside, &mut sum);
        }
    }
    let effective = 1.0 / thinness;
    (sum, if effective.is_finite() { effective } else { 0.0 })
}

/// The share of bad answers among the drafts within `reach`, as far as verdicts tell, and its variance: for the brake at a
/// month's end (`drift::brakes`). Sensitive and fresh drafts and those of `closed` topics are left out. `None` without verdicts.
pub fn level_within(drafts: &[Draft], closed: &[u32], reach: Reach) -> Option<Level> {
    let mut cells = Cells::new();
    for draft in drafts
        .iter()
        .filter(|draft| may_go_out(draft, closed) && reach.admits(draft.mode, draft.risk))
    {
        cells.entry((draft.epoch, draft.group)).or_default().add(draft);
    }
    let cells = merged(&cells);
    let (sum, effective) = weighed(&cells);
    (effective > 0.0).then(|| Level {
        share: sum.estimate(),
        variance: sum.variance(),
    })
}

/// The cells of each topic, in the order of the topics' numbers, without what may not go out.
pub(super) fn cells_by_topic(drafts: &[Draft]) -> BTreeMap<u32, Vec<Cell>> {
    let mut topics: BTreeMap<u32, Cells> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| may_go_out(draft, &[])) {
        let cells = topics.entry(draft.topic).or_default();
        cells.entry((draft.epoch, draft.group)).or_default().add(draft);
    }
    let topics = topics.into_iter();
    topics.map(|(topic, cells)| (topic, merged(&cells))).collect()
}

/// Drafts of one epoch with one probability of being judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) drafts: f64,
    /// Judged drafts, each counted as often as it stands for.
    pub(super) judged: f64,
    /// The same squared, for the effective number.
    squares: f64,
    pub(super) reviewed: u64,
    pub(super) bad: u64,
    /// How many verdicts stand for how many drafts each, good ones and bad ones.
    kinds: BTreeMap<(u64, bool), f64>,
}

impl Cell {
    pub(super) fn add(&mut self, draft: &Draft) {
        self.drafts += 1.0;
        if !draft.is_judged() {
            return;
        }
        // A bad answer that was corrected counts in full: see `carried_over`.
        let is_bad = draft.evidence != Evidence::Acceptable;
        let times = draft.stands_for;
        self.judged += times;
        self.squares += times * times;
        self.reviewed += 1;
        self.bad += u64::from(is_bad);
        *self.kinds.entry((times.to_bits(), is_bad)).or_default() += 1.0;
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.drafts += other.drafts;
        self.judged += other.judged;
        self.squares += other.squares;
        self.reviewed += other.reviewed;
        self.bad += other.bad;
        for (kind, number) in &other.kinds {
            *self.kinds.entry(*kind).or_default() += number;
        }
    }

    /// Enough verdicts to stand for the others.
    fn is_known(&self) -> bool {
        self.judged >= FEWEST_IN_CELL
    }

    /// As if every draft without a verdict had been found bad.
    fn at_worst(mut self) -> Self {
        let unjudged = (self.drafts - self.judged).max(0.0);
        self.judged += unjudged;
        self.squares += unjudged;
        *self.kinds.entry((1.0_f64.to_bits(), true)).or_default() += unjudged;
        self
    }

    /// Kish's effective number of verdicts.
    fn effective(&self) -> f64 {
        if self.squares > 0.0 {
            self.judged * self.judged / self.squares
        } else {
            0.0
        }
    }

    /// Adds its verdicts to a sum over `inside` drafts.
    pub(super) fn weigh(&self, inside: f64, sum: &mut WeightedSum) {
        // Each verdict stands for that many drafts of the cell, itself included.
        let stands_for = self.drafts / self.judged;
        for ((times, is_bad), number) in &self.kinds {
            let weight = f64::from_bits(*times) * stands_for / inside;
            sum.add(weight, *number, if *is_bad { *number } else { 0.0 });
        }
    }
}
