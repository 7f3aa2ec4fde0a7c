//! Actions: what the AI, a form, a colleague or somebody's agent wants to do, and a person lets happen or not.
//!
//! [`Action`] is one proposal. It runs only with an approved, unexpired, unused decision over the hash of exactly what
//! runs, at most once, and never after it was rejected, edited away or expired (invariants 4 and 5): the one way to
//! [`Action::consume`] leads through [`Action::decide`] and [`Action::finalise`]. Consumption is stored before the call; whatever is found
//! running afterwards died in between, and is [`ActionStatus::Unknown`] unless repeating it is harmless.

pub mod args;
pub mod attempt;
mod calendar;
pub mod form;
pub mod intent;
pub mod request;
pub mod rules;
pub mod schema;
pub mod strict;
pub mod told;
pub mod tool;

use super::ids::{ActionId, MemberId};
use super::review::{Ballot, Cast, LEASE_MS, Lease};
use super::time::Timestamp;
use args::ArgsHash;
use serde::{Deserialize, Serialize};

/// How long an approval may be used, in milliseconds from when it became final.
pub const USABLE_MS: i64 = 60 * 60_000;

/// Who carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// Holdpoint, with a tool of the workspace.
    Here,
    /// The agent that asked.
    There,
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// It waits for people.
    Waiting,
    /// It is decided, inside the undo window.
    Decided,
    /// It may run.
    Approved,
    /// Holdpoint has begun to run it, or died at it.
    Running,
    /// It was done.
    Executed,
    /// It was not done.
    Failed,
    /// Whether it was done is not known.
    Unknown,
    /// The agent that asked has taken the approval.
    Consumed,
    /// A person said no.
    Rejected,
    /// A person answered instead.
    Responded,
    /// Nobody decided in time, or nobody used the approval in time.
    Expired,
    /// Whoever asked took it back.
    Cancelled,
}

impl ActionStatus {
    /// Nothing follows by itself any more.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Decided | Self::Approved | Self::Running)
    }

    /// It waits for people, or for an undo window to pass.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Waiting | Self::Decided)
    }
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionType {
    /// It may happen as it is.
    Approve,
    /// It may happen with other arguments.
    Edit,
    /// It may not.
    Reject,
    /// It may not, and this is what to do or say.
    Respond,
}

impl DecisionType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Edit, Self::Reject, Self::Respond];

    /// Whether something runs because of it.
    pub const fn lets_run(self) -> bool {
        matches!(self, Self::Approve | Self::Edit)
    }
}

/// What silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// No.
    #[default]
    Reject,
    /// As if it had not been asked.
    Cancel,
}

/// The decision that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub kind: DecisionType,
    /// By whom; none where the tool's rules let it run without a person.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// When it is final.
    pub final_at: Timestamp,
    /// Of what was on the screen.
    pub hash: ArgsHash,
}

impl Decision {
    /// Until when an approval may be used.
    pub const fn usable_until(&self) -> Timestamp {
        self.final_at.plus_ms(USABLE_MS)
    }
}

/// A proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// Its id.
    pub id: ActionId,
    /// Who carries it out.
    pub runs: Runs,
    /// Where it stands.
    pub status: ActionStatus,
    /// The hash of what was proposed.
    pub proposed: ArgsHash,
    /// The hash of what stands: the proposal, or what somebody made of it while others have to approve it as well.
    pub standing: ArgsHash,
    /// Who has approved what stands.
    pub ballot: Ballot,
    /// Who is looking at it.
    pub lease: Option<Lease>,
    /// When silence has its meaning.
    pub expires_at: Timestamp,
    /// What it means.
    pub on_timeout: OnTimeout,
    /// The decision that stands.
    pub decision: Option<Decision>,
}

/// How far running it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Attempts begun so far.
    pub attempts: i64,
    /// The last one has begun and nothing is known of its end. Stored before it begins, and cleared with its result.
    pub under_way: bool,
    /// Repeating it is harmless.
    pub idempotent: bool,
}

/// What is to be done next for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, ever.
    Nothing,
    /// Nothing before this time.
    Wait(Timestamp),
    /// [`Action::finalise`].
    Finalise,
    /// [`Action::expire`].
    Expire,
    /// [`Action::consume`], store that, and run it.
    Claim,
    /// Whoever ran it died at it. Repeating it is harmless: store that another attempt begins, and run it.
    TryAgain,
    /// Whoever ran it died at it, and nothing more is tried: [`Action::ended`].
    Settle(attempt::Ended),
}

/// Whoever decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decider {
    /// The member.
    pub member: MemberId,
    /// Whether it is the program that asked, which does not approve for itself.
    pub asked: bool,
}

