//! Knowledge that is true until a day.

use super::change::{Prepared, Source, apply};
use super::conflicts;
use super::index::changed;
use super::{App, AppError, DocumentView};
use crate::app::caller::Caller;
use crate::app::evidence;
use crate::domain::account::Scope;
use crate::domain::ids::{JobId, WorkspaceId};
use crate::domain::improve;
use crate::domain::log::{Actor, EventKind};
use crate::store::entity::document;
use crate::store::{Change, LogDraft};

/// Documents taken out in one transaction.
const BATCH: u64 = 100;
/// Expired documents that are listed.
const LISTED: u64 = 500;

/// Takes documents out whose last day is over (a job): nothing is answered from them any more.
pub(crate) async fn expire(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    loop {
        let now = app.now();
        let expired = app
            .store()
            .write(workspace_id, move |tx| {
                Box::pin(async move {
                    let due = tx.documents_to_expire(now, BATCH).await?;
                    let count = due.len();
                    if count == 0 {
                        return Ok::<_, AppError>(Change::Unlogged(0));
                    }
                    for row in due {
                        tx.remove_vectors(row.id.uuid()).await?;
                        // Imported again with a later day it comes back: nobody has taken it out.
                        tx.update(document::Model {
                            removed_at: Some(now),
                            imported_hash: None,
                            ..row
                        })
                        .await?;
                    }
                    evidence::published(tx, now).await?;
                    conflicts::look_soon(tx, now).await?;
                    let entry = LogDraft::new(EventKind::KnowledgeRemoved, Actor::System)
                        .about("documents", count)
                        .with("expired", true);
                    Ok(Change::Logged(count, entry))
                })
            })
            .await?;
        if expired == 0 {
            break;
        }
        changed(app, workspace_id);
    }
    while expire_answers(app, workspace_id).await? > 0 {
        changed(app, workspace_id);
    }
    let rows = app.store().rows(workspace_id);
    let next = [rows.next_expiry().await?, rows.next_answer_expiry().await?];
    let next = next.into_iter().flatten().min();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                match next {
                    Some(next) => tx.renew_job(job_id, next).await?,
                    None => tx.finish_job(job_id).await?,
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Retires verified answers whose last day is over; says how many.
async fn expire_answers(app: &App, workspace_id: WorkspaceId) -> Result<usize, AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let due = tx.answers_to_expire(now, BATCH).await?;
                let count = due.len();
                if count == 0 {
                    return Ok::<_, AppError>(Change::Unlogged(0));
                }
                for row in due {
                    let retire = improve::candidate::Change::RetireAnswer { id: row.id };
                    apply(tx, &retire, Source::default(), &Prepared::default(), now).await?;
                }
                evidence::published(tx, now).await?;
                let entry = LogDraft::new(EventKind::VerifiedAnswerRetired, Actor::System)
                    .about("answers", count)
                    .with("expired", true);
                Ok(Change::Logged(count, entry))
            })
        })
        .await
}

/// Documents whose last day is over, those that ended last first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn expired_documents(app: &App, caller: &Caller) -> Result<Vec<DocumentView>, AppError> {
    caller.require(Scope::Read)?;
    let found = app
        .store()
        .rows(caller.workspace_id)
        .expired_documents(app.now(), LISTED)
        .await?;
    Ok(found.into_iter().map(DocumentView::from).collect())
}
