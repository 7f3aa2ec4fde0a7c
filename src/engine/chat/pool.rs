//! Who uses which cells of the attention cache, and what is kept for later: the beginnings of prompts are computed once.
//!
//! Pure bookkeeping beside the library's own, which cannot be asked. Every sequence number has at most one [`Place`]:
//! the tokens that stand in the cache for it and the cells they stand in. A beginning that several sequences share
//! stands in the cache once; copying it costs nothing and is exact. When a sequence has ended its place is kept until
//! the cells are needed. Evicting takes what is worth least first, by the GreedyDual-Size-Frequency rule (Cherkasova
//! 1998): what it would cost to compute it again, times how often it was asked for, per cell, plus a clock that lets
//! the past fade. Of a place it first takes the end that nobody came back for, and the beginning that others shared
//! (an agent's instructions) last.

use llama_cpp_2::token::LlamaToken;

/// Shorter beginnings are not worth a number.
const SHORTEST_KEPT: usize = 16;

/// What the library has to do so that its cache is as the pool says, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Let `to` use the cells of `from` for the positions `start..end` too.
    Copy {
        from: usize,
        to: usize,
        start: usize,
        end: usize,
    },
    /// Give up the cells of `number` from this position on.
    Forget { number: usize, from: usize },
}

/// The cache has no room although everything that could go has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

/// A sequence that may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    /// Its number.
    pub(super) number: usize,
    /// How many of its tokens stand in the cache already.
    pub(super) cached: usize,
    /// What the library has to do first.
    pub(super) changes: Vec<Change>,
}

/// What the pool holds for nobody in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct KeptFigures {
    /// Beginnings.
    pub(super) entries: usize,
    /// Cells that only they use.
    pub(super) tokens: usize,
    /// Beginnings or ends of them given up so far.
    pub(super) evictions: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Places that use it.
    users: u32,
    /// Those among them whose sequence runs.
    running: u32,
}

#[derive(Debug, Default)]
struct Place {
    tokens: Vec<LlamaToken>,
    cells: Vec<usize>,
    /// The length it may grow to; `None` once its sequence has ended.
    grows_to: Option<usize>,
    /// How often another sequence began with a part of it.
    hits: u32,
    /// The longest part that another sequence began with.
    reused: usize,
    /// Where it stands in the order of eviction.
    worth: f64,
}

impl Place {
    const fn is_kept(&self) -> bool {
        self.grows_to.is_none()
    }
}

/// The cells and places of one context.
#[derive(Debug)]
pub(super) struct Pool {
    cells: Vec<Cell>,
    free: Vec<usize>,
    places: Vec<Option<Place>>,
    /// Cells that a running sequence uses.
    running_cells: usize,
    /// Most cells that only kept places may use.
    keep_at_most: usize,
    /// The worth of what was evicted last: newer places start from it.
    clock: f64,
    evictions: u64,
}

impl Pool {
    /// An empty pool of `cells` cells for `numbers` sequences, running and kept. Of what has ended it keeps at most
    /// `keep_at_most` cells: the library looks at every used cell for every token, whomever it belongs to, so what is
    /// kept for nobody makes every step slower.
    pub(super) fn new(cells: usize, numbers: usize, keep_at_most: usize) -> Self {
        Self {
            cells: vec![Cell::default(); cells],
            free: (0..cells).rev().collect(),
            places: (0..numbers).map(|_| None).collect(),
            running_cells: 0,
            keep_at_most,
            clock: 0.0,
            evictions: 0,
        }
    }

    /// Whether a sequence of these tokens that may grow to `grows_to` fits beside those that run, whatever they still
    /// need. What is kept only counts as free.
    pub(super) fn fits(&self, tokens: &[LlamaToken], grows_to: usize, reuse: bool) -> bool {
        let in_use_anyway = match self.longest_beginning(tokens).filter(|_| reuse) {
            Some((from, length)) => self.count_cells(from, length, |cell| cell.running > 0),
            None => 0,
        };
        let has_number = self
            .places
            .iter()
            .any(|place| place.as_ref().is_none_or(Place::is_kept));
        has_number && self.running_cells + self.promised() + grows_to.saturating_sub(in_use_anyway) <= self.cells.len()
    }

