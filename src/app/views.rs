//! What is shown of a conversation: the shapes of `docs/api.md`, made from rows.

use crate::domain::conversation::Author;
use crate::domain::ids::{ConversationId, MemberId, MessageId};
use crate::domain::time::Timestamp;
use crate::store::entity::message;
use crate::store::{Rows, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page (`?after=`), or none at the end.
    pub next: Option<String>,
}

/// The cursor of the page after `found`, of at most `limit` rows: that of its last row, if it is full.
pub(super) fn next_page<R>(found: &[R], limit: u64, cursor: impl FnOnce(&R) -> String) -> Option<String> {
    found.last().filter(|_| found.len() as u64 == limit).map(cursor)
}

/// A table: names of columns, and rows with as many cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// A message as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Its place in the conversation: 1, 2, 3, …
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The person's name, if a person wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it says.
    pub text: String,
    /// When it was committed.
    pub at: Timestamp,
    /// The widget's own id of a visitor's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// Names of members, each looked up once.
#[derive(Debug, Default)]
pub struct Names(HashMap<MemberId, String>);

impl Names {
    /// The name of a member.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn of(&mut self, rows: &Rows<'_>, member: MemberId) -> Result<String, StoreError> {
        if let Some(name) = self.0.get(&member) {
            return Ok(name.clone());
        }
        let name = rows
            .member_name(member)
            .await?
            .unwrap_or_else(|| "a former colleague".to_owned());
        self.0.insert(member, name.clone());
        Ok(name)
    }

    /// A message with its author's name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn message(&mut self, rows: &Rows<'_>, row: message::Model) -> Result<MessageView, StoreError> {
        let name = match row.member_id {
            Some(member) => Some(self.of(rows, member).await?),
            None => None,
        };
        Ok(MessageView {
            id: row.id,
            seq: row.seq,
            author: row.author,
            name,
            text: row.body,
            at: row.created_at,
            client_id: row.client_id,
        })
    }

    /// Messages above a sequence, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn messages(
        &mut self,
        rows: &Rows<'_>,
        conversation_id: ConversationId,
        after: i64,
    ) -> Result<Vec<MessageView>, StoreError> {
        let mut views = Vec::new();
        for row in rows.messages_after(conversation_id, after).await? {
            views.push(self.message(rows, row).await?);
        }
        Ok(views)
    }
}
