//! A rehearsal begins with a file.

use super::show::{RehearsalView, view};
use super::{App, AppError, Caller, agents, read};
use crate::domain::account::Scope;
use crate::domain::ids::{AgentId, RehearsalCaseId, RehearsalId};
use crate::domain::log::EventKind;
use crate::domain::rehearsal::{MOST_CASES, RehearsalState};
use crate::domain::text::Name;
use crate::store::entity::{rehearsal, rehearsal_case};
use crate::store::{Change, JobKind, Json, LogDraft};
use std::sync::Arc;

/// What is to be rehearsed.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The file's name.
    pub name: String,
    /// The agent, by id or name; the only one when none.
    pub agent: Option<String>,
    /// Questions at most; [`MOST_CASES`] when none.
    pub limit: Option<usize>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Begins a rehearsal: its questions are drafted in the background.
///
/// # Errors
/// [`AppError::Invalid`] for a file without a question that can be used, or an agent or number that cannot be meant; nothing is begun
/// then. [`AppError::Forbidden`], [`AppError::Text`] or the store's.
pub async fn start(app: &App, caller: &Caller, wish: Start) -> Result<RehearsalView, AppError> {
    caller.require(Scope::Knowledge)?;
    let name: String = Name::parse(&wish.name)?.into();
    let most = wish.limit.unwrap_or(MOST_CASES);
    if !(1..=MOST_CASES).contains(&most) {
        return Err(AppError::Invalid(format!(
            "a rehearsal has 1 to {MOST_CASES} questions; wish for a number between them"
        )));
    }
    let agent_id = agent(app, caller, wish.agent.as_deref()).await?;
    let bytes = wish.bytes;
    // Reading a large file takes a while; it must not hold up the server.
    let collected = tokio::task::spawn_blocking(move || read::read(&bytes).map(|found| found.finish(most)))
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?;
    let (cases, reading) = collected.map_err(|refused| AppError::Invalid(refused.to_string()))?;
    if cases.is_empty() {
        let first = reading.skipped.first();
        let why = first.map_or_else(
            || "no chat of it has a question that a person answered".to_owned(),
            |skipped| format!("row {}: {}", skipped.row, skipped.why),
        );
        return Err(AppError::Invalid(format!(
            "the file has no question that can be rehearsed ({why})"
        )));
    }
    let (ids, now) = (&*app.sources().ids, app.now());
    let row = rehearsal::Model {
        id: RehearsalId::new(ids),
        workspace_id: caller.workspace_id,
        agent_id,
        name,
        state: RehearsalState::Drafting,
        reading: Json(reading),
        member_id: caller.member().ok(),
        created_at: now,
        drafted_at: None,
        ended_at: None,
    };
    let case = |(place, case): (i64, crate::domain::rehearsal::Case)| rehearsal_case::Model {
        id: RehearsalCaseId::new(ids),
        workspace_id: caller.workspace_id,
        rehearsal_id: row.id,
        place,
        line: i64::try_from(case.line).unwrap_or(i64::MAX),
        external_id: case.id,
        question: case.question,
        answer: case.answer,
        history: Json(case.history),
        asked_at: case.at,
        draft: None,
        is_silent: None,
        drafted_at: None,
        verdict: None,
        note: None,
        member_id: None,
        judged_at: None,
    };
    let cases: Arc<Vec<_>> = Arc::new((0..).zip(cases).map(case).collect());
    let (actor, written) = (caller.actor(), row.clone());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (row, cases) = (row.clone(), cases.clone());
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::RehearsalStarted, actor)
                    .about("rehearsal", row.id)
                    .about("agent", row.agent_id)
                    .about("questions", cases.len())
                    .with("file", row.name.clone());
                tx.schedule(JobKind::Rehearse, row.id, row.created_at).await?;
                tx.insert(row).await?;
                tx.insert_rehearsal_cases(&cases).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    view(app, &app.store().rows(caller.workspace_id), written).await
}

/// The agent that is meant.
async fn agent(app: &App, caller: &Caller, wanted: Option<&str>) -> Result<AgentId, AppError> {
    let agents = agents::agents(app, caller).await?;
    let is_it = |agent: &&agents::AgentView| {
        wanted.is_none_or(|wanted| agent.settings.name == wanted || agent.id.to_string() == wanted)
    };
    let mut found = agents.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(agent), None) => Ok(agent.id),
        (None, _) if agents.is_empty() => Err(AppError::Invalid(
            "there is no agent yet; make one with: holdpoint init".to_owned(),
        )),
        _ => {
            let names: Vec<&str> = agents.iter().map(|agent| agent.settings.name.as_str()).collect();
            Err(AppError::Invalid(format!(
                "say which agent is to rehearse, by its name or id: {}",
                names.join(", ")
            )))
        }
    }
}
