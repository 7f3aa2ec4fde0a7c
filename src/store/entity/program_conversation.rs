//! Conversations that programs lead for their visitors.

use crate::domain::ids::{ConversationId, TokenId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "program_conversations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: ConversationId,
    pub workspace_id: WorkspaceId,
    pub token_id: TokenId,
    /// How the program names it; none where it gave no name.
    pub client_key: Option<String>,
    /// What it began with, where it has no name.
    pub asked_hash: Option<Vec<u8>>,
    /// When the program was last given something that it had not been given before.
    pub handed_out_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
