//! The queue: look, lease, decide, undo; and what happens when the undo window or the deadline has passed.

use super::caller::Caller;
use super::knowledge::{self, Remembered};
use super::ledger::{self, DecisionDetails, Details, Ledger};
use super::views::{MessageView, Names, Page};
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::draft::Source;
use crate::domain::flow::FlowError;
use crate::domain::ids::{ConversationId, DraftId, ItemId, MemberId, OutcomeId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::Reason;
use crate::domain::review::{ItemKind, OutcomeKind, Pending, ReasonCode, ReviewError, VerdictLabel};
use crate::domain::text::{AnswerText, Note};
use crate::domain::time::Timestamp;
use crate::store::entity::{draft, outcome, review_item};
use crate::store::{Change, ItemStatus, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

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
    /// Since when the visitor waits.
    pub waiting_since: Timestamp,
    /// When the fallback comes.
    pub deadline_at: Timestamp,
    /// Who is looking at it.
    pub lease: Option<LeaseView>,
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
    pub state: crate::store::OutcomeStatus,
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
    /// The reasons as sentences.
    pub reasons_in_words: Vec<&'static str>,
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
}

/// What a reviewer decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The outcome.
    pub kind: OutcomeKind,
    /// The revision that was on the screen.
    pub revision: i64,
    /// The text of an edit or a response.
    #[serde(default)]
    pub text: Option<String>,
    /// For an edit: could the draft have gone out?
    #[serde(default)]
    pub verdict: Option<VerdictLabel>,
    /// What was wrong.
    #[serde(default)]
    pub reasons: Vec<ReasonCode>,
    /// For colleagues.
    #[serde(default)]
    pub note: Option<String>,
    /// Keep an edited or written answer as a verified answer. Default: yes.
    #[serde(default = "yes")]
    pub remember: bool,
}

const fn yes() -> bool {
    true
}

/// A decision was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The outcome.
    pub outcome_id: OutcomeId,
    /// When it becomes final.
    pub final_at: Timestamp,
    /// How long it can be undone, in milliseconds.
    pub undo_ms: i64,
}

/// The queue, the oldest unanswered message first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a bad cursor, or the store's.
pub async fn queue(app: &App, caller: &Caller, after: Option<&str>, limit: u64) -> Result<Page<ItemSummary>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let after = after.map(super::conversations::parse_cursor::<ItemId>).transpose()?;
    let found = rows.queue(after, limit).await?;
    let full = found.len() as u64 == limit;
    let next = found
        .last()
        .filter(|_| full)
        .map(|last| format!("{}_{}", last.waiting_since.0, last.id));
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(summary(&rows, caller, &mut names, &row, app.now()).await?);
    }
    Ok(Page { items, next })
}

async fn summary(
    rows: &Rows<'_>,
    caller: &Caller,
    names: &mut Names,
    row: &review_item::Model,
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
        waiting_since: row.waiting_since,
        deadline_at: row.deadline_at,
        lease,
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
    let may_release = row.kind == ItemKind::Gate && draft.as_ref().is_some_and(|draft| draft.revision == row.revision);
    Ok(ItemView {
        summary: summary(&rows, caller, &mut names, &row, app.now()).await?,
        state: row.state,
        reasons_in_words: row.reasons.0.iter().map(|reason| reason.in_words()).collect(),
        reasons: row.reasons.0,
        messages: names.messages(&rows, row.conversation_id, 0).await?,
        draft: draft.map(DraftView::from),
        may_release,
        outcome,
        undo_ms: ledger::settings(&rows).await?.undo_ms,
    })
}

pub(super) async fn outcome_view(
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

/// A reviewer looks at an item; looking again renews the lease.
///
/// # Errors
/// [`AppError::Conflict`] with who has it.
pub async fn lease(app: &App, caller: &Caller, id: ItemId) -> Result<Timestamp, AppError> {
    let member = reviewer(caller)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    let caller = caller.clone();
    let leased = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
                let standing = tx.standing_outcome(id).await?;
                let before = ledger::closed_or_open(&row, standing.as_ref());
                let item = match before.lease(member, app.now()) {
                    Ok(item) => item,
                    Err(refused) => return Err(explain(tx, refused).await?),
                };
                let until = item.lease.map_or(Timestamp(0), |lease| lease.until);
                let anew = before
                    .lease
                    .is_none_or(|lease| lease.member != member || lease.until <= app.now());
                tx.update(review_item::Model {
                    leased_by: Some(member),
                    leased_until: Some(until),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::ReviewLeased, actor)
                    .about("item", id)
                    .about("conversation", row.conversation_id);
                // A renewal is not news.
                Ok::<_, AppError>(if anew {
                    Change::Logged(until, entry)
                } else {
                    Change::Unlogged(until)
                })
            })
        })
        .await?;
    Ok(leased)
}

