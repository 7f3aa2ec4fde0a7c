//! How every request ended, and whether that is explained.

use std::{collections::BTreeMap, fmt, time::Instant};

use holdpoint::engine::{ChatRequest, EngineError};

use crate::callers::End;

/// What is asked of the engine.
pub(crate) enum Request {
    Answer(ChatRequest),
    Stream(ChatRequest),
    /// The caller loses patience.
    HangUp(ChatRequest),
    HangUpStream(ChatRequest),
    /// With a deadline that may be too short.
    Short(ChatRequest),
    Schema(ChatRequest),
    /// One that cannot be computed.
    Refused(ChatRequest),
    Score(String),
    Embed(Vec<String>),
    /// One of two hundred at once.
    Burst,
}

impl Request {
    const fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Stream(_) => "stream",
            Self::HangUp(_) => "answer, hung up",
            Self::HangUpStream(_) => "stream, hung up",
            Self::Short(_) => "short deadline",
            Self::Schema(_) => "schema",
            Self::Refused(_) => "cannot be done",
            Self::Score(_) => "score",
            Self::Embed(_) => "embeddings",
            Self::Burst => "of 200 at once",
        }
    }
}

/// The ways a request may end.
const ENDS: [&str; 6] = ["answered", "hung up", "too many", "too late", "refused", "killed"];

#[derive(Default)]
pub(crate) struct Outcomes {
    /// For every kind of request how many ended in each of the ways.
    counts: BTreeMap<&'static str, [u64; ENDS.len()]>,
    /// From each kill until the engine was back.
    kills: Vec<(Instant, Instant)>,
    /// Requests that found no engine, to be explained by a kill once all are known.
    broken: Vec<(&'static str, Instant, Instant, String)>,
    unexplained: Vec<String>,
}

impl Outcomes {
    pub(crate) fn note(&mut self, request: &Request, began: Instant, end: End) {
        let name = request.name();
        let way = match (request, end) {
            (_, End::Answered) => 0,
            (Request::HangUp(_) | Request::HangUpStream(_), End::HungUp) => 1,
            (_, End::Failed(EngineError::Overloaded { .. })) => 2,
            // On a machine that is busy otherwise, also a deadline of minutes.
            (_, End::Failed(EngineError::DeadlineExceeded { .. })) => 3,
            (Request::Refused(_), End::Failed(EngineError::ContextExceeded { .. } | EngineError::Protocol { .. })) => 4,
            (_, End::Failed(EngineError::Unavailable { why })) => {
                self.broken.push((name, began, Instant::now(), why));
                5
            }
            (_, End::HungUp) => return self.unexplained(format!("{name}: nobody hung up")),
            (_, End::Failed(error)) => return self.unexplained(format!("{name}: {error}")),
            (_, End::Hanging) => return self.unexplained(format!("{name}: it never ended")),
        };
        if let Some(count) = self.counts.entry(name).or_default().get_mut(way) {
            *count += 1;
        }
    }

    pub(crate) fn killed(&mut self, at: Instant, back: Instant) {
        self.kills.push((at, back));
    }

    pub(crate) fn unexplained(&mut self, what: String) {
        self.unexplained.push(what);
    }

    /// What must not have happened.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let by_a_kill = |began: &Instant, ended: &Instant| {
            let mut kills = self.kills.iter();
            kills.any(|(killed, back)| began <= back && ended >= killed)
        };
        let broken = self.broken.iter();
        let broken = broken.filter(|(_, began, ended, _)| !by_a_kill(began, ended));
        let mut wrong: Vec<String> = broken
            .map(|(name, _, _, why)| format!("{name}: broken although nothing was killed: {why}"))
            .collect();
        wrong.extend(self.unexplained.iter().cloned());
        let answered: u64 = self
            .counts
            .values()
            .map(|ways| ways.first().copied().unwrap_or(0))
            .sum();
        if answered == 0 {
            wrong.push("nothing was answered".to_owned());
        }
        wrong
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |formatter: &mut fmt::Formatter<'_>, name: &str, ways: &[u64]| {
            write!(formatter, "{name:<18}")?;
            for count in ways {
                write!(formatter, " {count:>9}")?;
            }
            writeln!(formatter, " {:>9}", ways.iter().sum::<u64>())
        };
        writeln!(
            formatter,
            "{:<18} {} {:>9}",
            "",
            ENDS.map(|end| format!("{end:>9}")).join(" "),
            "all"
        )?;
        let mut sums = [0; ENDS.len()];
        for (name, ways) in &self.counts {
            line(formatter, name, ways)?;
            for (sum, count) in sums.iter_mut().zip(ways) {
                *sum += count;
            }
        }
        line(formatter, "all", &sums)?;
        let slowest = self
            .kills
            .iter()
            .map(|(killed, back)| back.duration_since(*killed))
            .max();
        write!(
            formatter,
            "{} kills, back after {:.1} s at most; {} requests ended without a reason",
            self.kills.len(),
            slowest.unwrap_or_default().as_secs_f64(),
            self.wrong().len()
        )
    }
}
