//! What newer knowledge says against verified answers.
//!
//! One job for each workspace (`keep`), called for by whatever changes knowledge and run a moment later, so that an import of a hundred files is
//! looked at once. It asks for the sources that are not as they were noted, finds out what new answers rest on, and compares the vectors that were made
//! since it ran last with the wordings of the answers in use: nothing is read twice. What it finds is put up for a person; the answer goes on
//! answering meanwhile, or waits for a person each time where the workspace's rules say so.

mod confirm;
mod newer;

pub use confirm::confirm_answer;

use super::change::rest_on;
use super::find::passages;
use crate::app::{App, AppError};
use crate::domain::answer::{Difference, differences, overlap};
use crate::domain::ids::{ConflictId, DocumentId, JobId, VerifiedAnswerId, WorkspaceId};
use crate::domain::improve::answer::{ConflictDecision, ConflictKind};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{answer_conflict, answer_source, document, verified_answer};
use crate::store::{Change, JobKind, Json, LogDraft, Rows, Tx};
use std::collections::HashSet;

/// After a change of knowledge the job waits this long, in milliseconds, for more of it.
const SOON_MS: i64 = 2_000;
/// Sources that are looked at.
const SOURCES: u64 = 10_000;
/// Conflicts that are looked at.
const OPEN: u64 = 10_000;
/// Answers of which it is found out at once what they rest on.
const GROUNDED: u64 = 20;
/// Documents among which the sources of an answer are looked for, and how many are kept.
const NEAR: usize = 8;
const KEPT: usize = 3;
/// Share of an answer's words that a document has to have before the answer is taken to rest on it.
const RESTS_FROM: f64 = 0.4;

/// What speaks against a verified answer.
#[derive(Debug, Clone)]
struct Found {
    answer_id: VerifiedAnswerId,
    kind: ConflictKind,
    document_id: Option<DocumentId>,
    other_answer_id: Option<VerifiedAnswerId>,
    title: String,
    before: String,
    after: String,
    differs: Vec<Difference>,
    content_hash: Vec<u8>,
}

impl Found {
    fn is_about(&self, row: &answer_conflict::Model) -> bool {
        let is_same_side = row.document_id == self.document_id && row.other_answer_id == self.other_answer_id;
        is_same_side && (row.kind == ConflictKind::SaysOtherwise) == (self.kind == ConflictKind::SaysOtherwise)
    }
}

/// Knowledge has changed: answers are compared with it soon, if there are any.
///
/// # Errors
/// The store's.
pub(super) async fn look_soon(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    if tx.verified_answer_count().await? > 0 {
        let at = now.plus_ms(SOON_MS);
        tx.schedule_no_later(JobKind::Conflicts, tx.workspace_id(), at).await?;
    }
    Ok(())
}

