//! What owners want visitors to reach.

use crate::domain::goal::{GoalKind, Worth};
use crate::domain::ids::{GoalId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "goals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GoalId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub kind: GoalKind,
    pub reached_on: String,
    pub worth: Worth,
    pub value: i64,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
