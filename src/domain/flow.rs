//! What happens to a whole conversation when something happens: owner, turn and open review item move together.
//!
//! [`Flow`] is a conversation as the rules see it. Each method is one transition, meant for one transaction: load a
//! `Flow`, call the method, write the returned [`Step::flow`] back (conversation, turn and item row), then carry out
//! [`Step::effects`] in their order; each is rows to insert and a log entry. A transition that is refused changes
//! nothing. AI text leaves a conversation only as [`Effect::AiAnswers`], and every path to it passes [`Flow::admits`],
//! so that no text made before a takeover follows it (invariants 1 to 3).
//!
//! Nothing has to be remembered between transitions: [`Flow::dues`] tells from the state alone what must happen next
//! and when, which is also how everything is resumed after a restart (invariant 10).

mod asked;
mod hand_over;
mod spam;
mod step;

pub use spam::Spam;
pub use step::{Approval, Effect, Step, SystemText};

use super::conversation::{Epoch, Owner, Ownership, OwnershipError};
use super::duty::{Attendance, Duty};
use super::ids::{DecisionId, DraftId, IdSource, MemberId, OutcomeId, ReleaseId, TurnId};
use super::policy::{Decision, DecisionKind, Fallback, Reason, Terms};
use super::release::{Release, ReleaseError};
use super::review::{Decider, Item, ItemKind, ItemState, Lease, OutcomeKind, ReviewError, Seen};
use super::time::Timestamp;
use super::turn::{Turn, TurnError, TurnState};

/// A workspace's time limits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a decision can be undone.
    pub undo_ms: i64,
    /// How long a draft waits for a decision before the visitor is handed off; and how long the AI may take to come up with one.
    pub hold_ms: i64,
    /// How soon a person should answer a handoff. Nothing happens by itself afterwards; the queue shows it as late.
    pub handoff_ms: i64,
}

/// What a transition needs from outside.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time of the transaction.
    pub now: Timestamp,
    /// Makes the ids of new turns, items, outcomes and releases.
    pub ids: &'a dyn IdSource,
    /// The workspace's limits.
    pub limits: Limits,
    /// Who is there, and in which hours deadlines are counted.
    pub duty: Duty<'a>,
}

impl Context<'_> {
    fn attendance(&self) -> Attendance {
        self.duty.attendance(self.now)
    }

    fn deadline(&self, patience_ms: i64) -> Timestamp {
        self.duty.deadline(self.now, patience_ms)
    }
}

/// What a draft is made for, taken when drafting begins ([`Flow::start_draft`]) and stored with the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The turn.
    pub turn_id: TurnId,
    /// Its revision.
    pub revision: i64,
    /// The ownership epoch.
    pub epoch: Epoch,
}

/// A finished draft as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposed<'a> {
    /// Its id.
    pub id: DraftId,
    /// What it was made for.
    pub ticket: Ticket,
    /// Its text; empty when the AI abstains.
    pub text: &'a str,
}

/// Something that must happen at a time without anybody asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// [`Flow::start_draft`], draft, then [`Flow::draft_finished`].
    Draft,
    /// [`Flow::finalise`].
    Finalise,
    /// [`Flow::expire`].
    Expire,
    /// [`Flow::recall`], from a person or from the AI.
    Recall,
}

/// Why a transition was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// By the owner or the epoch.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// By the turn.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// By the review item.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// By the release.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The draft is for a turn that is over.
    #[error("this question was answered in the meantime")]
    OtherTurn,
    /// There is no turn.
    #[error("the visitor has not asked anything yet")]
    NoTurn,
    /// Every message of the visitor is answered.
    #[error("no message of the visitor waits for an answer in this conversation")]
    NothingWaits,
    /// There is no open review item.
    #[error("nothing waits for a decision in this conversation")]
    NoItem,
    /// A person writes without owning the conversation.
    #[error("take the conversation over first, then write")]
    TakeOverFirst,
    /// A person answers here, so it is no spam.
    #[error("a person answers in this conversation; hand it back first")]
    PersonAnswers,
    /// It is marked already.
    #[error("this conversation is marked as spam already")]
    AlreadySpam,
    /// It is not marked.
    #[error("this conversation is not marked as spam")]
    NotSpam,
}

