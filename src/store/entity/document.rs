//! Knowledge.

use crate::domain::ids::{DocumentId, WorkspaceId};
use crate::domain::knowledge::DocumentKind;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DocumentId,
    pub workspace_id: WorkspaceId,
    pub collection: String,
    pub external_id: String,
    pub title: String,
    pub body: String,
    pub kind: DocumentKind,
    pub source: String,
    pub anchor: String,
    pub position: i64,
    pub content_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub removed_at: Option<Timestamp>,
    pub language: Option<String>,
    pub owner: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// The content as an import left it last; none where no import has brought it, or one has taken it out.
    pub imported_hash: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
