use super::*;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

fn tokens(text: &str) -> Vec<LlamaToken> {
    text.bytes().map(|byte| LlamaToken::new(i32::from(byte))).collect()
}

/// The library's cache, as its documentation describes it: cells with a position and the numbers that use them.
#[derive(Default)]
struct Library {
    cells: Vec<(LlamaToken, usize, BTreeSet<usize>)>,
}

impl Library {
    fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            match *change {
                Change::Copy { from, to, start, end } => {
                    for (_, at, users) in &mut self.cells {
                        if users.contains(&from) && (start..end).contains(at) {
                            users.insert(to);
                        }
                    }
                }
                Change::Forget { number, from } => {
                    for (_, at, users) in &mut self.cells {
                        if *at >= from {
                            users.remove(&number);
                        }
                    }
                    self.cells.retain(|(_, _, users)| !users.is_empty());
                }
            }
        }
    }

    fn compute(&mut self, number: usize, start: usize, tokens: &[LlamaToken]) {
        for (index, token) in tokens.iter().enumerate() {
            self.cells.push((*token, start + index, BTreeSet::from([number])));
        }
    }

    /// What stands in the cache for a number, by position.
    fn content(&self, number: usize) -> Vec<(usize, LlamaToken)> {
        let mut content: Vec<_> = self
            .cells
            .iter()
            .filter(|(_, _, users)| users.contains(&number))
            .map(|(token, at, _)| (*at, *token))
            .collect();
        content.sort_by_key(|(at, _)| *at);
        content
    }
}

/// A pool with its library beside it.
struct Both {
    pool: Pool,
    library: Library,
}

impl Both {
    fn new(cells: usize, numbers: usize) -> Self {
        Self {
            pool: Pool::new(cells, numbers, cells),
            library: Library::default(),
        }
    }

    fn begin(&mut self, text: &[LlamaToken], grows_to: usize) -> (usize, usize) {
        let begun = self.pool.begin(text, grows_to, true).expect("there is a number");
        self.library.follow(&begun.changes);
        (begun.number, begun.cached)
    }

    fn compute(&mut self, number: usize, tokens: &[LlamaToken]) {
        let changes = self.pool.make_room(tokens.len()).expect("there is room for what fits");
        self.library.follow(&changes);
        let start = self.pool.length(number);
        self.pool.extend(number, tokens).expect("room was made");
        self.library.compute(number, start, tokens);
    }

    fn end(&mut self, number: usize, keep: bool) {
        let changes = self.pool.end(number, keep);
        self.library.follow(&changes);
    }

    /// Runs a prompt to its end; returns how much of it was there.
    fn run(&mut self, text: &str) -> usize {
        let prompt = tokens(text);
        let (number, cached) = self.begin(&prompt, prompt.len());
        self.compute(number, &prompt[cached..]);
        self.end(number, true);
        cached
    }

    fn check(&self) {
        let capacity = self.pool.cells.len();
        assert!(self.library.cells.len() <= capacity, "the library has no more cells");
        assert_eq!(self.library.cells.len(), capacity - self.pool.free.len());
        for number in 0..self.pool.places.len() {
            let expected: Vec<_> = self
                .pool
                .place(number)
                .map(|place| place.tokens.iter().copied().enumerate().collect())
                .unwrap_or_default();
            assert_eq!(self.library.content(number), expected, "number {number}");
        }
        let running: BTreeSet<usize> = self
            .pool
            .places
            .iter()
            .flatten()
            .filter(|place| !place.is_kept())
            .flat_map(|place| place.cells.iter().copied())
            .collect();
        assert_eq!(running.len(), self.pool.running_cells);
    }
}

const SHOP: &str = "You answer for the bicycle shop. ";
const BAKERY: &str = "You answer for the bakery in town. ";

#[test]
fn the_beginning_that_two_prompts_share_is_there_for_the_second() {
    let mut both = Both::new(200, 4);
    assert_eq!(both.run(&format!("{SHOP}When do you open?")), 0);
    assert_eq!(
        both.run(&format!("{SHOP}What does it cost?")),
        SHOP.len() + 2,
        "the Wh too"
    );
    both.check();
}