/// A conversation as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Who answers, under which epoch.
    pub ownership: Ownership,
    /// The latest turn, also once it is answered; none before the first message.
    pub turn: Option<(TurnId, Turn)>,
    /// The open review item: waiting, or with a pending outcome. Never a closed one.
    pub item: Option<Item>,
    /// Whether it was marked as spam: then nobody waits for an answer, and the AI drafts none.
    pub spam: Option<Spam>,
    /// By when whoever owns it has to have done their part about what waits; none while nothing waits for them. A person has to
    /// have answered, counted from when they stepped in, or from the oldest message they have not answered since. The AI
    /// has to have come up with a draft, counted from the message or the moment from which on it owes one: however often
    /// the visitor's next message overtakes its work, somebody is called then.
    pub answer_due_at: Option<Timestamp>,
}

impl Flow {
    /// A conversation without a message.
    pub const fn start() -> Self {
        Self {
            ownership: Ownership::start(),
            turn: None,
            item: None,
            spam: None,
            answer_due_at: None,
        }
    }

    /// What must happen next by itself, and when. More than one thing can be due; each transition checks again.
    pub fn dues(&self) -> Vec<(Timestamp, Due)> {
        let draft = match self.turn {
            Some((_, turn)) if turn.state == TurnState::Collecting => Some((turn.ends_at(), Due::Draft)),
            _ => None,
        };
        let review = self.item.and_then(|item| match item.state {
            ItemState::Pending(outcome) => Some((outcome.final_at, Due::Finalise)),
            ItemState::Open if item.expires() => Some((item.deadline_at, Due::Expire)),
            ItemState::Open | ItemState::Closed(_) => None,
        });
        let recall = self.answer_due_at.map(|answer_due_at| (answer_due_at, Due::Recall));
        draft.into_iter().chain(review).chain(recall).collect()
    }

    /// The visitor wrote: the message belongs to the turn of the returned flow. A draft under way or held is for an older revision from now on.
    #[must_use]
    pub fn visitor_wrote(self, context: Context<'_>) -> Step {
        let ai_owns = self.ownership.owner == Owner::Ai && self.spam.is_none();
        let mut step = Step::from(self);
        let (id, turn) = match self.turn {
            Some((id, turn)) if turn.takes_messages() => (id, turn.visitor_wrote(context.now, ai_owns)),
            _ => {
                let id = TurnId::new(context.ids);
                step.effects.push(Effect::TurnOpened(id));
                let turn = Turn::open(context.now);
                (
                    id,
                    if ai_owns {
                        turn
                    } else {
                        turn.moved_to(TurnState::Waiting)
                    },
                )
            }
        };
        step.flow.turn = Some((id, turn));
        // Asking "hello?" again does not make the first question any younger.
        if matches!(self.ownership.owner, Owner::Person(_)) && self.answer_due_at.is_none() {
            step.flow.answer_due_at = Some(context.deadline(context.limits.handoff_ms));
        }
        if let Some(item) = self.item {
            step.cancel_pending();
            step.flow.item = Some(item.visitor_wrote(turn.revision, context.now));
        }
        step.expect_draft(context);
        step
    }

    /// The burst is over: what the AI is to draft for. Changes nothing.
    ///
    /// # Errors
    /// [`FlowError::NoTurn`], [`FlowError::Ownership`] or [`FlowError::Turn`].
    pub fn start_draft(self, now: Timestamp) -> Result<Ticket, FlowError> {
        let (turn_id, turn) = self.turn.ok_or(FlowError::NoTurn)?;
        turn.ready_to_draft(now)?;
        let epoch = self.ownership.epoch;
        self.ownership.admits_ai(epoch)?;
        Ok(Ticket {
            turn_id,
            revision: turn.revision,
            epoch,
        })
    }

