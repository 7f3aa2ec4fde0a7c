//! What a conversation was, as figures count it: one definition of each metric, pure.
//!
//! A [`Story`] is what the rows of a conversation say, an [`Insight`] what it was, [`Mark`]s how it is counted and opened, and [`Figures`] what people read of
//! many. A conversation is counted on the day it began, in the workspace's time zone, with everything that became of it: so all figures of a period are about the
//! same conversations, and each can open its own. `docs/metrics.md` says the same in words.

mod figures;
mod latency;
mod mark;
mod pattern;
mod period;
mod story;

pub use figures::{Figures, HeatMap, Share, Waits};
pub use latency::{quantile, rounded_s};
pub use mark::{Mark, Marks, NotAMark, marks};
pub use pattern::{Change, PatternKind, PatternState};
pub use period::{Day, NotAPeriod, Period};
pub use story::{
    Answered, HandoffCode, How, Insight, Left, NEVER_BACK_MS, QUIET_MS, Resolution, ResolvedBy, Story, Tone, TurnTold,
};

#[cfg(test)]
mod tests;
