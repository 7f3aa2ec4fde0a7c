//! What colleagues write for one another and for the AI. No visitor ever sees it.

use super::values::NoteKind;
use crate::domain::ids::{ConversationId, MemberId, NoteId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoteId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub member_id: MemberId,
    pub kind: NoteKind,
    pub body: String,
    pub after_seq: i64,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