/// What somebody decides about what they saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The decision.
    pub kind: DecisionType,
    /// The hash of what was on the screen.
    pub seen: ArgsHash,
    /// For an edit: the hash of what it shall be.
    pub edited: Option<ArgsHash>,
}

/// Why a wish about a proposal was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It has its decision.
    #[error("this was already decided")]
    AlreadyDecided(Decision),
    /// Nobody decided in time.
    #[error("this has expired: nobody decided in time; whoever asked has to ask again")]
    Expired,
    /// It was taken back.
    #[error("whoever asked took this back; there is nothing to decide any more")]
    Cancelled,
    /// Somebody else is looking at it.
    #[error("a colleague is looking at this right now")]
    Leased(Lease),
    /// What was on the screen is not what stands.
    #[error("a colleague changed the arguments; read them as they are now and decide once more")]
    OtherArguments(ArgsHash),
    /// An edit that changes nothing.
    #[error("these are the arguments as they are; approve them instead")]
    NothingEdited,
    /// One person counts once.
    #[error("you have approved this already; now somebody else has to")]
    AlreadyApproved,
    /// No program approves what it asked for.
    #[error("whoever asked cannot approve it; a person has to, in the console")]
    OwnProposal,
    /// There is nothing to undo.
    #[error("there is nothing to undo: no decision is waiting")]
    NothingToUndo,
    /// The undo window has passed.
    #[error("it is too late to undo: the decision is final")]
    UndoTooLate,
    /// Only the person who decided can undo.
    #[error("only the colleague who decided can undo it")]
    NotYourDecision,
    /// It is not time yet.
    #[error("this is not due yet")]
    NotDue,
    /// It is no approval, or not yet.
    #[error("this is not approved, so it must not be carried out")]
    NotApproved(ActionStatus),
    /// It has been used.
    #[error("this approval has been used already; ask again if it has to be done once more")]
    AlreadyConsumed,
    /// What is to run is not what was approved.
    #[error("this is not what was approved; only exactly that may be carried out")]
    NotWhatWasApproved,
    /// The approval lay about for too long.
    #[error("this approval was not used in time; ask again")]
    ApprovalExpired,
    /// It is known whether it was done.
    #[error("whether this was done is known; there is nothing to settle")]
    NothingToSettle,
}

impl Action {
    /// A proposal that waits for `quorum` people.
    pub const fn new(
        id: ActionId,
        runs: Runs,
        hash: ArgsHash,
        quorum: u8,
        expires_at: Timestamp,
        on_timeout: OnTimeout,
    ) -> Self {
        Self {
            id,
            runs,
            status: ActionStatus::Waiting,
            proposed: hash,
            standing: hash,
            ballot: Ballot::new(quorum),
            lease: None,
            expires_at,
            on_timeout,
            decision: None,
        }
    }

    /// The tool's rules let it run without a person; there is nobody who could undo it.
    ///
    /// # Errors
    /// [`ActionError::AlreadyDecided`], [`ActionError::Expired`].
    pub fn let_run_by_rule(self, now: Timestamp) -> Result<Self, ActionError> {
        self.open(now)?;
        let decision = Decision {
            kind: DecisionType::Approve,
            by: None,
            at: now,
            final_at: now,
            hash: self.standing,
        };
        Ok(Self {
            status: ActionStatus::Approved,
            decision: Some(decision),
            ..self
        })
    }

    /// Somebody looks at it: takes or renews the lease.
    ///
    /// # Errors
    /// [`ActionError::Leased`], or why it does not wait any more.
    pub fn lease(self, member: MemberId, now: Timestamp) -> Result<Self, ActionError> {
        self.open(now)?;
        self.not_leased_by_another(member, now)?;
        let until = now.plus_ms(LEASE_MS);
        Ok(Self {
            lease: Some(Lease { member, until }),
            ..self
        })
    }

    /// They look away.
    #[must_use]
    pub fn release_lease(self, member: MemberId) -> Self {
        Self {
            lease: self.lease.filter(|lease| lease.member != member),
            ..self
        }
    }