/// The job.
///
/// # Errors
/// [`AppError::Engine`] while nothing can be compared by meaning; it is then tried again. Or the store's.
pub(in crate::app) async fn keep(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    look_at_sources(app, workspace_id).await?;
    if app.engine().is_some() {
        ground(app, workspace_id).await?;
        newer::compare(app, workspace_id).await?;
    }
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.finish_job(job_id).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Sources that say something else by now, or are gone; and those that are as they were again.
async fn look_at_sources(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let changed = rows.sources_that_changed(SOURCES).await?;
    let now_otherwise: HashSet<(VerifiedAnswerId, DocumentId)> = { changed.iter() }
        .map(|source| (source.answer_id, source.document_id))
        .collect();
    let is_whole = (changed.len() as u64) < SOURCES;
    for source in changed {
        if let Some(found) = of_source(&rows, source).await? {
            put_up(app, workspace_id, found).await?;
        }
    }
    if !is_whole {
        return Ok(());
    }
    for row in rows.open_conflicts(OPEN).await? {
        let is_of_source = row.kind != ConflictKind::SaysOtherwise;
        let Some(document) = row.document_id.filter(|_| is_of_source) else {
            continue;
        };
        if !now_otherwise.contains(&(row.answer_id, document)) {
            settle(app, workspace_id, row.id).await?;
        }
    }
    Ok(())
}

async fn of_source(rows: &Rows<'_>, source: answer_source::Model) -> Result<Option<Found>, AppError> {
    let Some(answer) = rows.verified_answer(source.answer_id).await? else {
        return Ok(None);
    };
    let document = rows.document_or_removed(source.document_id).await?;
    let document = document.filter(|row| row.removed_at.is_none());
    let found = match document {
        Some(row) => Found {
            kind: ConflictKind::SourceChanged,
            differs: differences(&answer.answer, &row.body),
            title: row.title,
            after: row.body,
            content_hash: row.content_hash,
            answer_id: answer.id,
            document_id: Some(source.document_id),
            other_answer_id: None,
            before: source.body,
        },
        None => Found {
            kind: ConflictKind::SourceGone,
            differs: Vec::new(),
            title: source.title,
            after: String::new(),
            // That of no text: what is gone says nothing.
            content_hash: Vec::new(),
            answer_id: answer.id,
            document_id: Some(source.document_id),
            other_answer_id: None,
            before: source.body,
        },
    };
    Ok(Some(found))
}

/// Puts an answer up for a person, unless that was done or decided about already.
async fn put_up(app: &App, workspace_id: WorkspaceId, found: Found) -> Result<(), AppError> {
    let known = app.store().rows(workspace_id).conflicts_of(found.answer_id).await?;
    if is_known(&known, &found) {
        return Ok(());
    }
    let id = ConflictId::new(&*app.sources().ids);
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let found = found.clone();
            Box::pin(async move {
                let answer = tx.verified_answer(found.answer_id).await?;
                let known = tx.conflicts_of(found.answer_id).await?;
                if answer.is_none_or(|row| row.retired_at.is_some()) || is_known(&known, &found) {
                    return Ok(Change::Unlogged(()));
                }
                let earlier = known
                    .into_iter()
                    .find(|row| row.decision.is_none() && found.is_about(row));
                let row = answer_conflict::Model {
                    id: earlier.as_ref().map_or(id, |row| row.id),
                    workspace_id,
                    answer_id: found.answer_id,
                    kind: found.kind,
                    document_id: found.document_id,
                    other_answer_id: found.other_answer_id,
                    title: found.title,
                    before: found.before,
                    after: found.after,
                    differs: Json(found.differs),
                    content_hash: found.content_hash,
                    found_at: now,
                    decision: None,
                    decided_by: None,
                    decided_at: None,
                };
                let mut entry = LogDraft::new(EventKind::VerifiedAnswerDoubted, Actor::System)
                    .about("verified_answer", row.answer_id)
                    .about("conflict", row.id)
                    .with("kind", row.kind.as_str())
                    .with("title", row.title.clone());
                if let Some(document) = row.document_id {
                    entry = entry.about("document", document);
                }
                if let Some(other) = row.other_answer_id {
                    entry = entry.about("other_answer", other);
                }
                match earlier {
                    Some(_) => tx.update(row).await?,
                    None => tx.insert(row).await?,
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// The same was found before; or a person has said of the very same words that the answer is right.
fn is_known(known: &[answer_conflict::Model], found: &Found) -> bool {
    let is_same = |row: &&answer_conflict::Model| found.is_about(row) && row.content_hash == found.content_hash;
    known.iter().filter(is_same).any(|row| match row.decision {
        None => row.kind == found.kind,
        // What a person has noted as it is now is no source that changed; if it is one, it has changed back and forth.
        Some(ConflictDecision::Right) => found.kind == ConflictKind::SaysOtherwise,
        Some(_) => false,
    })
}

/// What spoke against an answer is not there any more.
async fn settle(app: &App, workspace_id: WorkspaceId, id: ConflictId) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let Some(row) = tx.conflict(id).await?.filter(|row| row.decision.is_none()) else {
                    return Ok(Change::Unlogged(()));
                };
                let entry = LogDraft::new(EventKind::VerifiedAnswerSettled, Actor::System)
                    .about("verified_answer", row.answer_id)
                    .about("conflict", id);
                tx.update(answer_conflict::Model {
                    decision: Some(ConflictDecision::Settled),
                    decided_at: Some(now),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Finds out what answers rest on of which nobody has said it: the documents near the question that have most of the answer's words.
async fn ground(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    loop {
        let some = rows.answers_to_ground(GROUNDED).await?;
        if some.is_empty() {
            return Ok(());
        }
        let mut grounded = Vec::with_capacity(some.len());
        for answer in some {
            let near = passages(app, &rows, &answer.question, &[], NEAR, Priority::Evaluation).await?;
            let near: Vec<DocumentId> = near.iter().filter_map(|passage| passage.document_id).collect();
            let there = rows.documents_of(&near).await?;
            // What has come since, or says otherwise, is not what the answer rests on: it may speak against it.
            let supports = |row: &document::Model| {
                row.updated_at <= answer.created_at
                    && overlap(&answer.answer, &row.body) >= RESTS_FROM
                    && differences(&answer.answer, &row.body).is_empty()
            };
            let documents = near
                .into_iter()
                .filter(|id| there.iter().any(|row| row.id == *id && supports(row)));
            grounded.push((answer.id, documents.take(KEPT).collect::<Vec<_>>()));
        }
        let now = app.now();
        app.store()
            .write(workspace_id, move |tx| {
                let grounded = grounded.clone();
                Box::pin(async move {
                    for (id, documents) in grounded {
                        let Some(row) = tx.verified_answer(id).await?.filter(|row| row.grounded_at.is_none()) else {
                            continue;
                        };
                        rest_on(tx, id, &documents, now).await?;
                        tx.update(verified_answer::Model {
                            grounded_at: Some(now),
                            ..row
                        })
                        .await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
}