#[test]
fn the_last_token_is_always_computed_because_its_result_is_needed() {
    let mut both = Both::new(200, 4);
    both.run(SHOP);
    assert_eq!(both.run(SHOP), SHOP.len() - 1);
}

#[test]
fn a_beginning_is_shared_while_the_first_one_still_runs() {
    let mut both = Both::new(200, 4);
    let first = tokens(&format!("{SHOP}a long question"));
    let (one, _) = both.begin(&first, first.len() + 20);
    both.compute(one, &first[..20]);
    let second = tokens(&format!("{SHOP}another"));
    let (two, cached) = both.begin(&second, second.len());
    assert_eq!(cached, 20);
    both.compute(one, &first[20..]);
    let (caught_up, change) = both.pool.catch_up(two, &second);
    both.library.follow(&change.into_iter().collect::<Vec<_>>());
    assert_eq!(caught_up, SHOP.len() + 1);
    both.check();
}

#[test]
fn the_shared_beginning_outlives_the_ends_that_nobody_came_back_for() {
    let mut both = Both::new(120, 16);
    for name in ["anna", "bert", "carl", "dora", "emil", "fred", "gina", "hans"] {
        let cached = both.run(&format!("{SHOP}My name is {name}, and my question is long"));
        if name != "anna" {
            assert!(cached >= SHOP.len(), "{name} found {cached}");
        }
        both.check();
    }
}

#[test]
fn what_is_asked_for_again_and_again_outlives_what_was_asked_for_once() {
    let mut both = Both::new(100, 16);
    for _ in 0..5 {
        both.run(&format!("{SHOP}Open today?"));
    }
    both.run(&format!("{BAKERY}Bread?"));
    both.run("A third business with quite a different prompt, once");
    assert!(both.run(&format!("{SHOP}Open today?")) > SHOP.len());
    both.check();
}

#[test]
fn what_has_not_been_asked_for_in_a_long_time_fades_however_popular_it_was() {
    let mut both = Both::new(100, 16);
    for _ in 0..5 {
        both.run(&format!("{SHOP}Open today?"));
    }
    for round in 0..60 {
        both.run(&format!("{round:02} another business and its own long words"));
    }
    assert_eq!(both.run(&format!("{SHOP}Open today?")), 0);
}

#[test]
fn a_sequence_that_fits_beside_the_running_ones_only_if_they_never_grew_does_not_fit() {
    let mut both = Both::new(100, 4);
    let (_, _) = both.begin(&tokens(SHOP), 80);
    assert!(!both.pool.fits(&tokens(BAKERY), 40, true));
    assert!(both.pool.fits(&tokens("short"), 20, true));
}

#[test]
fn where_every_number_runs_nobody_else_may_begin() {
    let mut both = Both::new(100, 2);
    both.begin(&tokens("a"), 2);
    both.begin(&tokens("b"), 2);
    assert!(!both.pool.fits(&tokens("c"), 2, true));
    assert_eq!(both.pool.begin(&tokens("c"), 2, true), None);
}

#[test]
fn the_only_kept_beginning_can_be_gone_on_from_when_no_other_number_is_left() {
    let mut both = Both::new(100, 1);
    both.run(&format!("{SHOP}One"));
    assert_eq!(both.run(&format!("{SHOP}Two")), SHOP.len());
    both.check();
}

#[test]
fn no_more_is_kept_than_may_be_and_the_shared_beginning_is_the_last_to_go() {
    let mut both = Both::new(400, 16);
    both.pool.keep_at_most = 90;
    for name in ["anna", "bert", "carl"] {
        both.run(&format!("{SHOP}My name is {name}, and my question is long"));
        assert!(both.pool.kept().tokens <= 90);
        both.check();
    }
    assert!(both.run(&format!("{SHOP}Open today?")) >= SHOP.len());
    both.pool.keep_at_most = 0;
    both.run(&format!("{SHOP}Open tomorrow?"));
    assert_eq!(both.pool.kept().entries, 0);
    both.check();
}

