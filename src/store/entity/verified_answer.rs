//! Question/answer pairs that a person approved.

use crate::domain::ids::{ConversationId, MemberId, OutcomeId, VerifiedAnswerId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "verified_answers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VerifiedAnswerId,
    pub workspace_id: WorkspaceId,
    pub question: String,
    pub answer: String,
    pub member_id: MemberId,
    pub conversation_id: Option<ConversationId>,
    pub outcome_id: Option<OutcomeId>,
    pub uses: i64,
    pub created_at: Timestamp,
    pub retired_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
