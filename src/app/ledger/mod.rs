//! Between the rules and the rows: loads a conversation as a [`Flow`], and writes a [`Step`] back.
//!
//! Every change of a conversation goes through here, inside one write: load, ask the flow, carry out.

mod carry_out;
mod told;

pub(super) use told::topics_of;

use crate::app::AppError;
use crate::domain::conversation::{Owner, Ownership};
use crate::domain::duty::Duty;
use crate::domain::flow::{Context, Flow, Limits};
use crate::domain::ids::{ConversationId, MemberId};
use crate::domain::review::{Ballot, Item, ItemState, Lease, OutcomeKind, Pending, ReasonCode, VerdictLabel};
use crate::domain::settings::WorkspaceSettings;
use crate::domain::turn::Turn;
use crate::store::entity::{approval, conversation, draft, message, outcome, review_item, turn};
use crate::store::{ItemStatus, OwnerKind, Rows, Sources};

/// A conversation's rows and what the rules make of them.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    /// The conversation.
    pub(crate) conversation: conversation::Model,
    /// Its latest turn.
    pub(crate) turn: Option<turn::Model>,
    /// Its open review item.
    pub(crate) item: Option<review_item::Model>,
    /// The item's pending outcome.
    pub(crate) pending: Option<outcome::Model>,
    /// The draft the item points at; it may be for an older revision.
    pub(crate) draft: Option<draft::Model>,
    /// Who has approved the item's text as it stands; its author first, if it is not the draft's own.
    pub(crate) approvals: Vec<approval::Model>,
    /// All of it as the rules see it.
    pub(crate) flow: Flow,
}

/// What a reviewer's decision carries besides its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DecisionDetails {
    /// The text that is to go out.
    pub(crate) text: Option<String>,
    /// The verdict as given.
    pub(crate) verdict: Option<VerdictLabel>,
    /// Why.
    pub(crate) reasons: Vec<ReasonCode>,
    /// For colleagues.
    pub(crate) note: Option<String>,
    /// Keep the answer as a verified answer.
    pub(crate) remember: bool,
}

/// What carrying out a step needs besides the step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    /// For a decision.
    pub(crate) decision: DecisionDetails,
    /// A visitor's message, said after all effects: text and client-made id.
    pub(crate) visitor: Option<(String, String)>,
    /// A person's message: text and client-made id.
    pub(crate) person: Option<(String, Option<String>)>,
}

/// Messages that were written while carrying out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// In order.
    pub(crate) messages: Vec<message::Model>,
    /// The item that joined the queue.
    pub(crate) opened: Option<review_item::Model>,
}

/// The workspace's limits from its settings.
pub(crate) const fn limits(settings: &WorkspaceSettings) -> Limits {
    Limits {
        undo_ms: settings.undo_ms,
        hold_ms: settings.hold_ms,
        handoff_ms: settings.handoff_ms,
    }
}

/// The context of a transition. One that may hold a draft or call a person needs to know who is there, too: [`Context::duty`].
pub(crate) fn context<'a>(sources: &'a Sources, settings: &WorkspaceSettings) -> Context<'a> {
    Context {
        now: sources.clock.now(),
        ids: &*sources.ids,
        limits: limits(settings),
        duty: Duty::ROUND_THE_CLOCK,
    }
}

/// The settings of the workspace.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub(crate) async fn settings(rows: &Rows<'_>) -> Result<WorkspaceSettings, AppError> {
    Ok(rows
        .workspace()
        .await?
        .ok_or(AppError::NotFound("the workspace"))?
        .settings
        .0)
}

/// Loads a conversation.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub(crate) async fn load(rows: &Rows<'_>, id: ConversationId) -> Result<Ledger, AppError> {
    let conversation = rows
        .conversation(id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let turn = rows.latest_turn(id).await?;
    let item = rows.open_item(id).await?;
    let (pending, draft) = match &item {
        Some(item) => {
            let draft = match item.draft_id {
                Some(draft_id) => rows.draft(draft_id).await?,
                None => None,
            };
            (rows.standing_outcome(item.id).await?, draft)
        }
        None => (None, None),
    };
    let approvals = match &item {
        Some(item) => standing_approvals(rows, item).await?,
        None => Vec::new(),
    };
    let flow = Flow {
        ownership: ownership(&conversation),
        turn: turn.as_ref().map(|turn| (turn.id, turn_of(turn))),
        item: item
            .as_ref()
            .map(|item| item_of(item, pending.as_ref(), draft.as_ref(), &approvals)),
        spam: conversation.spam,
        answer_due_at: conversation.answer_due_at,
    };
    Ok(Ledger {
        conversation,
        turn,
        item,
        pending,
        draft,
        approvals,
        flow,
    })
}

