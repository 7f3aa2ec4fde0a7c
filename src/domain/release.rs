//! The release: the one thing that lets AI text out (invariant 1).
//!
//! [`Release`] can only be made from a decision `send` over the very text, or from a final outcome approve or edit over the very text. The
//! store's message for an AI answer takes a `Release`, so AI text without one cannot be written down.

use super::conversation::Epoch;
use super::ids::{DecisionId, DraftId, OutcomeId, ReleaseId};
use super::policy::{Decision, DecisionKind};
use super::review::OutcomeKind;
use sha2::{Digest, Sha256};

/// `SHA-256(salt ‖ text)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextDigest(pub [u8; 32]);

impl TextDigest {
    /// Digest of a text under a salt of 16 random bytes.
    pub fn of(salt: &[u8; 16], text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update(text.as_bytes());
        Self(hash.finalize().into())
    }
}

/// What a release rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A decision `send`.
    Decision(DecisionId),
    /// A final outcome approve or edit.
    Outcome(OutcomeId),
}

/// Permission for one AI text to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    id: ReleaseId,
    draft_id: DraftId,
    basis: Basis,
    epoch: Epoch,
    salt: [u8; 16],
    digest: TextDigest,
    text: String,
}

/// Why a text may not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The decision does not say `send`.
    #[error("the policy did not decide to send this draft")]
    NotSent,
    /// The outcome is neither approve nor edit.
    #[error("nobody approved this draft")]
    NotApproved,
    /// An approved text must be the draft's own.
    #[error("the text is not the one that was approved")]
    DifferentText,
    /// There is no text.
    #[error("there is no text to release")]
    NoText,
}

impl Release {
    /// A release by decision.
    ///
    /// # Errors
    /// [`ReleaseError::NotSent`] or [`ReleaseError::NoText`].
    pub fn by_decision(
        id: ReleaseId,
        (decision_id, decision): (DecisionId, &Decision),
        (draft_id, draft_text): (DraftId, &str),
        epoch: Epoch,
        salt: [u8; 16],
    ) -> Result<Self, ReleaseError> {
        if decision.kind != DecisionKind::Send {
            return Err(ReleaseError::NotSent);
        }
        Self::new(id, draft_id, Basis::Decision(decision_id), epoch, salt, draft_text)
    }

    /// A release by a reviewer's final outcome. `approved_text` is what the reviewer saw or wrote; for an approval it must be the draft's own text.
    ///
    /// # Errors
    /// [`ReleaseError::NotApproved`], [`ReleaseError::DifferentText`] or [`ReleaseError::NoText`].
    pub fn by_outcome(
        id: ReleaseId,
        (outcome_id, kind): (OutcomeId, OutcomeKind),
        (draft_id, draft_text): (DraftId, &str),
        approved_text: &str,
        epoch: Epoch,
        salt: [u8; 16],
    ) -> Result<Self, ReleaseError> {
        match kind {
            OutcomeKind::Approve if approved_text != draft_text => return Err(ReleaseError::DifferentText),
            OutcomeKind::Approve | OutcomeKind::Edit => {}
            OutcomeKind::Reject
            | OutcomeKind::Respond
            | OutcomeKind::TakeOver
            | OutcomeKind::Supersede
            | OutcomeKind::Expire => return Err(ReleaseError::NotApproved),
        }
        Self::new(id, draft_id, Basis::Outcome(outcome_id), epoch, salt, approved_text)
    }

    fn new(
        id: ReleaseId,
        draft_id: DraftId,
        basis: Basis,
        epoch: Epoch,
        salt: [u8; 16],
        text: &str,
    ) -> Result<Self, ReleaseError> {
        if text.is_empty() {
            return Err(ReleaseError::NoText);
        }
        let digest = TextDigest::of(&salt, text);
        Ok(Self {
            id,
            draft_id,
            basis,
            epoch,
            salt,
            digest,
            text: text.to_owned(),
        })
    }

    /// Its id.
    pub const fn id(&self) -> ReleaseId {
        self.id
    }

    /// The draft it lets out.
    pub const fn draft_id(&self) -> DraftId {
        self.draft_id
    }

    /// What it rests on.
    pub const fn basis(&self) -> Basis {
        self.basis
    }

    /// The ownership epoch it holds under.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The digest's salt.
    pub const fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    /// Digest of the text.
    pub const fn digest(&self) -> TextDigest {
        self.digest
    }

    /// The text that may go out.
    pub fn text(&self) -> &str {
        &self.text
    }
}
