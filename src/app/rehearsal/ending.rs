//! A rehearsal ends, or is removed.

use super::show::{RehearsalView, view};
use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::RehearsalId;
use crate::domain::log::EventKind;
use crate::domain::rehearsal::RehearsalState;
use crate::store::entity::rehearsal;
use crate::store::{Change, JobKind, LogDraft};

/// Ends a rehearsal: nothing more is drafted or judged, and its sheet stays. One that has ended stays as it is.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn end(app: &App, caller: &Caller, id: RehearsalId) -> Result<RehearsalView, AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
                if row.state == RehearsalState::Ended {
                    return Ok(Change::Unlogged(row));
                }
                let row = rehearsal::Model {
                    state: RehearsalState::Ended,
                    ended_at: Some(now),
                    ..row
                };
                tx.update(row.clone()).await?;
                tx.unschedule(JobKind::Rehearse, id).await?;
                let entry = LogDraft::new(EventKind::RehearsalEnded, actor).about("rehearsal", id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    view(app, &app.store().rows(caller.workspace_id), row).await
}

/// Removes a rehearsal with its questions, drafts and verdicts. The log keeps that there was one.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove(app: &App, caller: &Caller, id: RehearsalId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                tx.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
                tx.unschedule(JobKind::Rehearse, id).await?;
                tx.remove_rehearsal(id).await?;
                let entry = LogDraft::new(EventKind::RehearsalRemoved, actor).about("rehearsal", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
