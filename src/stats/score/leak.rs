//! Which verdicts may make a score and which may certify with it.
//!
//! A certificate is a test of a frozen score on verdicts that the score has never seen. So a version is fitted on verdicts
//! **older** than the certificate's window; while there are not enough of those, a hash of the conversation sets a third of
//! the window aside for the fit and leaves two thirds for the certificate. The hash knows nothing of verdicts, and a
//! conversation is on one side whole.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bad verdicts older than the window that make it unnecessary to take any from the window: enough for five coefficients.
pub const ENOUGH_BAD: usize = 50;

/// What a verdict is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// It may make the score, and never certifies with it.
    Fit,
    /// It certifies, and the score must never have seen it.
    Certify,
}

/// How verdicts are divided between a score and a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Where the certificate's window begins, in whatever numbers drafts in time (milliseconds, months).
    pub window_from: i64,
    /// Is a third of the window used for the fit?
    pub shares_window: bool,
}

impl Rule {
    /// The rule for a window, given how many bad verdicts are older than it.
    pub const fn given(window_from: i64, older_bad: usize) -> Self {
        Self {
            window_from,
            shares_window: older_bad < ENOUGH_BAD,
        }
    }

    /// What the verdict on a draft is for that was made at `at` in the conversation `conversation`.
    ///
    /// Gold and repeated items have no purpose here: leave them out before asking. So must verdicts from after the certificate
    /// be left out.
    pub fn purpose(&self, at: i64, conversation: &[u8]) -> Purpose {
        if at < self.window_from || (self.shares_window && in_the_fits_third(conversation)) {
            Purpose::Fit
        } else {
            Purpose::Certify
        }
    }
}

/// Does this conversation belong to the third that fits while evidence is scarce? The same for ever and everywhere.
pub fn in_the_fits_third(conversation: &[u8]) -> bool {
    let digest = Sha256::new()
        .chain_update(b"holdpoint/score-split/1\0")
        .chain_update(conversation)
        .finalize();
    let (first, _) = digest.split_at(8);
    let number = first.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    number < u64::MAX / 3
}
