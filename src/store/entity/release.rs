//! What let AI text out.

use crate::domain::conversation::Epoch;
use crate::domain::ids::{DecisionId, DraftId, OutcomeId, ReleaseId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReleaseId,
    pub workspace_id: WorkspaceId,
    pub draft_id: DraftId,
    pub decision_id: Option<DecisionId>,
    pub outcome_id: Option<OutcomeId>,
    pub epoch: Epoch,
    pub salt: Vec<u8>,
    pub text_digest: Vec<u8>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
