//! Tools, version by version; the newest of a name is in force.

use super::values::Json;
use crate::domain::action::tool::Tool;
use crate::domain::ids::{MemberId, ToolVersionId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ToolVersionId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub number: i64,
    pub definition: Json<Tool>,
    pub is_removed: bool,
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
