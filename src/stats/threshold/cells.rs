//! Verdicts by what they stand for.

use super::evidence::{DECIDED_UNJUDGED, Draft, Evidence, JUDGED_AT_THE_GATE, Reach};
use crate::stats::bounds::WeightedSum;
use crate::stats::drift::Level;
use std::collections::BTreeMap;

/// A cell with fewer verdicts than this is joined with its neighbour: one verdict would stand for too many drafts.
const FEWEST_IN_CELL: f64 = 5.0;
/// Where so many would have been looked at as often as in the neighbour, and fewer than five were, it is not small but neglected: the neighbour
/// says nothing of it.
const EXPECTED_AT_LEAST: f64 = 4.0 * FEWEST_IN_CELL;

/// By epoch and group.
pub(super) type Cells = BTreeMap<(u32, u16), Cell>;

/// Whether a certificate may let it out at all.
pub(super) fn may_go_out(draft: &Draft, closed: &[u32]) -> bool {
    !draft.is_sensitive && !draft.is_fresh && !draft.risk.is_nan() && !closed.contains(&draft.topic)
}

/// Cells with few verdicts joined with the one before, in the order of epochs and of groups within them; the first with the next.
///
/// Three kinds are never joined with one another: what was sent, what was judged at the gate, and what was decided without a verdict. Whoever
/// takes over what looks bad and approves the rest would certify the one by verdicts on the other; and what went out with nobody
/// looking at it would be certified by verdicts on what was held. What has too few verdicts all the same says nothing here.
pub(super) fn merged(cells: &Cells) -> Vec<Cell> {
    let [sent, at_the_gate, unjudged] = parted(cells);
    let mut merged = sent;
    merged.extend(at_the_gate);
    merged.retain(|cell| cell.judged > 0.0);
    merged.extend(unjudged.into_iter().filter(Cell::is_known));
    merged
}

/// The same for a certificate: of what was sent or decided without a verdict, where too little of it was looked at afterwards, all counts as
/// bad that was not found good.
pub(super) fn at_worst(cells: &Cells) -> Vec<Cell> {
    let [sent, at_the_gate, unjudged] = parted(cells);
    let looked_at = |cell: Cell| {
        if cell.asked < FEWEST_IN_CELL {
            cell.at_worst()
        } else {
            cell
        }
    };
    let counted = |cell: Cell| if cell.is_known() { cell } else { cell.at_worst() };
    let mut merged: Vec<Cell> = sent.into_iter().map(looked_at).collect();
    merged.extend(at_the_gate);
    merged.extend(unjudged.into_iter().map(counted));
    merged
}

/// What was sent, what was judged at the gate, what was decided without a verdict.
fn parted(cells: &Cells) -> [Vec<Cell>; 3] {
    let of = |is_kind: fn(u16) -> bool| joined(cells.iter().filter(move |((_, group), _)| is_kind(*group)));
    [
        of(|group| group < JUDGED_AT_THE_GATE),
        of(|group| group == JUDGED_AT_THE_GATE),
        of(|group| group >= DECIDED_UNJUDGED),
    ]
}

fn joined<'a>(cells: impl Iterator<Item = (&'a (u32, u16), &'a Cell)>) -> Vec<Cell> {
    let mut joined: Vec<Cell> = Vec::new();
    for ((_, group), cell) in cells {
        // At the gate everything was judged; what says nothing any more does so because its answer was changed.
        let may_be_neglected = *group != JUDGED_AT_THE_GATE;
        let are_alike = |before: &Cell| {
            let (thin, other) = if cell.is_known() {
                (before, cell)
            } else {
                (cell, before)
            };
            !(may_be_neglected && thin.is_neglected_beside(other))
        };
        match joined.last_mut() {
            Some(before) if !(before.is_known() && cell.is_known()) && are_alike(before) => before.join(cell),
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
    /// Drafts that somebody looked at, be it that the answer was changed since.
    asked: f64,
    /// Judged drafts, each counted as often as it stands for.
    pub(super) judged: f64,
    /// The same squared, for the effective number.
    squares: f64,
    pub(super) reviewed: u64,
    pub(super) bad: u64,
    /// Drafts that are taken to be bad because nobody looked.
    assumed: f64,
    /// How many verdicts stand for how many drafts each, good ones and bad ones.
    kinds: BTreeMap<(u64, bool), f64>,
}

impl Cell {
    pub(super) fn add(&mut self, draft: &Draft) {
        self.drafts += 1.0;
        self.asked += f64::from(u8::from(draft.evidence != Evidence::None));
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
        self.asked += other.asked;
        self.assumed += other.assumed;
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

    /// Hardly anybody looked, although as many drafts of its neighbour were looked at.
    fn is_neglected_beside(&self, other: &Self) -> bool {
        self.asked < FEWEST_IN_CELL && self.drafts * other.asked / other.drafts >= EXPECTED_AT_LEAST
    }

    /// As if every draft without a verdict had been found bad.
    fn at_worst(mut self) -> Self {
        let unjudged = (self.drafts - self.judged).max(0.0);
        self.judged += unjudged;
        self.assumed += unjudged;
        *self.kinds.entry((1.0_f64.to_bits(), true)).or_default() += unjudged;
        self
    }

    /// Kish's effective number of verdicts. What is taken to be bad is no verdict, and no chance is in it.
    fn effective(&self) -> f64 {
        if self.assumed > 0.0 {
            f64::INFINITY
        } else if self.squares > 0.0 {
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
