//! The job that drafts a rehearsal, one question after the other. Each draft is kept as soon as it is there, so whatever interrupts the
//! job costs one draft at most.

use super::{App, AppError, drafting, jobs};
use crate::domain::ids::{RehearsalCaseId, RehearsalId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::rehearsal::{RehearsalState, RehearsedDraft};
use crate::store::entity::{rehearsal, rehearsal_case};
use crate::store::{Change, JobKind, Json, LogDraft, Rows};

/// Drafts what of a rehearsal is not drafted yet, until it is done or somebody ends it.
///
/// # Errors
/// [`AppError::Engine`] while the engine is not there; it is tried again. Or the store's.
pub(in crate::app) async fn draft_all(app: &App, workspace_id: WorkspaceId, id: RehearsalId) -> Result<(), AppError> {
    loop {
        let rows = app.store().rows(workspace_id);
        let Some(row) = under_way(&rows, id).await? else {
            return jobs::forget(app, workspace_id, JobKind::Rehearse, id).await;
        };
        let Some(case) = rows.next_to_rehearse(id).await? else {
            return done(app, workspace_id, id).await;
        };
        let at = case.asked_at.unwrap_or_else(|| app.now());
        let drafted = drafting::rehearse(app, &rows, row.agent_id, &case.question, &case.history.0, at).await?;
        keep(app, workspace_id, case.id, drafted).await?;
    }
}

/// The rehearsal, if it is still to be drafted.
async fn under_way(rows: &Rows<'_>, id: RehearsalId) -> Result<Option<rehearsal::Model>, AppError> {
    let row = rows.rehearsal(id).await?;
    Ok(row.filter(|row| row.state == RehearsalState::Drafting))
}

/// Keeps a draft. It is work, not history: the log says when a rehearsal began and when all of it was drafted.
async fn keep(
    app: &App,
    workspace_id: WorkspaceId,
    case: RehearsalCaseId,
    draft: RehearsedDraft,
) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let draft = draft.clone();
            Box::pin(async move {
                // It may have been removed or ended meanwhile.
                let Some(case) = tx.rehearsal_case(case).await? else {
                    return Ok(Change::Unlogged(()));
                };
                if case.draft.is_none() && under_way(tx, case.rehearsal_id).await?.is_some() {
                    tx.update(rehearsal_case::Model {
                        is_silent: Some(draft.is_silent()),
                        draft: Some(Json(draft)),
                        drafted_at: Some(now),
                        ..case
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// All drafts are there.
async fn done(app: &App, workspace_id: WorkspaceId, id: RehearsalId) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.unschedule(JobKind::Rehearse, id).await?;
                let Some(row) = under_way(tx, id).await? else {
                    return Ok(Change::Unlogged(()));
                };
                tx.update(rehearsal::Model {
                    state: RehearsalState::Judging,
                    drafted_at: Some(now),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::RehearsalDrafted, Actor::Ai).about("rehearsal", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
