//! Reports as they were made.

use super::values::Json;
use crate::domain::ids::{ReportId, WorkspaceId};
use crate::domain::report::{Report, ReportKind};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReportId,
    pub workspace_id: WorkspaceId,
    pub kind: ReportKind,
    /// As in `2026-05-04`.
    pub from_day: String,
    pub to_day: String,
    pub report: Json<Report>,
    pub made_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
