//! Webhooks as the rules see them: where a delivery stands, and when it is tried again.
//!
//! A delivery is a row with a key and an id. It is made at least once: a receiver that answered and was not heard gets the same
//! id again, by which it knows that it has it already.

mod events;

pub use events::{Event, MAY_MOVE_THE_GATE, NoType, TOLD_OF, Type, events_of, may_tell};

use serde::{Deserialize, Serialize};

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// Its address is told what happens.
    Active,
    /// A person has paused it.
    Paused,
    /// Its receiver said that it is gone (410).
    Gone,
    /// A person has removed it.
    Removed,
}

impl SubscriptionState {
    /// Why nothing is sent; nothing if something is.
    pub const fn holds_back(self) -> Option<&'static str> {
        match self {
            Self::Active => None,
            Self::Paused => Some("it was not sent, because its subscription is paused; resume it and send it again"),
            Self::Gone => Some(
                "it was not sent, because the receiver has said that it is gone (410); resume its subscription once it is back, and send it again",
            ),
            Self::Removed => Some("it was not sent, because its subscription is removed"),
        }
    }
}

/// Subscriptions of a workspace at most.
pub const MOST_SUBSCRIPTIONS: usize = 20;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Queued,
    /// The receiver has taken it.
    Delivered,
    /// It is not tried any more by itself.
    Failed,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver took it (2xx).
    Accepted,
    /// It did not, and may later: it is down, slow, or says so.
    Deferred,
    /// It never will: it says that it is gone (410), or its address may not be asked.
    Refused,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: this is where it stays.
    Ended(DeliveryState),
    /// It is tried again after so many milliseconds.
    RetryIn(i64),
}

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Pauses after the attempts that came to nothing, in milliseconds: the schedule that Standard Webhooks proposes.
const PAUSES_MS: [i64; 9] = [
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];

/// Attempts at most.
pub const MOST_ATTEMPTS: usize = PAUSES_MS.len() + 1;

/// What follows from the `attempts`-th attempt (1 is the first).
pub fn after(attempt: Attempt, attempts: i64) -> Next {
    let pause = usize::try_from(attempts - 1).ok().and_then(|nth| PAUSES_MS.get(nth));
    match (attempt, pause) {
        (Attempt::Accepted, _) => Next::Ended(DeliveryState::Delivered),
        (Attempt::Deferred, Some(&ms)) => Next::RetryIn(ms),
        (Attempt::Deferred, None) | (Attempt::Refused, _) => Next::Ended(DeliveryState::Failed),
    }
}

/// The status of a receiver that will never take anything more.
pub const GONE: u16 = 410;

/// What an answer's status means.
pub const fn meaning(status: u16) -> Attempt {
    match status {
        200..=299 => Attempt::Accepted,
        GONE => Attempt::Refused,
        _ => Attempt::Deferred,
    }
}

/// How long an exchanged secret goes on signing beside the new one, in milliseconds.
pub const BOTH_SECRETS_MS: i64 = 24 * HOUR_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_is_down_is_asked_ever_more_rarely_and_ten_times_at_most() {
        let mut pauses = Vec::new();
        for attempts in 1.. {
            match after(Attempt::Deferred, attempts) {
                Next::RetryIn(ms) => pauses.push(ms),
                Next::Ended(state) => {
                    assert_eq!(state, DeliveryState::Failed);
                    assert_eq!(usize::try_from(attempts), Ok(MOST_ATTEMPTS));
                    break;
                }
            }
        }
        assert!(pauses.is_sorted() && pauses.len() == 9);
    }

    #[test]
    fn what_was_taken_or_refused_for_good_is_not_tried_again() {
        assert_eq!(after(meaning(204), 3), Next::Ended(DeliveryState::Delivered));
        assert_eq!(after(meaning(410), 1), Next::Ended(DeliveryState::Failed));
        for status in [301, 307, 400, 401, 404, 408, 429, 500, 503] {
            assert_eq!(after(meaning(status), 1), Next::RetryIn(5_000), "{status}");
        }
    }
}
