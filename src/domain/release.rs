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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{POLICY_VERSION, Reason, Terms};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id<T: From<Uuid>>(n: u128) -> T {
        T::from(Uuid::from_u128(n))
    }

    fn by_decision(kind: DecisionKind, draft_text: &str, salt: [u8; 16]) -> Result<Release, ReleaseError> {
        let decision = Decision {
            kind,
            reasons: vec![Reason::GateClosed],
            policy_version: POLICY_VERSION,
            rules: Vec::new(),
            terms: Terms::default(),
        };
        Release::by_decision(id(1), (id(2), &decision), (id(3), draft_text), Epoch(4), salt)
    }

    fn by_outcome(
        kind: OutcomeKind,
        draft_text: &str,
        approved: &str,
        salt: [u8; 16],
    ) -> Result<Release, ReleaseError> {
        Release::by_outcome(id(1), (id(2), kind), (id(3), draft_text), approved, Epoch(4), salt)
    }

    const NEVER: [OutcomeKind; 5] = [
        OutcomeKind::Reject,
        OutcomeKind::Respond,
        OutcomeKind::TakeOver,
        OutcomeKind::Supersede,
        OutcomeKind::Expire,
    ];

    proptest! {
        #[test]
        fn a_release_by_decision_lets_out_exactly_the_draft(text in ".{1,40}", salt in any::<[u8; 16]>()) {
            let release = by_decision(DecisionKind::Send, &text, salt).unwrap();
            prop_assert_eq!(release.text(), &text);
            prop_assert_eq!(release.digest(), TextDigest::of(&salt, &text));
            prop_assert_eq!(release.salt(), &salt);
            prop_assert_eq!(release.basis(), Basis::Decision(id(2)));
            prop_assert_eq!((release.id(), release.draft_id(), release.epoch()), (id(1), id(3), Epoch(4)));
        }

        #[test]
        fn an_edit_lets_out_exactly_what_the_reviewer_wrote(draft in ".{0,40}", edited in ".{1,40}", salt in any::<[u8; 16]>()) {
            let release = by_outcome(OutcomeKind::Edit, &draft, &edited, salt).unwrap();
            prop_assert_eq!(release.text(), &edited);
            prop_assert_eq!(release.digest(), TextDigest::of(&salt, &edited));
            prop_assert_eq!(release.basis(), Basis::Outcome(id(2)));
        }

        #[test]
        fn an_approval_is_for_the_drafts_own_text_to_the_last_character(draft in ".{1,20}", other in ".{1,20}") {
            let own = by_outcome(OutcomeKind::Approve, &draft, &draft, [0; 16]).unwrap();
            prop_assert_eq!(own.digest(), TextDigest::of(&[0; 16], &draft));
            for altered in [format!("{draft} "), format!("{draft}{other}"), draft.to_uppercase(), other, String::new()] {
                if altered != draft {
                    let refused = by_outcome(OutcomeKind::Approve, &draft, &altered, [0; 16]);
                    prop_assert_eq!(refused, Err(ReleaseError::DifferentText));
                }
            }
        }

        #[test]
        fn nothing_but_send_approve_and_edit_lets_anything_out(draft in ".{0,20}", text in ".{0,20}") {
            for kind in [DecisionKind::Hold, DecisionKind::HandOff, DecisionKind::Refuse] {
                prop_assert_eq!(by_decision(kind, &draft, [0; 16]), Err(ReleaseError::NotSent));
            }
            for kind in NEVER {
                for text in [&draft, &text] {
                    prop_assert_eq!(by_outcome(kind, &draft, text, [0; 16]), Err(ReleaseError::NotApproved));
                }
            }
        }

        #[test]
        fn different_texts_and_different_salts_have_different_digests(one in ".{0,8}", other in ".{0,8}", salt in any::<[u8; 16]>(), other_salt in any::<[u8; 16]>()) {
            let digest = TextDigest::of(&salt, &one);
            prop_assert_eq!(one == other, digest == TextDigest::of(&salt, &other));
            prop_assert_eq!(salt == other_salt, digest == TextDigest::of(&other_salt, &one));
        }
    }

    #[test]
    fn an_empty_text_is_never_released() {
        assert_eq!(by_decision(DecisionKind::Send, "", [0; 16]), Err(ReleaseError::NoText));
        assert_eq!(
            by_outcome(OutcomeKind::Approve, "", "", [0; 16]),
            Err(ReleaseError::NoText)
        );
        assert_eq!(
            by_outcome(OutcomeKind::Edit, "draft", "", [0; 16]),
            Err(ReleaseError::NoText)
        );
    }
}
