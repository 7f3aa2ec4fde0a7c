//! Imports that do not go live at once.

use super::verified::title_of;
use crate::app::improve;
use crate::app::{App, AppError, Caller};
use crate::domain::ids::CandidateId;
use crate::domain::improve::candidate::{self, CandidateState, Change, Origin};
use crate::domain::log::EventKind;
use crate::store::{self, LogDraft, Rows};
use std::sync::Arc;

/// Makes a candidate of what does not go live at once.
pub(super) async fn waits(
    app: &App,
    caller: &Caller,
    source: &str,
    changes: Vec<Change>,
) -> Result<CandidateId, AppError> {
    candidate::check(&changes)?;
    let changes = Arc::new(changes);
    let (actor, member, now) = (caller.actor(), caller.member().ok(), app.now());
    let (id, title) = (CandidateId::new(&*app.sources().ids), title_of(source));
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (changes, named) = (changes.clone(), (id, title.clone()));
            Box::pin(async move {
                improve::proposed(tx, named, Origin::Import, member, &changes, Vec::new(), now).await?;
                let entry = LogDraft::new(EventKind::CandidateProposed, actor).about("candidate", id);
                Ok::<_, AppError>(store::Change::Logged((), entry))
            })
        })
        .await?;
    Ok(id)
}

/// Withdraws what earlier imports of the same source have left waiting, and tells their numbers. `next` takes their place.
pub(super) async fn give_way(
    app: &App,
    caller: &Caller,
    source: (&str, &str),
    next: Option<CandidateId>,
) -> Result<Vec<i64>, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let mut numbers = Vec::new();
    for state in [CandidateState::Replaying, CandidateState::Waiting] {
        for row in rows.candidates_in(state).await? {
            let may_be = row.origin == Origin::Import && Some(row.id) != next;
            if !may_be || !is_of(&rows, row.id, source).await? {
                continue;
            }
            let reason = "a later import of the same file took its place";
            match improve::withdraw_because(app, caller, row.id, Some(reason)).await {
                Ok(()) => numbers.push(row.number),
                // Somebody has published or withdrawn it meanwhile.
                Err(AppError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(numbers)
}

/// All changes of an import are of one source: its first tells.
async fn is_of(rows: &Rows<'_>, id: CandidateId, (collection, source): (&str, &str)) -> Result<bool, AppError> {
    let first = rows.next_candidate_changes(id, false, 1).await?.pop();
    Ok(match first.map(|row| row.change.0) {
        Some(Change::PutDocument { document, .. }) => document.collection == collection && document.source == source,
        Some(Change::RemoveDocument { id, .. }) => {
            let row = rows.document_or_removed(id).await?;
            row.is_some_and(|row| row.collection == collection && row.source == source)
        }
        _ => false,
    })
}
