//! Bursts of visitor messages.

use crate::domain::ids::{ConversationId, TurnId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "turns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TurnId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub number: i64,
    pub state: TurnState,
    pub revision: i64,
    pub opened_at: Timestamp,
    pub burst_at: Timestamp,
    pub last_message_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
