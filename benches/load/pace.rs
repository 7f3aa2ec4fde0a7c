//! Who does what how often: arrivals, patience and service as published with the result.

use holdpoint::domain::time::Clock as _;
use holdpoint::stats::random::SplitMix64;
use holdpoint::system::SystemClock;
use std::time::{Duration, Instant};

/// Mean time a reviewer looks at an item before deciding, and how long a person writes.
pub(crate) const DECIDE_S: f64 = 8.0;
/// How long a visitor waits for an answer before giving up, mean.
pub(crate) const PATIENCE_S: f64 = 150.0;
/// How long it takes to read an answer and write on, mean.
pub(crate) const READ_S: f64 = 20.0;
/// Questions of a visitor at most; each number up to it is as likely.
pub(crate) const MOST_QUESTIONS: u16 = 4;
/// How often somebody who is not in a conversation may begin one.
const STEP: Duration = Duration::from_secs(1);

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

    /// Its part of the run.
    const fn part(self) -> f64 {
        match self {
            Self::Usual => 0.4,
            Self::Overload | Self::Afterwards => 0.3,
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
    /// The same by the clock that the server writes with, in milliseconds.
    began_ms: i64,
    length: Duration,
    visitors: u16,
    reviewers: u16,
}

impl Pace {
    pub(crate) fn begin(length: Duration, visitors: u16, reviewers: u16) -> Self {
        Self {
            began: Instant::now(),
            began_ms: SystemClock.now().0,
            length,
            visitors,
            reviewers,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase_at(self.began.elapsed().as_secs_f64())
    }

    /// The phase at a time of the server's.
    pub(crate) fn phase_at_ms(&self, ms: i64) -> Phase {
        let since = u64::try_from(ms - self.began_ms).unwrap_or(0);
        self.phase_at(Duration::from_millis(since).as_secs_f64())
    }

    /// The phase so many seconds after the beginning.
    fn phase_at(&self, s: f64) -> Phase {
        let part = s / self.length.as_secs_f64();
        let usual = Phase::Usual.part();
        if part < usual {
            Phase::Usual
        } else if part < usual + Phase::Overload.part() {
            Phase::Overload
        } else {
            Phase::Afterwards
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

    /// Questions that visitors who are answered at once would ask in a second.
    fn questions_per_s(&self, phase: Phase) -> f64 {
        self.decisions_per_s() * phase.load()
    }

    /// How likely somebody who is not in a conversation begins one within a second. Looked at anew each second, so that a
    /// phase shows at once.
    fn begins(&self) -> f64 {
        let questions = f64::midpoint(1.0, f64::from(MOST_QUESTIONS));
        let conversations_per_s = self.questions_per_s(self.phase()) / questions;
        (STEP.as_secs_f64() * conversations_per_s / f64::from(self.visitors)).min(1.0)
    }

    /// Waits until the next visitor in this place begins to write, or the run is over.
    pub(crate) async fn until_somebody_comes(&self, dice: &mut Dice) {
        while !self.is_over() {
            tokio::time::sleep(STEP.min(self.left())).await;
            if dice.chance(self.begins()) {
                return;
            }
        }
    }

    /// How long a phase lasts, in seconds.
    pub(crate) fn lasts_s(&self, phase: Phase) -> f64 {
        self.length.as_secs_f64() * phase.part()
    }

    pub(crate) fn in_words(&self) -> String {
        format!(
            "{} places for visitors, each asks 1 to {MOST_QUESTIONS} questions {READ_S} s after the last answer and waits {PATIENCE_S} s for one \
             (means, exponential), half of them at an agent that composes; {} reviewers decide after {DECIDE_S} s (mean, exponential), \
             {:.2} a second together. Were everybody answered at once, {:.2} questions a second would come for the first 40 % of {:.0} s, \
             {:.2} up to 70 %, {:.2} to the end.",
            self.visitors,
            self.reviewers,
            self.decisions_per_s(),
            self.questions_per_s(Phase::Usual),
            self.length.as_secs_f64(),
            self.questions_per_s(Phase::Overload),
            self.questions_per_s(Phase::Afterwards),
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
