//! How the team works together, as an owner sets it.

use super::super::caller::Caller;
use super::super::ledger;
use super::super::policy::ProblemView;
use super::super::{App, AppError, webhooks};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::team::TeamSettings;
use crate::store::entity::workspace;
use crate::store::{Change, Json, LogDraft, Rows};

/// What became of settings that were to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsSaved {
    /// They are in force.
    InForce(TeamSettings),
    /// They must be changed first; nothing was changed.
    Refused(Vec<ProblemView>),
}

/// The team's settings. The addresses of programs are whole for those who administer the workspace, and as they may be shown
/// for everybody else.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn settings(app: &App, caller: &Caller) -> Result<TeamSettings, AppError> {
    caller.require(Scope::Read)?;
    let team = ledger::settings(&app.store().rows(caller.workspace_id)).await?.team;
    Ok(if caller.require(Scope::Admin).is_ok() {
        team
    } else {
        as_shown(team)
    })
}

/// The settings without what is often a secret: the queries of programs' addresses.
fn as_shown(mut team: TeamSettings) -> TeamSettings {
    for step in &mut team.escalation {
        step.webhook = step.webhook.as_deref().map(webhooks::shown_url);
    }
    team
}

/// Everything that must be changed: what the rules refuse, programs whose address may not be asked, and e-mail addresses that no
/// member has, so that nobody would ever be told.
async fn problems(app: &App, rows: &Rows<'_>, team: &TeamSettings) -> Result<Vec<ProblemView>, AppError> {
    let problem = |path: String, says: String| ProblemView { path, line: None, says };
    let mut problems: Vec<ProblemView> = team
        .check()
        .into_iter()
        .map(|error| problem(error.path(), error.to_string()))
        .collect();
    let colleagues = super::colleagues(rows).await?;
    let is_member = |name: &str| {
        let name = [name.to_owned()];
        colleagues.iter().any(|colleague| colleague.is_named(&name))
    };
    for (at, step) in team.escalation.iter().enumerate() {
        for stranger in step.to.iter().filter(|name| name.contains('@') && !is_member(name)) {
            let says = format!(
                "“{}”, whom step {} of the escalation chain tells, is not a member of this workspace; add them first, or name somebody who is",
                stranger.trim(),
                at + 1
            );
            problems.push(problem(format!("escalation[{at}].to"), says));
        }
        if let Some(Err(error)) = step.webhook.as_deref().map(|url| webhooks::check_url(app, url)) {
            problems.push(problem(format!("escalation[{at}].webhook"), error.to_string()));
        }
    }
    Ok(problems)
}

/// Replaces the team's settings. What waits already keeps its escalation as it was scheduled.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn set_settings(app: &App, caller: &Caller, team: TeamSettings) -> Result<SettingsSaved, AppError> {
    caller.require(Scope::Admin)?;
    let problems = problems(app, &app.store().rows(caller.workspace_id), &team).await?;
    if !problems.is_empty() {
        return Ok(SettingsSaved::Refused(problems));
    }
    let actor = caller.actor();
    let kept = team.clone();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let team = team.clone();
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                let entry = LogDraft::new(EventKind::TeamChanged, actor)
                    .with("team", serde_json::to_value(as_shown(team.clone())).unwrap_or_default());
                let settings = WorkspaceSettings {
                    team,
                    ..row.settings.0.clone()
                };
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(SettingsSaved::InForce(kept))
}
