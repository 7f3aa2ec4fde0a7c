//! What was to leave the building and keeps failing: webhooks and e-mails.

use super::entity::{delivery, mail, subscription};
use super::{Rows, StoreError};
use crate::domain::time::Timestamp;
use crate::domain::webhook::SubscriptionState;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use serde::Serialize;

/// Attempts from which on something keeps failing: the first may have met a receiver that was just starting.
const SEVERAL: i64 = 2;

/// How many keep failing, and when the oldest of them was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Failing {
    /// How many.
    pub count: u64,
    /// When the oldest was queued; none if there is none.
    pub since: Option<Timestamp>,
}

impl Failing {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            since: [self.since, other.since].into_iter().flatten().min(),
        }
    }
}

impl Rows<'_> {
    /// Webhooks that have failed several times and wait for their next attempt, or were given up later than `given_up_after`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn failing_deliveries(&self, given_up_after: Timestamp) -> Result<Failing, StoreError> {
        use delivery::Column;
        let of = [Column::LastError, Column::Attempts, Column::EndedAt];
        // What is held back on purpose is no failure; that a receiver is gone is told once, not for each delivery.
        let held_back = subscription::Entity::find()
            .select_only()
            .column(subscription::Column::Id)
            .filter(subscription::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(subscription::Column::State.ne(SubscriptionState::Active));
        let of_active = Condition::any()
            .add(Column::Subscription.is_null())
            .add(Column::Subscription.not_in_subquery(held_back.into_query()));
        let rows = self.select::<delivery::Entity>().filter(of_active);
        self.failing(rows, of, Column::CreatedAt, given_up_after).await
    }

    /// E-mails that have failed several times and wait for their next attempt, or were given up later than `given_up_after`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn failing_mails(&self, given_up_after: Timestamp) -> Result<Failing, StoreError> {
        use mail::Column;
        let of = [Column::LastError, Column::Attempts, Column::EndedAt];
        self.failing(self.select::<mail::Entity>(), of, Column::CreatedAt, given_up_after)
            .await
    }

    async fn failing<E: EntityTrait>(
        &self,
        rows: Select<E>,
        [last_error, attempts, ended_at]: [E::Column; 3],
        created_at: E::Column,
        given_up_after: Timestamp,
    ) -> Result<Failing, StoreError> {
        let keeps_failing = Condition::all().add(ended_at.is_null()).add(attempts.gte(SEVERAL));
        let query = rows
            .filter(last_error.is_not_null())
            .filter(Condition::any().add(keeps_failing).add(ended_at.gt(given_up_after)))
            .select_only()
            .column_as(created_at.count(), "number")
            .column_as(created_at.min(), "since")
            .into_tuple::<(i64, Option<Timestamp>)>();
        let (count, since) = query.one(self.connection()).await?.unwrap_or_default();
        Ok(Failing {
            count: u64::try_from(count).unwrap_or_default(),
            since,
        })
    }
}
