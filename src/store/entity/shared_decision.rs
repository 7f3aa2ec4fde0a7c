//! Outcomes of one decision about several identical drafts, and which draft of them is the unit of evidence.

use crate::domain::ids::{DraftId, OutcomeId, WorkspaceId};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shared_decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub outcome_id: OutcomeId,
    pub workspace_id: WorkspaceId,
    pub evidence_id: DraftId,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
