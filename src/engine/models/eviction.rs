//! Which models give way to one that is to be loaded: a pure choice.

/// A model in memory, or on its way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resident<K, T> {
    pub(super) key: K,
    /// What it needs, bytes.
    pub(super) bytes: u64,
    /// Nobody waits for it, nothing is computed with it.
    pub(super) is_idle: bool,
    /// When it was last asked.
    pub(super) last_used: T,
}

/// What all models together may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// What the owner allows them together, bytes.
    pub(super) budget_bytes: Option<u64>,
    /// What the machine can give besides those in memory, bytes.
    pub(super) available_bytes: Option<u64>,
}

/// There is not enough room, whatever gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom {
    pub(super) need_bytes: u64,
    /// The most that could be had now.
    pub(super) most_bytes: u64,
}

/// The models to unload so that `need_bytes` fit: as few as possible in the order of their last use, the longest
/// unused first, and never one that is at work.
pub(super) fn give_way<K: Copy, T: Ord + Copy>(
    residents: &[Resident<K, T>],
    need_bytes: u64,
    room: Room,
) -> Result<Vec<K>, NoRoom> {
    let held = total(residents.iter());
    let mut idle: Vec<_> = residents.iter().filter(|resident| resident.is_idle).collect();
    idle.sort_by_key(|resident| resident.last_used);
    let mut leaving = Vec::new();
    let mut freed: u64 = 0;
    let mut coming = idle.into_iter();
    loop {
        let most_bytes = left(room, held, freed);
        if need_bytes <= most_bytes {
            return Ok(leaving);
        }
        let Some(next) = coming.next() else {
            return Err(NoRoom { need_bytes, most_bytes });
        };
        leaving.push(next.key);
        freed = freed.saturating_add(next.bytes);
    }
}

fn total<'r, K: 'r, T: 'r>(residents: impl Iterator<Item = &'r Resident<K, T>>) -> u64 {
    residents.fold(0, |sum, resident| sum.saturating_add(resident.bytes))
}

/// What is left once `freed` of the `held` bytes have been given back.
fn left(room: Room, held: u64, freed: u64) -> u64 {
    let of_budget = room
        .budget_bytes
        .map(|budget| budget.saturating_sub(held.saturating_sub(freed)));
    let of_machine = room.available_bytes.map(|available| available.saturating_add(freed));
    [of_budget, of_machine].into_iter().flatten().min().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resident(key: u32, bytes: u64, is_idle: bool, last_used: u32) -> Resident<u32, u32> {
        Resident {
            key,
            bytes,
            is_idle,
            last_used,
        }
    }

    fn budget(bytes: u64) -> Room {
        Room {
            budget_bytes: Some(bytes),
            available_bytes: None,
        }
    }

    #[test]
    fn the_longest_unused_model_leaves_first() {
        let residents = [resident(1, 40, true, 9), resident(2, 40, true, 3)];
        assert_eq!(give_way(&residents, 20, budget(100)), Ok(vec![]));
        assert_eq!(give_way(&residents, 40, budget(100)), Ok(vec![2]));
        assert_eq!(give_way(&residents, 90, budget(100)), Ok(vec![2, 1]));
    }

    #[test]
    fn a_model_at_work_stays_and_both_figures_are_told() {
        let residents = [resident(1, 40, false, 1), resident(2, 40, true, 3)];
        assert_eq!(
            give_way(&residents, 70, budget(100)),
            Err(NoRoom {
                need_bytes: 70,
                most_bytes: 60
            })
        );
    }

    #[test]
    fn without_any_figure_everything_fits() {
        let room = Room {
            budget_bytes: None,
            available_bytes: None,
        };
        assert_eq!(give_way(&[resident(1, 40, true, 1)], u64::MAX, room), Ok(vec![]));
    }

    fn residents() -> impl Strategy<Value = Vec<Resident<u32, u32>>> {
        let one = (0_u64..100, any::<bool>(), 0_u32..6);
        proptest::collection::vec(one, 0..8).prop_map(|all| {
            let numbered = (0_u32..).zip(all);
            numbered
                .map(|(key, (bytes, is_idle, last_used))| resident(key, bytes, is_idle, last_used))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn what_leaves_is_idle_enough_and_no_more_than_needed(
            residents in residents(),
            need_bytes in 1_u64..300,
            budget_bytes in proptest::option::of(0_u64..400),
            available_bytes in proptest::option::of(0_u64..200),
        ) {
            let room = Room { budget_bytes, available_bytes };
            let held = total(residents.iter());
            let fits = |freed: u64| {
                budget_bytes.is_none_or(|budget| held - freed + need_bytes <= budget)
                    && available_bytes.is_none_or(|available| need_bytes <= available + freed)
            };
            let bytes = |keys: &[u32]| total(residents.iter().filter(|resident| keys.contains(&resident.key)));
            let idle: Vec<u32> = residents.iter().filter(|one| one.is_idle).map(|one| one.key).collect();
            match give_way(&residents, need_bytes, room) {
                Ok(leaving) => {
                    prop_assert!(fits(bytes(&leaving)), "what is loaded fits");
                    prop_assert!(leaving.iter().all(|key| idle.contains(key)), "nothing at work leaves");
                    if let Some((_, fewer)) = leaving.split_last() {
                        prop_assert!(!fits(bytes(fewer)), "nothing leaves in vain");
                    }
                    let used = |key: &u32| residents.iter().find(|one| one.key == *key).map(|one| one.last_used);
                    let newest_gone = leaving.iter().filter_map(used).max();
                    let oldest_kept = idle.iter().filter(|key| !leaving.contains(key)).filter_map(used).min();
                    if let (Some(gone), Some(kept)) = (newest_gone, oldest_kept) {
                        prop_assert!(gone <= kept, "whoever stays was used later");
                    }
                }
                Err(NoRoom { need_bytes: told, most_bytes }) => {
                    prop_assert!(!fits(bytes(&idle)), "it is refused only if all idle ones together are too little");
                    prop_assert!(told == need_bytes && most_bytes < need_bytes);
                }
            }
        }
    }
}
