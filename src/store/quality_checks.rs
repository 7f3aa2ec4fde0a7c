//! Quality checks, and the verdicts that reviewers are measured by.

use super::entity::{check, evidence};
use super::{Rows, StoreError};
use crate::domain::ids::{DraftId, ItemId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// A query may name so many ids at once.
const AT_ONCE: usize = 500;

impl Rows<'_> {
    /// A quality check.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn check(&self, id: ItemId) -> Result<Option<check::Model>, StoreError> {
        self.by_id::<check::Entity>(id).await
    }

    /// The checks that wait, in the order in which they are asked.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn open_checks(&self) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.is_null())
            .order_by(check::Column::Place, Order::Asc)
            .order_by(check::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The checks of these drafts that were judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn judged_checks_of(&self, drafts: &[DraftId]) -> Result<Vec<check::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<check::Entity>()
                .filter(check::Column::DraftId.is_in(part.iter().copied()))
                .filter(check::Column::ClosedAt.is_not_null())
                .order_by(check::Column::ClosedAt, Order::Asc);
            found.extend(self.all(query).await?);
        }
        Ok(found)
    }

    /// The checks judged from `from` on, in the order in which they were.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_judged_since(&self, from: Timestamp) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.gte(from))
            .order_by(check::Column::ClosedAt, Order::Asc)
            .order_by(check::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The checks that ask one reviewer alone, made from `from` on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_of_reviewers_since(&self, from: Timestamp) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ForMember.is_not_null())
            .filter(check::Column::CreatedAt.gte(from));
        self.all(query).await
    }

    /// Verdicts given before `before` that a second opinion shares, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn agreed_before(&self, before: Timestamp, limit: u64) -> Result<Vec<evidence::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::JudgedAt.lte(before))
            .filter(evidence::Column::Label.is_in([VerdictLabel::Acceptable, VerdictLabel::Bad]))
            .filter(Expr::col(evidence::Column::Label).equals(evidence::Column::SecondLabel))
            .order_by(evidence::Column::JudgedAt, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// What is known of these drafts.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn evidence_of(&self, drafts: &[DraftId]) -> Result<Vec<evidence::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<evidence::Entity>()
                .filter(evidence::Column::DraftId.is_in(part.iter().copied()));
            found.extend(self.all(query).await?);
        }
        Ok(found)
    }
}
