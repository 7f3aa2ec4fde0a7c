//! Tools of a workspace: what may be proposed at all, version by version.

use crate::app::caller::Caller;
use crate::app::{App, AppError, agents, fitness, webhooks};
use crate::domain::account::Scope;
use crate::domain::action::form::{Field, fields};
use crate::domain::action::request::Run;
use crate::domain::action::tool::Tool;
use crate::domain::ids::ToolVersionId;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::tool_version as row;
use crate::store::{Change, Json, LogDraft, Rows};
use serde::Serialize;

/// Tools of a workspace at most: an AI and a reviewer have to keep them apart.
const MOST: usize = 50;

/// A tool as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolView {
    /// The version.
    pub id: ToolVersionId,
    /// 1, 2, 3, …
    pub version: i64,
    /// What it is.
    pub tool: Tool,
    /// Its arguments, as a form has them.
    pub fields: Vec<Field>,
    /// Secrets that its headers want and that are not there.
    pub missing_secrets: Vec<String>,
    /// Since when it is so.
    pub since: Timestamp,
}

async fn view(rows: &Rows<'_>, row: row::Model) -> Result<ToolView, AppError> {
    let mut missing_secrets = Vec::new();
    if let Run::Http { headers, .. } = &row.definition.0.run {
        for name in headers
            .values()
            .flat_map(|value| crate::domain::action::request::secrets_in(value))
        {
            if rows.secret(name).await?.is_none() {
                missing_secrets.push(name.to_owned());
            }
        }
    }
    Ok(ToolView {
        id: row.id,
        version: row.number,
        fields: fields(&row.definition.0.schema),
        missing_secrets,
        tool: row.definition.0,
        since: row.created_at,
    })
}

/// The tools of the workspace, by name.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn tools(app: &App, caller: &Caller) -> Result<Vec<ToolView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut views = Vec::new();
    for row in rows.tools().await? {
        views.push(view(&rows, row).await?);
    }
    Ok(views)
}

/// One of them.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn tool(app: &App, caller: &Caller, name: &str) -> Result<ToolView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = in_force(&rows, name).await?;
    view(&rows, row).await
}

/// Does any agent of the workspace propose what is offered to the AI? Its chat model has to be found able to, or be allowed to be unfit.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn ai_proposes(app: &App, caller: &Caller) -> Result<bool, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    for agent in rows.agents().await? {
        let (_, settings) = agents::current_version(&rows, agent.id).await?;
        if fitness::may_propose(app, &settings).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The version of a tool that is in force.
pub(super) async fn in_force(rows: &Rows<'_>, name: &str) -> Result<row::Model, AppError> {
    let newest = rows.newest_tool(name).await?;
    newest
        .filter(|row| !row.is_removed)
        .ok_or(AppError::NotFound("the tool"))
}

/// Defines a tool, or another version of it. What was proposed with an earlier version stays as it is.
///
/// # Errors
/// [`AppError::Invalid`] with what is wrong with it, [`AppError::Forbidden`].
pub async fn define(app: &App, caller: &Caller, tool: Tool) -> Result<ToolView, AppError> {
    caller.require(Scope::Admin)?;
    tool.check().map_err(|error| AppError::Invalid(error.to_string()))?;
    if let Run::Http { url, .. } = &tool.run {
        // The host stands there as it is; whatever placeholders follow, it is the same one.
        webhooks::check_url(app, &url.replace(['{', '}'], "_"))?;
    }
    let (actor, now, member_id) = (caller.actor(), app.now(), caller.member().ok());
    let id = ToolVersionId::new(&*app.sources().ids);
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let tool = tool.clone();
            Box::pin(async move {
                let newest = tx.newest_tool(&tool.name).await?;
                let is_new = newest.as_ref().is_none_or(|row| row.is_removed);
                if let Some(row) = newest.clone().filter(|row| !row.is_removed && row.definition.0 == tool) {
                    return Ok(Change::Unlogged(row));
                }
                if is_new && tx.tools().await?.len() >= MOST {
                    return Err(AppError::Invalid(format!(
                        "there are {MOST} tools already, more than anybody keeps apart; remove one first"
                    )));
                }
                let row = row::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    name: tool.name.clone(),
                    number: newest.map_or(1, |row| row.number + 1),
                    definition: Json(tool),
                    is_removed: false,
                    member_id,
                    created_at: now,
                };
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::ToolDefined, actor)
                    .about("tool_version", id)
                    .with("name", row.name.clone())
                    .with(
                        "definition",
                        serde_json::to_value(&row.definition.0).unwrap_or_default(),
                    );
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    view(&app.store().rows(caller.workspace_id), row).await
}

/// Removes a tool: nothing more is proposed with it. What waits may still be decided.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove(app: &App, caller: &Caller, name: &str) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now, member_id) = (caller.actor(), app.now(), caller.member().ok());
    let (id, name) = (ToolVersionId::new(&*app.sources().ids), name.to_owned());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let name = name.clone();
            Box::pin(async move {
                let newest = in_force(tx, &name).await?;
                let row = row::Model {
                    id,
                    number: newest.number + 1,
                    is_removed: true,
                    member_id,
                    created_at: now,
                    ..newest
                };
                tx.insert(row).await?;
                let entry = LogDraft::new(EventKind::ToolRemoved, actor)
                    .about("tool_version", id)
                    .with("name", name);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
