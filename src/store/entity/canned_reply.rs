//! Texts that colleagues write again and again.

use crate::domain::ids::{CannedReplyId, MemberId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "canned_replies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CannedReplyId,
    pub workspace_id: WorkspaceId,
    pub shortcut: String,
    pub body: String,
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