#[derive(Debug, Clone)]
enum Act {
    Begin { text: Vec<u8>, grows: usize, reuse: bool },
    Compute { which: usize, tokens: usize },
    CatchUp { which: usize },
    End { which: usize, keep: bool },
    Clear,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // A small alphabet with a common stem makes beginnings that are shared, contained and different.
    let text = (0_usize..4, "[ab]{0,30}").prop_map(|(stem, rest)| {
        let stem = [
            "",
            "aaaaaaaaaaaaaaaaaaaa",
            "abababababababababab",
            "bbbbbbbbbbbbbbbbbbbbbbbb",
        ][stem];
        format!("{stem}{rest}c").into_bytes()
    });
    let act = prop_oneof![
        4 => (text, 0_usize..20, any::<bool>()).prop_map(|(text, grows, reuse)| Act::Begin { text, grows, reuse }),
        6 => (0_usize..8, 1_usize..30).prop_map(|(which, tokens)| Act::Compute { which, tokens }),
        2 => (0_usize..8).prop_map(|which| Act::CatchUp { which }),
        3 => (0_usize..8, any::<bool>()).prop_map(|(which, keep)| Act::End { which, keep }),
        1 => Just(Act::Clear),
    ];
    prop::collection::vec(act, 1..80)
}

proptest! {
    /// Whatever happens in whatever order: the library's cache holds for every number exactly the tokens that the pool
    /// says, it never needs more cells than there are, and whoever was let in always gets the room it was promised.
    #[test]
    fn the_pool_and_the_librarys_cache_agree(acts in acts(), cells in 60_usize..200, numbers in 1_usize..7, kept in 0_usize..200) {
        let mut both = Both::new(cells, numbers);
        both.pool.keep_at_most = kept;
        let mut running: Vec<(usize, Vec<LlamaToken>)> = Vec::new();
        for act in acts {
            match act {
                Act::Begin { text, grows, reuse } => {
                    let prompt: Vec<_> = text.iter().map(|byte| LlamaToken::new(i32::from(*byte))).collect();
                    let grows_to = prompt.len() + grows;
                    if both.pool.fits(&prompt, grows_to, reuse) {
                        let begun = both.pool.begin(&prompt, grows_to, reuse).expect("it fits");
                        both.library.follow(&begun.changes);
                        prop_assert!(begun.cached < prompt.len());
                        prop_assert!(reuse || begun.cached == 0);
                        let mut all = prompt;
                        all.resize(grows_to, LlamaToken::new(99));
                        running.push((begun.number, all));
                    }
                }
                Act::Compute { which, tokens } => {
                    if let Some((number, all)) = running.get(which) {
                        let done = both.pool.length(*number);
                        let end = (done + tokens).min(all.len());
                        both.compute(*number, &all[done..end]);
                    }
                }
                Act::CatchUp { which } => {
                    if let Some((number, all)) = running.get(which) {
                        let (length, change) = both.pool.catch_up(*number, all);
                        both.library.follow(&change.into_iter().collect::<Vec<_>>());
                        prop_assert_eq!(length, both.pool.length(*number));
                        prop_assert!(length <= all.len());
                    }
                }
                Act::End { which, keep } => {
                    if which < running.len() {
                        let (number, _) = running.remove(which);
                        both.end(number, keep);
                    }
                }
                Act::Clear => {
                    both.pool.clear();
                    both.library = Library::default();
                    running.clear();
                }
            }
            both.check();
            // Each of the running ones has in the cache the beginning of its own tokens.
            let contents: HashMap<usize, usize> = running.iter().map(|(number, _)| (*number, both.pool.length(*number))).collect();
            prop_assert_eq!(contents.len(), running.len(), "numbers are unique");
            for (number, all) in &running {
                prop_assert!(all.starts_with(&both.pool.place(*number).expect("it runs").tokens));
            }
        }
        // Everybody who was let in can be computed to the end at the same time.
        for (number, all) in &running {
            let done = both.pool.length(*number);
            both.compute(*number, &all[done..]);
            both.check();
        }
    }
}
