//! Who a session, a token or the administrator is.

use super::secret::secret_hash;
use crate::app::caller::{Caller, Program, Who};
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::text::Email;
use crate::store::entity::member;

/// Who a session cookie belongs to, and the token that their forms carry.
///
/// # Errors
/// The store's.
pub async fn caller_of_session(app: &App, token: &str) -> Result<Option<(Caller, String)>, AppError> {
    let Some(session) = app.store().session(&secret_hash(token), app.now()).await? else {
        return Ok(None);
    };
    let memberships = app.store().memberships(session.user_id).await?;
    let Some(member) = memberships
        .into_iter()
        .find(|member| member.workspace_id == session.workspace_id)
    else {
        return Ok(None);
    };
    let name = app
        .store()
        .user(session.user_id)
        .await?
        .map_or_else(String::new, |user| user.name);
    Ok(Some((caller_of_member(&member, name, None), session.csrf_token)))
}

pub(super) fn caller_of_member(member: &member::Model, name: String, scopes: Option<&[Scope]>) -> Caller {
    let allowed = member.role.scopes();
    let scopes = match scopes {
        // A token never does more than its member, also after the member's role has shrunk.
        Some(scopes) => {
            let may = |scope: &Scope| scope.is_for_programs() || allowed.contains(scope);
            scopes.iter().copied().filter(may).collect()
        }
        None => allowed.to_vec(),
    };
    Caller {
        workspace_id: member.workspace_id,
        who: Who::Member {
            id: member.id,
            name,
            role: member.role,
        },
        scopes,
        program: None,
    }
}

/// Who a bearer token acts as.
///
/// # Errors
/// The store's.
pub async fn caller_of_token(app: &App, bearer: &str) -> Result<Option<Caller>, AppError> {
    let Some(row) = app.store().token(&secret_hash(bearer)).await? else {
        return Ok(None);
    };
    let ended = row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= app.now());
    let rows = app.store().rows(row.workspace_id);
    let Some(member) = rows.member(row.member_id).await?.filter(|_| !ended) else {
        return Ok(None);
    };
    let name = rows.member_name(member.id).await?.unwrap_or_default();
    Ok(Some(Caller {
        program: Some(Program {
            id: row.id,
            name: row.name,
        }),
        ..caller_of_member(&member, name, Some(&row.scopes.0))
    }))
}

/// The administrator of the machine in a workspace, or acting as one of its members.
///
/// # Errors
/// [`AppError::NotFound`] for an unknown workspace or member, [`AppError::Invalid`] when the workspace must be named.
pub async fn admin(app: &App, slug: Option<&str>, member_email: Option<&str>) -> Result<Caller, AppError> {
    let mut workspaces = app.store().workspaces().await?;
    let workspace = match slug {
        Some(slug) => workspaces.into_iter().find(|workspace| workspace.slug == slug),
        None if workspaces.len() > 1 => {
            let slugs: Vec<String> = workspaces.into_iter().map(|workspace| workspace.slug).collect();
            return Err(AppError::Invalid(format!(
                "name the workspace with --workspace, one of: {}",
                slugs.join(", ")
            )));
        }
        None => workspaces.pop(),
    };
    let workspace = workspace.ok_or(AppError::NotFound("the workspace"))?;
    let Some(email) = member_email else {
        return Ok(Caller::admin(workspace.id));
    };
    let email = Email::parse(email)?;
    let members = app.store().rows(workspace.id).members().await?;
    let found = members.into_iter().find(|(_, user)| user.email == email.as_str());
    let (member, user) = found.ok_or(AppError::NotFound("a member with this address"))?;
    Ok(caller_of_member(&member, user.name, None))
}
