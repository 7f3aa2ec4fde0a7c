//! Links in e-mails that lead back to one conversation.

use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "return_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub returned_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
