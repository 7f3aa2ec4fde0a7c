//! What a transition results in: the conversation afterwards, and what to do about it.

use super::{Context, Flow, FlowError};
use crate::domain::conversation::{Owner, Ownership};
use crate::domain::duty::Attendance;
use crate::domain::ids::{DraftId, ItemId, MemberId, OutcomeId, TurnId};
use crate::domain::policy::{Reason, Terms};
use crate::domain::release::Release;
use crate::domain::review::{Ballot, Item, ItemKind, ItemState, Lease, Pending};
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;

/// A text with author `system`; the workspace holds the wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemText {
    /// A person will answer.
    HandedOff,
    /// This is not answered here.
    Refused,
    /// A person is checking, and it takes longer.
    TakesLonger,
    /// A person will answer by e-mail, if there is an address.
    AsksForEmail,
    /// Nobody is there before this, and an e-mail address is asked for.
    Closed {
        /// When the business opens next; none if not within a year.
        back_at: Option<Timestamp>,
    },
}

/// One of several approvals that an answer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// Who gave it.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// The revision it is for.
    pub revision: i64,
    /// The wording it is for.
    pub wording: i64,
    /// Whether that wording is theirs: the text comes with it.
    pub edits: bool,
}

/// What a transition does beyond the state it returns. Carried out in order, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A turn began: insert it ([`Flow::turn`]).
    TurnOpened(TurnId),
    /// An outcome inside its undo window no longer counts: mark it as cancelled; it stays in the history.
    OutcomeCancelled(Pending),
    /// An outcome began its undo window: insert it; the item stays in the queue for its reviewer alone, to undo.
    OutcomePending(Pending),
    /// The item has its one final outcome: mark the outcome as final (insert it if it was never pending) and close the item.
    ItemClosed {
        /// The item.
        item: ItemId,
        /// Its outcome.
        outcome: Pending,
    },
    /// An item joined the queue: insert it ([`Flow::item`]).
    ItemOpened {
        /// The item as it begins.
        item: Item,
        /// Why it is there, strictest first.
        reasons: Vec<Reason>,
        /// How it waits.
        terms: Terms,
    },
    /// The open item got a draft for its current revision: point the item at it.
    DraftJoined(DraftId),
    /// The draft that joined has terms of its own: keep what [`crate::domain::review::joined`] makes of both.
    TermsJoined(Terms),
    /// Somebody approved what others have to approve as well: insert the approval.
    Approved(Approval),
    /// Somebody took their approval back: mark it as withdrawn.
    ApprovalWithdrawn {
        /// Whose it was.
        by: MemberId,
    },
    /// The conversation has a new owner, whose epoch [`Flow::ownership`] has. `Nobody` is a handoff, a person a
    /// takeover, the AI a hand-back.
    OwnerChanged(Owner),
    /// The AI's text goes out: insert the release and the message of author `ai` that rests on it.
    AiAnswers(Release),
    /// A person's text goes out: insert the message of author `person`.
    PersonAnswers {
        /// Who wrote it.
        by: MemberId,
    },
    /// A fixed text goes out: insert the message of author `system`.
    SystemSays(SystemText),
}

/// The result of a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The conversation afterwards.
    pub flow: Flow,
    /// What to do about it.
    pub effects: Vec<Effect>,
}

impl From<Flow> for Step {
    fn from(flow: Flow) -> Self {
        Self {
            flow,
            effects: Vec::new(),
        }
    }
}

impl Step {
    pub(super) fn answered(&mut self) {
        if let Some((_, turn)) = &mut self.flow.turn {
            *turn = turn.moved_to(TurnState::Answered);
        }
        self.flow.answer_due_at = None;
    }

    /// From now on the AI owes a draft, if it does and has not before. Where an item waits already, its deadline is the one that counts.
    pub(super) fn expect_draft(&mut self, context: Context<'_>) {
        let collects = self
            .flow
            .turn
            .is_some_and(|(_, turn)| turn.state == TurnState::Collecting);
        if collects && self.flow.item.is_none() && self.flow.answer_due_at.is_none() {
            self.flow.answer_due_at = Some(context.now.plus_ms(context.limits.hold_ms));
        }
    }

