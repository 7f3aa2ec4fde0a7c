//! The machine's clock, ids and randomness. Everything else gets them injected.

use crate::domain::ids::{IdSource, RandomSource};
use crate::domain::time::{Clock, Steady, Timestamp};
use crate::store::Sources;
use rand::TryRng;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

static FIRST_ASKED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }

    fn uptime_ms(&self) -> i64 {
        i64::try_from(FIRST_ASKED.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The machine's clock, which does not go back when somebody sets it back: see [`Steady`].
#[derive(Debug, Default)]
pub struct SteadyClock {
    steady: Mutex<Steady>,
}

impl SteadyClock {
    /// A clock that has told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        steady.tell(SystemClock.now(), self.uptime_ms())
    }

    fn uptime_ms(&self) -> i64 {
        SystemClock.uptime_ms()
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = rand::rngs::SysRng.try_fill_bytes(buffer) {
            // Without randomness no secret is one; going on would be worse than stopping.
            tracing::error!(%error, "the operating system gives no random bytes; Holdpoint stops");
            std::process::abort();
        }
    }
}

/// `UUIDv7` from a clock and a random source; ids made in the same millisecond still rise.
pub struct V7Ids {
    clock: Arc<dyn Clock>,
    context: Mutex<ContextV7>,
}

impl V7Ids {
    /// Ids that tell `clock`'s time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            context: Mutex::new(ContextV7::new()),
        }
    }
}

impl IdSource for V7Ids {
    fn next(&self) -> Uuid {
        let ms = u64::try_from(self.clock.now().0).unwrap_or_default();
        let nanos = u32::try_from(ms % 1_000).unwrap_or_default() * 1_000_000;
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(UuidTime::from_unix(&*context, ms / 1_000, nanos))
    }
}

/// The real sources of a running server.
pub fn sources() -> Sources {
    sources_at(Arc::new(SteadyClock::new()))
}

/// Real ids and randomness under another clock.
pub fn sources_at(clock: Arc<dyn Clock>) -> Sources {
    Sources {
        ids: Arc::new(V7Ids::new(clock.clone())),
        clock,
        random: Arc::new(SystemRandom),
    }
}
