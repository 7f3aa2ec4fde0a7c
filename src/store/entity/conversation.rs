//! Conversations and who owns them.

use super::values::OwnerKind;
use crate::domain::conversation::Epoch;
use crate::domain::flow::Spam;
use crate::domain::ids::{AgentId, ConversationId, MemberId, VisitorId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "conversations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    pub workspace_id: WorkspaceId,
    pub agent_id: AgentId,
    pub visitor_id: VisitorId,
    pub owner: OwnerKind,
    pub owner_member_id: Option<MemberId>,
    pub epoch: Epoch,
    pub last_seq: i64,
    pub delivered_seq: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub spam: Option<Spam>,
    pub closed_at: Option<Timestamp>,
    pub answer_due_at: Option<Timestamp>,
    /// Whether the visitor agreed that it may train a model; none if nobody asked.
    pub training_consent: Option<bool>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
