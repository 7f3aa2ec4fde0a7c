//! Webhooks and how far they came.

use crate::domain::ids::{ConversationId, DeliveryId, SubscriptionId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::DeliveryState;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    pub workspace_id: WorkspaceId,
    pub delivery_key: String,
    pub url: String,
    pub kind: String,
    pub body: String,
    pub conversation_id: Option<ConversationId>,
    pub state: DeliveryState,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub next_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Whose secret signs it; none for those that nobody subscribed to, which the workspace's secret signs.
    pub subscription: Option<SubscriptionId>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
