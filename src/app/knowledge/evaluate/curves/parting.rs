//! What is learned from, and what it is measured on: never the same.

use super::Embedded;
use crate::stats::random::SplitMix64;
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the collections, each measured by what the others taught.
const PARTS: usize = 10;

/// One part to learn from and one to measure on, as positions of questions.
pub(super) struct Trial {
    pub(super) learned: Vec<usize>,
    pub(super) measured: Vec<usize>,
}

/// Puts them into an order by lot.
pub(super) fn shuffle(order: &mut [usize], random: &mut SplitMix64) {
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
}

/// Ten parts of the collections, each measured by what the others teach.
pub(super) fn by_collection(embedded: &Embedded, seed: u64) -> Vec<Trial> {
    let groups: BTreeSet<usize> = embedded.asked.iter().map(|asked| asked.group).collect();
    let mut groups: Vec<usize> = groups.into_iter().collect();
    shuffle(&mut groups, &mut SplitMix64::new(seed));
    let parts: BTreeMap<usize, usize> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| (*group, at % PARTS))
        .collect();
    let part_of = |at: &usize| {
        embedded
            .asked
            .get(*at)
            .and_then(|asked| parts.get(&asked.group))
            .copied()
    };
    let all = 0..embedded.asked.len();
    let trial = |part: usize| {
        let (measured, learned) = all.clone().partition(|at| part_of(at) == Some(part));
        Trial { learned, measured }
    };
    (0..PARTS.min(groups.len())).map(trial).collect()
}
