//! Members of a workspace.

use super::password::hash_password;
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::{MemberId, UserId};
use crate::domain::log::EventKind;
use crate::domain::text::{Email, Name, NewPassword};
use crate::store::entity::{member, user};
use crate::store::{Change, LogDraft};
use serde::{Deserialize, Serialize};

/// A person to be added.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password; may be left out for somebody who is known already.
    #[serde(default)]
    pub password: Option<String>,
    /// Their role.
    pub role: Role,
}

/// A member as people read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Their id.
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
}

/// The members of the workspace.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn members(app: &App, caller: &Caller) -> Result<Vec<MemberView>, AppError> {
    caller.require(Scope::Read)?;
    let members = app.store().rows(caller.workspace_id).members().await?;
    Ok(members
        .into_iter()
        .map(|(member, user)| MemberView {
            id: member.id,
            name: user.name,
            email: user.email,
            role: member.role,
        })
        .collect())
}

/// Adds a person to the workspace.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Conflict`] for a member.
pub async fn add_member(app: &App, caller: &Caller, new: NewMember) -> Result<MemberId, AppError> {
    caller.require(Scope::Admin)?;
    let (name, email): (String, Email) = (Name::parse(&new.name)?.into(), Email::parse(&new.email)?);
    let known = app.store().user_by_email(email.as_str()).await?;
    let password_hash = match (&known, new.password) {
        (Some(user), _) => user.password_hash.clone(),
        (None, Some(password)) => hash_password(NewPassword::parse(password)?).await?,
        (None, None) => return Err(AppError::Invalid("a new person needs a password".to_owned())),
    };
    let (user_id, member_id) = (UserId::new(&*app.sources().ids), MemberId::new(&*app.sources().ids));
    let (now, actor, role) = (app.now(), caller.actor(), new.role);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (name, email, password_hash) = (name.clone(), email.as_str().to_owned(), password_hash.clone());
            Box::pin(async move {
                let user_id = match tx.find_user(&email).await? {
                    Some(user) => user.id,
                    None => {
                        tx.insert(user::Model {
                            id: user_id,
                            email,
                            name,
                            password_hash,
                            created_at: now,
                        })
                        .await?;
                        user_id
                    }
                };
                if tx.membership(user_id).await?.is_some() {
                    let sentence = "this person is a member of the workspace already".to_owned();
                    return Err(AppError::Conflict {
                        sentence,
                        extra: serde_json::json!({}),
                    });
                }
                let workspace_id = tx.workspace_id();
                tx.insert(member::Model {
                    id: member_id,
                    workspace_id,
                    user_id,
                    role,
                    created_at: now,
                    used_at: None,
                })
                .await?;
                let entry = LogDraft::new(EventKind::MemberJoined, actor).about("member", member_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(member_id)
}
