//! What became of running an action, told from how the other machine behaved.

use super::ActionStatus;
use serde::{Deserialize, Serialize};

/// Attempts at most, for what may be repeated.
pub const MOST_ATTEMPTS: i64 = 5;
/// Pause after the first attempt that came to nothing, in milliseconds; each further one is four times as long.
const FIRST_PAUSE_MS: i64 = 2_000;

/// How one attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is done.
    Done,
    /// Nothing left this machine: no address, no connection, refused before.
    NotSent,
    /// The other side says that it did not do it.
    Declined,
    /// The other side asks to come back later; it says that it did not do it.
    Later,
    /// It may have been done: no answer, half an answer, or one that means nothing.
    Unclear,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It was done.
    Executed,
    /// It was not.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Ended {
    /// As a proposal's status.
    pub const fn status(self) -> ActionStatus {
        match self {
            Self::Executed => ActionStatus::Executed,
            Self::Failed => ActionStatus::Failed,
            Self::Unknown => ActionStatus::Unknown,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: this is how it ended.
    End(Ended),
    /// It is tried again after so many milliseconds, under the same idempotency key.
    RetryIn(i64),
}

/// What follows from the `attempts`-th attempt (1 is the first). Only a tool that is `idempotent` is asked again once something may
/// have reached it; what never left this machine may go again.
pub fn after(attempt: Attempt, idempotent: bool, attempts: i64) -> Next {
    let retry = |or| {
        if attempts < MOST_ATTEMPTS {
            let doubled = u32::try_from(2 * (attempts - 1)).unwrap_or(0);
            Next::RetryIn(FIRST_PAUSE_MS << doubled)
        } else {
            Next::End(or)
        }
    };
    match attempt {
        Attempt::Done => Next::End(Ended::Executed),
        Attempt::NotSent => retry(Ended::Failed),
        Attempt::Later if idempotent => retry(Ended::Failed),
        Attempt::Later | Attempt::Declined => Next::End(Ended::Failed),
        Attempt::Unclear if idempotent => retry(Ended::Unknown),
        Attempt::Unclear => Next::End(Ended::Unknown),
    }
}

/// What was found running when nobody was running it: the process died in between.
pub fn found_running(idempotent: bool, attempts: i64) -> Next {
    match after(Attempt::Unclear, idempotent, attempts) {
        Next::RetryIn(_) => Next::RetryIn(0),
        end @ Next::End(_) => end,
    }
}

/// What an answer means: its status, and whether its body is of the kind that the tool expects.
pub const fn meaning(status: u16, is_expected: bool) -> Attempt {
    match status {
        200..=299 if is_expected => Attempt::Done,
        429 | 503 => Attempt::Later,
        // A redirect is not followed, and nothing is done where one leads away.
        300..=499 => Attempt::Declined,
        _ => Attempt::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_repeated_only_where_that_is_harmless() {
        assert_eq!(after(Attempt::Unclear, false, 1), Next::End(Ended::Unknown));
        assert_eq!(after(Attempt::Later, false, 1), Next::End(Ended::Failed));
        assert_eq!(found_running(false, 1), Next::End(Ended::Unknown));
        assert_eq!(found_running(true, 1), Next::RetryIn(0));
        assert_eq!(found_running(true, MOST_ATTEMPTS), Next::End(Ended::Unknown));
        for idempotent in [false, true] {
            assert_eq!(after(Attempt::Done, idempotent, 1), Next::End(Ended::Executed));
            assert_eq!(after(Attempt::Declined, idempotent, 1), Next::End(Ended::Failed));
            let mut pauses = Vec::new();
            for attempts in 1.. {
                match after(Attempt::NotSent, idempotent, attempts) {
                    Next::RetryIn(ms) => pauses.push(ms),
                    Next::End(how) => {
                        assert_eq!((how, attempts), (Ended::Failed, MOST_ATTEMPTS));
                        break;
                    }
                }
            }
            assert_eq!(pauses, [2_000, 8_000, 32_000, 128_000]);
        }
    }

    #[test]
    fn an_answer_of_the_wrong_kind_says_nothing() {
        assert_eq!(meaning(200, true), Attempt::Done);
        assert_eq!(meaning(200, false), Attempt::Unclear);
        assert_eq!(meaning(302, false), Attempt::Declined);
        assert_eq!(meaning(404, true), Attempt::Declined);
        assert_eq!(meaning(429, true), Attempt::Later);
        for status in [0, 100, 500, 502, 504, 999] {
            assert_eq!(meaning(status, true), Attempt::Unclear, "{status}");
        }
    }
}
