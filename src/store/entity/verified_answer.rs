//! Question/answer pairs that a person approved.

use super::values::Json;
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
    /// Other wordings of the question.
    pub variants: Json<Vec<String>>,
    /// The language it is written in, as ISO 639-1, where that can be told.
    pub language: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    pub expires_at: Option<Timestamp>,
    /// The one whose place it took.
    pub replaces: Option<VerifiedAnswerId>,
    /// When somebody said last that it is still right.
    pub confirmed_at: Option<Timestamp>,
    /// When it was found out what it rests on.
    pub grounded_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
