//! How the team works together, as an owner sets it.

use super::super::caller::Caller;
use super::super::ledger;
use super::super::{App, AppError, webhooks};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::team::TeamSettings;
use crate::store::entity::workspace;
use crate::store::{Change, Json, LogDraft, Rows};

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

/// Refuses e-mail addresses in the chain that no member has: nobody would ever be told.
async fn refuse_strangers(rows: &Rows<'_>, team: &TeamSettings) -> Result<(), AppError> {
    let colleagues = super::colleagues(rows).await?;
    let is_member = |name: &str| {
        let name = [name.to_owned()];
        colleagues.iter().any(|colleague| colleague.is_named(&name))
    };
    for (nth, step) in team.escalation.iter().enumerate() {
        if let Some(stranger) = step.to.iter().find(|name| name.contains('@') && !is_member(name)) {
            return Err(AppError::Invalid(format!(
                "“{}”, whom step {} of the escalation chain tells, is not a member of this workspace; add them first, or name somebody who is",
                stranger.trim(),
                nth + 1
            )));
        }
    }
    Ok(())
}

/// Replaces the team's settings. What waits already keeps its escalation as it was scheduled.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] with what to write instead, or the store's.
pub async fn set_settings(app: &App, caller: &Caller, team: TeamSettings) -> Result<TeamSettings, AppError> {
    caller.require(Scope::Admin)?;
    team.check().map_err(|error| AppError::Invalid(error.to_string()))?;
    for url in team.escalation.iter().filter_map(|step| step.webhook.as_deref()) {
        webhooks::check_url(app, url)?;
    }
    refuse_strangers(&app.store().rows(caller.workspace_id), &team).await?;
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
    Ok(kept)
}
