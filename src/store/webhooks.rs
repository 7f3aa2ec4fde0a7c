//! Reading webhooks that were or are to be delivered, and what they are signed with.

use super::entity::{delivery, delivery_attempt, subscription, subscription_watch, webhook_secret};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{DeliveryId, SubscriptionId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{DeliveryState, SubscriptionState};
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

/// Which deliveries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// Those of one subscription.
    pub subscription: Option<SubscriptionId>,
    /// Those that stand like this.
    pub state: Option<DeliveryState>,
}

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
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
        below: Option<DeliveryId>,
        limit: u64,
    ) -> Result<Vec<delivery::Model>, StoreError> {
        let query = self
            .select::<delivery::Entity>()
            .apply_if(below, |query, below| query.filter(delivery::Column::Id.lt(below)))
            .apply_if(filter.subscription, |query, id| {
                query.filter(delivery::Column::Subscription.eq(id))
            })
            .apply_if(filter.state, |query, state| {
                query.filter(delivery::Column::State.eq(state))
            });
        self.all(query.order_by(delivery::Column::Id, Order::Desc).limit(limit))
            .await
    }

    /// The latest attempts to make a delivery, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn delivery_attempts(
        &self,
        id: DeliveryId,
        limit: u64,
    ) -> Result<Vec<delivery_attempt::Model>, StoreError> {
        let query = self
            .select::<delivery_attempt::Entity>()
            .filter(delivery_attempt::Column::DeliveryId.eq(id))
            .order_by(delivery_attempt::Column::Number, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// A subscription, removed or not.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn subscription(&self, id: SubscriptionId) -> Result<Option<subscription::Model>, StoreError> {
        self.by_id::<subscription::Entity>(id).await
    }

    /// Subscriptions that are not removed, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn subscriptions(&self) -> Result<Vec<subscription::Model>, StoreError> {
        let query = self
            .select::<subscription::Entity>()
            .filter(subscription::Column::State.ne(SubscriptionState::Removed))
            .order_by(subscription::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// How far the log was read for them; nothing if it never was.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn subscription_watch(&self) -> Result<Option<subscription_watch::Model>, StoreError> {
        self.one::<subscription_watch::Entity>(subscription_watch::Column::WorkspaceId.eq(self.workspace_id()))
            .await
    }

    /// Deliveries of subscriptions that ended before `before`, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn deliveries_ended_before(
        &self,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<delivery::Model>, StoreError> {
        let query = self
            .select::<delivery::Entity>()
            .filter(delivery::Column::Subscription.is_not_null())
            .filter(delivery::Column::EndedAt.lt(before))
            .order_by(delivery::Column::EndedAt, Order::Asc)
            .limit(limit);
        self.all(query).await
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
    /// Notes how far the log was read for those who subscribed to what happens.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn watch_subscriptions_from(&self, seq: i64) -> Result<(), StoreError> {
        let row = subscription_watch::Model {
            workspace_id: self.workspace_id(),
            seq,
        };
        let instead = OnConflict::column(subscription_watch::Column::WorkspaceId)
            .update_column(subscription_watch::Column::Seq)
            .to_owned();
        let insert = subscription_watch::Entity::insert(row.into_active_model().reset_all()).on_conflict(instead);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Removes deliveries with their attempts.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn forget_deliveries(&self, ids: &[DeliveryId]) -> Result<(), StoreError> {
        let attempts = delivery_attempt::Entity::delete_many()
            .filter(delivery_attempt::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(delivery_attempt::Column::DeliveryId.is_in(ids.iter().copied()));
        self.change(attempts.exec(self.connection())).await?;
        let deliveries = delivery::Entity::delete_many()
            .filter(delivery::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(delivery::Column::Id.is_in(ids.iter().copied()));
        self.change(deliveries.exec(self.connection())).await?;
        Ok(())
    }

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
