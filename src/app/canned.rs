//! Canned replies: texts that a team writes again and again, found by a short name.

use super::caller::Caller;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::CannedReplyId;
use crate::domain::log::EventKind;
use crate::domain::text::AnswerText;
use crate::domain::time::Timestamp;
use crate::store::entity::canned_reply;
use crate::store::{Change, LogDraft};
use serde::Serialize;
use serde_json::json;

/// Longest short name, in characters.
const SHORTCUT_CHARS: usize = 32;
/// Canned replies of a workspace at most: a longer list is not found through any more.
const MOST: usize = 300;

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CannedView {
    /// Its id.
    pub id: CannedReplyId,
    /// What is typed after `/` to find it.
    pub shortcut: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
}

impl From<canned_reply::Model> for CannedView {
    fn from(row: canned_reply::Model) -> Self {
        Self {
            id: row.id,
            shortcut: row.shortcut,
            text: row.body,
            created_at: row.created_at,
        }
    }
}

/// All of them, by short name.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<CannedView>, AppError> {
    caller.require(Scope::Review)?;
    let rows = app.store().rows(caller.workspace_id).canned_replies().await?;
    Ok(rows.into_iter().map(CannedView::from).collect())
}

/// A short name: lower-case letters, digits and hyphens.
fn checked_shortcut(raw: &str) -> Result<String, AppError> {
    let shortcut = raw.trim().trim_start_matches('/').to_lowercase();
    let allowed = |c: char| c.is_alphanumeric() || c == '-';
    if shortcut.is_empty() || shortcut.chars().count() > SHORTCUT_CHARS || !shortcut.chars().all(allowed) {
        return Err(AppError::Invalid(format!(
            "a short name has 1 to {SHORTCUT_CHARS} letters, digits or hyphens, like `opening-hours`"
        )));
    }
    Ok(shortcut)
}

/// Adds one. The short name must be free.
///
/// # Errors
/// [`AppError::Invalid`], [`AppError::Text`], [`AppError::Conflict`], [`AppError::Forbidden`].
pub async fn add(app: &App, caller: &Caller, shortcut: &str, text: &str) -> Result<CannedView, AppError> {
    caller.require(Scope::Review)?;
    let shortcut = checked_shortcut(shortcut)?;
    let body: String = AnswerText::parse(text)?.into();
    let (id, actor, now) = (CannedReplyId::new(&*app.sources().ids), caller.actor(), app.now());
    let member_id = caller.member().ok();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (shortcut, body) = (shortcut.clone(), body.clone());
            Box::pin(async move {
                let known = tx.canned_replies().await?;
                if known.iter().any(|reply| reply.shortcut == shortcut) {
                    return Err(taken(&shortcut));
                }
                if known.len() >= MOST {
                    return Err(AppError::Invalid(format!(
                        "there are {MOST} canned replies already; remove one that nobody uses first"
                    )));
                }
                let row = canned_reply::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    shortcut: shortcut.clone(),
                    body: body.clone(),
                    member_id,
                    created_at: now,
                };
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::CannedReplyAdded, actor)
                    .about("canned_reply", id)
                    .with("shortcut", shortcut)
                    .with("text", body);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

/// Gives one another short name, another text or both.
///
/// # Errors
/// [`AppError::NotFound`], and those of [`add`].
pub async fn change(
    app: &App,
    caller: &Caller,
    id: CannedReplyId,
    shortcut: &str,
    text: &str,
) -> Result<CannedView, AppError> {
    caller.require(Scope::Review)?;
    let shortcut = checked_shortcut(shortcut)?;
    let body: String = AnswerText::parse(text)?.into();
    let actor = caller.actor();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (shortcut, body) = (shortcut.clone(), body.clone());
            Box::pin(async move {
                let row = tx
                    .canned_reply(id)
                    .await?
                    .ok_or(AppError::NotFound("the canned reply"))?;
                if row.shortcut == shortcut && row.body == body {
                    return Ok(Change::Unlogged(row));
                }
                let known = tx.canned_replies().await?;
                if known.iter().any(|reply| reply.shortcut == shortcut && reply.id != id) {
                    return Err(taken(&shortcut));
                }
                let row = canned_reply::Model {
                    shortcut: shortcut.clone(),
                    body: body.clone(),
                    ..row
                };
                tx.update(row.clone()).await?;
                let entry = LogDraft::new(EventKind::CannedReplyChanged, actor)
                    .about("canned_reply", id)
                    .with("shortcut", shortcut)
                    .with("text", body);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

fn taken(shortcut: &str) -> AppError {
    AppError::Conflict {
        sentence: format!(
            "there is a canned reply /{shortcut} already; choose another short name or remove that one first"
        ),
        extra: json!({ "shortcut": shortcut }),
    }
}

/// Removes one.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`].
pub async fn remove(app: &App, caller: &Caller, id: CannedReplyId) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx
                    .canned_reply(id)
                    .await?
                    .ok_or(AppError::NotFound("the canned reply"))?;
                tx.remove_canned_reply(id).await?;
                let entry = LogDraft::new(EventKind::CannedReplyRemoved, actor)
                    .about("canned_reply", id)
                    .with("shortcut", row.shortcut);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
