//! Which candidates concern which verified answers.

use crate::domain::ids::{CandidateId, VerifiedAnswerId, WorkspaceId};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answer_candidates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub answer_id: VerifiedAnswerId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub candidate_id: CandidateId,
    pub workspace_id: WorkspaceId,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
