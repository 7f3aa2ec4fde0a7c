//! The review item's state machine: lease, approvals, outcome, undo window, revision, deadline.
//!
//! An outcome is pending until `final_at`. Undo, a takeover or a new message cancels it; afterwards it is final, and a
//! second outcome is refused with who decided what, and when (invariant 3). Where several people have to approve, all
//! approvals but the last stand in the [`Ballot`]; the last one is the outcome.

mod alike;
mod ballot;
mod outcome;
mod terms;

pub use alike::{MOST_ALIKE, likeness, unit_of_evidence};
pub use ballot::{Ballot, Cast, MOST_APPROVERS};
pub use outcome::{OutcomeKind, Pending, ReasonCode, VerdictLabel, verdict_of};
pub use terms::{Colleague, joined, may_decide, named};

use super::ids::{ItemId, MemberId, OutcomeId};
use super::policy::Fallback;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a lease lasts without renewal, in milliseconds.
pub const LEASE_MS: i64 = 2 * 60_000;
/// An item that goes on waiting, or waits again, gets at least this long, in milliseconds.
const SHORTEST_PATIENCE_MS: i64 = 60_000;

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A draft waits for approval.
    Gate,
    /// A visitor waits for a person.
    Handoff,
}

/// A reviewer's time-limited exclusive hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub member: MemberId,
    /// When it ends by itself.
    pub until: Timestamp,
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

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decider {
    /// The member.
    pub member: MemberId,
    /// Whether the item's terms let them ([`may_decide`]).
    pub may_decide: bool,
}

