//! The queue and its items as people and programs read them.

use crate::app::caller::Caller;
use crate::app::ledger;
use crate::app::policy;
use crate::app::views::{MessageView, Names, Page, next_page};
use crate::app::{App, AppError, conversations, team};
use crate::domain::account::Scope;
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::brief::Brief;
use crate::domain::draft::Source;
use crate::domain::ids::{AgentId, ConversationId, DraftId, ItemId, MemberId, OutcomeId};
use crate::domain::policy::{Fallback, Reason};
use crate::domain::review::{ItemKind, MOST_ALIKE, MOST_APPROVERS, OutcomeKind, ReasonCode, VerdictLabel};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::store::entity::{assignment, draft, outcome, review_item};
use crate::store::{ItemStatus, OutcomeStatus, QueueFilter, Rows};
use serde::{Deserialize, Serialize};

/// One line of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemSummary {
    /// Its id.
    pub id: ItemId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// What waits.
    pub kind: ItemKind,
    /// The revision a decision must name.
    pub revision: i64,
    /// The visitor's words.
    pub question: String,
    /// How the draft was found; none while a new one is being made, or for a handoff.
    pub mode: Option<AnswerMode>,
    /// The topics it belongs to.
    pub topics: Vec<String>,
    /// Since when the visitor waits.
    pub waiting_since: Timestamp,
    /// When the fallback comes.
    pub deadline_at: Timestamp,
    /// Who is looking at it.
    pub lease: Option<LeaseView>,
    /// To whom it was given.
    pub assigned: Option<AssignedView>,
    /// The program that speaks for the visitor, by its token's name; none where the visitor writes themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// To whom an item was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssignedView {
    /// The colleague.
    pub member_id: MemberId,
    /// Their name.
    pub name: String,
    /// It is the asker.
    pub yours: bool,
}

/// Which part of the queue is asked for, as a query says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct QueueWish {
    /// What waits.
    #[serde(default)]
    pub kind: Option<ItemKind>,
    /// What was given to the asker.
    #[serde(default)]
    pub mine: bool,
    /// For which agent's visitors.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// Why it waits.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// What it is about: the name of a topic, or `other` for what belongs to none.
    #[serde(default)]
    pub topic: Option<String>,
    /// What is past its deadline.
    #[serde(default)]
    pub overdue: bool,
}

impl QueueWish {
    fn filter(&self, caller: &Caller, now: Timestamp) -> Result<QueueFilter, AppError> {
        Ok(QueueFilter {
            kind: self.kind,
            member: if self.mine { Some(caller.member()?) } else { None },
            agent: self.agent,
            reason: self.reason,
            topic: self.topic.clone().filter(|topic| !topic.is_empty()),
            deadline_by: self.overdue.then_some(now),
        })
    }
}

/// Who is looking at an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseView {
    /// The colleague.
    pub member_id: MemberId,
    /// Their name.
    pub name: String,
    /// Until when, unless renewed.
    pub until: Timestamp,
    /// It is the asker.
    pub yours: bool,
}

/// A draft as a reviewer reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftView {
    /// Its id.
    pub id: DraftId,
    /// The revision it was made for.
    pub revision: i64,
    /// How it was found.
    pub mode: AnswerMode,
    /// The question as it was understood.
    pub question: String,
    /// The text; empty for `abstain`.
    pub text: String,
    /// What it rests on.
    pub sources: Vec<Source>,
    /// Its features.
    pub signals: Signals,
    /// What was noticed about the question, the sources and the text.
    pub screening: Screening,
    /// How long drafting took, in milliseconds.
    pub drafted_in_ms: i64,
    /// When it was ready.
    pub created_at: Timestamp,
}

impl From<draft::Model> for DraftView {
    fn from(row: draft::Model) -> Self {
        Self {
            id: row.id,
            revision: row.revision,
            mode: row.mode,
            question: row.question,
            text: row.body,
            sources: row.sources.0,
            signals: row.signals.0,
            screening: row.screening.0,
            drafted_in_ms: row.drafted_in_ms,
            created_at: row.created_at,
        }
    }
}

