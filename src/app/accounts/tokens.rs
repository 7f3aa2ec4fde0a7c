//! Bearer tokens of programs.

use super::secret::new_secret;
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::TokenId;
use crate::domain::log::EventKind;
use crate::domain::text::{Email, Name};
use crate::store::entity::token;
use crate::store::{Change, Json, LogDraft};
use serde::{Deserialize, Serialize};

/// A new bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The secret; shown once.
    pub token: String,
}

/// What a program's token should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenWish {
    /// What it is for.
    pub name: String,
    /// The member it acts as.
    pub email: String,
    /// What it may do, at most what the member may.
    pub scopes: Vec<Scope>,
}

/// Makes a bearer token that acts as a member.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] for an unknown member.
pub async fn create_token(app: &App, caller: &Caller, wish: &TokenWish) -> Result<NewToken, AppError> {
    caller.require(Scope::Admin)?;
    let (name, email): (String, Email) = (Name::parse(&wish.name)?.into(), Email::parse(&wish.email)?);
    let members = app.store().rows(caller.workspace_id).members().await?;
    let found = members.into_iter().find(|(_, user)| user.email == email.as_str());
    let (member, _) = found.ok_or(AppError::NotFound("a member with this address"))?;
    let (token, token_hash) = new_secret(&*app.sources().random, "hp_");
    let (id, now, actor, scopes) = (
        TokenId::new(&*app.sources().ids),
        app.now(),
        caller.actor(),
        wish.scopes.clone(),
    );
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (name, token_hash, scopes) = (name.clone(), token_hash.clone(), scopes.clone());
            Box::pin(async move {
                let row = token::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    member_id: member.id,
                    name,
                    token_hash,
                    scopes: Json(scopes),
                    created_at: now,
                    expires_at: None,
                    revoked_at: None,
                };
                tx.insert(row).await?;
                let entry = LogDraft::new(EventKind::TokenCreated, actor)
                    .about("token", id)
                    .about("member", member.id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(NewToken { id, token })
}

/// Ends a token.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn revoke_token(app: &App, caller: &Caller, id: TokenId) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.token_row(id).await?.ok_or(AppError::NotFound("the token"))?;
                if row.revoked_at.is_some() {
                    return Ok(Change::Unlogged(()));
                }
                tx.update(token::Model {
                    revoked_at: Some(now),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged(
                    (),
                    LogDraft::new(EventKind::TokenRevoked, actor).about("token", id),
                ))
            })
        })
        .await
}
