//! Browser sessions.

use super::password;
use super::secret::{new_secret, secret_hash};
use crate::app::{App, AppError};
use crate::domain::ids::{UserId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::store::entity::{member, session};
use crate::store::{Change, LogDraft};
use serde::Serialize;

/// How long a session lasts, in milliseconds.
const SESSION_MS: i64 = 30 * 24 * 3_600_000;

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The cookie's value.
    #[serde(skip)]
    pub token: String,
    /// What a form or script sends along with every change.
    pub csrf_token: String,
    /// Until when it lasts.
    pub expires_at: Timestamp,
}

pub(super) fn new_session(app: &App, user_id: UserId, workspace_id: WorkspaceId) -> (Session, session::Model) {
    let (token, token_hash) = new_secret(&*app.sources().random, "");
    let (csrf_token, _) = new_secret(&*app.sources().random, "");
    let created_at = app.now();
    let expires_at = created_at.plus_ms(SESSION_MS);
    let row = session::Model {
        token_hash,
        user_id,
        workspace_id,
        csrf_token: csrf_token.clone(),
        created_at,
        expires_at,
    };
    (
        Session {
            token,
            csrf_token,
            expires_at,
        },
        row,
    )
}

/// Signs a person in, to the workspace that they used last; to the first one they belong to, where they have used none.
///
/// # Errors
/// [`AppError::WrongPassword`], whatever of the two was wrong.
pub async fn sign_in(app: &App, email: &str, password: String) -> Result<Session, AppError> {
    let user = match Email::parse(email) {
        Ok(email) => app.store().user_by_email(email.as_str()).await?,
        Err(_) => None,
    };
    let matches = password::matches(user.as_ref().map(|user| user.password_hash.clone()), password).await?;
    let user = user.filter(|_| matches).ok_or(AppError::WrongPassword)?;
    let member = app
        .store()
        .memberships(user.id)
        .await?
        .into_iter()
        .min_by_key(|member| std::cmp::Reverse(member.used_at))
        .ok_or(AppError::WrongPassword)?;
    let now = app.now();
    let (session, row) = new_session(app, user.id, member.workspace_id);
    app.store()
        .write(member.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                if let Some(place) = tx.membership(row.user_id).await? {
                    tx.update(member::Model {
                        used_at: Some(now),
                        ..place
                    })
                    .await?;
                }
                tx.insert(row).await?;
                let entry =
                    LogDraft::new(EventKind::MemberSignedIn, Actor::Member(member.id)).about("member", member.id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(session)
}

/// Ends a session.
///
/// # Errors
/// The store's.
pub async fn sign_out(app: &App, token: &str) -> Result<(), AppError> {
    let hash = secret_hash(token);
    let Some(session) = app.store().session(&hash, app.now()).await? else {
        return Ok(());
    };
    app.store()
        .write(session.workspace_id, move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                tx.end_session(&hash).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}
