//! Rehearsals and their cases.

use super::entity::{rehearsal, rehearsal_case};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{MemberId, RehearsalCaseId, RehearsalId};
use crate::domain::rehearsal::RehearsalVerdict;
use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// Cases written by one statement: what a database takes as parameters is bounded.
const AT_ONCE: usize = 100;

impl Rows<'_> {
    /// A rehearsal.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rehearsal(&self, id: RehearsalId) -> Result<Option<rehearsal::Model>, StoreError> {
        self.by_id::<rehearsal::Entity>(id).await
    }

    /// Rehearsals, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rehearsals(
        &self,
        below: Option<RehearsalId>,
        limit: u64,
    ) -> Result<Vec<rehearsal::Model>, StoreError> {
        let mut query = self.select::<rehearsal::Entity>();
        if let Some(below) = below {
            query = query.filter(rehearsal::Column::Id.lt(below));
        }
        self.all(query.order_by(rehearsal::Column::Id, Order::Desc).limit(limit))
            .await
    }

    /// A case.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rehearsal_case(&self, id: RehearsalCaseId) -> Result<Option<rehearsal_case::Model>, StoreError> {
        self.by_id::<rehearsal_case::Entity>(id).await
    }

    /// The cases of a rehearsal, in their order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rehearsal_cases(&self, id: RehearsalId) -> Result<Vec<rehearsal_case::Model>, StoreError> {
        self.all(self.in_order(id)).await
    }

    /// The first case that is to be drafted.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_to_rehearse(&self, id: RehearsalId) -> Result<Option<rehearsal_case::Model>, StoreError> {
        let query = self.in_order(id).filter(rehearsal_case::Column::DraftedAt.is_null());
        Ok(self.all(query.limit(1)).await?.pop())
    }

    /// The first case with an answer that nobody has judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_rehearsed(&self, id: RehearsalId) -> Result<Option<rehearsal_case::Model>, StoreError> {
        let query = self
            .in_order(id)
            .filter(rehearsal_case::Column::IsSilent.eq(false))
            .filter(rehearsal_case::Column::Verdict.is_null());
        Ok(self.all(query.limit(1)).await?.pop())
    }

    /// The case of a rehearsal that a member judged last.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn last_rehearsed_by(
        &self,
        id: RehearsalId,
        member: MemberId,
    ) -> Result<Option<rehearsal_case::Model>, StoreError> {
        let query = self
            .select::<rehearsal_case::Entity>()
            .filter(rehearsal_case::Column::RehearsalId.eq(id))
            .filter(rehearsal_case::Column::MemberId.eq(member))
            .order_by(rehearsal_case::Column::JudgedAt, Order::Desc)
            .order_by(rehearsal_case::Column::Place, Order::Desc);
        Ok(self.all(query.limit(1)).await?.pop())
    }

    /// How many cases of a rehearsal are not drafted (none), answered or silent, with which verdict.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rehearsal_counts(
        &self,
        id: RehearsalId,
    ) -> Result<Vec<(Option<bool>, Option<RehearsalVerdict>, i64)>, StoreError> {
        let query = self
            .select::<rehearsal_case::Entity>()
            .filter(rehearsal_case::Column::RehearsalId.eq(id))
            .select_only()
            .column(rehearsal_case::Column::IsSilent)
            .column(rehearsal_case::Column::Verdict)
            .column_as(rehearsal_case::Column::Id.count(), "cases")
            .group_by(rehearsal_case::Column::IsSilent)
            .group_by(rehearsal_case::Column::Verdict);
        Ok(query.into_tuple().all(self.connection()).await?)
    }

    fn in_order(&self, id: RehearsalId) -> Select<rehearsal_case::Entity> {
        self.select::<rehearsal_case::Entity>()
            .filter(rehearsal_case::Column::RehearsalId.eq(id))
            .order_by(rehearsal_case::Column::Place, Order::Asc)
    }
}

impl Tx<'_> {
    /// Adds cases.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insert_rehearsal_cases(&self, rows: &[rehearsal_case::Model]) -> Result<(), StoreError> {
        for part in rows.chunks(AT_ONCE) {
            let part = part.iter().map(|row| row.clone().into_active_model().reset_all());
            let insert = rehearsal_case::Entity::insert_many(part);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }

    /// Removes a rehearsal with all of its cases.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_rehearsal(&self, id: RehearsalId) -> Result<(), StoreError> {
        let cases = rehearsal_case::Entity::delete_many()
            .filter(rehearsal_case::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(rehearsal_case::Column::RehearsalId.eq(id));
        self.change(cases.exec(self.connection())).await?;
        let itself = rehearsal::Entity::delete_many()
            .filter(rehearsal::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(rehearsal::Column::Id.eq(id));
        self.change(itself.exec(self.connection())).await?;
        Ok(())
    }
}
