//! The owner's limit, and whether a certificate opens the gate.

use super::certify::shrink;
use super::in_force::{follow, shut};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::policy::GateState;
use crate::domain::settings::AutonomySettings;
use crate::store::entity::workspace;
use crate::store::{Change, Json, LogDraft};
use serde::Deserialize;

/// What is to be set; what is left out stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutonomyInput {
    /// Whether a certificate opens the gate.
    pub opens: Option<bool>,
    /// Bad answers allowed in a thousand.
    pub limit_permille: Option<u32>,
    /// How sure, in percent.
    pub confidence_percent: Option<u32>,
    /// Reviews a day.
    pub reviews_a_day: Option<u32>,
    /// Whether the confidence is that of all certificates together.
    pub together: Option<bool>,
    /// Whether months are sampled evenly and counted exactly.
    pub exact: Option<bool>,
}

/// What is set.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn autonomy(app: &App, caller: &Caller) -> Result<AutonomySettings, AppError> {
    caller.require(Scope::Read)?;
    let row = app.store().rows(caller.workspace_id).workspace().await?;
    Ok(row.ok_or(AppError::NotFound("the workspace"))?.settings.0.autonomy)
}

/// Sets it. Only an owner lets certificates open the gate, raises the limit, or has less looked at while something goes out: it is their responsibility. A limit that is tightened holds at
/// once; one that is raised counts from the next test on.
///
/// # Errors
/// [`AppError::Invalid`] for what cannot be; [`AppError::Forbidden`] or the store's.
pub async fn set_autonomy(app: &App, caller: &Caller, input: AutonomyInput) -> Result<AutonomySettings, AppError> {
    caller.require(Scope::Admin)?;
    let is_owner = policy::is_owner(caller) && caller.member().is_ok();
    let (actor, now) = (caller.actor(), app.now());
    let (set, tightened) = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                let before = row.settings.0.autonomy;
                let after = AutonomySettings {
                    opens: input.opens.unwrap_or(before.opens),
                    limit_permille: input.limit_permille.unwrap_or(before.limit_permille),
                    confidence_percent: input.confidence_percent.unwrap_or(before.confidence_percent),
                    reviews_a_day: input.reviews_a_day.unwrap_or(before.reviews_a_day),
                    together: input.together.unwrap_or(before.together),
                    exact: input.exact.unwrap_or(before.exact),
                };
                after.check().map_err(|wrong| AppError::Invalid(wrong.to_string()))?;
                // Fewer reviews are a loosening, too, where something goes out: it is looked at less.
                let goes_out = row.gate.0 != GateState::Closed || before.opens;
                let loosens = after.opens && !before.opens
                    || after.limit_permille > before.limit_permille
                    || after.confidence_percent < before.confidence_percent
                    || before.together && !after.together
                    || goes_out && after.reviews_a_day < before.reviews_a_day;
                let tightens = after.limit_permille < before.limit_permille
                    || after.confidence_percent > before.confidence_percent
                    || after.together && !before.together;
                if loosens && !is_owner {
                    return Err(AppError::Forbidden);
                }
                if after == before {
                    return Ok(Change::Unlogged((after, false)));
                }
                let mut settings = row.settings.0.clone();
                settings.autonomy = after;
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                // Under what was tightened nothing goes out until the certificate was looked at once more.
                let moved = if tightens {
                    shut(tx).await?
                } else if after.opens != before.opens {
                    follow(tx, now).await?
                } else {
                    None
                };
                let mut entry = LogDraft::new(EventKind::AutonomyChanged, actor)
                    .with("before", serde_json::to_value(before).unwrap_or_default())
                    .with("after", serde_json::to_value(after).unwrap_or_default());
                if let Some(moved) = moved {
                    entry = entry.about("gate", moved.as_str());
                }
                Ok(Change::Logged((after, tightens), entry))
            })
        })
        .await?;
    if tightened {
        shrink(app, caller.workspace_id).await?;
    }
    Ok(set)
}
