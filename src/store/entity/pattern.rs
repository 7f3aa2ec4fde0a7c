//! Changes of the traffic.

use crate::domain::ids::{PatternId, WorkspaceId};
use crate::domain::insight::{PatternKind, PatternState};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "patterns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PatternId,
    pub workspace_id: WorkspaceId,
    pub kind: PatternKind,
    /// Which cluster, or which reason; empty where there is only one of a kind.
    pub key: String,
    /// The first day of it, as a number.
    pub since: i64,
    pub amount: i64,
    /// How many it would have been as before.
    pub expected: f64,
    pub evidence: f64,
    pub state: PatternState,
    pub found_at: Timestamp,
    /// The last day that was looked at, as a number.
    pub looked_on: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
