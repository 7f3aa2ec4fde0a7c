//! Reading reports, their links and their logo.

use super::entity::{lead, report, report_link, report_logo};
use super::{Rows, Store, StoreError, Tx};
use crate::domain::ids::{ReportId, ReportLinkId};
use crate::domain::report::ReportKind;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

impl Rows<'_> {
    /// A report.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report(&self, id: ReportId) -> Result<Option<report::Model>, StoreError> {
        self.by_id::<report::Entity>(id).await
    }

    /// The report of the period that begins on `from` (`2026-05-04`).
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report_of_period(&self, kind: ReportKind, from: &str) -> Result<Option<report::Model>, StoreError> {
        let period = Condition::all()
            .add(report::Column::Kind.eq(kind))
            .add(report::Column::FromDay.eq(from));
        self.one::<report::Entity>(period).await
    }

    /// Reports, the last made first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn reports(&self, below: Option<ReportId>, limit: u64) -> Result<Vec<report::Model>, StoreError> {
        let query = self
            .select::<report::Entity>()
            .apply_if(below, |query, below| query.filter(report::Column::Id.lt(below)))
            .order_by(report::Column::Id, Order::Desc);
        self.all(query.limit(limit)).await
    }

    /// A link to a report.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report_link(&self, id: ReportLinkId) -> Result<Option<report_link::Model>, StoreError> {
        self.by_id::<report_link::Entity>(id).await
    }

    /// The links to a report, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report_links(&self, id: ReportId) -> Result<Vec<report_link::Model>, StoreError> {
        let query = self
            .select::<report_link::Entity>()
            .filter(report_link::Column::ReportId.eq(id))
            .order_by(report_link::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The logo of the workspace's reports.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report_logo(&self) -> Result<Option<report_logo::Model>, StoreError> {
        self.one::<report_logo::Entity>(report_logo::Column::WorkspaceId.eq(self.workspace_id()))
            .await
    }

    /// How many leads came in from `from` until before `to`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn leads_between(&self, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<lead::Entity>()
            .filter(lead::Column::CreatedAt.gte(from))
            .filter(lead::Column::CreatedAt.lt(to));
        Ok(query.count(self.connection()).await?)
    }
}

impl Tx<'_> {
    /// Removes the logo.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_report_logo(&self) -> Result<(), StoreError> {
        let delete =
            report_logo::Entity::delete_many().filter(report_logo::Column::WorkspaceId.eq(self.workspace_id()));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}

impl Store {
    /// The link of a token's hash, of any workspace: whoever has the token may see what it shows.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn report_link_by_token(&self, token_hash: &[u8]) -> Result<Option<report_link::Model>, StoreError> {
        Ok(report_link::Entity::find()
            .filter(report_link::Column::TokenHash.eq(token_hash.to_vec()))
            .one(self.readers())
            .await?)
    }
}