/// The reviewer looks away.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn release_lease(app: &App, caller: &Caller, id: ItemId) -> Result<(), AppError> {
    let member = reviewer(caller)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
                if row.leased_by != Some(member) {
                    return Ok(Change::Unlogged(()));
                }
                let conversation_id = row.conversation_id;
                tx.update(review_item::Model {
                    leased_by: None,
                    leased_until: None,
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::ReviewLeased, actor)
                    .about("item", id)
                    .about("conversation", conversation_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// A reviewer decides.
///
/// # Errors
/// [`AppError::Conflict`] when it was decided already, is leased by a colleague, or the visitor wrote again.
pub async fn decide(app: &App, caller: &Caller, id: ItemId, wish: Decide) -> Result<Decided, AppError> {
    let member = reviewer(caller)?;
    if wish.kind == OutcomeKind::TakeOver {
        let rows = app.store().rows(caller.workspace_id);
        let row = rows.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
        if row.state == ItemStatus::Closed {
            return Err(already(app, caller, id).await?);
        }
        super::takeover::take_over(app, caller, row.conversation_id).await?;
        let outcome = rows
            .standing_outcome(id)
            .await?
            .ok_or(AppError::NotFound("the outcome"))?;
        return Ok(Decided {
            outcome_id: outcome.id,
            final_at: outcome.final_at,
            undo_ms: 0,
        });
    }
    let details = details(&wish)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (app, details, wish) = (app_of_write.clone(), details.clone(), wish.clone());
            Box::pin(async move { decide_in(&app, tx, id, member, actor, &wish, details).await })
        })
        .await
}

async fn decide_in(
    app: &App,
    tx: &Tx<'_>,
    id: ItemId,
    member: MemberId,
    actor: Actor,
    wish: &Decide,
    mut details: DecisionDetails,
) -> Result<Change<Decided>, AppError> {
    let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
    let mut ledger = ledger::load(tx, row.conversation_id).await?;
    if row.state == ItemStatus::Closed || ledger.item.as_ref().is_none_or(|item| item.id != id) {
        return Err(already_in(tx, id).await?);
    }
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    let step = match ledger.flow.decide(context, wish.kind, member, wish.revision) {
        Ok(step) => step,
        Err(FlowError::Review(refused)) => return Err(explain_with_news(tx, &ledger, refused, wish.revision).await?),
        Err(other) => return Err(other.into()),
    };
    if wish.kind == OutcomeKind::Approve {
        // What is approved is the draft's own text, not what a client sends along.
        details.text = ledger.draft.as_ref().map(|draft| draft.body.clone());
    }
    ledger
        .carry_out(
            tx,
            context,
            &settings,
            &step,
            &Details {
                decision: details,
                person: None,
            },
        )
        .await?;
    let outcome = ledger
        .pending
        .as_ref()
        .ok_or_else(|| AppError::Internal("a decision left no outcome".to_owned()))?;
    let decided = Decided {
        outcome_id: outcome.id,
        final_at: outcome.final_at,
        undo_ms: settings.undo_ms,
    };
    let entry = LogDraft::new(EventKind::ReviewDecided, actor)
        .about("conversation", row.conversation_id)
        .about("item", id)
        .about("outcome", outcome.id)
        .about("revision", wish.revision)
        .with("kind", serde_json::to_value(wish.kind).unwrap_or_default())
        .with("text", outcome.body.clone())
        .with("note", outcome.note.clone());
    Ok(Change::Logged(decided, entry))
}

