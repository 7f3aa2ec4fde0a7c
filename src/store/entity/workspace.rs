//! One client or brand.

use super::values::Json;
use crate::domain::ids::WorkspaceId;
use crate::domain::policy::GateState;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workspaces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    pub slug: String,
    pub name: String,
    pub time_zone: String,
    pub gate: Json<GateState>,
    pub settings: Json<WorkspaceSettings>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
