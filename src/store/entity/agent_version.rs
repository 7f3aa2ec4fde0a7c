//! Immutable snapshots of agents.

use super::values::Json;
use crate::domain::ids::{AgentId, AgentVersionId, WorkspaceId};
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentVersionId,
    pub workspace_id: WorkspaceId,
    pub agent_id: AgentId,
    pub number: i64,
    pub settings: Json<AgentSettings>,
    pub created_at: Timestamp,
    /// As the log names whoever did it; none for versions of older programs.
    pub publisher: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
