//! The vector that an entry of the knowledge is ranked by.

use crate::domain::ids::WorkspaceId;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ranking_vectors")]
pub struct Model {
    /// Higher than that of every vector before it, be it of the same entry.
    #[sea_orm(primary_key)]
    pub number: i64,
    pub workspace_id: WorkspaceId,
    /// A document or a verified answer.
    pub owner_id: Uuid,
    pub embedder: String,
    /// Of a document; a verified answer belongs to all.
    pub collection: Option<String>,
    /// Of the text it was made of.
    pub content_hash: Vec<u8>,
    pub vector: Vec<u8>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
