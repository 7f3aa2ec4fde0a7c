//! What conversations were.

use super::values::Json;
use crate::domain::ids::{AgentId, ConversationId, WorkspaceId};
use crate::domain::insight::Insight;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "insights")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: ConversationId,
    pub workspace_id: WorkspaceId,
    pub agent_id: AgentId,
    /// Days since 1970-01-01 on which it began, in the workspace's time zone.
    pub day: i64,
    /// When time alone changes it next.
    pub due_at: Option<Timestamp>,
    pub told: Json<Insight>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
