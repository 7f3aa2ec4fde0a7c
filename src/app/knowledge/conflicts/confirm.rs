//! A person says that an answer is still right.

use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{ConflictId, VerifiedAnswerId};
use crate::domain::improve::answer::{ConflictDecision, ConflictKind};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::{answer_conflict, answer_source, verified_answer};
use crate::store::{Change, LogDraft, Tx};
use serde_json::json;

/// An answer is still right, whatever speaks against it: what it rests on is noted as it reads now, and the same words are not put up again.
/// `seen`: what was on the screen; whatever else has come meanwhile is looked at first.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], [`AppError::Conflict`] where nothing or something else speaks against it; or the store's.
pub async fn confirm_answer(
    app: &App,
    caller: &Caller,
    id: VerifiedAnswerId,
    seen: Option<Vec<ConflictId>>,
) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, by, now) = (caller.actor(), caller.member().ok(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let seen = seen.clone();
            Box::pin(async move {
                let row = tx.verified_answer(id).await?.filter(|row| row.retired_at.is_none());
                let row = row.ok_or(AppError::NotFound("the verified answer"))?;
                let mut open = tx.conflicts_of(id).await?;
                open.retain(|conflict| conflict.decision.is_none());
                if open.is_empty() {
                    return Err(refused(
                        "nothing speaks against this answer; there is nothing to decide",
                    ));
                }
                let is_seen =
                    |conflict: &answer_conflict::Model| seen.as_ref().is_none_or(|seen| seen.contains(&conflict.id));
                if !open.iter().all(is_seen) {
                    return Err(refused(
                        "something else has come that speaks against this answer; look at that, too",
                    ));
                }
                let count = open.len();
                for conflict in open {
                    note(tx, conflict, now).await?;
                }
                tx.decide_conflicts(id, ConflictDecision::Right, by, now).await?;
                tx.update(verified_answer::Model {
                    confirmed_at: Some(now),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::VerifiedAnswerConfirmed, actor)
                    .about("verified_answer", id)
                    .about("conflicts", count);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

fn refused(sentence: &str) -> AppError {
    AppError::Conflict {
        sentence: sentence.to_owned(),
        extra: json!({}),
    }
}

/// What was on the screen is what the answer rests on from then on.
async fn note(tx: &Tx<'_>, conflict: answer_conflict::Model, now: Timestamp) -> Result<(), AppError> {
    let (Some(document), true) = (conflict.document_id, conflict.kind != ConflictKind::SaysOtherwise) else {
        return Ok(());
    };
    let sources = tx.sources_of_answer(conflict.answer_id).await?;
    let Some(source) = sources.into_iter().find(|source| source.document_id == document) else {
        return Ok(());
    };
    if conflict.kind == ConflictKind::SourceGone {
        return Ok(tx.drop_source(conflict.answer_id, document).await?);
    }
    Ok(tx
        .update(answer_source::Model {
            title: conflict.title,
            body: conflict.after,
            content_hash: conflict.content_hash,
            noted_at: now,
            ..source
        })
        .await?)
}
