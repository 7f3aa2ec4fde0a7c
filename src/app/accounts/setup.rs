//! Set-up links: how the first owner gets in.

use super::password::hash_password;
use super::secret::{new_secret, secret_hash};
use super::sessions::{Session, new_session};
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::{MemberId, UserId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::{Email, Name, NewPassword};
use crate::domain::time::Timestamp;
use crate::store::entity::{member, setup_link, user};
use crate::store::{Change, LogDraft};
use serde::Serialize;

/// How long a set-up link lasts, in milliseconds.
const LINK_MS: i64 = 24 * 3_600_000;

/// A one-time link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetupLink {
    /// The secret part; shown once.
    pub token: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Makes a one-time link with which a first or further owner signs up.
///
/// # Errors
/// The store's.
pub async fn create_setup_link(app: &App, caller: &Caller) -> Result<SetupLink, AppError> {
    caller.require(Scope::Admin)?;
    let (token, token_hash) = new_secret(&*app.sources().random, "hps_");
    let (now, actor) = (app.now(), caller.actor());
    let expires_at = now.plus_ms(LINK_MS);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let token_hash = token_hash.clone();
            Box::pin(async move {
                let workspace_id = tx.workspace_id();
                tx.insert(setup_link::Model {
                    token_hash,
                    workspace_id,
                    created_at: now,
                    expires_at,
                    used_at: None,
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), LogDraft::new(EventKind::SetupLinkCreated, actor)))
            })
        })
        .await?;
    Ok(SetupLink { token, expires_at })
}

/// Checks a set-up link without using it.
///
/// # Errors
/// [`AppError::LinkUsed`] or [`AppError::LinkInvalid`].
pub async fn check_setup_link(app: &App, token: &str) -> Result<WorkspaceId, AppError> {
    let link = app
        .store()
        .setup_link(&secret_hash(token))
        .await?
        .ok_or(AppError::LinkInvalid)?;
    match link.used_at {
        Some(_) => Err(AppError::LinkUsed),
        None if link.expires_at <= app.now() => Err(AppError::LinkInvalid),
        None => Ok(link.workspace_id),
    }
}

/// Uses a set-up link: makes the owner and signs them in.
///
/// # Errors
/// [`AppError::LinkUsed`], [`AppError::LinkInvalid`], [`AppError::Text`], [`AppError::Conflict`] for a known address.
pub async fn set_up(app: &App, token: &str, name: &str, email: &str, password: String) -> Result<Session, AppError> {
    let workspace_id = check_setup_link(app, token).await?;
    let (name, email): (String, Email) = (Name::parse(name)?.into(), Email::parse(email)?);
    let password_hash = hash_password(NewPassword::parse(password)?).await?;
    let token_hash = secret_hash(token);
    let (user_id, member_id) = (UserId::new(&*app.sources().ids), MemberId::new(&*app.sources().ids));
    let (session, session_row) = new_session(app, user_id, workspace_id);
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let (token_hash, name, email) = (token_hash.clone(), name.clone(), email.clone());
            let (password_hash, session_row) = (password_hash.clone(), session_row.clone());
            Box::pin(async move {
                if !tx.use_setup_link(&token_hash, now).await? {
                    return Err(AppError::LinkUsed);
                }
                if tx.find_user(email.as_str()).await?.is_some() {
                    let sentence = "there is an account with this address already; sign in instead".to_owned();
                    return Err(AppError::Conflict {
                        sentence,
                        extra: serde_json::json!({}),
                    });
                }
                let email = email.as_str().to_owned();
                tx.insert(user::Model {
                    id: user_id,
                    email,
                    name,
                    password_hash,
                    created_at: now,
                })
                .await?;
                let role = Role::Owner;
                tx.insert(member::Model {
                    id: member_id,
                    workspace_id,
                    user_id,
                    role,
                    created_at: now,
                    used_at: Some(now),
                })
                .await?;
                tx.insert(session_row).await?;
                let entry = LogDraft::new(EventKind::MemberJoined, Actor::Member(member_id))
                    .about("member", member_id)
                    .about("role", "owner");
                Ok(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(session)
}
