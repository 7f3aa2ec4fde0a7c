//! Reading webhooks that were or are to be delivered, and what they are signed with.

use super::entity::{delivery, webhook_secret};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::DeliveryId;
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

impl Rows<'_> {
    /// A delivery.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<delivery::Model>, StoreError> {
        self.by_id::<delivery::Entity>(id).await
    }

    /// The delivery of a key.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn delivery_of_key(&self, key: &str) -> Result<Option<delivery::Model>, StoreError> {
        self.one::<delivery::Entity>(delivery::Column::DeliveryKey.eq(key))
            .await
    }

    /// Deliveries, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn deliveries(&self, below: Option<DeliveryId>, limit: u64) -> Result<Vec<delivery::Model>, StoreError> {
        let mut query = self.select::<delivery::Entity>();
        if let Some(below) = below {
            query = query.filter(delivery::Column::Id.lt(below));
        }
        self.all(query.order_by(delivery::Column::Id, Order::Desc).limit(limit))
            .await
    }

    /// What the workspace's webhooks are signed with; none before the first one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn webhook_secret(&self) -> Result<Option<webhook_secret::Model>, StoreError> {
        self.one::<webhook_secret::Entity>(webhook_secret::Column::WorkspaceId.eq(self.workspace_id()))
            .await
    }
}

impl Tx<'_> {
    /// Puts a secret in the place of the one before, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_webhook_secret(&self, row: webhook_secret::Model) -> Result<(), StoreError> {
        let instead = OnConflict::column(webhook_secret::Column::WorkspaceId)
            .update_columns([
                webhook_secret::Column::Secret,
                webhook_secret::Column::Previous,
                webhook_secret::Column::ChangedAt,
            ])
            .to_owned();
        let insert = webhook_secret::Entity::insert(row.into_active_model().reset_all()).on_conflict(instead);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }
}
