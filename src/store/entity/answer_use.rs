//! Drafts that were made from verified answers.

use crate::domain::ids::{DraftId, VerifiedAnswerId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answer_uses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub draft_id: DraftId,
    pub workspace_id: WorkspaceId,
    pub answer_id: VerifiedAnswerId,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
