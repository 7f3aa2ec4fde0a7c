//! What reviewers did.

use super::values::{Json, OutcomeStatus};
use crate::domain::ids::{DraftId, ItemId, MemberId, OutcomeId, WorkspaceId};
use crate::domain::review::{OutcomeKind, ReasonCode, VerdictLabel};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outcomes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutcomeId,
    pub workspace_id: WorkspaceId,
    pub item_id: ItemId,
    pub draft_id: Option<DraftId>,
    pub kind: OutcomeKind,
    pub state: OutcomeStatus,
    pub member_id: Option<MemberId>,
    pub body: Option<String>,
    pub remember: bool,
    pub verdict: Option<VerdictLabel>,
    pub reasons: Json<Vec<ReasonCode>>,
    pub note: Option<String>,
    pub created_at: Timestamp,
    pub final_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
