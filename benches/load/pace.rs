//! Who does what how often: arrivals, patience and service as published with the result.

use holdpoint::stats::random::SplitMix64;
use std::time::{Duration, Instant};

/// Mean time a reviewer looks at an item before deciding, and how long a person writes.
pub(crate) const DECIDE_S: f64 = 8.0;
/// How long a visitor waits for an answer before giving up, mean.
pub(crate) const PATIENCE_S: f64 = 150.0;
/// How long it takes to read an answer and write on, mean.
pub(crate) const READ_S: f64 = 20.0;
/// Questions of a visitor at most.
pub(crate) const MOST_QUESTIONS: usize = 4;

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Usual,
    Overload,
    Afterwards,
}

impl Phase {
    pub(crate) const ALL: [Self; 3] = [Self::Usual, Self::Overload, Self::Afterwards];

    /// Questions asked for each one that the reviewers can decide.
    const fn load(self) -> f64 {
        match self {
            Self::Usual | Self::Afterwards => 0.6,
            Self::Overload => 5.0,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Overload => "overload",
            Self::Afterwards => "afterwards",
        }
    }
}

/// When which phase is, and how far apart questions come in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    began: Instant,
    length: Duration,
    visitors: u16,
    reviewers: u16,
}

impl Pace {
    pub(crate) fn begin(length: Duration, visitors: u16, reviewers: u16) -> Self {
        Self {
            began: Instant::now(),
            length,
            visitors,
            reviewers,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.began.elapsed().as_secs_f64() / self.length.as_secs_f64() {
            part if part < 0.4 => Phase::Usual,
            part if part < 0.7 => Phase::Overload,
            _ => Phase::Afterwards,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.began.elapsed() >= self.length
    }

    pub(crate) fn left(&self) -> Duration {
        self.length.saturating_sub(self.began.elapsed())
    }

    fn decisions_per_s(&self) -> f64 {
        f64::from(self.reviewers) / DECIDE_S
    }

    /// Mean time between two questions of one visitor's place, seconds.
    pub(crate) fn between_questions_s(&self) -> f64 {
        f64::from(self.visitors) / (self.decisions_per_s() * self.phase().load())
    }

    pub(crate) fn in_words(&self) -> String {
        let asked = |phase: Phase| self.decisions_per_s() * phase.load();
        format!(
            "{} visitors at any time, each asks 1 to {MOST_QUESTIONS} questions and waits {PATIENCE_S} s for an answer (mean, exponential), \
             half of them at an agent that composes; {} reviewers decide after {DECIDE_S} s (mean, exponential), {:.2} a second together. \
             Questions a second: {:.2} for the first 40 % of {:.0} s, {:.2} up to 70 %, {:.2} to the end.",
            self.visitors,
            self.reviewers,
            self.decisions_per_s(),
            asked(Phase::Usual),
            self.length.as_secs_f64(),
            asked(Phase::Overload),
            asked(Phase::Afterwards),
        )
    }
}

/// Random choices that are the same for a seed.
#[derive(Debug)]
pub(crate) struct Dice(SplitMix64);

impl Dice {
    pub(crate) fn new(seed: u64, whose: u64) -> Self {
        Self(SplitMix64::new(
            SplitMix64::new(seed).draw() ^ SplitMix64::new(whose).draw(),
        ))
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0.below(most)
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.0.unit() < share
    }

    /// An exponential time.
    pub(crate) fn about(&mut self, mean_s: f64) -> Duration {
        Duration::from_secs_f64(-mean_s * (1.0 - self.0.unit()).ln())
    }
}