    /// Begins a sequence that [fits](Self::fits): with what stands in the cache of its tokens if `reuse`, but for the
    /// last one, whose result is needed. `None` if there is no number for it.
    pub(super) fn begin(&mut self, tokens: &[LlamaToken], grows_to: usize, reuse: bool) -> Option<Begun> {
        let source = self.longest_beginning(tokens).filter(|_| reuse);
        let mut changes = Vec::new();
        let number = match self.places.iter().position(Option::is_none) {
            Some(number) => number,
            None => {
                let others = |number: usize| source.is_none_or(|(from, _)| from != number);
                match self.least_worth(others) {
                    Some(number) => {
                        changes.extend(self.evict_whole(number));
                        number
                    }
                    // Only its own source is kept: it goes on from there.
                    None => return self.go_on_from(source?, grows_to),
                }
            }
        };
        let place = Place {
            grows_to: Some(grows_to),
            ..Place::default()
        };
        *self.places.get_mut(number)? = Some(place);
        let cached = source.map_or(0, |(from, length)| {
            changes.extend(self.copy(from, number, length));
            length
        });
        Some(Begun {
            number,
            cached,
            changes,
        })
    }

    fn go_on_from(&mut self, (number, length): (usize, usize), grows_to: usize) -> Option<Begun> {
        let forgotten = self.cut(number, length);
        let place = self.places.get_mut(number)?.as_mut()?;
        place.grows_to = Some(grows_to);
        self.count_running(number, 0, true);
        Some(Begun {
            number,
            cached: length,
            changes: forgotten.into_iter().collect(),
        })
    }

    /// Lets a running sequence take over what another has computed of its `tokens` meanwhile. Returns how many of them
    /// stand in the cache now.
    pub(super) fn catch_up(&mut self, number: usize, tokens: &[LlamaToken]) -> (usize, Option<Change>) {
        let own = self.length(number);
        match self.longest_beginning(tokens) {
            Some((from, length)) if length > own && from != number => (length, self.copy(from, number, length)),
            _ => (own, None),
        }
    }

    /// Makes sure that `count` cells are free.
    pub(super) fn make_room(&mut self, count: usize) -> Result<Vec<Change>, NoRoom> {
        let mut changes = Vec::new();
        while self.free.len() < count {
            let number = self.least_worth(|_| true).ok_or(NoRoom)?;
            changes.extend(self.evict(number));
        }
        Ok(changes)
    }

    /// Notes that these tokens have been computed for a running sequence, in cells for which room was made.
    pub(super) fn extend(&mut self, number: usize, tokens: &[LlamaToken]) -> Result<(), NoRoom> {
        let first_kept = self.free.len().checked_sub(tokens.len()).ok_or(NoRoom)?;
        let taken = self.free.split_off(first_kept);
        for cell in &taken {
            if let Some(cell) = self.cells.get_mut(*cell) {
                *cell = Cell { users: 1, running: 1 };
            }
        }
        self.running_cells += taken.len();
        if let Some(place) = self.place_mut(number) {
            place.tokens.extend_from_slice(tokens);
            place.cells.extend(taken);
        }
        Ok(())
    }

