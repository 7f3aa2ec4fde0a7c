//! The queue.

use super::values::{ItemStatus, Json};
use crate::domain::ids::{ConversationId, DraftId, ItemId, MemberId, TurnId, WorkspaceId};
use crate::domain::policy::{Reason, Terms};
use crate::domain::review::ItemKind;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ItemId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub turn_id: TurnId,
    pub kind: ItemKind,
    pub state: ItemStatus,
    pub revision: i64,
    pub draft_id: Option<DraftId>,
    pub reasons: Json<Vec<Reason>>,
    pub waiting_since: Timestamp,
    pub deadline_at: Timestamp,
    pub leased_by: Option<MemberId>,
    pub leased_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub terms: Json<Terms>,
    pub wording: i64,
    pub delayed_at: Option<Timestamp>,
    pub rank_at: Timestamp,
    pub escalated: i64,
    pub likeness: Option<Vec<u8>>,
    pub topics: Json<Vec<String>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();

impl Model {
    /// Milliseconds from joining the queue to being closed.
    pub fn waited_ms(&self) -> Option<i64> {
        self.closed_at.map(|closed| closed.ms_since(self.created_at))
    }
}
