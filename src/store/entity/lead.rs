//! People to be called back.

use crate::domain::ids::{ActionId, ConversationId, LeadId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "leads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LeadId,
    pub workspace_id: WorkspaceId,
    pub action_id: ActionId,
    pub conversation_id: Option<ConversationId>,
    pub name: String,
    pub contact: String,
    pub note: String,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
