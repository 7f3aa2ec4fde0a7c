//! What a member knows about, whether they work now, and how they like their queue.

use super::values::Json;
use crate::domain::ids::{MemberId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "member_profiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
    pub workspace_id: WorkspaceId,
    pub skills: Json<Vec<String>>,
    pub available: bool,
    pub desk: Json<serde_json::Value>,
    pub last_given_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
