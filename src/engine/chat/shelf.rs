//! Beginnings of prompts in main memory: what has been computed is copied out of the attention cache and back.
//!
//! The library looks at every used cell of the cache for every token of every step, whomever it belongs to. What is kept for
//! a visitor who reads and types meanwhile would make everybody else slower there; here it only takes memory, and
//! copying it back costs about as much as computing ten tokens (measured: `docs/performance.md`). Copies are exact.
//!
//! Pure bookkeeping; the states themselves are the library's and opaque. What goes first when the shelf is full is
//! decided as in [`super::pool`], by the GreedyDual-Size-Frequency rule (Cherkasova 1998).

use llama_cpp_2::token::LlamaToken;

use super::pool::common;

/// One state with the tokens that it was computed from.
#[derive(Debug)]
struct Entry<S> {
    tokens: Vec<LlamaToken>,
    state: S,
    /// How often a sequence began with a part of it.
    hits: u32,
    /// Where it stands in the order of eviction.
    worth: f64,
}

/// Where the longest known beginning of a prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shelved {
    place: usize,
    /// Tokens of the state as a whole.
    pub(super) whole: usize,
    /// How many of them are those that were asked for.
    pub(super) length: usize,
}

/// Room that was made for a state, with the credit of those it goes on from.
#[derive(Debug)]
pub(super) struct Room {
    hits: u32,
}

/// States of sequences that do not run.
#[derive(Debug)]
pub(super) struct Shelf<S> {
    entries: Vec<Entry<S>>,
    most_tokens: usize,
    /// The worth of what was evicted last: newer entries start from it.
    clock: f64,
    evictions: u64,
}

impl<S> Shelf<S> {
    /// An empty shelf for states of so many tokens together.
    pub(super) const fn new(most_tokens: usize) -> Self {
        Self {
            entries: Vec::new(),
            most_tokens,
            clock: 0.0,
            evictions: 0,
        }
    }

    /// The state with the longest beginning of these tokens, all but the last one, whose result is needed.
    pub(super) fn longest(&self, tokens: &[LlamaToken]) -> Option<Shelved> {
        let wanted = tokens.get(..tokens.len().saturating_sub(1)).unwrap_or_default();
        let entries = self.entries.iter().enumerate();
        entries
            .map(|(place, entry)| Shelved {
                place,
                whole: entry.tokens.len(),
                length: common(&entry.tokens, wanted),
            })
            .filter(|shelved| shelved.length > 0)
            // Of equals the shorter one, which costs less to copy.
            .max_by_key(|shelved| (shelved.length, std::cmp::Reverse(shelved.whole)))
    }

    /// Takes a copy of what [`Self::longest`] has found: it is worth more from now on.
    pub(super) fn copy(&mut self, shelved: Shelved) -> Option<&S> {
        let (clock, most) = (self.clock, self.most_tokens);
        let entry = self.entries.get_mut(shelved.place)?;
        entry.hits = entry.hits.saturating_add(1);
        entry.worth = worth(clock, entry.hits, entry.tokens.len(), most);
        Some(&entry.state)
    }

    /// Whether a state of these tokens, and perhaps more, is there.
    pub(super) fn has(&self, tokens: &[LlamaToken]) -> bool {
        self.entries.iter().any(|entry| entry.tokens.starts_with(tokens))
    }

    /// Makes room for a state of these tokens: those that it goes on from are given up for it, and others as far as
    /// needed; what is there may take more memory than before only if it `may_grow`. `None` if it does not fit or is
    /// there already.
    pub(super) fn make_room(&mut self, tokens: &[LlamaToken], may_grow: bool) -> Option<Room> {
        let most = if may_grow {
            self.most_tokens
        } else {
            self.most_tokens.min(self.tokens())
        };
        if tokens.len() > most || self.has(tokens) {
            return None;
        }
        let mut hits = 0;
        self.entries.retain(|entry| {
            let goes_on = tokens.starts_with(&entry.tokens);
            if goes_on {
                hits = hits.max(entry.hits);
            }
            !goes_on
        });
        while self.tokens() + tokens.len() > most {
            let worths = self.entries.iter().enumerate();
            let least = worths.min_by(|(_, one), (_, other)| one.worth.total_cmp(&other.worth));
            let Some(place) = least.map(|(place, _)| place) else {
                break;
            };
            self.clock = self.clock.max(self.entries.swap_remove(place).worth);
            self.evictions += 1;
        }
        Some(Room { hits })
    }

    /// Keeps a state of the tokens for which room was made.
    pub(super) fn put(&mut self, Room { hits }: Room, tokens: Vec<LlamaToken>, state: S) {
        let worth = worth(self.clock, hits, tokens.len(), self.most_tokens);
        self.entries.push(Entry {
            tokens,
            state,
            hits,
            worth,
        });
    }

    /// Gives up every state that these tokens begin with.
    pub(super) fn forget_beginnings_of(&mut self, tokens: &[LlamaToken]) {
        self.entries.retain(|entry| !tokens.starts_with(&entry.tokens));
    }

    /// States that are kept.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tokens of all of them.
    pub(super) fn tokens(&self) -> usize {
        self.entries.iter().map(|entry| entry.tokens.len()).sum()
    }

    /// States given up so far because there was no room.
    pub(super) const fn evictions(&self) -> u64 {
        self.evictions
    }
}

