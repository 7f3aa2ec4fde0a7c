//! Versions of the tuned ranking.

use super::values::Json;
use crate::domain::ids::{MemberId, RetrievalVersionId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::tuning::{Figures, RetrievalState};
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "retrieval_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RetrievalVersionId,
    pub workspace_id: WorkspaceId,
    /// Counted from 1 in its workspace.
    pub number: i64,
    pub state: RetrievalState,
    /// The embedder whose vectors it fits.
    pub embedder: String,
    /// Numbers in one of its vectors.
    pub dimensions: i64,
    /// As `stats::tuner::Adapter` writes itself.
    pub adapter: Vec<u8>,
    /// SHA-256 of `adapter`.
    pub adapter_hash: Vec<u8>,
    pub figures: Json<Figures>,
    /// Who had it made; nobody for the administrator of the machine.
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
