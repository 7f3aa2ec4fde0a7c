//! What was said.

use crate::domain::conversation::{Author, Epoch};
use crate::domain::ids::{ConversationId, MemberId, MessageId, ReleaseId, TurnId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub turn_id: Option<TurnId>,
    pub seq: i64,
    pub author: Author,
    pub member_id: Option<MemberId>,
    pub body: String,
    pub client_id: Option<String>,
    pub release_id: Option<ReleaseId>,
    pub epoch: Epoch,
    pub created_at: Timestamp,
    /// When the visitor's widget had shown it; none while it has not, and for what the visitor wrote.
    pub delivered_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
