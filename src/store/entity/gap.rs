//! Questions that were not answered, or badly, and belong together.

use crate::domain::ids::{GapId, WorkspaceId};
use crate::domain::improve::gap::GapState;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gaps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GapId,
    pub workspace_id: WorkspaceId,
    /// One of its questions.
    pub name: String,
    pub state: GapState,
    /// Why it was dismissed, if somebody said so.
    pub reason: Option<String>,
    /// The embedder of its vectors.
    pub embedder: String,
    /// The mean of its questions' vectors: little-endian 32-bit floats.
    pub centroid: Vec<u8>,
    pub questions: i64,
    /// Different visitors who asked them.
    pub visitors: i64,
    /// Something has changed since it was looked for an answer.
    pub is_moved: bool,
    /// When the first of its questions was asked.
    pub first_at: Timestamp,
    /// And the last.
    pub last_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
