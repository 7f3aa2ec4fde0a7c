//! Points in time and the injected clock. Integer milliseconds since 1970 UTC, everywhere.

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time `ms` milliseconds later (saturating).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; 0 when the clock went backwards in between.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        let ms = self.0.saturating_sub(earlier.0);
        if ms < 0 { 0 } else { ms }
    }
}

/// Tells the time. Injected, so that half a year can be replayed in a minute.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Milliseconds since some moment that only this process knows. They never fall, whatever is done to the clock, and
    /// stand still while the machine sleeps.
    fn uptime_ms(&self) -> i64;
}

/// A clock that never goes back, over one that may be set.
///
/// A clock set back by an hour would make everything that waits (an undo window, a deadline, the end of a turn) wait an hour
/// longer. This one goes on instead, at half speed, until the other has caught up: whatever waits is then at most twice as
/// long in coming. A clock set forward is followed at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steady {
    last: Timestamp,
    /// While it is ahead: what it told, and the uptime in milliseconds, when it was overtaken from behind.
    ahead: Option<(Timestamp, i64)>,
}

impl Steady {
    /// What it tells when the settable clock shows `wall` and the machine has run for `uptime_ms` (which never falls).
    pub fn tell(&mut self, wall: Timestamp, uptime_ms: i64) -> Timestamp {
        let (from, since_ms) = self.ahead.unwrap_or((self.last, uptime_ms));
        let at_half_speed = from.plus_ms((uptime_ms - since_ms) / 2);
        self.ahead = (wall < at_half_speed).then_some((from, since_ms));
        self.last = wall.max(at_half_speed);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_set_back_makes_nothing_wait_longer_than_twice() {
        const HOUR_MS: i64 = 3_600_000;
        let mut steady = Steady::default();
        assert_eq!(steady.tell(Timestamp(10 * HOUR_MS), 0), Timestamp(10 * HOUR_MS));
        // Back by an hour, and ten minutes on.
        let set_back = Timestamp(9 * HOUR_MS);
        assert_eq!(steady.tell(set_back, 1_000), Timestamp(10 * HOUR_MS));
        let later = steady.tell(set_back.plus_ms(600_000), 601_000);
        assert_eq!(later, Timestamp(10 * HOUR_MS + 300_000));
        // Two hours on, both tell the same.
        let caught_up = steady.tell(set_back.plus_ms(2 * HOUR_MS), 1_000 + 2 * HOUR_MS);
        assert_eq!(caught_up, Timestamp(11 * HOUR_MS));
    }

    proptest! {
        #[test]
        fn it_never_goes_back_and_moves_at_least_at_half_speed(
            steps in prop::collection::vec((0_i64..100_000, prop_oneof![4 => Just(0_i64), 1 => -500_000_i64..500_000]), 1..60),
        ) {
            let mut steady = Steady::default();
            let (mut wall, mut uptime) = (Timestamp(1_000_000_000), 0);
            let mut told = steady.tell(wall, uptime);
            for (passed, set_by) in steps {
                uptime += passed;
                wall = wall.plus_ms(passed + set_by);
                let now = steady.tell(wall, uptime);
                prop_assert!(now >= told);
                prop_assert!(now >= wall);
                // What is cut off is under 1 ms; half speed begins with the step in which the clock is set back.
                if set_by == 0 {
                    prop_assert!(now.0 - told.0 >= passed / 2 - 1, "{} of {passed}", now.0 - told.0);
                }
                told = now;
            }
        }
    }
}
