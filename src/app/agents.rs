//! Agents and their immutable versions. What can change an answer goes live through a candidate; everything else at once.

mod change;
mod versions;

pub use change::{Changed, Tried, When, change, create, tried_on};
pub use versions::{VersionView, versions};

pub(super) use change::{after, check, set};

use super::caller::Caller;
use super::{App, AppError, evidence, fitness, improve, models, views};
use crate::domain::account::Scope;
use crate::domain::fitness::ModeUse;
use crate::domain::ids::{AgentId, AgentVersionId, WorkspaceId};
use crate::domain::settings::AgentSettings;
use crate::store::Rows;
use crate::store::entity::agent;
use serde::Serialize;

/// An agent as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentView {
    /// Its id.
    pub id: AgentId,
    /// What stands in the widget's script tag.
    pub public_key: String,
    /// The version in force.
    pub version: i64,
    /// Its settings.
    pub settings: AgentSettings,
    /// What it does with each mode, given what the machine's models are fit for.
    pub modes: [ModeUse; 3],
}

/// An agent as the widget's endpoints need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAgent {
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// Its id.
    pub agent_id: AgentId,
    /// Its settings.
    pub settings: AgentSettings,
}

/// The version of an agent that is in force.
pub(super) async fn current_version(rows: &Rows<'_>, id: AgentId) -> Result<(AgentVersionId, AgentSettings), AppError> {
    let agent = rows.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    let version = match agent.version_id {
        Some(version_id) => rows.agent_version(version_id).await?,
        None => None,
    };
    let version = version.ok_or(AppError::NotFound("a published version of the agent"))?;
    Ok((version.id, version.settings.0))
}

/// The agents of the workspace.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn agents(app: &App, caller: &Caller) -> Result<Vec<AgentView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut views = Vec::new();
    for agent in rows.agents().await? {
        views.push(view(app, &rows, agent).await?);
    }
    Ok(views)
}

/// One agent of the workspace.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn agent(app: &App, caller: &Caller, id: AgentId) -> Result<AgentView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    view(app, &rows, row).await
}

async fn view(app: &App, rows: &Rows<'_>, row: agent::Model) -> Result<AgentView, AppError> {
    let (_, settings) = current_version(rows, row.id).await?;
    let version = rows.newest_version(row.id).await?;
    let modes = ModeUse::of(&settings, fitness::fitness(app, &settings).await?);
    Ok(AgentView {
        id: row.id,
        public_key: row.public_key,
        version,
        settings,
        modes,
    })
}

/// The agent behind a public key.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn public_agent(app: &App, public_key: &str) -> Result<PublicAgent, AppError> {
    let agent = app
        .store()
        .agent_by_key(public_key)
        .await?
        .ok_or(AppError::NotFound("the agent"))?;
    let (_, settings) = current_version(&app.store().rows(agent.workspace_id), agent.id).await?;
    Ok(PublicAgent {
        workspace_id: agent.workspace_id,
        agent_id: agent.id,
        settings,
    })
}

/// The settings of the agent of a conversation, for the checks of the widget's endpoints.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn agent_of(app: &App, visitor: &super::visit::Visitor) -> Result<AgentSettings, AppError> {
    let rows = app.store().rows(visitor.workspace_id);
    let conversation = rows
        .conversation(visitor.conversation_id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    Ok(current_version(&rows, conversation.agent_id).await?.1)
}

/// Every origin that some agent of this machine answers on.
///
/// # Errors
/// The store's.
pub async fn all_origins(app: &App) -> Result<Vec<String>, AppError> {
    let mut origins = Vec::new();
    for workspace in app.store().workspaces().await? {
        let rows = app.store().rows(workspace.id);
        for agent in rows.agents().await? {
            if let Some(version_id) = agent.version_id
                && let Some(version) = rows.agent_version(version_id).await?
            {
                origins.extend(version.settings.0.origins);
            }
        }
    }
    Ok(origins)
}
