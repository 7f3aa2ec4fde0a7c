//! Labels on drafts.

use super::values::Json;
use crate::domain::ids::{DraftId, OutcomeId, VerdictId, WorkspaceId};
use crate::domain::review::{ReasonCode, VerdictLabel};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "verdicts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VerdictId,
    pub workspace_id: WorkspaceId,
    pub draft_id: DraftId,
    pub outcome_id: OutcomeId,
    pub label: VerdictLabel,
    pub reasons: Json<Vec<ReasonCode>>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