    /// A person decides about what was on their screen. It is final after `undo_ms`; where others have to approve as well, it only
    /// counts.
    ///
    /// # Errors
    /// Every refusal of [`ActionError`] that concerns deciding.
    pub fn decide(self, wish: Wish, by: Decider, now: Timestamp, undo_ms: i64) -> Result<Self, ActionError> {
        self.open(now)?;
        self.not_leased_by_another(by.member, now)?;
        let mut after = self;
        let mut kind = wish.kind;
        if kind.lets_run() {
            if by.asked {
                return Err(ActionError::OwnProposal);
            }
            if wish.seen != self.standing {
                return Err(ActionError::OtherArguments(self.standing));
            }
            let cast = match (kind, wish.edited) {
                (DecisionType::Edit, Some(edited)) if edited != self.standing => {
                    after.standing = edited;
                    Some(self.ballot.edit(by.member))
                }
                (DecisionType::Edit, _) => return Err(ActionError::NothingEdited),
                _ => self.ballot.approve(by.member),
            };
            match cast {
                None => return Err(ActionError::AlreadyApproved),
                Some(Cast::Counted(ballot)) => {
                    return Ok(Self { ballot, ..after }.release_lease(by.member));
                }
                // What runs is what somebody made of it, whoever was the last to approve.
                Some(Cast::Carried) if after.standing != after.proposed => kind = DecisionType::Edit,
                Some(Cast::Carried) => kind = DecisionType::Approve,
            }
        }
        let decision = Decision {
            kind,
            by: Some(by.member),
            at: now,
            final_at: now.plus_ms(undo_ms),
            hash: after.standing,
        };
        Ok(Self {
            status: ActionStatus::Decided,
            decision: Some(decision),
            ..after
        })
    }

    /// They change their mind inside of the window, or while others have to approve. Whose edit it was takes the edit back.
    ///
    /// # Errors
    /// [`ActionError::NothingToUndo`], [`ActionError::UndoTooLate`], [`ActionError::NotYourDecision`].
    pub fn undo(self, by: MemberId, now: Timestamp) -> Result<Self, ActionError> {
        match (self.status, self.decision) {
            (ActionStatus::Waiting, _) => match self.ballot.withdraw(by) {
                Some(ballot) => Ok(self.voted(ballot)),
                None => Err(ActionError::NothingToUndo),
            },
            (ActionStatus::Decided, Some(decision)) => {
                if decision.by != Some(by) {
                    return Err(ActionError::NotYourDecision);
                }
                if decision.final_at <= now {
                    return Err(ActionError::UndoTooLate);
                }
                let open = Self {
                    status: ActionStatus::Waiting,
                    decision: None,
                    ..self
                };
                // An edit that was enough by itself goes with its decision; one that others had approved before stays.
                Ok(open.voted(open.ballot))
            }
            _ => Err(ActionError::UndoTooLate),
        }
    }

    /// With another ballot: where it is about nobody's edit, the proposal stands again.
    fn voted(self, ballot: Ballot) -> Self {
        let standing = if ballot.edited() { self.standing } else { self.proposed };
        Self {
            standing,
            ballot,
            ..self
        }
    }

    /// The undo window is over.
    ///
    /// # Errors
    /// [`ActionError::NotDue`].
    pub fn finalise(self, now: Timestamp) -> Result<Self, ActionError> {
        match (self.status, self.decision) {
            (ActionStatus::Decided, Some(decision)) if decision.final_at <= now => Ok(Self {
                status: match decision.kind {
                    DecisionType::Approve | DecisionType::Edit => ActionStatus::Approved,
                    DecisionType::Reject => ActionStatus::Rejected,
                    DecisionType::Respond => ActionStatus::Responded,
                },
                lease: None,
                ..self
            }),
            _ => Err(ActionError::NotDue),
        }
    }

    /// Nobody decided in time, or nobody used the approval in time.
    ///
    /// # Errors
    /// [`ActionError::NotDue`].
    pub fn expire(self, now: Timestamp) -> Result<Self, ActionError> {
        let status = match (self.status, self.decision) {
            (ActionStatus::Waiting, _) if self.expires_at <= now => match self.on_timeout {
                OnTimeout::Reject => ActionStatus::Expired,
                OnTimeout::Cancel => ActionStatus::Cancelled,
            },
            (ActionStatus::Approved, Some(decision)) if decision.usable_until() <= now => ActionStatus::Expired,
            _ => return Err(ActionError::NotDue),
        };
        Ok(Self {
            status,
            lease: None,
            ..self
        })
    }

    /// Whoever asked takes it back; what has begun to run goes on.
    ///
    /// # Errors
    /// [`ActionError::AlreadyConsumed`] or why there is nothing to take back.
    pub fn cancel(self) -> Result<Self, ActionError> {
        match self.status {
            ActionStatus::Waiting | ActionStatus::Decided | ActionStatus::Approved => Ok(Self {
                status: ActionStatus::Cancelled,
                lease: None,
                ..self
            }),
            ActionStatus::Cancelled => Ok(self),
            ActionStatus::Rejected | ActionStatus::Responded | ActionStatus::Expired => {
                Err(ActionError::NotApproved(self.status))
            }
            _ => Err(ActionError::AlreadyConsumed),
        }
    }

