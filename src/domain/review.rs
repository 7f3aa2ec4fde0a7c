//! The review item's state machine: lease, outcome, undo window, revision, deadline.
//!
//! An outcome is pending until `final_at`. Undo, a takeover or a new message cancels it; afterwards it is final, and a
//! second outcome is refused with who decided what, and when (invariant 3).

use super::ids::{ItemId, MemberId, OutcomeId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a lease lasts without renewal, in milliseconds.
pub const LEASE_MS: i64 = 2 * 60_000;

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A draft waits for approval.
    Gate,
    /// A visitor waits for a person.
    Handoff,
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The draft goes out as it is.
    Approve,
    /// The draft goes out as the reviewer changed it.
    Edit,
    /// The draft does not go out.
    Reject,
    /// The reviewer answers instead.
    Respond,
    /// The reviewer took the conversation over.
    TakeOver,
    /// Something stricter replaced it.
    Supersede,
    /// Nobody decided in time.
    Expire,
}

impl OutcomeKind {
    /// The outcome in the past tense, for "Mia … this at 14:03".
    pub const fn past_tense(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Edit => "edited and approved",
            Self::Reject => "rejected",
            Self::Respond => "answered",
            Self::TakeOver => "took over",
            Self::Supersede => "superseded",
            Self::Expire => "let expire",
        }
    }

    /// Does it send a text to the visitor once it is final?
    pub const fn sends_text(self) -> bool {
        matches!(self, Self::Approve | Self::Edit | Self::Respond)
    }
}

/// The label on the AI's draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictLabel {
    /// It could have gone out.
    Acceptable,
    /// It could not.
    Bad,
    /// The reviewer cannot tell.
    CannotJudge,
}

/// What was wrong with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// It says something untrue.
    Wrong,
    /// It was true once.
    Outdated,
    /// Something important is missing.
    Missing,
    /// The tone.
    Tone,
    /// It breaks the house's rules.
    Policy,
    /// The wrong language.
    Language,
    /// Something else.
    Other,
}

/// The verdict on the draft that follows from an outcome. An edit asks "could the draft have gone out?"; left unanswered it is yes when only
/// tone or language were at fault, and no otherwise. No verdict means the item is judged later, as a quality check.
pub fn verdict_of(kind: OutcomeKind, given: Option<VerdictLabel>, reasons: &[ReasonCode]) -> Option<VerdictLabel> {
    let cosmetic = !reasons.is_empty()
        && reasons
            .iter()
            .all(|r| matches!(r, ReasonCode::Tone | ReasonCode::Language));
    match kind {
        OutcomeKind::Approve => Some(VerdictLabel::Acceptable),
        OutcomeKind::Edit => given.or(Some(if cosmetic {
            VerdictLabel::Acceptable
        } else {
            VerdictLabel::Bad
        })),
        OutcomeKind::Reject => given.or(Some(VerdictLabel::Bad)),
        OutcomeKind::Respond | OutcomeKind::TakeOver => given,
        OutcomeKind::Supersede | OutcomeKind::Expire => None,
    }
}

/// A reviewer's time-limited exclusive hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub member: MemberId,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// An outcome inside its undo window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The outcome.
    pub id: OutcomeId,
    /// What was decided.
    pub kind: OutcomeKind,
    /// By whom; nobody for `expire` and `supersede`.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// When it becomes final.
    pub final_at: Timestamp,
}

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// It waits for a decision.
    Open,
    /// A decision is inside its undo window.
    Pending(Pending),
    /// It has its one final outcome.
    Closed(Pending),
}

/// A review item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What waits.
    pub kind: ItemKind,
    /// Where it stands.
    pub state: ItemState,
    /// The turn's revision that a decision must name.
    pub revision: i64,
    /// Whether a draft for the current revision is there to approve.
    pub has_draft: bool,
    /// Who is looking at it.
    pub lease: Option<Lease>,
    /// When nobody deciding has its consequence.
    pub deadline_at: Timestamp,
}

