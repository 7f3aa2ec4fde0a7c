//! What has to hold before a candidate goes live, and before it is taken back.

use super::knowledge;
use super::publish::AWAITED;
use super::{App, AppError, Caller, agents, fitness};
use crate::domain::account::Scope;
use crate::domain::agent_change::changes_writers;
use crate::domain::ids::CandidateId;
use crate::domain::improve::candidate::{CandidateError, CandidateState, Change};
use crate::store::Rows;
use crate::store::entity::{candidate, candidate_change};
use serde_json::json;
use std::collections::HashSet;

/// Something may have gone live since it was tried, and what it changes may have been changed: then it is not what somebody looked at.
pub(super) async fn still_right(
    app: &App,
    rows: &Rows<'_>,
    id: CandidateId,
    changes: Vec<candidate_change::Model>,
) -> Result<(), AppError> {
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    if row.state != CandidateState::Waiting {
        return Ok(());
    }
    let last = rows.last_publication().await?;
    let is_stale = last.is_some_and(|(_, at)| row.replayed_at.is_none_or(|tried| tried <= at));
    if row.changes_count > AWAITED {
        // Too much to be tried while somebody waits.
        return if is_stale {
            Err(CandidateError::NotTried.into())
        } else {
            Ok(())
        };
    }
    let changes: Vec<Change> = changes.into_iter().map(|row| row.change.0).collect();
    for change in &changes {
        knowledge::is_still_there(rows, change).await?;
        if let Change::PutDocument { id, document } = change
            && let Some(there) = rows.document_or_removed(*id).await?
            && (there.removed_at.unwrap_or(there.updated_at) > row.created_at)
            && (there.removed_at.is_some() || there.body != document.body)
        {
            return Err(AppError::Conflict {
                sentence: format!(
                    "“{}” was changed or removed after this change was made, and would be as it says here; withdraw it, or say why it is right",
                    document.title
                ),
                extra: json!({ "changed": document.title }),
            });
        }
    }
    if is_stale {
        let worse = knowledge::breaks(app, rows, &changes).await?;
        if worse > 0 {
            return Err(CandidateError::Worse(worse).into());
        }
    }
    Ok(())
}

/// The first thing that somebody has changed since, in a way that is no candidate.
pub(super) async fn not_as_it_left_it(
    app: &App,
    rows: &Rows<'_>,
    changes: &[candidate_change::Model],
) -> Result<Option<String>, AppError> {
    let mut seen = HashSet::new();
    // The last change of each thing counts.
    for row in changes.iter().rev().filter(|row| row.is_live) {
        if !seen.insert(row.change.0.subject()) {
            continue;
        }
        match &row.change.0 {
            Change::PutDocument { id, document } => {
                let there = knowledge::document_of(rows, *id, document).await?;
                let Some(there) = there else { continue };
                let is_over = there.expires_at.is_some_and(|end| end <= app.now());
                let is_same = there.title == document.title && there.body == document.body;
                if !is_over && (there.removed_at.is_some() || !is_same) {
                    return Ok(Some(there.title));
                }
            }
            Change::RemoveDocument { id, .. } => {
                if let Some(there) = rows.document(*id).await? {
                    return Ok(Some(there.title));
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// How the AI works is for owners.
pub(super) fn require_for(caller: &Caller, changes: &[candidate_change::Model]) -> Result<(), AppError> {
    if changes.iter().any(|row| row.change.0.is_for_owners()) {
        caller.require(Scope::Admin)?;
    }
    Ok(())
}

/// Where others would write, they have to be there, to fit each other, and to have been measured: an adapter may break what its model could do.
pub(super) async fn require_writers(
    app: &App,
    rows: &Rows<'_>,
    changes: &[candidate_change::Model],
) -> Result<(), AppError> {
    for row in changes {
        let Change::SetAgent { id, settings, from } = &row.change.0 else {
            continue;
        };
        let (_, live) = agents::current_version(rows, *id).await?;
        let next = agents::after(rows, *id, settings, from.as_deref()).await?;
        agents::check(app, &live, &next).await?;
        if changes_writers(&live, &next) {
            fitness::require_measured(app, &next).await?;
        }
    }
    Ok(())
}

/// The number of a later candidate that is live and concerns the same.
pub(super) async fn later_on_the_same(
    rows: &Rows<'_>,
    row: &candidate::Model,
    changes: &[candidate_change::Model],
) -> Result<Option<i64>, AppError> {
    let mut own = None;
    let mut others = rows.candidates_in(CandidateState::Published).await?;
    others.extend(rows.candidates_in(CandidateState::Publishing).await?);
    for other in others {
        if other.id == row.id || other.published_at <= row.published_at {
            continue;
        }
        let own = own.get_or_insert_with(|| touched(changes));
        if !own.is_disjoint(&touched(&rows.candidate_changes(other.id).await?)) {
            return Ok(Some(other.number));
        }
    }
    Ok(None)
}

/// What changes and what takes them back concern.
fn touched(changes: &[candidate_change::Model]) -> HashSet<String> {
    let inverses = changes.iter().filter_map(|row| row.inverse.as_ref());
    let all = changes.iter().map(|row| &row.change.0);
    all.chain(inverses.flat_map(|inverse| inverse.0.iter()))
        .map(Change::subject)
        .collect()
}
