//! Who writes in the widget.

use crate::domain::ids::{VisitorId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "visitors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VisitorId,
    pub workspace_id: WorkspaceId,
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub address_mark: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
