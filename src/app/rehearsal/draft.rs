//! The job that drafts a rehearsal, one question after the other. Each draft is kept as soon as it is there, so whatever interrupts the
//! job costs one draft at most.

use super::{App, AppError, drafting, jobs, status};
use crate::domain::ids::{RehearsalCaseId, RehearsalId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::rehearsal::{RehearsalState, RehearsedDraft};
use crate::store::entity::{rehearsal, rehearsal_case};
use crate::store::{Change, JobKind, Json, LogDraft, Rows};

/// After so many attempts in a row, minutes altogether, a question is drafted with what there is while the engine says that it is ready: one
/// that it cannot take, or a remote engine that stays away, must not hold up the others.
const PATIENCE: i64 = 10;
/// Knowledge that cannot be read by so many attempts is not waited for.
const READING_PATIENCE: i64 = 3;
/// Before a question that was just reached is tried again, in milliseconds.
const AGAIN_MS: i64 = 1_000;

/// Drafts what of a rehearsal is not drafted yet, until it is done or somebody ends it. `attempts` were made in vain at the first of it.
///
/// # Errors
/// [`AppError::Engine`] while the engine is not there; it is tried again. Or the store's.
pub(in crate::app) async fn draft_all(
    app: &App,
    workspace_id: WorkspaceId,
    id: RehearsalId,
    attempts: i64,
) -> Result<(), AppError> {
    let mut attempts = Some(attempts);
    loop {
        let rows = app.store().rows(workspace_id);
        let Some(row) = under_way(&rows, id).await? else {
            return jobs::forget(app, workspace_id, JobKind::Rehearse, id).await;
        };
        let Some(case) = rows.next_to_rehearse(id).await? else {
            return done(app, workspace_id, id).await;
        };
        if is_reading(app, workspace_id).await? {
            return again(app, workspace_id, id).await;
        }
        let at = case.asked_at.unwrap_or_else(|| app.now());
        let (draft, missing) =
            drafting::rehearse(app, &rows, row.agent_id, &case.question, &case.history.0, at).await?;
        if let Some(trouble) = missing {
            let Some(attempts) = attempts else {
                return again(app, workspace_id, id).await;
            };
            if attempts < PATIENCE || !status::engine(app).ready {
                return Err(AppError::Engine(trouble.reason().in_words().to_owned()));
            }
        }
        keep(app, workspace_id, case.id, draft).await?;
        attempts = None;
    }
}

/// Is new knowledge still being read? Until then it is not found by meaning.
async fn is_reading(app: &App, workspace_id: WorkspaceId) -> Result<bool, AppError> {
    let jobs = app.store().next_jobs_of(&[JobKind::Embed], 1_000).await?;
    let mut own = jobs.iter().filter(|job| job.workspace_id == workspace_id);
    Ok(status::engine(app).ready && own.any(|job| job.attempts < READING_PATIENCE))
}

/// The job goes on soon, as if it had never been tried.
async fn again(app: &App, workspace_id: WorkspaceId, id: RehearsalId) -> Result<(), AppError> {
    let soon = app.now().plus_ms(AGAIN_MS);
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if under_way(tx, id).await?.is_some() {
                    tx.schedule(JobKind::Rehearse, id, soon).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
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