    /// The fence: may AI work made for `ticket` still have any effect?
    ///
    /// # Errors
    /// [`FlowError::Ownership`], [`FlowError::OtherTurn`] or [`FlowError::Turn`].
    pub fn admits(&self, ticket: Ticket) -> Result<(), FlowError> {
        self.ownership.admits_ai(ticket.epoch)?;
        match self.turn {
            Some((id, _)) if id != ticket.turn_id => Err(FlowError::OtherTurn),
            Some((_, turn)) if turn.revision != ticket.revision => Err(TurnError::RevisionPassed {
                made_for: ticket.revision,
                now: turn.revision,
            }
            .into()),
            Some((_, turn)) if turn.state == TurnState::Answered => Err(TurnError::WrongState(turn.state).into()),
            Some(_) => Ok(()),
            None => Err(FlowError::NoTurn),
        }
    }

    /// A draft is finished and the policy has decided about it. What is held never loosens: a `send` joins the open
    /// item like a `hold`, a stricter decision replaces the item. An answer that a person has written and can still
    /// undo stays in force whatever the AI comes up with.
    ///
    /// # Errors
    /// When the draft came too late ([`Self::admits`]): it is dropped, nobody has seen it.
    pub fn draft_finished(
        self,
        context: Context<'_>,
        draft: Proposed<'_>,
        (decision_id, decision): (DecisionId, &Decision),
        salt: [u8; 16],
    ) -> Result<Step, FlowError> {
        self.admits(draft.ticket)?;
        let (turn_id, turn) = self.turn.ok_or(FlowError::NoTurn)?;
        turn.admits_draft(draft.ticket.revision)?;

        // An empty draft cannot be sent, and there is nothing to hold: whatever was decided, a person has to answer.
        let kind = if draft.text.is_empty() {
            decision.kind.max(DecisionKind::HandOff)
        } else {
            decision.kind
        };
        let may_be_approved = kind <= DecisionKind::Hold;
        let mut step = Step::from(self);
        match (self.item, kind) {
            (Some(item), _) if may_be_approved || matches!(item.state, ItemState::Pending(_)) => {
                step.flow.turn = Some((turn_id, turn.moved_to(TurnState::Held)));
                if may_be_approved {
                    step.flow.item = Some(item.draft_joined(decision.terms.quorum));
                    step.effects.push(Effect::DraftJoined(draft.id));
                    if decision.terms != Terms::default() {
                        step.effects.push(Effect::TermsJoined(decision.terms.clone()));
                    }
                }
            }
            (None, DecisionKind::Send) => {
                let id = ReleaseId::new(context.ids);
                let proposal = (draft.id, draft.text);
                let release = Release::by_decision(id, (decision_id, decision), proposal, draft.ticket.epoch, salt)?;
                step.effects.push(Effect::AiAnswers(release));
                step.answered();
            }
            (_, DecisionKind::Send | DecisionKind::Hold) => {
                step.flow.turn = Some((turn_id, turn.moved_to(TurnState::Held)));
                step.open_item(context, ItemKind::Gate, None, &decision.reasons, &decision.terms);
                step.effects.push(Effect::DraftJoined(draft.id));
                // Within business hours the visitor sees an estimate instead.
                if let Attendance::Closed { back_at } = context.attendance() {
                    step.effects.push(Effect::SystemSays(SystemText::Closed { back_at }));
                }
            }
            (_, DecisionKind::HandOff) => {
                step.supersede(context)?;
                step.hand_off(context, self.lease(), &decision.reasons, SystemText::HandedOff)?;
            }
            (_, DecisionKind::Refuse) => {
                step.supersede(context)?;
                step.effects.push(Effect::SystemSays(SystemText::Refused));
                step.answered();
            }
        }
        Ok(step)
    }

