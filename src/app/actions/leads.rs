//! People to be called back, whom actions put on the list.

use crate::app::caller::Caller;
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ActionId, ConversationId, LeadId};
use crate::domain::time::Timestamp;
use crate::store::entity::lead;
use serde::Serialize;

/// Somebody to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadView {
    /// Their id.
    pub id: LeadId,
    /// Their name.
    pub name: String,
    /// Their address or number.
    pub contact: String,
    /// What they want.
    pub note: String,
    /// The conversation it came from.
    pub conversation_id: Option<ConversationId>,
    /// The action that made it.
    pub action_id: ActionId,
    /// When.
    pub created_at: Timestamp,
}

impl From<lead::Model> for LeadView {
    fn from(row: lead::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            contact: row.contact,
            note: row.note,
            conversation_id: row.conversation_id,
            action_id: row.action_id,
            created_at: row.created_at,
        }
    }
}

/// People to be called back, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn leads(app: &App, caller: &Caller, after: Option<&str>, limit: u64) -> Result<Page<LeadView>, AppError> {
    caller.require(Scope::Read)?;
    let below = after.map(str::parse::<LeadId>).transpose()?;
    let found = app.store().rows(caller.workspace_id).leads(below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    Ok(Page {
        items: found.into_iter().map(LeadView::from).collect(),
        next,
    })
}
