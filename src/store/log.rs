//! Appending to and reading from the per-workspace log.

use super::entity::log_entry;
use super::{Json, Rows, StoreError};
use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::domain::log::{Actor, Entry, EventKind, Hash, Header, content_digest, entry_hash};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeMap;

/// An entry before it has its place in the chain.
#[derive(Debug, Clone)]
pub struct LogDraft {
    kind: EventKind,
    actor: Actor,
    refs: BTreeMap<String, String>,
    content: serde_json::Value,
}

impl LogDraft {
    /// An entry about something `actor` did.
    pub fn new(kind: EventKind, actor: Actor) -> Self {
        Self {
            kind,
            actor,
            refs: BTreeMap::new(),
            content: serde_json::Value::Object(serde_json::Map::new()),
        }
    }

    /// Names an id or number it is about. Unerasable: never a text of a person.
    #[must_use]
    pub fn about(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.refs.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds erasable content.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        if let serde_json::Value::Object(content) = &mut self.content {
            content.insert(name.to_owned(), value.into());
        }
        self
    }
}

/// Sequence and hash of the newest entry; 0 and the hash that every chain begins with, when there is none.
pub(super) async fn head(rows: &Rows<'_>) -> Result<(i64, Hash), StoreError> {
    let head = rows
        .select::<log_entry::Entity>()
        .order_by(log_entry::Column::Seq, Order::Desc)
        .select_only()
        .columns([log_entry::Column::Seq, log_entry::Column::Hash])
        .into_tuple::<(i64, Vec<u8>)>()
        .one(rows.connection())
        .await?;
    Ok(head.map_or((0, Hash::GENESIS), |(seq, hash)| (seq, hash_of(&hash))))
}

/// The entry that follows on an entry of this sequence and hash, with its own hash.
pub(super) fn append_after(
    (seq, previous): (i64, Hash),
    workspace_id: WorkspaceId,
    draft: &LogDraft,
    at: Timestamp,
    salt: [u8; 16],
) -> (log_entry::Model, Hash) {
    let content = draft.content.to_string();
    let digest = content_digest(&salt, &content);
    let header = Header {
        workspace_id,
        seq: seq + 1,
        at,
        kind: draft.kind.as_str().to_owned(),
        actor: draft.actor.to_string(),
        refs: draft.refs.clone(),
    };
    let hash = entry_hash(previous, &header, digest);
    let row = log_entry::Model {
        workspace_id,
        seq: header.seq,
        at,
        kind: header.kind,
        actor: header.actor,
        refs: Json(header.refs),
        salt: Some(salt.to_vec()),
        content: Some(content),
        content_digest: hash_to(digest),
        previous: hash_to(previous),
        hash: hash_to(hash),
    };
    (row, hash)
}

/// Appends an entry: the last statement of every write's savepoint. The head is read, never remembered.
pub(super) async fn append(
    rows: &Rows<'_>,
    draft: &LogDraft,
    at: Timestamp,
    salt: [u8; 16],
) -> Result<Header, StoreError> {
    let (row, _) = append_after(head(rows).await?, rows.workspace_id(), draft, at, salt);
    let header = Header {
        workspace_id: row.workspace_id,
        seq: row.seq,
        at: row.at,
        kind: row.kind.clone(),
        actor: row.actor.clone(),
        refs: row.refs.0.clone(),
    };
    super::rows::insert(rows.connection(), row).await?;
    Ok(header)
}

impl From<log_entry::Model> for Entry {
    fn from(row: log_entry::Model) -> Self {
        Self {
            header: Header {
                workspace_id: row.workspace_id,
                seq: row.seq,
                at: row.at,
                kind: row.kind,
                actor: row.actor,
                refs: row.refs.0,
            },
            content: row.salt.zip(row.content),
            content_digest: hash_of(&row.content_digest),
            previous: hash_of(&row.previous),
            hash: hash_of(&row.hash),
        }
    }
}

impl Rows<'_> {
    /// Entries with a sequence above `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn log_after(&self, after: i64, limit: u64) -> Result<Vec<Entry>, StoreError> {
        let query = self
            .select::<log_entry::Entity>()
            .filter(log_entry::Column::Seq.gt(after))
            .order_by(log_entry::Column::Seq, Order::Asc)
            .limit(limit);
        Ok(self.all(query).await?.into_iter().map(Entry::from).collect())
    }

    /// Entries below `before` (all when `None`), newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn log_before(&self, before: Option<i64>, limit: u64) -> Result<Vec<Entry>, StoreError> {
        let query = self
            .select::<log_entry::Entity>()
            .filter(log_entry::Column::Seq.lt(before.unwrap_or(i64::MAX)))
            .order_by(log_entry::Column::Seq, Order::Desc)
            .limit(limit);
        Ok(self.all(query).await?.into_iter().map(Entry::from).collect())
    }

    /// Entries of some kinds about a conversation, not older than `since`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn log_of_kinds(
        &self,
        kinds: &[EventKind],
        conversation_id: ConversationId,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        // References are stored as a JSON object with its names in order; an id in it has one spelling.
        let about = format!("%\"conversation\":\"{conversation_id}\"%");
        let query = self
            .select::<log_entry::Entity>()
            .filter(log_entry::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
            .filter(log_entry::Column::At.gte(since))
            .filter(log_entry::Column::Refs.like(about))
            .order_by(log_entry::Column::Seq, Order::Asc)
            .limit(limit);
        Ok(self.all(query).await?.into_iter().map(Entry::from).collect())
    }

    /// Entries of some kinds with a sequence above `after`, not older than `since`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn log_of_kinds_after(
        &self,
        kinds: &[EventKind],
        after: i64,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        let query = self
            .select::<log_entry::Entity>()
            .filter(log_entry::Column::Seq.gt(after))
            .filter(log_entry::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
            .filter(log_entry::Column::At.gte(since))
            .order_by(log_entry::Column::Seq, Order::Asc)
            .limit(limit);
        Ok(self.all(query).await?.into_iter().map(Entry::from).collect())
    }

    /// Sequence of the newest entry; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn log_head(&self) -> Result<i64, StoreError> {
        Ok(self
            .log_before(None, 1)
            .await?
            .first()
            .map_or(0, |entry| entry.header.seq))
    }
}

fn hash_to(hash: Hash) -> Vec<u8> {
    hash.0.to_vec()
}

/// A stored hash of the wrong length becomes one that no chain contains, so that verification finds it.
fn hash_of(stored: &[u8]) -> Hash {
    Hash(stored.try_into().unwrap_or([0xff; 32]))
}