    /// A reviewer decides about the open item, naming what was on the screen. A takeover counts at once, everything else after
    /// the undo window; an approval that others have to give as well only counts among theirs.
    ///
    /// # Errors
    /// [`FlowError::NoItem`], [`FlowError::Review`], and [`FlowError::Ownership`] for a takeover.
    pub fn decide(self, context: Context<'_>, kind: OutcomeKind, by: Decider, seen: Seen) -> Result<Step, FlowError> {
        let before = self.item.ok_or(FlowError::NoItem)?;
        if kind == OutcomeKind::TakeOver {
            return self.take_over(context, by.member);
        }
        let outcome_id = OutcomeId::new(context.ids);
        let item = before.decide(outcome_id, kind, by, seen, context.now, context.limits.undo_ms)?;
        let mut step = Step::from(Self {
            item: Some(item),
            ..self
        });
        if let ItemState::Pending(outcome) = item.state {
            step.effects.push(Effect::OutcomePending(outcome));
        } else {
            step.effects.push(Effect::Approved(Approval {
                by: by.member,
                at: context.now,
                revision: item.revision,
                wording: item.ballot.wording(),
                edits: kind == OutcomeKind::Edit,
            }));
        }
        Ok(step)
    }

    /// The reviewer takes a pending outcome back, or an approval that others have not joined yet. What the AI came up with
    /// under an answer of their own that kept it out, it comes up with again ([`Self::dues`]): that somebody has to answer
    /// must not be lost.
    ///
    /// # Errors
    /// [`FlowError::NoItem`] or [`FlowError::Review`].
    pub fn undo(self, by: MemberId, now: Timestamp) -> Result<Step, FlowError> {
        let before = self.item.ok_or(FlowError::NoItem)?;
        let item = before.undo(by, now)?;
        let mut step = Step::from(self);
        if before.state == ItemState::Open {
            step.effects.push(Effect::ApprovalWithdrawn { by });
        }
        step.cancel_pending();
        step.flow.item = Some(item);
        if let Some((id, turn)) = self.turn
            && turn.state == TurnState::Held
            && !item.has_draft
        {
            step.flow.turn = Some((id, turn.moved_to(TurnState::Collecting)));
        }
        Ok(step)
    }

    /// The undo window is over: the outcome has its consequence. `draft` is the item's draft, `text` what the reviewer
    /// approved, edited or wrote. A rejection ends the draft, never the turn: the visitor is handed off.
    ///
    /// # Errors
    /// [`FlowError::NoItem`], [`FlowError::Review`] before it is due, and the fences' errors. Those cannot happen while
    /// every transition goes through here: treat them as a fault, not as an answer.
    pub fn finalise(
        self,
        context: Context<'_>,
        draft: Option<Proposed<'_>>,
        text: &str,
        salt: [u8; 16],
    ) -> Result<Step, FlowError> {
        let (item, outcome) = self.item.ok_or(FlowError::NoItem)?.finalise(context.now)?;
        let mut step = Step::from(Self { item: None, ..self });
        step.effects.push(Effect::ItemClosed { item: item.id, outcome });
        match outcome.kind {
            OutcomeKind::Approve | OutcomeKind::Edit => {
                let draft = draft.ok_or(ReviewError::NothingToRelease)?;
                self.admits(draft.ticket)?;
                let release = Release::by_outcome(
                    ReleaseId::new(context.ids),
                    (outcome.id, outcome.kind),
                    (draft.id, draft.text),
                    text,
                    draft.ticket.epoch,
                    salt,
                )?;
                step.effects.push(Effect::AiAnswers(release));
                step.answered();
            }
            OutcomeKind::Respond => {
                if let Some(by) = outcome.by {
                    step.effects.push(Effect::PersonAnswers { by });
                }
                step.answered();
                step.change_owner(self.ownership.resume_after_answer());
            }
            OutcomeKind::Reject => {
                step.hand_off(context, self.lease(), &[Reason::Rejected], SystemText::HandedOff)?;
            }
            // These are final the moment they happen, so they are never found pending.
            OutcomeKind::TakeOver | OutcomeKind::Supersede | OutcomeKind::Expire => {}
        }
        Ok(step)
    }

