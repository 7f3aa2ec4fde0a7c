//! Questions with the answers that they have to get.

use crate::domain::ids::{AgentId, ConversationId, MemberId, RegressionQuestionId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "regression_questions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RegressionQuestionId,
    pub workspace_id: WorkspaceId,
    pub question: String,
    /// Empty where a person has to answer.
    pub answer: String,
    /// The agent that is asked; the first one where none is named.
    pub agent_id: Option<AgentId>,
    /// Where it comes from.
    pub conversation_id: Option<ConversationId>,
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
    pub removed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