/// Checks what comes with a decision.
fn details(wish: &Decide) -> Result<DecisionDetails, AppError> {
    let text = match wish.kind {
        OutcomeKind::Edit | OutcomeKind::Respond => {
            Some(AnswerText::parse(wish.text.as_deref().unwrap_or_default())?.into())
        }
        OutcomeKind::Approve | OutcomeKind::Reject | OutcomeKind::TakeOver => None,
        OutcomeKind::Supersede | OutcomeKind::Expire => {
            return Err(AppError::Invalid(
                "choose one of: approve, edit, reject, respond, take_over".to_owned(),
            ));
        }
    };
    let note = wish
        .note
        .as_deref()
        .map(str::trim)
        .filter(|note| !note.is_empty())
        .map(Note::parse)
        .transpose()?;
    let mut reasons = wish.reasons.clone();
    reasons.sort_unstable();
    reasons.dedup();
    Ok(DecisionDetails {
        text,
        verdict: wish.verdict,
        reasons,
        note: note.map(String::from),
        remember: wish.remember && ledger::may_be_remembered(wish.kind),
    })
}

/// The reviewer takes a decision back.
///
/// # Errors
/// [`AppError::Conflict`] once it is final, or when there is nothing to undo.
pub async fn undo(app: &App, caller: &Caller, id: ItemId) -> Result<(), AppError> {
    let member = reviewer(caller)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
                let mut ledger = ledger::load(tx, row.conversation_id).await?;
                if row.state == ItemStatus::Closed || ledger.item.as_ref().is_none_or(|item| item.id != id) {
                    let sentence = "it is too late to undo: the decision is final".to_owned();
                    return Err(AppError::Conflict {
                        sentence,
                        extra: json!({}),
                    });
                }
                let settings = ledger::settings(tx).await?;
                let context = ledger::context(app.sources(), &settings);
                let step = match ledger.flow.undo(member, context.now) {
                    Ok(step) => step,
                    Err(FlowError::Review(refused)) => return Err(explain(tx, refused).await?),
                    Err(other) => return Err(other.into()),
                };
                ledger
                    .carry_out(tx, context, &settings, &step, &Details::default())
                    .await?;
                let entry = LogDraft::new(EventKind::ReviewUndone, actor)
                    .about("item", id)
                    .about("conversation", row.conversation_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// The undo window of a conversation's item is over (a job).
pub(super) async fn finalise(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let ledger = ledger::load(&rows, id).await?;
    // A correction that is to be remembered gets its vectors before the transaction; without an engine, a job adds them.
    let remembered = match ledger.pending.as_ref().filter(|outcome| outcome.remember) {
        Some(outcome) => Some(Remembered::prepare(app, &rows, &ledger, outcome).await?),
        None => None,
    };
    let app_of_write = app.clone();
    let kept = remembered.is_some();
    app.store()
        .write(workspace_id, move |tx| {
            let (app, remembered) = (app_of_write.clone(), remembered.clone());
            Box::pin(async move { finalise_in(&app, tx, id, remembered).await })
        })
        .await?;
    if kept {
        knowledge::changed(app, workspace_id);
    }
    Ok(())
}

async fn finalise_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    remembered: Option<Remembered>,
) -> Result<Change<()>, AppError> {
    let mut ledger = ledger::load(tx, id).await?;
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    let Some(outcome) = ledger.pending.clone() else {
        return Ok(Change::Unlogged(()));
    };
    let mut salt = [0; 16];
    app.sources().random.fill(&mut salt);
    let text = outcome.body.clone().unwrap_or_default();
    let step = match ledger.flow.finalise(context, ledger.proposed(), &text, salt) {
        Ok(step) => step,
        Err(FlowError::Review(ReviewError::NotDue)) => return Ok(Change::Unlogged(())),
        Err(fault) => {
            return Err(AppError::Internal(format!(
                "an outcome could not become final: {fault}"
            )));
        }
    };
    let details = DecisionDetails {
        text: Some(text),
        ..DecisionDetails::default()
    };
    let written = ledger
        .carry_out(
            tx,
            context,
            &settings,
            &step,
            &Details {
                decision: details,
                person: None,
            },
        )
        .await?;
    let kind = match outcome.kind {
        OutcomeKind::Approve | OutcomeKind::Edit => EventKind::MessageReleased,
        OutcomeKind::Respond => EventKind::MessageCreated,
        _ => EventKind::ConversationHandedOff,
    };
    let mut entry = LogDraft::new(kind, outcome.member_id.map_or(Actor::System, Actor::Member))
        .about("conversation", id)
        .about("item", outcome.item_id)
        .about("outcome", outcome.id);
    if let Some(draft_id) = outcome.draft_id {
        entry = entry.about("draft", draft_id);
    }
    if let Some(message) = written.messages.first() {
        entry = entry
            .about("message", message.id)
            .about("seq", message.seq)
            .with("text", message.body.clone());
    }
    if let Some(item) = &written.opened {
        entry = entry.about("opened_item", item.id);
    }
    if let (Some(remembered), Some(member_id)) = (remembered.filter(|r| r.outcome_id == outcome.id), outcome.member_id)
    {
        let id = remembered.write(tx, member_id, context.now).await?;
        entry = entry.about("verified_answer", id);
    }
    Ok(Change::Logged((), entry))
}

/// A held draft's deadline has passed (a job). It is never approved by that.
pub(super) async fn expire(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let mut ledger = ledger::load(tx, id).await?;
                let settings = ledger::settings(tx).await?;
                let context = ledger::context(app.sources(), &settings);
                let expired = ledger.item.as_ref().map(|item| item.id);
                let (Ok(step), Some(expired)) = (ledger.flow.expire(context), expired) else {
                    return Ok(Change::Unlogged(()));
                };
                let written = ledger
                    .carry_out(tx, context, &settings, &step, &Details::default())
                    .await?;
                let mut entry = LogDraft::new(EventKind::ReviewExpired, Actor::System)
                    .about("conversation", id)
                    .about("item", expired);
                if let Some(item) = &written.opened {
                    entry = entry.about("opened_item", item.id);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

fn reviewer(caller: &Caller) -> Result<MemberId, AppError> {
    caller.require(Scope::Review)?;
    caller.member()
}

async fn already(app: &App, caller: &Caller, id: ItemId) -> Result<AppError, AppError> {
    already_in(&app.store().rows(caller.workspace_id), id).await
}

/// Who decided what, and when.
async fn already_in(rows: &Rows<'_>, id: ItemId) -> Result<AppError, AppError> {
    let Some(outcome) = rows.standing_outcome(id).await? else {
        return Ok(AppError::NotFound("the review item"));
    };
    let pending = Pending {
        id: outcome.id,
        kind: outcome.kind,
        by: outcome.member_id,
        at: outcome.created_at,
        final_at: outcome.final_at,
    };
    explain(rows, ReviewError::AlreadyDecided(pending)).await
}

/// A refusal with names in it.
async fn explain(rows: &Rows<'_>, refused: ReviewError) -> Result<AppError, AppError> {
    let mut names = Names::default();
    let (sentence, extra) = match refused {
        ReviewError::AlreadyDecided(outcome)
        | ReviewError::UndoTooLate(outcome)
        | ReviewError::NotYourDecision(outcome) => {
            let by = match outcome.by {
                Some(member) => names.of(rows, member).await?,
                None => "Holdpoint".to_owned(),
            };
            let sentence = match refused {
                ReviewError::AlreadyDecided(_) => {
                    format!("{by} {} this already; nothing was changed", outcome.kind.past_tense())
                }
                _ => refused.to_string(),
            };
            (
                sentence,
                json!({ "decided_by": by, "decided_at": outcome.at, "kind": outcome.kind }),
            )
        }
        ReviewError::Leased(lease) => {
            let name = names.of(rows, lease.member).await?;
            (
                format!("{name} is looking at this right now; take the next one, or ask {name}"),
                json!({ "leased_by": name, "leased_until": lease.until }),
            )
        }
        ReviewError::NewerMessage { revision } => (refused.to_string(), json!({ "revision": revision })),
        _ => (refused.to_string(), json!({})),
    };
    Ok(AppError::Conflict { sentence, extra })
}

/// The refusal, with what the visitor wrote since the revision that was on the screen.
async fn explain_with_news(
    rows: &Rows<'_>,
    ledger: &Ledger,
    refused: ReviewError,
    seen: i64,
) -> Result<AppError, AppError> {
    let (ReviewError::NewerMessage { revision }, Some(turn)) = (refused, &ledger.turn) else {
        return explain(rows, refused).await;
    };
    let asked = rows.visitor_messages(turn.id).await?;
    let skip = usize::try_from(seen).unwrap_or(0);
    let news: Vec<&str> = asked.iter().skip(skip).map(|message| message.body.as_str()).collect();
    Ok(AppError::Conflict {
        sentence: refused.to_string(),
        extra: json!({ "revision": revision, "new_messages": news }),
    })
}