    /// Ends a running sequence: what it computed is kept, or given up at once.
    pub(super) fn end(&mut self, number: usize, keep: bool) -> Vec<Change> {
        self.count_running(number, 0, false);
        if let Some(place) = self.place_mut(number) {
            place.grows_to = None;
        }
        if !keep || self.length(number) < SHORTEST_KEPT {
            return self.remove(number).into_iter().collect();
        }
        let mut changes = Vec::new();
        for other in 0..self.places.len() {
            if let Some((shorter, longer)) = self.contained(number, other) {
                let (hits, reused) = self.place(shorter).map_or((0, 0), |place| (place.hits, place.reused));
                if let Some(place) = self.place_mut(longer) {
                    place.hits = place.hits.saturating_add(hits);
                    place.reused = place.reused.max(reused);
                }
                changes.extend(self.remove(shorter));
                self.weigh(longer);
                if shorter == number {
                    break;
                }
            }
        }
        self.weigh(number);
        while self.kept().tokens > self.keep_at_most
            && let Some(number) = self.least_worth(|_| true)
        {
            changes.extend(self.evict(number));
        }
        changes
    }

    /// Forgets everything: the library's cache was cleared.
    pub(super) fn clear(&mut self) {
        *self = Self {
            evictions: self.evictions,
            ..Self::new(self.cells.len(), self.places.len(), self.keep_at_most)
        };
    }

    /// Tokens that stand in the cache for a number.
    pub(super) fn length(&self, number: usize) -> usize {
        self.place(number).map_or(0, |place| place.tokens.len())
    }

    /// How many of these tokens stand in the cache for anybody; all but the last at most.
    pub(super) fn known(&self, tokens: &[LlamaToken]) -> usize {
        self.longest_beginning(tokens).map_or(0, |(_, length)| length)
    }

    /// The tokens that stand in the cache for a number.
    pub(super) fn tokens(&self, number: usize) -> &[LlamaToken] {
        self.place(number).map_or(&[], |place| place.tokens.as_slice())
    }

    pub(super) fn kept(&self) -> KeptFigures {
        KeptFigures {
            entries: self.places.iter().flatten().filter(|place| place.is_kept()).count(),
            tokens: self.cells.len() - self.free.len() - self.running_cells,
            evictions: self.evictions,
        }
    }

    fn place(&self, number: usize) -> Option<&Place> {
        self.places.get(number)?.as_ref()
    }

    fn place_mut(&mut self, number: usize) -> Option<&mut Place> {
        self.places.get_mut(number)?.as_mut()
    }

    /// Cells that the running sequences may still need.
    fn promised(&self) -> usize {
        let places = self.places.iter().flatten();
        places
            .filter_map(|place| Some(place.grows_to?.saturating_sub(place.tokens.len())))
            .sum()
    }

    /// The place with the longest common beginning, and its length: at most all tokens but the last.
    fn longest_beginning(&self, tokens: &[LlamaToken]) -> Option<(usize, usize)> {
        let wanted = tokens.get(..tokens.len().saturating_sub(1)).unwrap_or_default();
        let places = self.places.iter().enumerate();
        places
            .filter_map(|(number, place)| Some((number, common(&place.as_ref()?.tokens, wanted))))
            .filter(|(_, length)| *length > 0)
            .max_by_key(|(number, length)| (*length, std::cmp::Reverse(*number)))
    }

    fn count_cells(&self, number: usize, length: usize, which: impl Fn(&Cell) -> bool) -> usize {
        let cells = self
            .place(number)
            .map(|place| place.cells.as_slice())
            .unwrap_or_default();
        let cells = cells.iter().take(length);
        cells
            .filter_map(|cell| self.cells.get(*cell))
            .filter(|cell| which(cell))
            .count()
    }

    /// Copies the positions that `to` does not have yet, up to `length`.
    fn copy(&mut self, from: usize, to: usize, length: usize) -> Option<Change> {
        let start = self.length(to);
        let source = self.place_mut(from)?;
        source.hits = source.hits.saturating_add(1);
        source.reused = source.reused.max(length);
        let tokens = source.tokens.get(start..length)?.to_vec();
        let cells = source.cells.get(start..length)?.to_vec();
        if source.is_kept() {
            self.weigh(from);
        }
        for cell in &cells {
            if let Some(cell) = self.cells.get_mut(*cell) {
                cell.users += 1;
                cell.running += 1;
                self.running_cells += usize::from(cell.running == 1);
            }
        }
        let place = self.place_mut(to)?;
        place.tokens.extend(tokens);
        place.cells.extend(cells);
        Some(Change::Copy {
            from,
            to,
            start,
            end: length,
        })
    }

