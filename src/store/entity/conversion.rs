//! Goals that were reached.

use crate::domain::goal::ConversionSource;
use crate::domain::ids::{ConversationId, ConversionId, GoalId, WorkspaceId};
use crate::domain::money::Currency;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversionId,
    pub workspace_id: WorkspaceId,
    pub goal_id: GoalId,
    pub conversation_id: ConversationId,
    pub value: Option<i64>,
    pub currency: Option<Currency>,
    pub source: ConversionSource,
    pub order_ref: Option<String>,
    pub at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
