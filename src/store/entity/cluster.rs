//! Questions that mean the same.

use crate::domain::ids::{ClusterId, MemberId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clusters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClusterId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    /// Who named it; none while it has the name that the program gave it, or an administrator's.
    pub named_by: Option<MemberId>,
    /// A person named it or merged another one into it: it is left alone from then on.
    pub is_kept: bool,
    /// The question in its middle, without personal data.
    pub example: String,
    pub embedder: String,
    /// The mean of its own questions' vectors: little-endian 32-bit floats.
    pub vector: Vec<u8>,
    /// Its own, without those of clusters that were merged into it.
    pub questions: i64,
    /// The cluster that stands for it.
    pub merged_into: Option<ClusterId>,
    pub created_at: Timestamp,
    pub last_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
