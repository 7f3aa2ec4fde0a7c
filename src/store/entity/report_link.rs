//! Links that show one report to whoever has them.

use crate::domain::ids::{ReportId, ReportLinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "report_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReportLinkId,
    pub workspace_id: WorkspaceId,
    pub report_id: ReportId,
    pub token_hash: Vec<u8>,
    /// Whom it was mailed to; none for one that a member made.
    pub recipient: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
