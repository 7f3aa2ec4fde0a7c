//! A turn: a burst of visitor messages and what answers it.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a visitor must be quiet before the turn ends, in milliseconds.
pub const QUIET_MS: i64 = 2_000;
/// However much a visitor writes, a turn ends this long after its first unanswered message, in milliseconds.
pub const LONGEST_MS: i64 = 15_000;

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    /// The visitor may still be writing; from [`Turn::ends_at`] on the AI drafts.
    Collecting,
    /// A draft for the current revision waits for a person.
    Held,
    /// A person has to answer.
    Waiting,
    /// An answer was committed.
    Answered,
}

/// A turn's state machine. The revision is the number of visitor messages in it: it rises with every message's commit,
/// so that "which text did you approve?" always has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Where it stands.
    pub state: TurnState,
    /// Visitor messages so far, from 1.
    pub revision: i64,
    /// Commit time of the first message.
    pub opened_at: Timestamp,
    /// Commit time of the first message of the current burst: the burst, not the turn, has at most [`LONGEST_MS`].
    pub burst_at: Timestamp,
    /// Commit time of the latest message.
    pub last_message_at: Timestamp,
}

/// Why a turn could not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// The visitor is still writing.
    #[error("the visitor may still be writing")]
    StillCollecting,
    /// The turn moved on since the work began.
    #[error("the visitor wrote again in the meantime")]
    RevisionPassed {
        /// The revision the work was made for.
        made_for: i64,
        /// The revision now.
        now: i64,
    },
    /// The turn is not in a state that allows it.
    #[error("this turn is already {0:?}")]
    WrongState(TurnState),
}

impl Turn {
    /// The turn that a visitor's message opens.
    pub const fn open(now: Timestamp) -> Self {
        Self {
            state: TurnState::Collecting,
            revision: 1,
            opened_at: now,
            burst_at: now,
            last_message_at: now,
        }
    }

    /// Does the next visitor message belong to this turn? Until an answer was committed, it does.
    pub fn takes_messages(&self) -> bool {
        self.state != TurnState::Answered
    }

    /// The visitor wrote again. While the AI answers, collecting starts over (a draft under way or held is for an
    /// older revision from now on); while a person is awaited, it only counts.
    #[must_use]
    pub fn visitor_wrote(self, now: Timestamp, ai_owns: bool) -> Self {
        // Once the burst has ended (the AI is drafting), the next message begins another one with its own quiet time.
        let in_burst = self.state == TurnState::Collecting && now < self.ends_at();
        let burst_at = if in_burst { self.burst_at } else { now };
        let state = if ai_owns {
            TurnState::Collecting
        } else {
            TurnState::Waiting
        };
        Self {
            state,
            revision: self.revision + 1,
            burst_at,
            last_message_at: now,
            ..self
        }
    }

    /// When the current burst ends: [`QUIET_MS`] after its latest message, [`LONGEST_MS`] after its first at the latest.
    pub fn ends_at(&self) -> Timestamp {
        self.last_message_at
            .plus_ms(QUIET_MS)
            .min(self.burst_at.plus_ms(LONGEST_MS))
    }

    /// Is it time to draft for the current revision?
    ///
    /// # Errors
    /// [`TurnError::StillCollecting`] before [`Self::ends_at`]; [`TurnError::WrongState`] when there is nothing to draft.
    pub fn ready_to_draft(self, now: Timestamp) -> Result<(), TurnError> {
        match self.state {
            TurnState::Collecting if now < self.ends_at() => Err(TurnError::StillCollecting),
            TurnState::Collecting => Ok(()),
            TurnState::Held | TurnState::Waiting | TurnState::Answered => Err(TurnError::WrongState(self.state)),
        }
    }

    /// The fence for a finished draft: is it for the current revision of a turn that still waits for one?
    ///
    /// # Errors
    /// [`TurnError::RevisionPassed`] or [`TurnError::WrongState`].
    pub fn admits_draft(self, made_for: i64) -> Result<(), TurnError> {
        if made_for != self.revision {
            return Err(TurnError::RevisionPassed {
                made_for,
                now: self.revision,
            });
        }
        match self.state {
            TurnState::Collecting => Ok(()),
            other => Err(TurnError::WrongState(other)),
        }
    }

    /// The turn moves to `state` (held, waiting for a person, answered).
    #[must_use]
    pub const fn moved_to(self, state: TurnState) -> Self {
        Self { state, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_turn_ends_after_two_quiet_seconds() {
        let turn = Turn::open(Timestamp(1_000));
        assert_eq!(turn.ends_at(), Timestamp(3_000));
        assert_eq!(turn.ready_to_draft(Timestamp(2_999)), Err(TurnError::StillCollecting));
        assert_eq!(turn.ready_to_draft(Timestamp(3_000)), Ok(()));
    }

    #[test]
    fn a_message_while_the_ai_drafts_gets_its_own_quiet_time() {
        let turn = Turn::open(Timestamp(0));
        let now = turn.ends_at().plus_ms(LONGEST_MS);
        let turn = turn.visitor_wrote(now, true);
        assert_eq!(turn.ends_at(), now.plus_ms(QUIET_MS));
    }

    proptest! {
        #[test]
        fn a_burst_never_lasts_longer_than_fifteen_seconds(gaps in prop::collection::vec(0i64..2_000, 0..100)) {
            let mut now = Timestamp(0);
            let mut turn = Turn::open(now);
            for gap in gaps {
                now = now.plus_ms(gap);
                turn = turn.visitor_wrote(now, true);
                prop_assert!(turn.ends_at() <= turn.burst_at.plus_ms(LONGEST_MS));
                prop_assert!(turn.ends_at() <= now.plus_ms(QUIET_MS));
            }
        }

        #[test]
        fn a_draft_for_an_older_revision_is_never_admitted(messages in 1usize..20, made_for in 0i64..20) {
            let mut turn = Turn::open(Timestamp(0));
            for n in 1..messages {
                turn = turn.visitor_wrote(Timestamp(i64::try_from(n).unwrap_or(0)), true);
            }
            prop_assert_eq!(turn.admits_draft(made_for).is_ok(), made_for == turn.revision);
        }
    }
}
