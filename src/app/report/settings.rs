//! The settings of a workspace's reports.

use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::report::{ReportSettings, SettingsProblem};
use crate::domain::settings::WorkspaceSettings;
use crate::store::entity::workspace;
use crate::store::{Change, JobKind, Json, LogDraft, Rows};

/// The settings of reports, as they are stored.
pub(super) async fn of(rows: &Rows<'_>) -> Result<ReportSettings, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    Ok(workspace.settings.0.reports)
}

/// The settings of reports.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn settings(app: &App, caller: &Caller) -> Result<ReportSettings, AppError> {
    caller.require(Scope::Read)?;
    of(&app.store().rows(caller.workspace_id)).await
}

/// Replaces the settings of reports.
///
/// # Errors
/// [`AppError::Invalid`] with every field that cannot be used, [`AppError::Forbidden`] or the store's.
pub async fn set_settings(app: &App, caller: &Caller, wished: ReportSettings) -> Result<ReportSettings, AppError> {
    caller.require(Scope::Admin)?;
    let wished = wished.tidied();
    let problems = wished.problems();
    if !problems.is_empty() {
        let said = |problem: &SettingsProblem| format!("{}: {}", problem.field, problem.says);
        let said: Vec<String> = problems.iter().map(said).collect();
        return Err(AppError::Invalid(said.join("; ")));
    }
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let wished = wished.clone();
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                let before = &row.settings.0.reports;
                // Each kind is sent from when it was turned on; what was due before is not sent belatedly.
                let is_new = !before.sends() || (wished.digest && !before.digest) || (wished.month && !before.month);
                let reports = ReportSettings {
                    sending_since: if is_new { Some(now.0) } else { before.sending_since },
                    ..wished
                };
                let entry = LogDraft::new(EventKind::ReportSettingsChanged, actor)
                    .with("settings", serde_json::to_value(&reports).unwrap_or_default());
                let settings = WorkspaceSettings {
                    reports: reports.clone(),
                    ..row.settings.0.clone()
                };
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                tx.schedule(JobKind::Report, tx.workspace_id(), now).await?;
                Ok::<_, AppError>(Change::Logged(reports, entry))
            })
        })
        .await
}
