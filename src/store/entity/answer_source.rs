//! Documents that a verified answer rests on, as they were when that was noted.

use crate::domain::ids::{DocumentId, VerifiedAnswerId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answer_sources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub answer_id: VerifiedAnswerId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: DocumentId,
    pub workspace_id: WorkspaceId,
    pub title: String,
    pub body: String,
    pub content_hash: Vec<u8>,
    pub noted_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
