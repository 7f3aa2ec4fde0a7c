//! Candidates that change an agent: from which settings they were made, and who would write.

use super::show::{CandidateView, view};
use super::views::Names;
use super::{App, AppError, Caller, agents, evidence};
use crate::domain::account::Scope;
use crate::domain::agent_change::{changes_answers, changes_writers};
use crate::domain::ids::AgentId;
use crate::domain::improve::candidate::{CandidateState, Change};
use crate::domain::settings::AgentSettings;
use crate::store::entity::candidate_change;
use crate::store::{Change as Written, JobKind, Rows};

/// Says of each change of an agent which settings it was made from, and refuses one that changes no answer. Tells the settings of agents for which
/// others would write.
pub(super) async fn made_from(rows: &Rows<'_>, changes: &mut [Change]) -> Result<Vec<AgentSettings>, AppError> {
    let mut writers = Vec::new();
    for change in changes {
        let Change::SetAgent { id, settings, from } = change else {
            continue;
        };
        let (_, live) = agents::current_version(rows, *id).await?;
        let after = agents::after(rows, *id, settings, from.as_deref()).await?;
        if !changes_answers(&live, &after) {
            return Err(AppError::Invalid(
                "nothing in these settings changes an answer, so there is nothing to try; PUT /api/v1/agents/{id} publishes them at once"
                    .to_owned(),
            ));
        }
        if changes_writers(&live, &after) {
            writers.push(after);
        }
        from.get_or_insert_with(|| Box::new(live));
    }
    Ok(writers)
}

/// Models were measured, and may be used where they were not before, or not any more: what is known is compared as after any publication, and what would
/// have others write is tried once more.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn measured(app: &App) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        let now = app.now();
        app.store()
            .write(workspace.id, move |tx| {
                Box::pin(async move {
                    evidence::found_otherwise(tx, None, now).await?;
                    evidence::published(tx, now).await?;
                    for row in tx.candidates_in(CandidateState::Waiting).await? {
                        let changes = tx.candidate_changes(row.id).await?;
                        if changes.iter().any(|row| row.change.0.is_for_owners()) {
                            tx.schedule(JobKind::Replay, row.id, now).await?;
                        }
                    }
                    Ok::<_, AppError>(Written::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

/// Candidates that change this agent and are not live yet.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn waiting_for(app: &App, caller: &Caller, agent_id: AgentId) -> Result<Vec<CandidateView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut found = Vec::new();
    for state in [CandidateState::Replaying, CandidateState::Waiting] {
        for row in rows.candidates_in(state).await? {
            let changes = rows.candidate_changes(row.id).await?;
            let is_of_agent =
                |row: &candidate_change::Model| matches!(&row.change.0, Change::SetAgent { id, .. } if *id == agent_id);
            if changes.iter().any(is_of_agent) {
                found.push(view(&rows, &mut names, row).await?);
            }
        }
    }
    Ok(found)
}