    /// Counts the cells of a place as used by a running sequence, or no longer.
    fn count_running(&mut self, number: usize, from: usize, runs: bool) {
        let cells = self.place(number).map(|place| place.cells.clone()).unwrap_or_default();
        for cell in cells.into_iter().skip(from) {
            if let Some(cell) = self.cells.get_mut(cell) {
                if runs {
                    cell.running += 1;
                    self.running_cells += usize::from(cell.running == 1);
                } else {
                    cell.running -= 1;
                    self.running_cells -= usize::from(cell.running == 0);
                }
            }
        }
    }

    /// The kept place that is worth least among those that may go.
    fn least_worth(&self, may_go: impl Fn(usize) -> bool) -> Option<usize> {
        let kept = self.places.iter().enumerate();
        kept.filter_map(|(number, place)| Some((number, place.as_ref()?)))
            .filter(|(number, place)| place.is_kept() && may_go(*number))
            .min_by(|(_, one), (_, other)| one.worth.total_cmp(&other.worth))
            .map(|(number, _)| number)
    }

    /// Takes the end of a place that nobody came back for, or all of it.
    fn evict(&mut self, number: usize) -> Option<Change> {
        let (length, reused, worth) = {
            let place = self.place(number)?;
            (place.tokens.len(), place.reused, place.worth)
        };
        if reused < SHORTEST_KEPT || reused >= length {
            return self.evict_whole(number);
        }
        self.clock = self.clock.max(worth);
        self.evictions += 1;
        let change = self.cut(number, reused);
        self.weigh(number);
        change
    }

    fn evict_whole(&mut self, number: usize) -> Option<Change> {
        self.clock = self.clock.max(self.place(number)?.worth);
        self.evictions += 1;
        self.remove(number)
    }

    /// A token further back costs more to compute again, because it attends to all before it.
    fn weigh(&mut self, number: usize) {
        let (clock, cells) = (self.clock, self.cells.len());
        if let Some(place) = self.place_mut(number) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a length of thousands, for an order of eviction"
            )]
            let depth = place.tokens.len() as f64 / (2.0 * cells.max(1) as f64);
            place.worth = clock + (1.0 + f64::from(place.hits)) * (1.0 + depth);
        }
    }

    /// If one of two kept places begins with all of the other: the shorter and the longer one.
    fn contained(&self, one: usize, other: usize) -> Option<(usize, usize)> {
        let (first, second) = (self.place(one)?, self.place(other)?);
        if one == other || !first.is_kept() || !second.is_kept() {
            return None;
        }
        if first.tokens.starts_with(&second.tokens) {
            return Some((other, one));
        }
        second.tokens.starts_with(&first.tokens).then_some((one, other))
    }

    fn remove(&mut self, number: usize) -> Option<Change> {
        let change = self.cut(number, 0);
        if let Some(place) = self.places.get_mut(number) {
            *place = None;
        }
        change
    }

    /// Gives up the cells of a place that does not run, from a position on.
    fn cut(&mut self, number: usize, from: usize) -> Option<Change> {
        let place = self.place_mut(number)?;
        if from >= place.tokens.len() {
            return None;
        }
        place.tokens.truncate(from);
        place.reused = place.reused.min(from);
        let cells = place.cells.split_off(from);
        for index in cells {
            if let Some(cell) = self.cells.get_mut(index) {
                cell.users -= 1;
                if cell.users == 0 {
                    self.free.push(index);
                }
            }
        }
        Some(Change::Forget { number, from })
    }
}

/// Length of the common beginning.
pub(super) fn common(one: &[LlamaToken], other: &[LlamaToken]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests;