    /// The deadline of a held draft passes without a decision. It is never approved by that; its terms say what follows: a
    /// person has to answer (and may ask for an e-mail address), the visitor is told that it takes longer, or that it is
    /// not answered here.
    ///
    /// # Errors
    /// [`FlowError::NoItem`] or [`FlowError::Review`].
    pub fn expire(self, context: Context<'_>) -> Result<Step, FlowError> {
        let item = self.item.ok_or(FlowError::NoItem)?;
        let id = OutcomeId::new(context.ids);
        let mut step = Step::from(self);
        if item.fallback == Fallback::HoldingMessage {
            let until = context.deadline(item.next_patience_ms());
            step.flow.item = Some(item.wait_on(id, context.now, until)?);
            // Said once: a visitor who reads it every quarter of an hour would rather have read nothing.
            if !item.delayed {
                step.effects.push(Effect::SystemSays(SystemText::TakesLonger));
            }
            return Ok(step);
        }
        step.close_item(item.expire(id, context.now)?);
        match item.fallback {
            Fallback::Refuse => {
                step.effects.push(Effect::SystemSays(SystemText::Refused));
                step.answered();
            }
            Fallback::TakeEmail => {
                step.hand_off(context, self.lease(), &[Reason::Timeout], SystemText::AsksForEmail)?;
            }
            Fallback::HandOff | Fallback::HoldingMessage => {
                step.hand_off(context, self.lease(), &[Reason::Timeout], SystemText::HandedOff)?;
            }
        }
        Ok(step)
    }

    /// A person steps in, from the queue or from the conversation. An open item ends with the outcome `take_over`; the
    /// turn waits for the person. Whoever answers somebody does not think it spam.
    ///
    /// # Errors
    /// [`FlowError::Ownership`].
    pub fn take_over(self, context: Context<'_>, by: MemberId) -> Result<Step, FlowError> {
        let ownership = match self.ownership.take_over(by) {
            Err(OwnershipError::OwnedByOther(_)) if self.keeps_waiting(context.now) => self.ownership.relieve(by),
            other => other?,
        };
        let mut step = Step::from(self);
        if let Some(item) = self.item {
            step.cancel_pending();
            let id = OutcomeId::new(context.ids);
            let seen = Seen {
                revision: item.revision,
                wording: item.ballot.wording(),
            };
            let by = Decider {
                member: by,
                may_decide: true,
            };
            step.close_item(item.decide(id, OutcomeKind::TakeOver, by, seen, context.now, 0)?);
        }
        step.flow.spam = None;
        step.wait_for_person();
        step.change_owner(ownership);
        // Whoever has just stepped in has as long as anybody, however long the visitor had waited for somebody before.
        if self.turn.is_some_and(|(_, turn)| turn.state != TurnState::Answered) {
            step.flow.answer_due_at = Some(context.deadline(context.limits.handoff_ms));
        }
        Ok(step)
    }

    /// Whoever owns the conversation has not done their part in time: others are called, as by a handoff. A person who is
    /// there has twice as long: they may be in mid-sentence, and a colleague who sees it can relieve them. The AI, whose
    /// drafts are overtaken or do not come, has no more: whether it is there says nothing.
    ///
    /// # Errors
    /// [`ReviewError::NotDue`] while there is time, and where nobody waits for them.
    pub fn recall(self, context: Context<'_>, owner_is_there: bool) -> Result<Step, FlowError> {
        let is_persons = matches!(self.ownership.owner, Owner::Person(_));
        let until = self.answer_due_at.map(|due| {
            if owner_is_there && is_persons {
                context.duty.deadline(due, context.limits.handoff_ms)
            } else {
                due
            }
        });
        if until.is_none_or(|until| until > context.now) {
            return Err(ReviewError::NotDue.into());
        }
        let mut step = Step::from(self);
        let (ownership, reason) = if is_persons {
            (self.ownership.abandon(), Reason::Timeout)
        } else {
            (self.ownership.hand_off()?, Reason::EngineDeadline)
        };
        step.call_person(context, ownership, None, &[reason], SystemText::HandedOff);
        Ok(step)
    }

