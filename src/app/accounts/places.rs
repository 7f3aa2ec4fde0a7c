//! The workspaces of one person, and going from one to another.

use super::callers::caller_of_member;
use super::secret::secret_hash;
use super::sessions::{Session, new_session};
use crate::app::actions::{self, ActionWish};
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::Role;
use crate::domain::ids::WorkspaceId;
use crate::domain::log::{Actor, EventKind};
use crate::store::entity::member;
use crate::store::{Change, LogDraft};
use serde::Serialize;

/// A workspace in which a person is a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which.
    pub workspace_id: WorkspaceId,
    /// What it is called.
    pub name: String,
    /// What they are there.
    pub role: Role,
    /// What waits for people there: review items and proposals.
    pub waiting: u64,
    /// It is the one that they are in now.
    pub is_current: bool,
}

/// In which workspaces the person who asks is a member. A program and the machine's administrator are in one: nothing is told of others.
pub(in crate::app) async fn memberships(app: &App, caller: &Caller) -> Result<Vec<member::Model>, AppError> {
    let Ok(id) = caller.member() else {
        return Ok(Vec::new());
    };
    let rows = app.store().rows(caller.workspace_id);
    let Some(here) = rows.member(id).await? else {
        return Ok(Vec::new());
    };
    if caller.program.is_some() {
        return Ok(vec![here]);
    }
    Ok(app.store().memberships(here.user_id).await?)
}

/// The person who asks, as they would ask in each of their workspaces.
pub(in crate::app) async fn callers(app: &App, caller: &Caller) -> Result<Vec<(Caller, Role)>, AppError> {
    let name = match &caller.who {
        crate::app::Who::Member { name, .. } => name.clone(),
        crate::app::Who::Admin => String::new(),
    };
    let found = memberships(app, caller).await?;
    let there = |member: member::Model| (caller_of_member(&member, name.clone(), None), member.role);
    Ok(found.into_iter().map(there).collect())
}

/// The workspaces in which the person who asks is a member, by name.
///
/// # Errors
/// The store's.
pub async fn places(app: &App, caller: &Caller) -> Result<Vec<Place>, AppError> {
    let mut places = Vec::new();
    for member in memberships(app, caller).await? {
        let there = caller_of_member(&member, String::new(), None);
        let rows = app.store().rows(there.workspace_id);
        let Some(workspace) = rows.workspace().await? else {
            continue;
        };
        let waiting = rows.queue_length().await? + actions::waiting(app, &there, &ActionWish::waiting()).await?;
        places.push(Place {
            workspace_id: workspace.id,
            name: workspace.name,
            role: member.role,
            waiting,
            is_current: workspace.id == caller.workspace_id,
        });
    }
    places.sort_by_cached_key(|place| (place.name.to_lowercase(), place.workspace_id));
    Ok(places)
}

/// What one of the asker's workspaces is called; none for a workspace in which they are no member.
///
/// # Errors
/// The store's.
pub async fn name_of_place(app: &App, caller: &Caller, id: WorkspaceId) -> Result<Option<String>, AppError> {
    let is_theirs = memberships(app, caller)
        .await?
        .iter()
        .any(|member| member.workspace_id == id);
    if !is_theirs {
        return Ok(None);
    }
    Ok(app.store().rows(id).workspace().await?.map(|workspace| workspace.name))
}

/// Goes to another workspace: the session ends where it was, and another one begins there, with a cookie and a token for forms of its
/// own. What a page of the former workspace asks for later is refused.
///
/// # Errors
/// [`AppError::NotFound`] for a workspace in which the person is no member, or for a session that has ended.
pub async fn move_to(app: &App, token: &str, workspace_id: WorkspaceId) -> Result<Session, AppError> {
    let hash = secret_hash(token);
    let old = app.store().session(&hash, app.now()).await?;
    let old = old.ok_or(AppError::NotFound("the session"))?;
    let memberships = app.store().memberships(old.user_id).await?;
    if memberships.iter().all(|member| member.workspace_id != workspace_id) {
        return Err(AppError::NotFound("the workspace"));
    }
    let (session, row) = new_session(app, old.user_id, workspace_id);
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let (row, hash) = (row.clone(), hash.clone());
            Box::pin(async move {
                let member = tx.membership(row.user_id).await?;
                let member = member.ok_or(AppError::NotFound("the workspace"))?;
                let id = member.id;
                if !tx.end_session_of(row.user_id, &hash).await? {
                    return Err(AppError::NotFound("the session"));
                }
                tx.insert(row).await?;
                tx.update(member::Model {
                    used_at: Some(now),
                    ..member
                })
                .await?;
                let entry = LogDraft::new(EventKind::MemberSignedIn, Actor::Member(id)).about("member", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(session)
}
