//! Workspaces.

use crate::app::{App, AppError, Caller};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::WorkspaceId;
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::GateState;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::text::Name;
use crate::store::entity::workspace;
use crate::store::{Change, Json, LogDraft};
use jiff::tz::TimeZone;
use serde::Serialize;

/// A workspace as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkspaceView {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name in addresses and on the command line.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whose clocks its hours are read from, as the IANA database names it: `Europe/Berlin`.
    pub time_zone: String,
    /// Whether somebody can sign in to it.
    pub has_owner: bool,
}

/// All workspaces of this machine. For the administrator.
///
/// # Errors
/// The store's.
pub async fn workspaces(app: &App) -> Result<Vec<WorkspaceView>, AppError> {
    let mut views = Vec::new();
    for row in app.store().workspaces().await? {
        let members = app.store().rows(row.id).members().await?;
        let has_owner = members.iter().any(|(member, _)| member.role == Role::Owner);
        views.push(WorkspaceView {
            id: row.id,
            slug: row.slug,
            name: row.name,
            time_zone: row.time_zone,
            has_owner,
        });
    }
    Ok(views)
}

/// Says whose clocks a workspace goes by. Deadlines that run already stay as they are.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a zone that this machine does not know.
pub async fn set_time_zone(app: &App, caller: &Caller, zone: &str) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let zone = zone.trim().to_owned();
    let is_known = TimeZone::get(&zone).is_ok_and(|found| found.iana_name().is_some());
    if !is_known {
        return Err(AppError::Invalid(format!(
            "“{zone}” is no time zone that this machine knows; write it like Europe/Berlin (its package tzdata has them all)"
        )));
    }
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let zone = zone.clone();
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                if row.time_zone == zone {
                    return Ok(Change::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::WorkspaceChanged, actor).with("time_zone", zone.clone());
                tx.update(workspace::Model { time_zone: zone, ..row }).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Makes a workspace.
///
/// # Errors
/// [`AppError::Invalid`] for an unusable slug, [`AppError::Conflict`] if it exists.
pub async fn create_workspace(app: &App, slug: &str, name: &str) -> Result<WorkspaceId, AppError> {
    let usable = (1..=40).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !slug.starts_with('-');
    if !usable {
        return Err(AppError::Invalid(
            "a workspace's short name has 1 to 40 small letters, digits and hyphens, for example: corner-bakery"
                .to_owned(),
        ));
    }
    let name: String = Name::parse(name)?.into();
    if crate::store::global::workspace_by_slug(app.store(), slug)
        .await?
        .is_some()
    {
        let sentence = format!("there is a workspace “{slug}” already; choose another short name");
        return Err(AppError::Conflict {
            sentence,
            extra: serde_json::json!({}),
        });
    }
    let (id, now, slug) = (WorkspaceId::new(&*app.sources().ids), app.now(), slug.to_owned());
    app.store()
        .write(id, move |tx| {
            let (slug, name) = (slug.clone(), name.clone());
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::WorkspaceCreated, Actor::Admin).with("slug", slug.clone());
                let row = workspace::Model {
                    id,
                    slug,
                    name,
                    time_zone: "UTC".to_owned(),
                    gate: Json(GateState::Closed),
                    settings: Json(WorkspaceSettings::default()),
                    created_at: now,
                };
                tx.insert(row).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(id)
}
