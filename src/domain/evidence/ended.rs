//! Why a certificate ends.

use serde::{Deserialize, Serialize};

/// Why a certificate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ended {
    /// Checks found more bad answers than the limit allows.
    #[serde(rename = "drift")]
    Drift,
    /// The month that ended was much worse than those before it.
    #[serde(rename = "much worse month")]
    MuchWorseMonth,
    /// A test at the border of epochs put another one, or none, in its place.
    #[serde(rename = "tested anew")]
    TestedAnew,
    /// What it rested on has changed: something was published, or a limit was tightened.
    #[serde(rename = "answers changed")]
    AnswersChanged,
    /// A policy lets out now what it kept in when the verdicts were given.
    #[serde(rename = "the policy was loosened")]
    PolicyLoosened,
    /// No test renewed it in time.
    #[serde(rename = "it ran out")]
    RanOut,
}

impl Ended {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Drift,
        Self::MuchWorseMonth,
        Self::TestedAnew,
        Self::AnswersChanged,
        Self::PolicyLoosened,
        Self::RanOut,
    ];

    /// Its code, in the log and the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::MuchWorseMonth => "much worse month",
            Self::TestedAnew => "tested anew",
            Self::AnswersChanged => "answers changed",
            Self::PolicyLoosened => "the policy was loosened",
            Self::RanOut => "it ran out",
        }
    }

    /// Answers are other ones than they were: evidence from before says nothing any more, and begins anew.
    pub const fn forgets_evidence(self) -> bool {
        matches!(self, Self::Drift | Self::MuchWorseMonth)
    }

    /// What happened, as a person reads it where the gate closed by that.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Drift => {
                "Quality checks found more bad answers than your limit allows, so the gate closed by itself."
            }
            Self::MuchWorseMonth => {
                "Last month's answers were much worse than those of the months before, so the gate closed by itself."
            }
            Self::TestedAnew => {
                "The last test could not prove your limit for any answers, so the gate closed by itself."
            }
            Self::AnswersChanged => {
                "What the certificate rested on has changed, by what was published or by a tighter limit, and what is left does \
                 not prove your limit, so the gate closed by itself."
            }
            Self::PolicyLoosened => {
                "A rule of your policy was loosened, and nothing is known yet of the answers that it kept in, so the gate closed."
            }
            Self::RanOut => {
                "No test has renewed the certificate in two months, and it ran out, so the gate closed by itself."
            }
        }
    }

    /// What has to happen before it opens again.
    pub const fn what_now(self) -> &'static str {
        if self.forgets_evidence() {
            "Every answer waits for a person until a test certifies some again; it counts only verdicts given since then."
        } else if matches!(self, Self::AnswersChanged) {
            "Every answer waits for a person until the next test certifies some again; verdicts on answers that did not change still count."
        } else {
            "Every answer waits for a person until the next test certifies some again; verdicts of the last three months still count."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_stored_under_its_code_and_says_what_happened_and_what_now() {
        for reason in Ended::ALL {
            assert_eq!(serde_json::to_value(reason).ok(), Some(reason.code().into()));
            assert!(reason.in_words().contains("so the gate closed"), "{reason:?}");
            assert!(reason.what_now().contains("certifies some again"), "{reason:?}");
            assert_eq!(reason.forgets_evidence(), reason.what_now().contains("given since"));
        }
    }
}
