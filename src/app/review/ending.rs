//! What happens when the undo window or the deadline has passed.

use crate::app::duty::OnDuty;
use crate::app::knowledge::{self, Remembered};
use crate::app::ledger::{self, DecisionDetails, Details};
use crate::app::{App, AppError};
use crate::domain::flow::{Context, FlowError};
use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::{OutcomeKind, ReviewError};
use crate::store::{Change, LogDraft, Tx};

/// The undo window of a conversation's item is over (a job).
pub(in crate::app) async fn finalise(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
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
    let Some(outcome) = ledger.pending.clone() else {
        return Ok(Change::Unlogged(()));
    };
    // Only a rejection leaves the visitor to whoever is there.
    let on_duty = match outcome.kind {
        OutcomeKind::Reject => Some(OnDuty::of(app, tx, ledger.conversation.agent_id).await?),
        _ => None,
    };
    let context = ledger::context(app.sources(), &settings);
    let context = Context {
        duty: on_duty.as_ref().map_or(context.duty, OnDuty::duty),
        ..context
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
                ..Details::default()
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
        .about("outcome", outcome.id)
        .about("decision", outcome.kind.as_str());
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
        entry = match remembered.write(tx, member_id, context.now).await? {
            Some(id) => entry.about("verified_answer", id),
            None => entry.about("candidate", remembered.candidate_id()),
        };
    }
    Ok(Change::Logged((), entry))
}

/// A held draft's deadline has passed (a job). It is never approved by that.
pub(in crate::app) async fn expire(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let mut ledger = ledger::load(tx, id).await?;
                let settings = ledger::settings(tx).await?;
                let on_duty = OnDuty::of(&app, tx, ledger.conversation.agent_id).await?;
                let context = Context {
                    duty: on_duty.duty(),
                    ..ledger::context(app.sources(), &settings)
                };
                let expired = ledger.item.as_ref().map(|item| item.id);
                let (Ok(step), Some(expired)) = (ledger.flow.expire(context), expired) else {
                    return Ok(Change::Unlogged(()));
                };
                let written = ledger
                    .carry_out(tx, context, &settings, &step, &Details::default())
                    .await?;
                let goes_on = step.flow.item.is_some_and(|item| item.id == expired);
                let kind = if goes_on {
                    EventKind::ReviewDelayed
                } else {
                    EventKind::ReviewExpired
                };
                let mut entry = LogDraft::new(kind, Actor::System)
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