    /// Has the visitor waited for the person who owns the conversation longer than anybody should? Then a colleague may
    /// step in: that person's machine may be asleep.
    fn keeps_waiting(&self, now: Timestamp) -> bool {
        self.answer_due_at.is_some_and(|answer_due_at| answer_due_at <= now)
    }

    /// The person who took over writes to the visitor.
    ///
    /// # Errors
    /// [`FlowError::TakeOverFirst`] or [`FlowError::Ownership`].
    pub fn person_wrote(self, by: MemberId) -> Result<Step, FlowError> {
        match self.ownership.owner {
            Owner::Person(owner) if owner == by => {}
            Owner::Person(owner) => return Err(OwnershipError::OwnedByOther(owner).into()),
            Owner::Ai | Owner::Nobody => return Err(FlowError::TakeOverFirst),
        }
        let mut step = Step::from(self);
        step.effects.push(Effect::PersonAnswers { by });
        step.answered();
        Ok(step)
    }

    /// The visitor asks for a person: the AI gives up at once, whatever it drafts or has drafted. Whoever has a person
    /// already, or waits for one, goes on waiting.
    ///
    /// # Errors
    /// [`FlowError::NoTurn`] unless a message of the visitor waits for an answer: the wish is one.
    pub fn visitor_wants_person(self, context: Context<'_>) -> Result<Step, FlowError> {
        if self.turn.is_none_or(|(_, turn)| turn.state == TurnState::Answered) {
            return Err(FlowError::NoTurn);
        }
        let mut step = Step::from(self);
        // Spam waits for nobody; who floods does not fill the queue with this button either.
        if self.ownership.owner == Owner::Ai && self.spam.is_none() {
            step.supersede(context)?;
            step.hand_off(context, self.lease(), &[Reason::CustomerRequest], SystemText::HandedOff)?;
        }
        Ok(step)
    }

    /// Is nothing open: no question, no review item?
    pub fn is_idle(&self) -> bool {
        let answered = self.turn.is_none_or(|(_, turn)| turn.state == TurnState::Answered);
        answered && self.item.is_none()
    }

    /// The conversation is over, ended by a person, or by the visitor or time (`by` is none). An open item ends with it.
    ///
    /// # Errors
    /// [`FlowError::Ownership`] when another person owns it.
    pub fn close(self, context: Context<'_>, by: Option<MemberId>) -> Result<Step, FlowError> {
        if let (Owner::Person(owner), Some(by)) = (self.ownership.owner, by)
            && owner != by
        {
            return Err(OwnershipError::OwnedByOther(owner).into());
        }
        let mut step = Step::from(self);
        step.supersede(context)?;
        step.answered();
        step.change_owner(self.ownership.end());
        Ok(step)
    }

    fn lease(&self) -> Option<Lease> {
        self.item.and_then(|item| item.lease)
    }

    /// The person returns the conversation to the AI, which drafts for what is still unanswered ([`Self::dues`]).
    ///
    /// # Errors
    /// [`FlowError::Ownership`].
    pub fn hand_back(self, context: Context<'_>, by: MemberId) -> Result<Step, FlowError> {
        let ownership = self.ownership.hand_back(by)?;
        let mut step = Step::from(self);
        step.flow.turn = self.turn.map(|(id, turn)| match turn.state {
            TurnState::Answered => (id, turn),
            _ => (id, turn.moved_to(TurnState::Collecting)),
        });
        step.change_owner(ownership);
        step.expect_draft(context);
        Ok(step)
    }
}

#[cfg(test)]
mod tests;
