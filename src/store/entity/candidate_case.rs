//! A question that a candidate answers otherwise.

use super::values::Json;
use crate::domain::ids::{CandidateId, ConversationId, DraftId, WorkspaceId};
use crate::domain::improve::candidate::{Answer, Effect, Known};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "candidate_cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub candidate_id: CandidateId,
    /// What gets worse comes first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    pub workspace_id: WorkspaceId,
    /// Where a visitor asked it.
    pub conversation_id: Option<ConversationId>,
    /// The draft that answered it then.
    pub draft_id: Option<DraftId>,
    pub question: String,
    pub known: Json<Known>,
    pub before: Json<Answer>,
    pub after: Json<Answer>,
    pub effect: Effect,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