/// Why a reviewer's wish was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// It has an outcome already.
    #[error("this was already decided")]
    AlreadyDecided(Pending),
    /// Someone else is looking at it.
    #[error("a colleague is looking at this right now")]
    Leased(Lease),
    /// The visitor wrote again.
    #[error("the visitor wrote again; read the new message and decide once more")]
    NewerMessage {
        /// The revision to name when deciding again.
        revision: i64,
    },
    /// There is no draft to approve or edit.
    #[error("there is no draft to release here; answer yourself (respond) or take over")]
    NothingToRelease,
    /// Only Holdpoint itself lets items expire or replaces them.
    #[error("this is not for a person to decide; approve, edit, reject, answer yourself (respond) or take over")]
    NotForPeople,
    /// There is nothing to undo.
    #[error("there is nothing to undo: no decision is waiting")]
    NothingToUndo,
    /// The undo window has passed.
    #[error("it is too late to undo: the decision is final")]
    UndoTooLate(Pending),
    /// Only the person who decided can undo.
    #[error("only the colleague who decided can undo it")]
    NotYourDecision(Pending),
    /// It is not time yet.
    #[error("this is not due yet")]
    NotDue,
}

impl Item {
    /// Is somebody else than `member` holding it at `now`?
    fn lease_of_other(&self, member: MemberId, now: Timestamp) -> Option<Lease> {
        self.lease.filter(|lease| lease.member != member && lease.until > now)
    }

    /// A reviewer looks at the item: takes or renews the lease.
    ///
    /// # Errors
    /// [`ReviewError::Leased`] or [`ReviewError::AlreadyDecided`].
    pub fn lease(self, member: MemberId, now: Timestamp) -> Result<Self, ReviewError> {
        if let ItemState::Closed(outcome) = self.state {
            return Err(ReviewError::AlreadyDecided(outcome));
        }
        match self.lease_of_other(member, now) {
            Some(lease) => Err(ReviewError::Leased(lease)),
            None => Ok(Self {
                lease: Some(Lease {
                    member,
                    until: now.plus_ms(LEASE_MS),
                }),
                ..self
            }),
        }
    }

    /// The reviewer looks away.
    #[must_use]
    pub fn release_lease(self, member: MemberId) -> Self {
        Self {
            lease: self.lease.filter(|lease| lease.member != member),
            ..self
        }
    }

    /// A reviewer decides, naming the revision that was on the screen. It becomes final after `undo_ms`; a takeover at once.
    ///
    /// # Errors
    /// Every refusal of [`ReviewError`] that concerns deciding.
    pub fn decide(
        self,
        id: OutcomeId,
        kind: OutcomeKind,
        by: MemberId,
        revision: i64,
        now: Timestamp,
        undo_ms: i64,
    ) -> Result<Self, ReviewError> {
        if matches!(kind, OutcomeKind::Supersede | OutcomeKind::Expire) {
            return Err(ReviewError::NotForPeople);
        }
        match self.state {
            ItemState::Open => {}
            // Taking over is possible at any moment until the text is out.
            ItemState::Pending(_) if kind == OutcomeKind::TakeOver => {}
            ItemState::Pending(outcome) | ItemState::Closed(outcome) => {
                return Err(ReviewError::AlreadyDecided(outcome));
            }
        }
        if kind != OutcomeKind::TakeOver {
            if let Some(lease) = self.lease_of_other(by, now) {
                return Err(ReviewError::Leased(lease));
            }
            if revision != self.revision {
                return Err(ReviewError::NewerMessage {
                    revision: self.revision,
                });
            }
        }
        let needs_draft = matches!(kind, OutcomeKind::Approve | OutcomeKind::Edit | OutcomeKind::Reject);
        if needs_draft && !(self.has_draft && self.kind == ItemKind::Gate) {
            return Err(ReviewError::NothingToRelease);
        }
        let at_once = kind == OutcomeKind::TakeOver;
        let outcome = Pending {
            id,
            kind,
            by: Some(by),
            at: now,
            final_at: if at_once { now } else { now.plus_ms(undo_ms) },
        };
        let state = if at_once {
            ItemState::Closed(outcome)
        } else {
            ItemState::Pending(outcome)
        };
        Ok(Self { state, ..self })
    }

