//! Each time that somebody asked to be called back, in the words of then.

use crate::domain::ids::{ActionId, ConversationId, LeadId, LeadOccurrenceId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lead_occurrences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LeadOccurrenceId,
    pub workspace_id: WorkspaceId,
    pub lead_id: LeadId,
    pub action_id: ActionId,
    pub conversation_id: Option<ConversationId>,
    pub name: String,
    pub contact: String,
    pub note: String,
    /// The words that they agreed to; empty where nobody showed them any.
    pub consent: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
