//! What each attempt to deliver a webhook came to.

use crate::domain::ids::{DeliveryId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: DeliveryId,
    /// 1, 2, 3, …, however often a person has it sent again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub workspace_id: WorkspaceId,
    pub at: Timestamp,
    /// What the receiver answered, if it did.
    pub status: Option<i64>,
    /// Why it came to nothing, if it did.
    pub error: Option<String>,
    pub duration_ms: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