    /// The reviewer changes their mind inside the window.
    ///
    /// # Errors
    /// [`ReviewError::NothingToUndo`], [`ReviewError::UndoTooLate`] or [`ReviewError::NotYourDecision`].
    pub fn undo(self, by: MemberId, now: Timestamp) -> Result<Self, ReviewError> {
        match self.state {
            ItemState::Open => Err(ReviewError::NothingToUndo),
            ItemState::Closed(outcome) => Err(ReviewError::UndoTooLate(outcome)),
            ItemState::Pending(outcome) if outcome.final_at <= now => Err(ReviewError::UndoTooLate(outcome)),
            ItemState::Pending(outcome) if outcome.by != Some(by) => Err(ReviewError::NotYourDecision(outcome)),
            ItemState::Pending(_) => Ok(Self {
                state: ItemState::Open,
                ..self
            }),
        }
    }

    /// The visitor wrote again: the revision rises and a pending outcome is cancelled. Lease and deadline stay.
    #[must_use]
    pub fn visitor_wrote(self, revision: i64) -> Self {
        let state = match self.state {
            ItemState::Pending(_) => ItemState::Open,
            other => other,
        };
        Self {
            state,
            revision,
            has_draft: false,
            ..self
        }
    }

    /// A draft for the current revision has arrived.
    #[must_use]
    pub fn draft_joined(self) -> Self {
        Self {
            has_draft: true,
            ..self
        }
    }

    /// The undo window is over.
    ///
    /// # Errors
    /// [`ReviewError::NotDue`] before it is, or when nothing is pending; [`ReviewError::AlreadyDecided`] when it is final already.
    pub fn finalise(self, now: Timestamp) -> Result<(Self, Pending), ReviewError> {
        match self.state {
            ItemState::Pending(outcome) if outcome.final_at <= now => Ok((
                Self {
                    state: ItemState::Closed(outcome),
                    ..self
                },
                outcome,
            )),
            ItemState::Pending(_) | ItemState::Open => Err(ReviewError::NotDue),
            ItemState::Closed(outcome) => Err(ReviewError::AlreadyDecided(outcome)),
        }
    }

    /// Does its deadline have a consequence? A held draft's has. A handoff's only says from when on the visitor waits
    /// too long: no rule can be the person who is asked for, so it stays open until one comes.
    pub const fn expires(&self) -> bool {
        matches!(self.kind, ItemKind::Gate)
    }

    /// The deadline passes without a decision. A pending decision is one, and keeps the item from expiring.
    ///
    /// # Errors
    /// [`ReviewError::NotDue`] or [`ReviewError::AlreadyDecided`].
    pub fn expire(self, id: OutcomeId, now: Timestamp) -> Result<Self, ReviewError> {
        match self.state {
            ItemState::Open if self.expires() && self.deadline_at <= now => {
                Ok(self.close_by_rule(id, OutcomeKind::Expire, now))
            }
            ItemState::Open => Err(ReviewError::NotDue),
            ItemState::Pending(outcome) | ItemState::Closed(outcome) => Err(ReviewError::AlreadyDecided(outcome)),
        }
    }

    /// Something stricter replaces the item (a later draft is handed off or refused, or the conversation was taken over).
    ///
    /// # Errors
    /// [`ReviewError::AlreadyDecided`] when it is final already.
    pub fn supersede(self, id: OutcomeId, now: Timestamp) -> Result<Self, ReviewError> {
        match self.state {
            ItemState::Open | ItemState::Pending(_) => Ok(self.close_by_rule(id, OutcomeKind::Supersede, now)),
            ItemState::Closed(outcome) => Err(ReviewError::AlreadyDecided(outcome)),
        }
    }

    fn close_by_rule(self, id: OutcomeId, kind: OutcomeKind, now: Timestamp) -> Self {
        Self {
            state: ItemState::Closed(Pending {
                id,
                kind,
                by: None,
                at: now,
                final_at: now,
            }),
            lease: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
