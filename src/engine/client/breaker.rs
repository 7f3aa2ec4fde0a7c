//! A circuit breaker: leaves an engine alone that fails again and again, and tries it again later.
//!
//! Pure: the time is passed in. Closed, every request is admitted. After some failures in a row it opens, and nothing is
//! admitted while the engine rests. Then it is half open: one request is the probe, which closes it or lets the engine
//! rest twice as long as before.

use std::time::{Duration, Instant};

/// When to leave an engine alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row after which it rests, at least 1.
    pub failures: u32,
    /// Its first rest; each one after a failed probe is twice as long.
    pub first_rest: Duration,
    /// The longest rest.
    pub longest_rest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 3,
            first_rest: Duration::from_secs(5),
            longest_rest: Duration::from_mins(5),
        }
    }
}

/// The state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Rises with every change of state. What was admitted before a change says nothing about the time after it.
    generation: u64,
    /// How long the next rest is.
    next_rest: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { is_probed: bool },
}

/// Leave to ask once. How it went must be told: [`Breaker::settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
}

/// How an admitted request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The engine works.
    Worked,
    /// The engine does not work.
    Failed,
    /// The engine asks to be left alone for a while.
    AskedForRest(Duration),
    /// The asker went away before the end: nothing was learnt.
    Abandoned,
}

/// Nothing is admitted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// Until the engine is tried again; zero while somebody tries it.
    pub left: Duration,
}

impl Breaker {
    /// Closed.
    pub const fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            state: State::Closed { failures: 0 },
            generation: 0,
            next_rest: settings.first_rest,
        }
    }

    /// Asks for leave to ask the engine.
    ///
    /// # Errors
    /// [`Resting`] while it is open, or half open with a probe under way.
    pub fn admit(&mut self, now: Instant) -> Result<Permit, Resting> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } if now < until => {
                return Err(Resting {
                    left: until.saturating_duration_since(now),
                });
            }
            State::HalfOpen { is_probed: true } => return Err(Resting { left: Duration::ZERO }),
            State::Open { .. } | State::HalfOpen { is_probed: false } => {
                self.enter(State::HalfOpen { is_probed: true });
            }
        }
        Ok(Permit {
            generation: self.generation,
        })
    }

    /// Tells how a request ended. What was admitted before the last change of state has no effect.
    pub fn settle(&mut self, permit: Permit, outcome: Outcome, now: Instant) {
        if permit.generation != self.generation {
            return;
        }
        match (outcome, self.state) {
            (Outcome::Worked, State::Closed { .. }) => self.state = State::Closed { failures: 0 },
            (Outcome::Worked, _) => {
                self.next_rest = self.settings.first_rest;
                self.enter(State::Closed { failures: 0 });
            }
            (Outcome::Failed, State::Closed { failures }) if failures + 1 < self.settings.failures => {
                self.state = State::Closed { failures: failures + 1 };
            }
            (Outcome::Failed, _) => {
                let rest = self.next_rest;
                self.next_rest = rest.saturating_mul(2).min(self.settings.longest_rest);
                self.open(rest, now);
            }
            (Outcome::AskedForRest(rest), _) => self.open(rest.min(self.settings.longest_rest), now),
            (Outcome::Abandoned, State::HalfOpen { .. }) => self.state = State::HalfOpen { is_probed: false },
            (Outcome::Abandoned, _) => {}
        }
    }

    /// How long nothing is admitted from `now` on, zero while a probe is under way; `None` if the next one is admitted.
    pub fn resting(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Open { until } if now < until => Some(until.saturating_duration_since(now)),
            State::HalfOpen { is_probed: true } => Some(Duration::ZERO),
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => None,
        }
    }

    /// True if nothing failed since it last worked.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    fn open(&mut self, rest: Duration, now: Instant) {
        let until = now.checked_add(rest).unwrap_or(now);
        self.enter(State::Open { until });
    }

    const fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
