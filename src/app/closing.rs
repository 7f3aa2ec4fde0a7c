//! The end of a conversation, and what the visitor thought of it.
//!
//! A person, the visitor or time closes it. Whoever writes in a closed conversation opens it again: nobody is turned away.

use super::caller::Caller;
use super::ledger::{self, Details};
use super::visit::Visitor;
use super::{App, AppError, review, takeover};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, MemberId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::{AnswerText, said};
use crate::store::entity::rating;
use crate::store::{Change, JobKind, LogDraft, Tx};
use serde_json::json;

/// A person ends the conversation; an open review item ends with it.
///
/// # Errors
/// [`AppError::Conflict`] when a colleague has it, its review item is for others to decide, or it is closed already, [`AppError::NotFound`], [`AppError::Forbidden`].
pub async fn close(app: &App, caller: &Caller, id: ConversationId) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    end(app, caller.workspace_id, id, caller.actor(), Some(caller.member()?)).await
}

/// The visitor ends the conversation.
///
/// # Errors
/// [`AppError::Conflict`] when it is closed already.
pub async fn close_by_visitor(app: &App, visitor: &Visitor) -> Result<(), AppError> {
    let actor = Actor::Visitor(visitor.visitor_id);
    end(app, visitor.workspace_id, visitor.conversation_id, actor, None).await
}

async fn end(
    app: &App,
    workspace_id: WorkspaceId,
    id: ConversationId,
    actor: Actor,
    by: Option<MemberId>,
) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move { end_in(&app, tx, id, actor, by).await })
        })
        .await
}

async fn end_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    actor: Actor,
    by: Option<MemberId>,
) -> Result<Change<()>, AppError> {
    let mut ledger = ledger::load(tx, id).await?;
    if ledger.conversation.closed_at.is_some() {
        return Err(already_closed("it is closed already"));
    }
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    if let Some(member) = by {
        review::check_ending(tx, &ledger, member, context.now).await?;
    }
    let step = match ledger.flow.close(context, by) {
        Ok(step) => step,
        Err(refused) => return Err(takeover::explain(tx, refused).await?),
    };
    ledger.conversation.closed_at = Some(context.now);
    ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    tx.unschedule(JobKind::Close, id).await?;
    let entry = LogDraft::new(EventKind::ConversationClosed, actor)
        .about("conversation", id)
        .about("epoch", ledger.flow.ownership.epoch.0);
    Ok(Change::Logged((), entry))
}

/// Why something cannot be done with a conversation that is over.
pub(super) fn already_closed(what: &str) -> AppError {
    AppError::Conflict {
        sentence: format!("this conversation is over, so {what}; if the visitor writes again, it goes on"),
        extra: json!({ "closed": true }),
    }
}

/// The job: nobody has said anything for long, and nothing is open.
pub(super) async fn close_idle(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let ledger = ledger::load(tx, id).await?;
                if ledger.conversation.closed_at.is_some() || !ledger.flow.is_idle() {
                    tx.unschedule(JobKind::Close, id).await?;
                    return Ok(Change::Unlogged(()));
                }
                end_in(&app, tx, id, Actor::System, None).await
            })
        })
        .await
}

/// The visitor's rating of a conversation that is over: once, 1 (bad) to 5 (good).
///
/// # Errors
/// [`AppError::Invalid`] for stars there are not, [`AppError::Conflict`] before the end or the second time.
pub async fn rate(app: &App, visitor: &Visitor, stars: i64, words: Option<&str>) -> Result<(), AppError> {
    if !(1..=5).contains(&stars) {
        return Err(AppError::Invalid("stars go from 1 (bad) to 5 (good)".to_owned()));
    }
    let words: Option<String> = said(words).map(AnswerText::parse).transpose()?.map(Into::into);
    let (visitor, now) = (*visitor, app.now());
    app.store()
        .write(visitor.workspace_id, move |tx| {
            let words = words.clone();
            Box::pin(async move {
                let conversation_id = visitor.conversation_id;
                let conversation = tx
                    .conversation(conversation_id)
                    .await?
                    .ok_or(AppError::NotFound("the conversation"))?;
                let refused = |sentence: &str| AppError::Conflict {
                    sentence: sentence.to_owned(),
                    extra: json!({}),
                };
                if conversation.closed_at.is_none() {
                    return Err(refused("a conversation is rated once it is over; end it first"));
                }
                if tx.rating(conversation_id).await?.is_some() {
                    return Err(refused("this conversation was rated already; thank you"));
                }
                tx.insert(rating::Model {
                    conversation_id,
                    workspace_id: tx.workspace_id(),
                    stars,
                    words: words.clone(),
                    created_at: now,
                })
                .await?;
                let mut entry = LogDraft::new(EventKind::ConversationRated, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", conversation_id)
                    .about("stars", stars);
                if let Some(words) = words {
                    entry = entry.with("words", words);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