    /// The approval is used: from here on it counts as done, and nothing uses it again. To be stored before anything is done.
    ///
    /// # Errors
    /// [`ActionError::NotApproved`], [`ActionError::NotWhatWasApproved`], [`ActionError::ApprovalExpired`],
    /// [`ActionError::AlreadyConsumed`].
    pub fn consume(self, what: ArgsHash, now: Timestamp) -> Result<Self, ActionError> {
        match (self.status, self.decision) {
            (ActionStatus::Approved, Some(decision)) if decision.kind.lets_run() => {
                if decision.hash != what {
                    return Err(ActionError::NotWhatWasApproved);
                }
                if decision.usable_until() <= now {
                    return Err(ActionError::ApprovalExpired);
                }
                Ok(Self {
                    status: match self.runs {
                        Runs::Here => ActionStatus::Running,
                        Runs::There => ActionStatus::Consumed,
                    },
                    ..self
                })
            }
            (
                ActionStatus::Consumed
                | ActionStatus::Running
                | ActionStatus::Executed
                | ActionStatus::Failed
                | ActionStatus::Unknown,
                _,
            ) => Err(ActionError::AlreadyConsumed),
            (ActionStatus::Expired, _) => Err(ActionError::ApprovalExpired),
            (status, _) => Err(ActionError::NotApproved(status)),
        }
    }

    /// What an attempt came to, once nothing more is tried.
    ///
    /// # Errors
    /// [`ActionError::NothingToSettle`] if nothing was running.
    pub fn ended(self, how: attempt::Ended) -> Result<Self, ActionError> {
        if self.status != ActionStatus::Running {
            return Err(ActionError::NothingToSettle);
        }
        Ok(Self {
            status: how.status(),
            ..self
        })
    }

    /// A person has found out whether it was done.
    ///
    /// # Errors
    /// [`ActionError::NothingToSettle`].
    pub fn found_out(self, was_done: bool) -> Result<Self, ActionError> {
        if self.status != ActionStatus::Unknown {
            return Err(ActionError::NothingToSettle);
        }
        let status = if was_done {
            ActionStatus::Executed
        } else {
            ActionStatus::Failed
        };
        Ok(Self { status, ..self })
    }

    /// When something follows by itself: a deadline, the end of an undo window, or, for what Holdpoint runs, at once.
    pub fn due(&self) -> Option<Timestamp> {
        match (self.status, self.decision) {
            (ActionStatus::Waiting, _) => Some(self.expires_at),
            (ActionStatus::Decided | ActionStatus::Running, Some(decision)) => Some(decision.final_at),
            (ActionStatus::Approved, Some(decision)) => Some(match self.runs {
                Runs::Here => decision.final_at,
                Runs::There => decision.usable_until(),
            }),
            _ => None,
        }
    }

    /// What is to be done next for it, by whoever looks after it.
    pub fn next_step(&self, progress: Progress, now: Timestamp) -> Step {
        let Some(due) = self.due() else {
            return Step::Nothing;
        };
        if due > now {
            return Step::Wait(due);
        }
        match (self.status, self.decision) {
            (ActionStatus::Decided, _) => Step::Finalise,
            (ActionStatus::Approved, Some(decision)) if self.runs == Runs::Here && now < decision.usable_until() => {
                Step::Claim
            }
            (ActionStatus::Running, _) if !progress.under_way => Step::TryAgain,
            (ActionStatus::Running, _) => match attempt::found_running(progress.idempotent, progress.attempts) {
                attempt::Next::End(how) => Step::Settle(how),
                attempt::Next::RetryIn(_) => Step::TryAgain,
            },
            _ => Step::Expire,
        }
    }

    /// Does it wait for people?
    fn open(&self, now: Timestamp) -> Result<(), ActionError> {
        match (self.status, self.decision) {
            (ActionStatus::Waiting, _) if self.expires_at <= now => Err(ActionError::Expired),
            (ActionStatus::Waiting, _) => Ok(()),
            (ActionStatus::Cancelled, _) => Err(ActionError::Cancelled),
            (_, Some(decision)) => Err(ActionError::AlreadyDecided(decision)),
            (_, None) => Err(ActionError::Expired),
        }
    }

    /// A lease that seems to last longer than any was taken before the clock went back, and keeps nobody away.
    fn not_leased_by_another(&self, member: MemberId, now: Timestamp) -> Result<(), ActionError> {
        let lease = self
            .lease
            .filter(|lease| lease.member != member && lease.until > now && lease.until <= now.plus_ms(LEASE_MS));
        lease.map_or(Ok(()), |lease| Err(ActionError::Leased(lease)))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tool_tests;
