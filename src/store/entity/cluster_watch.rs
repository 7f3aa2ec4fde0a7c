//! How far the log was read for questions, and on which day it was looked for changes.

use crate::domain::ids::WorkspaceId;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cluster_watches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// Sequence of the last entry that was read.
    pub seq: i64,
    /// Questions that were ever given a place.
    pub seen: i64,
    /// The last day whose figures were looked at for changes, as a number.
    pub looked_on: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