/// The approvals that count for an item's text as it stands.
///
/// # Errors
/// The store's.
pub(crate) async fn standing_approvals(
    rows: &Rows<'_>,
    item: &review_item::Model,
) -> Result<Vec<approval::Model>, AppError> {
    // Hardly any answer needs more than one person.
    if item.terms.0.quorum <= 1 {
        return Ok(Vec::new());
    }
    let given = rows.approvals_of(item.id).await?;
    let stands = |given: &approval::Model| {
        given.withdrawn_at.is_none() && given.revision == item.revision && given.wording == item.wording
    };
    Ok(given.into_iter().filter(stands).collect())
}

/// Who owns a conversation.
pub(crate) const fn ownership(row: &conversation::Model) -> Ownership {
    let owner = match (row.owner, row.owner_member_id) {
        (OwnerKind::Person, Some(member)) => Owner::Person(member),
        (OwnerKind::Ai, _) => Owner::Ai,
        // The schema's CHECK keeps a person without a member out.
        (OwnerKind::Nobody | OwnerKind::Person, _) => Owner::Nobody,
    };
    Ownership {
        owner,
        epoch: row.epoch,
    }
}

const fn turn_of(row: &turn::Model) -> Turn {
    Turn {
        state: row.state,
        revision: row.revision,
        opened_at: row.opened_at,
        burst_at: row.burst_at,
        last_message_at: row.last_message_at,
    }
}

fn item_of(
    row: &review_item::Model,
    outcome: Option<&outcome::Model>,
    draft: Option<&draft::Model>,
    approvals: &[approval::Model],
) -> Item {
    let terms = &row.terms.0;
    let approved: Vec<MemberId> = approvals.iter().map(|given| given.member_id).collect();
    let edited = approvals.first().is_some_and(|given| given.body.is_some());
    let state = match outcome.map(pending_of) {
        Some(outcome) if row.state == ItemStatus::Closed => ItemState::Closed(outcome),
        Some(outcome) => ItemState::Pending(outcome),
        None => ItemState::Open,
    };
    Item {
        id: row.id,
        kind: row.kind,
        state,
        revision: row.revision,
        has_draft: draft.is_some_and(|draft| draft.revision == row.revision),
        lease: row
            .leased_by
            .zip(row.leased_until)
            .map(|(member, until)| Lease { member, until }),
        deadline_at: row.deadline_at,
        patience_ms: terms
            .deadline_ms
            .unwrap_or_else(|| row.deadline_at.ms_since(row.created_at)),
        fallback: terms.fallback,
        delayed: row.delayed_at.is_some(),
        ballot: Ballot::restored(terms.quorum, row.wording, edited, &approved),
    }
}

/// An item with its standing outcome, for an item that may be closed.
pub(crate) fn closed_or_open(row: &review_item::Model, outcome: Option<&outcome::Model>) -> Item {
    item_of(row, outcome, None, &[])
}

fn pending_of(row: &outcome::Model) -> Pending {
    Pending {
        id: row.id,
        kind: row.kind,
        by: row.member_id,
        at: row.created_at,
        final_at: row.final_at,
    }
}

impl Ledger {
    /// The text that a person made of the draft and others have to approve; none while the draft's own stands.
    pub(crate) fn edited_text(&self) -> Option<&approval::Model> {
        self.approvals.first().filter(|given| given.body.is_some())
    }

    /// The item's draft as the rules see it.
    pub(crate) fn proposed(&self) -> Option<crate::domain::flow::Proposed<'_>> {
        self.draft.as_ref().map(|draft| crate::domain::flow::Proposed {
            id: draft.id,
            ticket: crate::domain::flow::Ticket {
                turn_id: draft.turn_id,
                revision: draft.revision,
                epoch: draft.epoch,
            },
            text: &draft.body,
        })
    }
}

/// Does this kind of outcome leave an answer worth remembering?
pub(crate) const fn may_be_remembered(kind: OutcomeKind) -> bool {
    matches!(kind, OutcomeKind::Edit | OutcomeKind::Respond)
}