/// An outcome as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeView {
    /// Its id.
    pub id: OutcomeId,
    /// What was decided.
    pub kind: OutcomeKind,
    /// Who decided; none for a deadline.
    pub by: Option<String>,
    /// The text that goes out.
    pub text: Option<String>,
    /// The verdict on the draft.
    pub verdict: Option<VerdictLabel>,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// For colleagues.
    pub note: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
    /// When it becomes, or became, final.
    pub final_at: Timestamp,
    /// `pending`, `final` or `cancelled`.
    pub state: OutcomeStatus,
}

/// An item with everything needed to decide about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemView {
    /// Its line in the queue.
    #[serde(flatten)]
    pub summary: ItemSummary,
    /// `open`, `pending` or `closed`.
    pub state: ItemStatus,
    /// Why it is here.
    pub reasons: Vec<Reason>,
    /// The reasons as sentences, the owner's rules among them.
    pub reasons_in_words: Vec<String>,
    /// Topics of the draft that are released without a certificate; it is held all the same.
    pub uncertified_topics: Vec<String>,
    /// The whole conversation so far.
    pub messages: Vec<MessageView>,
    /// The newest draft of the turn; it may be for an older revision while a new one is being made.
    pub draft: Option<DraftView>,
    /// Whether that draft may be released.
    pub may_release: bool,
    /// The decision that stands, if any.
    pub outcome: Option<OutcomeView>,
    /// How long a decision can be undone, in milliseconds.
    pub undo_ms: i64,
    /// What follows at the deadline.
    pub fallback: Fallback,
    /// Whether the asker is among those who may decide.
    pub may_decide: bool,
    /// Skills or e-mail addresses of those who may decide; everybody if empty.
    pub approvers: Vec<String>,
    /// How many have to approve the same wording.
    pub quorum: u8,
    /// The wording that a decision must name; 0 is the draft's own.
    pub wording: i64,
    /// Who has approved it so far, first to last.
    pub approved_by: Vec<String>,
    /// How many other items wait with an identical draft: one decision can release them all.
    pub alike: usize,
    /// What whoever answers needs to know, for a visitor who waits for a person.
    pub brief: Option<Brief>,
    /// What a colleague made of the draft: this is what would go out. None while the draft's own text stands.
    pub edited_text: Option<String>,
}

/// The queue, the oldest unanswered message first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a bad cursor, or the store's.
pub async fn queue(
    app: &App,
    caller: &Caller,
    wish: &QueueWish,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ItemSummary>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let after = after
        .map(crate::app::conversations::parse_cursor::<ItemId>)
        .transpose()?;
    let found = rows.queue(&wish.filter(caller, app.now())?, after, limit).await?;
    let next = next_page(&found, limit, |last| format!("{}_{}", last.rank_at.0, last.id));
    let mut names = Names::default();
    let ids: Vec<ItemId> = found.iter().map(|row| row.id).collect();
    let given = rows.assignments_of(&ids).await?;
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let given = given.iter().find(|given| given.item_id == row.id);
        items.push(summary(&rows, caller, &mut names, &row, given, app.now()).await?);
    }
    Ok(Page { items, next })
}

/// How many items of a part of the queue wait.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn waiting(app: &App, caller: &Caller, wish: &QueueWish) -> Result<u64, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    Ok(rows.queue_count(&wish.filter(caller, app.now())?).await?)
}

async fn summary(
    rows: &Rows<'_>,
    caller: &Caller,
    names: &mut Names,
    row: &review_item::Model,
    given: Option<&assignment::Model>,
    now: Timestamp,
) -> Result<ItemSummary, AppError> {
    let asked = rows.visitor_messages(row.turn_id).await?;
    let lease = match row.leased_by.zip(row.leased_until).filter(|&(_, until)| until > now) {
        Some((member_id, until)) => {
            let yours = caller.member().is_ok_and(|me| me == member_id);
            Some(LeaseView {
                member_id,
                name: names.of(rows, member_id).await?,
                until,
                yours,
            })
        }
        None => None,
    };
    let assigned = match given {
        Some(given) => Some(AssignedView {
            member_id: given.member_id,
            name: names.of(rows, given.member_id).await?,
            yours: caller.member().is_ok_and(|me| me == given.member_id),
        }),
        None => None,
    };
    let mode = match row.draft_id {
        Some(id) => rows.draft(id).await?.map(|draft| draft.mode),
        None => None,
    };
    Ok(ItemSummary {
        id: row.id,
        conversation_id: row.conversation_id,
        kind: row.kind,
        revision: row.revision,
        question: asked
            .iter()
            .map(|message| message.body.as_str())
            .collect::<Vec<_>>()
            .join("\n"),
        mode,
        topics: row.topics.0.clone(),
        waiting_since: row.waiting_since,
        deadline_at: row.deadline_at,
        lease,
        assigned,
        program: rows.program_of(row.conversation_id).await?,
    })
}

