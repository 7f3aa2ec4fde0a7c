//! Agents and their immutable versions.

use super::caller::Caller;
use super::{App, AppError, evidence, fitness};
use crate::domain::account::Scope;
use crate::domain::fitness::ModeUse;
use crate::domain::ids::{AgentId, AgentVersionId, WorkspaceId};
use crate::domain::log::EventKind;
use crate::domain::settings::AgentSettings;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::{agent, agent_version};
use crate::store::{Change, Json, LogDraft, Rows, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
        let (_, settings) = current_version(&rows, agent.id).await?;
        let version = rows.newest_version(agent.id).await?;
        let modes = ModeUse::of(&settings, fitness::fitness(app, &settings).await?);
        views.push(AgentView {
            id: agent.id,
            public_key: agent.public_key,
            version,
            settings,
            modes,
        });
    }
    Ok(views)
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

/// Makes settings the agent's next version, and tells its number.
async fn put_version(
    tx: &Tx<'_>,
    agent: agent::Model,
    id: AgentVersionId,
    settings: AgentSettings,
    now: Timestamp,
) -> Result<i64, AppError> {
    let number = tx.newest_version(agent.id).await? + 1;
    let name = Name::parse(&settings.name)?.into();
    let row = agent_version::Model {
        id,
        workspace_id: tx.workspace_id(),
        agent_id: agent.id,
        number,
        settings: Json(settings),
        created_at: now,
    };
    tx.insert(row).await?;
    tx.update(agent::Model {
        version_id: Some(id),
        name,
        ..agent
    })
    .await?;
    Ok(number)
}

/// Makes settings the agent's next version, inside a transaction that says so in the log; and tells those that were in force.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Text`], [`AppError::Invalid`] or the store's.
pub(super) async fn set(
    tx: &Tx<'_>,
    id: AgentId,
    settings: AgentSettings,
    now: Timestamp,
) -> Result<AgentSettings, AppError> {
    settings
        .check()
        .map_err(|refused| AppError::Invalid(refused.to_string()))?;
    let (_, former) = current_version(tx, id).await?;
    let agent = tx.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    put_version(tx, agent, AgentVersionId::new(&*tx.sources().ids), settings, now).await?;
    Ok(former)
}

/// Publishes settings as the agent's next version; without an id, as a new agent.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::Text`], [`AppError::Invalid`] or the store's.
pub async fn publish(
    app: &App,
    caller: &Caller,
    id: Option<AgentId>,
    settings: AgentSettings,
) -> Result<AgentView, AppError> {
    caller.require(Scope::Admin)?;
    settings
        .check()
        .map_err(|refused| AppError::Invalid(refused.to_string()))?;
    let name: String = Name::parse(&settings.name)?.into();
    let sources = app.sources();
    let mut key = [0; 12];
    sources.random.fill(&mut key);
    let new_key = format!("ag_{}", URL_SAFE_NO_PAD.encode(key));
    let agent_id = id.unwrap_or_else(|| AgentId::new(&*sources.ids));
    let version_id = AgentVersionId::new(&*sources.ids);
    let (now, actor, published) = (app.now(), caller.actor(), settings.clone());
    let (public_key, version) = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (name, new_key, settings) = (name.clone(), new_key.clone(), settings.clone());
            Box::pin(async move {
                let workspace_id = tx.workspace_id();
                let agent = match id {
                    Some(id) => tx.agent(id).await?.ok_or(AppError::NotFound("the agent"))?,
                    None => {
                        let row = agent::Model {
                            id: agent_id,
                            workspace_id,
                            public_key: new_key,
                            name,
                            version_id: None,
                            created_at: now,
                        };
                        tx.insert(row.clone()).await?;
                        row
                    }
                };
                let public_key = agent.public_key.clone();
                let number = put_version(tx, agent, version_id, settings, now).await?;
                evidence::published(tx, now).await?;
                let entry = LogDraft::new(EventKind::AgentPublished, actor)
                    .about("agent", agent_id)
                    .about("agent_version", version_id)
                    .about("number", number);
                Ok::<_, AppError>(Change::Logged((public_key, number), entry))
            })
        })
        .await?;
    let modes = ModeUse::of(&published, fitness::fitness(app, &published).await?);
    Ok(AgentView {
        id: agent_id,
        public_key,
        version,
        modes,
        settings: published,
    })
}
