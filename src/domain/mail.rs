//! E-mail as the rules see it: where a mail stands, and when it is tried again.
//!
//! A mail is a row with a key. Whatever the server says, it is handed over at most once for a key after the server
//! accepted it; until then it is tried again with growing pauses, so that a server that is down loses nothing.

use serde::{Deserialize, Serialize};

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It waits for its next attempt.
    Queued,
    /// It is being handed over: the server may accept it any moment.
    Sending,
    /// The server accepted it.
    Sent,
    /// It will not be tried again by itself: the server refused it for good, or did not take it for days.
    Failed,
    /// The connection broke while it was handed over. The server may have accepted it, so that only a person may send it again.
    Unclear,
}

impl MailState {
    /// May a person send it again?
    pub const fn may_be_retried(self) -> bool {
        matches!(self, Self::Failed | Self::Unclear | Self::Queued)
    }
}

/// A file that goes with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What the file is called.
    pub name: String,
    /// Its media type, like `text/calendar; charset=utf-8`.
    pub kind: String,
    /// What is in it. It arrives like this, to the last byte.
    pub content: String,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The server took responsibility for it.
    Accepted,
    /// It did not, and may later: it is down, busy, or does not let us in yet.
    Deferred,
    /// It never will.
    Refused,
    /// Nobody can tell.
    Unclear,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: this is where it stays.
    Ended(MailState),
    /// It is tried again after so many milliseconds.
    RetryIn(i64),
}

/// Pause after the first attempt that came to nothing, in milliseconds; each further one is twice as long.
const FIRST_PAUSE_MS: i64 = 30_000;
/// Longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 60 * 60_000;
/// How long a mail is tried, in milliseconds: mail servers give one another five days.
pub const GIVE_UP_MS: i64 = 5 * 24 * 60 * 60_000;

/// What follows from the `attempts`-th attempt (1 is the first) of a mail that is `age_ms` old.
pub fn after(attempt: Attempt, attempts: i64, age_ms: i64) -> Next {
    match attempt {
        Attempt::Accepted => Next::Ended(MailState::Sent),
        Attempt::Refused => Next::Ended(MailState::Failed),
        Attempt::Unclear => Next::Ended(MailState::Unclear),
        Attempt::Deferred if age_ms >= GIVE_UP_MS => Next::Ended(MailState::Failed),
        Attempt::Deferred => Next::RetryIn(pause_ms(attempts)),
    }
}

fn pause_ms(attempts: i64) -> i64 {
    let doublings = attempts.saturating_sub(1).clamp(0, 20);
    FIRST_PAUSE_MS.saturating_mul(1 << doublings).min(LONGEST_PAUSE_MS)
}

/// Longest subject, in characters.
const MOST_SUBJECT_CHARS: usize = 150;

/// A subject as it may stand in a header: one line, no control characters, not too long.
pub fn subject_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(MOST_SUBJECT_CHARS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_down_is_asked_ever_more_rarely_for_five_days() {
        let mut age_ms = 0;
        let mut pauses = Vec::new();
        for attempts in 1.. {
            match after(Attempt::Deferred, attempts, age_ms) {
                Next::RetryIn(ms) => {
                    pauses.push(ms);
                    age_ms += ms;
                }
                Next::Ended(state) => {
                    assert_eq!(state, MailState::Failed);
                    break;
                }
            }
        }
        assert_eq!(pauses.first(), Some(&FIRST_PAUSE_MS));
        assert!(pauses.is_sorted() && pauses.last() == Some(&LONGEST_PAUSE_MS));
        assert!(age_ms >= GIVE_UP_MS && pauses.len() < 200, "{} attempts", pauses.len());
    }

    #[test]
    fn what_the_server_accepted_refused_or_left_unclear_is_not_tried_again() {
        for (attempt, state) in [
            (Attempt::Accepted, MailState::Sent),
            (Attempt::Refused, MailState::Failed),
            (Attempt::Unclear, MailState::Unclear),
        ] {
            assert_eq!(after(attempt, 1, 0), Next::Ended(state));
        }
        assert!(!MailState::Sent.may_be_retried() && !MailState::Sending.may_be_retried());
    }

    #[test]
    fn a_subject_is_one_line_whatever_it_was_made_from() {
        assert_eq!(
            subject_line("Hello\r\nBcc: all@example.org\u{0}  you"),
            "Hello Bcc: all@example.org you"
        );
        assert_eq!(subject_line(&"ä".repeat(400)).chars().count(), MOST_SUBJECT_CHARS + 1);
    }
}
