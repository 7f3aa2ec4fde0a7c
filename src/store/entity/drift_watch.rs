//! Whether answers have become worse.

use super::values::Json;
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::stats::drift::Detector;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "drift_watches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    pub watch: Json<Detector>,
    pub began_at: Timestamp,
    pub alarmed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