    pub(super) fn wait_for_person(&mut self) {
        if let Some((_, turn)) = &mut self.flow.turn
            && turn.takes_messages()
        {
            *turn = turn.moved_to(TurnState::Waiting);
        }
    }

    pub(super) fn change_owner(&mut self, ownership: Ownership) {
        if ownership.owner != self.flow.ownership.owner {
            self.effects.push(Effect::OwnerChanged(ownership.owner));
            self.flow.answer_due_at = None;
        }
        self.flow.ownership = ownership;
    }

    pub(super) fn cancel_pending(&mut self) {
        if let Some(Item {
            state: ItemState::Pending(outcome),
            ..
        }) = self.flow.item
        {
            self.effects.push(Effect::OutcomeCancelled(outcome));
        }
    }

    /// Takes the item, now closed, out of the flow.
    pub(super) fn close_item(&mut self, closed: Item) {
        if let ItemState::Closed(outcome) = closed.state {
            self.effects.push(Effect::ItemClosed {
                item: closed.id,
                outcome,
            });
            self.flow.item = None;
        }
    }

    pub(super) fn supersede(&mut self, context: Context<'_>) -> Result<(), FlowError> {
        if let Some(item) = self.flow.item {
            self.cancel_pending();
            self.close_item(item.supersede(OutcomeId::new(context.ids), context.now)?);
        }
        Ok(())
    }

    /// Whoever was looking at the item that this follows from goes on with the handoff: they may be in mid-sentence. The visitor
    /// reads `says`, or where nobody is there, that, and that they may leave an address.
    pub(super) fn hand_off(
        &mut self,
        context: Context<'_>,
        lease: Option<Lease>,
        reasons: &[Reason],
        says: SystemText,
    ) -> Result<(), FlowError> {
        let ownership = self.flow.ownership.hand_off()?;
        self.call_person(context, ownership, lease, reasons, says);
        Ok(())
    }

    /// The same under an owner that has been settled already.
    pub(super) fn call_person(
        &mut self,
        context: Context<'_>,
        ownership: Ownership,
        lease: Option<Lease>,
        reasons: &[Reason],
        says: SystemText,
    ) {
        self.wait_for_person();
        self.change_owner(ownership);
        // Whoever may decide about drafts, a visitor who waits for a person may be answered by anybody.
        self.open_item(context, ItemKind::Handoff, lease, reasons, &Terms::default());
        let says = match (context.attendance(), says) {
            (Attendance::Closed { back_at }, _) => SystemText::Closed { back_at },
            (Attendance::Away, SystemText::HandedOff) => SystemText::AsksForEmail,
            (Attendance::There | Attendance::Away, says) => says,
        };
        self.effects.push(Effect::SystemSays(says));
    }

    pub(super) fn open_item(
        &mut self,
        context: Context<'_>,
        kind: ItemKind,
        lease: Option<Lease>,
        reasons: &[Reason],
        terms: &Terms,
    ) {
        let patience_ms = match kind {
            ItemKind::Gate => terms.deadline_ms.unwrap_or(context.limits.hold_ms),
            ItemKind::Handoff => context.limits.handoff_ms,
        };
        let item = Item {
            id: ItemId::new(context.ids),
            kind,
            state: ItemState::Open,
            revision: self.flow.turn.map_or(0, |(_, turn)| turn.revision),
            has_draft: kind == ItemKind::Gate,
            lease,
            deadline_at: context.deadline(patience_ms),
            patience_ms,
            fallback: terms.fallback,
            delayed: false,
            ballot: Ballot::new(terms.quorum),
        };
        self.flow.item = Some(item);
        // From now on its own deadline counts.
        self.flow.answer_due_at = None;
        self.effects.push(Effect::ItemOpened {
            item,
            reasons: reasons.to_vec(),
            terms: terms.clone(),
        });
    }
}