/// What was on the screen of whoever decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The turn's revision.
    pub revision: i64,
    /// The wording of the answer ([`Ballot::wording`]).
    pub wording: i64,
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
    /// How long it waits from one deadline to the next, in milliseconds of business hours.
    pub patience_ms: i64,
    /// What the consequence is.
    pub fallback: Fallback,
    /// Whether the visitor has been told that it takes longer.
    pub delayed: bool,
    /// Who has approved so far.
    pub ballot: Ballot,
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
    /// Somebody changed the text that was on the screen.
    #[error("a colleague changed the text; read it as it is now and decide once more")]
    OtherWording {
        /// The wording to name when deciding again.
        wording: i64,
    },
    /// The terms name others.
    #[error("this is for others to decide, as your policy says; take the next one, or take the conversation over")]
    NotAnApprover,
    /// One person counts once.
    #[error("you have approved this already; now somebody else has to")]
    AlreadyApproved,
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
    /// Is somebody else than `member` holding it at `now`? A lease that seems to last longer than any was taken before the
    /// clock went back: it must not keep everybody away until the clock has caught up.
    fn lease_of_other(&self, member: MemberId, now: Timestamp) -> Option<Lease> {
        self.lease
            .filter(|lease| lease.member != member && lease.until > now && lease.until <= now.plus_ms(LEASE_MS))
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

    /// A reviewer decides, naming what was on the screen. It becomes final after `undo_ms`; a takeover at once. An approval or
    /// edit that others have to approve as well only counts: the item stays open, for them.
    ///
    /// # Errors
    /// Every refusal of [`ReviewError`] that concerns deciding.
    pub fn decide(
        self,
        id: OutcomeId,
        kind: OutcomeKind,
        by: Decider,
        seen: Seen,
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
        let at_once = kind == OutcomeKind::TakeOver;
        let kind = if at_once {
            kind
        } else {
            self.check(kind, by, seen, now)?;
            match self.cast(kind, by.member)? {
                Some(Cast::Counted(ballot)) => {
                    // Whoever has approved is done with it: the next one need not wait for their lease.
                    return Ok(Self {
                        ballot,
                        ..self.release_lease(by.member)
                    });
                }
                // What goes out is what somebody made of the draft, whoever was the last to approve it.
                Some(Cast::Carried) if self.ballot.edited() => OutcomeKind::Edit,
                Some(Cast::Carried) | None => kind,
            }
        };
        let outcome = Pending {
            id,
            kind,
            by: Some(by.member),
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

    /// May `by` end the conversation, and with it this item, without a decision about it?
    ///
    /// # Errors
    /// [`ReviewError::NotAnApprover`] or [`ReviewError::Leased`].
    pub fn check_ending(&self, by: Decider, now: Timestamp) -> Result<(), ReviewError> {
        if !by.may_decide {
            return Err(ReviewError::NotAnApprover);
        }
        match self.lease_of_other(by.member, now) {
            Some(lease) => Err(ReviewError::Leased(lease)),
            None => Ok(()),
        }
    }

    /// May `by` decide `kind` on what they have seen?
    fn check(&self, kind: OutcomeKind, by: Decider, seen: Seen, now: Timestamp) -> Result<(), ReviewError> {
        self.check_ending(by, now)?;
        if seen.revision != self.revision {
            return Err(ReviewError::NewerMessage {
                revision: self.revision,
            });
        }
        let needs_draft = matches!(kind, OutcomeKind::Approve | OutcomeKind::Edit | OutcomeKind::Reject);
        if needs_draft && !(self.has_draft && self.kind == ItemKind::Gate) {
            return Err(ReviewError::NothingToRelease);
        }
        let lets_out = matches!(kind, OutcomeKind::Approve | OutcomeKind::Edit);
        if lets_out && seen.wording != self.ballot.wording() {
            return Err(ReviewError::OtherWording {
                wording: self.ballot.wording(),
            });
        }
        Ok(())
    }

    /// Counts an approval or an edit; none for what one person decides alone.
    fn cast(&self, kind: OutcomeKind, by: MemberId) -> Result<Option<Cast>, ReviewError> {
        match kind {
            OutcomeKind::Approve => match self.ballot.approve(by) {
                Some(cast) => Ok(Some(cast)),
                None => Err(ReviewError::AlreadyApproved),
            },
            OutcomeKind::Edit => Ok(Some(self.ballot.edit(by))),
            _ => Ok(None),
        }
    }

    /// The reviewer changes their mind inside the window, or while others still have to approve.
    ///
    /// # Errors
    /// [`ReviewError::NothingToUndo`], [`ReviewError::UndoTooLate`] or [`ReviewError::NotYourDecision`].
    pub fn undo(self, by: MemberId, now: Timestamp) -> Result<Self, ReviewError> {
        match self.state {
            ItemState::Open => match self.ballot.withdraw(by) {
                Some(ballot) => Ok(Self { ballot, ..self }),
                None => Err(ReviewError::NothingToUndo),
            },
            ItemState::Closed(outcome) => Err(ReviewError::UndoTooLate(outcome)),
            ItemState::Pending(outcome) if outcome.final_at <= now => Err(ReviewError::UndoTooLate(outcome)),
            ItemState::Pending(outcome) if outcome.by != Some(by) => Err(ReviewError::NotYourDecision(outcome)),
            ItemState::Pending(_) => Ok(self.reopened(now)),
        }
    }

    /// Its pending outcome no longer counts: it waits again. A deadline that was over before somebody can look at it once more
    /// would decide in their place.
    fn reopened(self, now: Timestamp) -> Self {
        Self {
            state: ItemState::Open,
            deadline_at: self.deadline_at.max(now.plus_ms(SHORTEST_PATIENCE_MS)),
            ..self
        }
    }

    /// The visitor wrote again: the revision rises, a pending outcome is cancelled and approvals no longer count. Lease and
    /// deadline stay, unless it waits again because of that.
    #[must_use]
    pub fn visitor_wrote(self, revision: i64, now: Timestamp) -> Self {
        let before = match self.state {
            ItemState::Pending(_) => self.reopened(now),
            ItemState::Open | ItemState::Closed(_) => self,
        };
        Self {
            revision,
            has_draft: false,
            ballot: self.ballot.restarted(),
            ..before
        }
    }

    /// A draft for the current revision has arrived, which at least `quorum` people have to approve.
    #[must_use]
    pub fn draft_joined(self, quorum: u8) -> Self {
        Self {
            has_draft: true,
            ballot: self.ballot.restarted().requiring(quorum),
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

    /// How long it waits for the next deadline when one has passed without a consequence, in milliseconds.
    pub fn next_patience_ms(&self) -> i64 {
        self.patience_ms.max(SHORTEST_PATIENCE_MS)
    }

    /// The deadline passes where the visitor is only told that it takes longer: the item goes on waiting, until another one.
    ///
    /// # Errors
    /// As [`Self::expire`].
    pub fn wait_on(self, id: OutcomeId, now: Timestamp, until: Timestamp) -> Result<Self, ReviewError> {
        self.expire(id, now)?;
        Ok(Self {
            deadline_at: until,
            delayed: true,
            ..self
        })
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
