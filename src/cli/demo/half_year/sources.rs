//! A clock that is moved by hand, and ids and bytes that are the same for a seed. Nothing of it is fit for secrets: the demo has none.

use crate::domain::ids::{IdSource, RandomSource};
use crate::domain::time::{Clock, Timestamp};
use crate::stats::random::SplitMix64;
use crate::store::Sources;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::{Builder, Uuid};

/// How long it seems to take until somebody looks at the clock again, in milliseconds: what follows on something else is never at the same time.
const TICK_MS: i64 = 6;
/// Ids that one millisecond has.
const IDS_OF_A_MS: u16 = 1 << 12;

/// Tells what it was moved to, and a little more each time.
#[derive(Debug)]
pub(super) struct StoryClock {
    now: AtomicI64,
    began: i64,
}

impl StoryClock {
    pub(super) const fn new(begin: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(begin.0),
            began: begin.0,
        }
    }

    /// Goes on to `at`, or stays where it is if that is over.
    pub(super) fn go_to(&self, at: Timestamp) {
        self.now.fetch_max(at.0, Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.fetch_add(TICK_MS, Ordering::SeqCst) + TICK_MS)
    }

    fn uptime_ms(&self) -> i64 {
        self.now.load(Ordering::SeqCst) - self.began
    }
}

/// Bytes of a seed.
pub(super) struct Seeded(Mutex<SplitMix64>);

impl Seeded {
    pub(super) const fn new(seed: u64) -> Self {
        Self(Mutex::new(SplitMix64::new(seed)))
    }

    fn generator(&self) -> MutexGuard<'_, SplitMix64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RandomSource for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut generator = self.generator();
        for part in buffer.chunks_mut(8) {
            let drawn = generator.draw().to_le_bytes();
            for (byte, drawn) in part.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
    }
}

/// `UUIDv7` of the story's time: rising, also within a millisecond.
struct StoryIds {
    clock: Arc<StoryClock>,
    random: Seeded,
    last: Mutex<(i64, u16)>,
}

impl IdSource for StoryIds {
    fn next(&self) -> Uuid {
        let now = self.clock.now.load(Ordering::SeqCst);
        let (ms, nth) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                (ms, _) if now > ms => (now, 0),
                (ms, nth) if nth + 1 < IDS_OF_A_MS => (ms, nth + 1),
                (ms, _) => (ms + 1, 0),
            };
            *last
        };
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        let [first, second] = nth.to_be_bytes();
        bytes[0] = first;
        bytes[1] = second;
        Builder::from_unix_timestamp_millis(u64::try_from(ms).unwrap_or_default(), &bytes).into_uuid()
    }
}

/// Sources of a story that begins at `begin`, with the clock that moves them.
pub(super) fn sources(seed: u64, begin: Timestamp) -> (Sources, Arc<StoryClock>) {
    let clock = Arc::new(StoryClock::new(begin));
    let sources = Sources {
        clock: clock.clone(),
        ids: Arc::new(StoryIds {
            clock: clock.clone(),
            random: Seeded::new(seed ^ 0x1D5),
            last: Mutex::new((0, 0)),
        }),
        random: Arc::new(Seeded::new(seed)),
    };
    (sources, clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_ids_and_they_rise() {
        let ids = |seed| {
            let (sources, clock) = sources(seed, Timestamp(1_800_000_000_000));
            let mut ids: Vec<Uuid> = (0..5_000).map(|_| sources.ids.next()).collect();
            clock.go_to(Timestamp(1_800_000_000_500));
            ids.push(sources.ids.next());
            ids
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
        assert!(ids(1).windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids(1).iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn the_clock_never_goes_back() {
        let clock = StoryClock::new(Timestamp(1_000));
        let before = clock.now();
        clock.go_to(Timestamp(10));
        assert!(clock.now() > before);
        clock.go_to(Timestamp(9_000));
        assert_eq!(clock.now(), Timestamp(9_000 + TICK_MS));
    }
}
