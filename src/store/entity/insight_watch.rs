//! How far the log was read for what conversations were, and by what they were counted.

use crate::domain::ids::WorkspaceId;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "insight_watches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// Sequence of the last entry that was read.
    pub seq: i64,
    /// By whose days they are counted.
    pub time_zone: String,
    /// By which version of the definitions.
    pub definitions: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