/// One item, whatever its state.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn item(app: &App, caller: &Caller, id: ItemId) -> Result<ItemView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
    let mut names = Names::default();
    let draft = match row.draft_id {
        Some(draft_id) => rows.draft(draft_id).await?,
        // A handoff has no draft to release, but what the AI looked at helps whoever answers.
        None => rows.drafts_of_turns(&[row.turn_id]).await?.pop(),
    };
    let outcome = match rows.standing_outcome(id).await? {
        Some(outcome) => Some(outcome_view(&rows, &mut names, outcome).await?),
        None => None,
    };
    let mut reasons_in_words: Vec<String> = row
        .reasons
        .0
        .iter()
        .map(|reason| reason.in_words().to_owned())
        .collect();
    let decision = match &draft {
        Some(draft) => rows.decision_of(draft.id).await?,
        None => None,
    };
    let mut uncertified_topics = Vec::new();
    if let (Some(decision), Some(conversation)) = (&decision, rows.conversation(row.conversation_id).await?) {
        reasons_in_words.extend(policy::rules_in_words(&rows, conversation.agent_id, decision).await?);
        if let Some(facts) = &decision.facts {
            let topics = policy::open_topics(&decision.gate.0, &facts.0).into_iter();
            uncertified_topics = topics.map(str::to_owned).collect();
        }
    }
    let approvals = ledger::standing_approvals(&rows, &row).await?;
    let mut approved_by = Vec::with_capacity(approvals.len());
    for given in &approvals {
        approved_by.push(names.of(&rows, given.member_id).await?);
    }
    let may_decide = match caller.member() {
        Ok(member) => team::may_decide(&rows, &row.terms.0, member).await?,
        Err(_) => row.terms.0.approvers.is_empty(),
    };
    let given = rows.assignments_of(&[id]).await?.pop();
    let messages = names.messages(&rows, row.conversation_id, 0).await?;
    let brief = match row.kind {
        ItemKind::Handoff => {
            Some(conversations::brief_of_waiting(&rows, row.conversation_id, &messages, &row.reasons.0).await?)
        }
        ItemKind::Gate => None,
    };
    let may_release = row.kind == ItemKind::Gate && draft.as_ref().is_some_and(|draft| draft.revision == row.revision);
    Ok(ItemView {
        summary: summary(&rows, caller, &mut names, &row, given.as_ref(), app.now()).await?,
        fallback: row.terms.0.fallback,
        may_decide,
        approvers: row.terms.0.approvers.clone(),
        quorum: row.terms.0.quorum.clamp(1, MOST_APPROVERS),
        wording: row.wording,
        approved_by,
        alike: match &row.likeness {
            Some(likeness) if row.terms.0.quorum <= 1 => rows
                .alike(likeness, MOST_ALIKE as u64 + 1)
                .await?
                .len()
                .saturating_sub(1),
            _ => 0,
        },
        edited_text: approvals.into_iter().next().and_then(|given| given.body),
        state: row.state,
        reasons_in_words,
        uncertified_topics,
        reasons: row.reasons.0,
        messages,
        brief,
        draft: draft.map(DraftView::from),
        may_release,
        outcome,
        undo_ms: ledger::settings(&rows).await?.undo_ms,
    })
}

pub(in crate::app) async fn outcome_view(
    rows: &Rows<'_>,
    names: &mut Names,
    row: outcome::Model,
) -> Result<OutcomeView, AppError> {
    let by = match row.member_id {
        Some(member) => Some(names.of(rows, member).await?),
        None => None,
    };
    Ok(OutcomeView {
        id: row.id,
        kind: row.kind,
        by,
        text: row.body,
        verdict: row.verdict,
        reasons: row.reasons.0,
        note: row.note,
        at: row.created_at,
        final_at: row.final_at,
        state: row.state,
    })
}
