//! People to be called back, each once.

use crate::domain::ids::{LeadId, MemberId, WorkspaceId};
use crate::domain::lead::LeadStage;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LeadId,
    pub workspace_id: WorkspaceId,
    /// What tells them from others.
    pub contact_key: String,
    pub name: String,
    pub contact: String,
    pub note: String,
    pub stage: LeadStage,
    pub owner_id: Option<MemberId>,
    /// How often they asked.
    pub occurrences: i64,
    pub created_at: Timestamp,
    /// When they last asked.
    pub asked_at: Timestamp,
    pub changed_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