/// What it would cost to compute it again, times how often it was asked for, per token, from the clock on. A token further
/// back costs more, because it attends to all before it.
fn worth(clock: f64, hits: u32, tokens: usize, most: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "thousands, for an order of eviction")]
    let depth = tokens as f64 / (2.0 * most.max(1) as f64);
    clock + (1.0 + f64::from(hits)) * (1.0 + depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(numbers: &[i32]) -> Vec<LlamaToken> {
        numbers.iter().copied().map(LlamaToken).collect()
    }

    fn keep<S>(shelf: &mut Shelf<S>, tokens: Vec<LlamaToken>, state: S) {
        if let Some(room) = shelf.make_room(&tokens, true) {
            shelf.put(room, tokens, state);
        }
    }

    #[test]
    fn where_memory_is_short_something_else_goes_instead() {
        let mut shelf = Shelf::new(100);
        keep(&mut shelf, tokens(&[1, 1, 1, 1]), ());
        assert!(
            shelf.make_room(&tokens(&[2, 2, 2, 2, 2]), false).is_none(),
            "it is longer than all that is there"
        );
        assert_eq!(shelf.tokens(), 4);
        let room = shelf.make_room(&tokens(&[2, 2, 2]), false).unwrap();
        assert_eq!(shelf.tokens(), 0, "before there is a copy");
        shelf.put(room, tokens(&[2, 2, 2]), ());
        assert_eq!((shelf.tokens(), shelf.evictions()), (3, 1));
    }

    #[test]
    fn what_was_kept_of_work_that_has_ended_is_given_up() {
        let mut shelf = Shelf::new(100);
        keep(&mut shelf, tokens(&[1, 2]), ());
        keep(&mut shelf, tokens(&[1, 9, 9]), ());
        shelf.forget_beginnings_of(&tokens(&[1, 2, 3]));
        assert!(!shelf.has(&tokens(&[1, 2])) && shelf.has(&tokens(&[1, 9, 9])));
    }

    #[test]
    fn a_conversation_that_went_on_takes_the_place_of_what_it_began_with() {
        let mut shelf = Shelf::new(100);
        keep(&mut shelf, tokens(&[1, 2, 3]), "first turn");
        keep(&mut shelf, tokens(&[1, 2, 3, 4, 5]), "second turn");
        assert_eq!((shelf.len(), shelf.tokens()), (1, 5));
        keep(&mut shelf, tokens(&[1, 2]), "known already");
        assert_eq!(shelf.len(), 1);
        let found = shelf.longest(&tokens(&[1, 2, 3, 4, 9])).unwrap();
        assert_eq!((found.length, found.whole), (4, 5));
        assert_eq!(shelf.copy(found), Some(&"second turn"));
    }

    #[test]
    fn the_last_token_is_computed_always() {
        let mut shelf = Shelf::new(100);
        keep(&mut shelf, tokens(&[1, 2, 3]), ());
        assert_eq!(shelf.longest(&tokens(&[1, 2, 3])).map(|found| found.length), Some(2));
        assert_eq!(shelf.longest(&tokens(&[1])), None);
    }

    #[test]
    fn what_many_asked_for_outlives_what_nobody_came_back_for() {
        let mut shelf = Shelf::new(10);
        keep(&mut shelf, tokens(&[1, 1, 1, 1]), "asked for");
        keep(&mut shelf, tokens(&[2, 2, 2, 2]), "not asked for");
        let found = shelf.longest(&tokens(&[1, 1, 1, 7])).unwrap();
        shelf.copy(found);
        keep(&mut shelf, tokens(&[3, 3, 3, 3]), "new");
        assert!(shelf.has(&tokens(&[1])) && shelf.has(&tokens(&[3])) && !shelf.has(&tokens(&[2])));
        assert_eq!(shelf.evictions(), 1);
    }

    #[test]
    fn what_was_asked_for_long_ago_fades() {
        let mut shelf = Shelf::new(8);
        keep(&mut shelf, tokens(&[1, 1, 1, 1]), ());
        for _ in 0..3 {
            let found = shelf.longest(&tokens(&[1, 1, 1, 1])).unwrap();
            shelf.copy(found);
        }
        for number in 2..20 {
            keep(&mut shelf, tokens(&[number; 4]), ());
        }
        assert!(!shelf.has(&tokens(&[1])));
    }

    #[derive(Debug, Clone)]
    enum Move {
        Put(Vec<i32>),
        Ask(Vec<i32>),
    }

    fn some_tokens() -> impl Strategy<Value = Vec<i32>> {
        prop::collection::vec(0..3, 1..12)
    }

    proptest! {
        #[test]
        fn it_never_holds_too_much_nor_one_thing_twice_and_gives_what_was_put(
            moves in prop::collection::vec(prop_oneof![some_tokens().prop_map(Move::Put), some_tokens().prop_map(Move::Ask)], 1..60),
        ) {
            let mut shelf = Shelf::new(20);
            for one in moves {
                match one {
                    Move::Put(numbers) => keep(&mut shelf, tokens(&numbers), tokens(&numbers)),
                    Move::Ask(numbers) => {
                        let asked = tokens(&numbers);
                        if let Some(found) = shelf.longest(&asked) {
                            prop_assert!(found.length < asked.len());
                            let state = shelf.copy(found).cloned().unwrap_or_default();
                            prop_assert_eq!(state.len(), found.whole);
                            prop_assert_eq!(state.get(..found.length), asked.get(..found.length));
                        }
                    }
                }
                prop_assert!(shelf.tokens() <= 20);
                for (nth, entry) in shelf.entries.iter().enumerate() {
                    let others = shelf.entries.iter().enumerate().filter(|(other, _)| *other != nth);
                    prop_assert!(others.into_iter().all(|(_, other)| !other.tokens.starts_with(&entry.tokens)));
                }
            }
        }
    }
}
