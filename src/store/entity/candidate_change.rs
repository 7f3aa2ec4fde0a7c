//! One change of a candidate.

use super::values::Json;
use crate::domain::ids::{CandidateId, WorkspaceId};
use crate::domain::improve::candidate::Change;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "candidate_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub candidate_id: CandidateId,
    /// In this order they go live; they are taken back in the opposite one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    pub workspace_id: WorkspaceId,
    pub change: Json<Change>,
    /// What takes it back, known since it went live.
    pub inverse: Option<Json<Vec<Change>>>,
    pub is_live: bool,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
