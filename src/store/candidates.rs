//! Candidates, what they change, what they do to questions of the past; and the regression set.

use super::entity::{candidate, candidate_case, candidate_change, draft, regression_question};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{CandidateId, RegressionQuestionId};
use crate::domain::improve::candidate::CandidateState;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

/// Rows written by one statement: what a database takes as parameters is bounded.
const AT_ONCE: usize = 100;

impl Rows<'_> {
    /// A candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate(&self, id: CandidateId) -> Result<Option<candidate::Model>, StoreError> {
        self.by_id::<candidate::Entity>(id).await
    }

    /// Candidates, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidates(
        &self,
        below: Option<CandidateId>,
        limit: u64,
    ) -> Result<Vec<candidate::Model>, StoreError> {
        let query = self
            .select::<candidate::Entity>()
            .apply_if(below, |query, below| query.filter(candidate::Column::Id.lt(below)))
            .order_by(candidate::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// Candidates in one state, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidates_in(&self, state: CandidateState) -> Result<Vec<candidate::Model>, StoreError> {
        let query = self
            .select::<candidate::Entity>()
            .filter(candidate::Column::State.eq(state))
            .order_by(candidate::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The newest candidate of a run of an import.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate_of_run(&self, run: &str) -> Result<Option<candidate::Model>, StoreError> {
        let query = self
            .select::<candidate::Entity>()
            .filter(candidate::Column::ImportRun.eq(run))
            .order_by(candidate::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// When something went live last, or last more of it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn last_publication(&self) -> Result<Option<(CandidateId, Timestamp)>, StoreError> {
        let query = self
            .select::<candidate::Entity>()
            .filter(candidate::Column::PublishedAt.is_not_null())
            .order_by(candidate::Column::PublishedAt, Order::Desc)
            .order_by(candidate::Column::Number, Order::Desc)
            .limit(1);
        let row = self.all(query).await?.pop();
        Ok(row.and_then(|row| Some((row.id, row.published_at?))))
    }

    /// The highest number of a candidate; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_candidate_number(&self) -> Result<i64, StoreError> {
        let query = self
            .select::<candidate::Entity>()
            .order_by(candidate::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop().map_or(0, |row| row.number))
    }

    /// The changes of a candidate in their order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate_changes(&self, id: CandidateId) -> Result<Vec<candidate_change::Model>, StoreError> {
        let query = self
            .select::<candidate_change::Entity>()
            .filter(candidate_change::Column::CandidateId.eq(id))
            .order_by(candidate_change::Column::Place, Order::Asc);
        self.all(query).await
    }

    /// The first changes of a candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn first_candidate_changes(
        &self,
        id: CandidateId,
        limit: u64,
    ) -> Result<Vec<candidate_change::Model>, StoreError> {
        let query = self
            .select::<candidate_change::Entity>()
            .filter(candidate_change::Column::CandidateId.eq(id))
            .order_by(candidate_change::Column::Place, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// The changes of a candidate that are not live yet, in their order; or those that are, the last first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_candidate_changes(
        &self,
        id: CandidateId,
        are_live: bool,
        limit: u64,
    ) -> Result<Vec<candidate_change::Model>, StoreError> {
        let order = if are_live { Order::Desc } else { Order::Asc };
        let query = self
            .select::<candidate_change::Entity>()
            .filter(candidate_change::Column::CandidateId.eq(id))
            .filter(candidate_change::Column::IsLive.eq(are_live))
            .order_by(candidate_change::Column::Place, order)
            .limit(limit);
        self.all(query).await
    }

    /// The questions that a candidate answers otherwise, what gets worse first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate_cases(&self, id: CandidateId) -> Result<Vec<candidate_case::Model>, StoreError> {
        let query = self
            .select::<candidate_case::Entity>()
            .filter(candidate_case::Column::CandidateId.eq(id))
            .order_by(candidate_case::Column::Place, Order::Asc);
        self.all(query).await
    }

    /// A question of the regression set, also one that was taken out.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn regression_question(
        &self,
        id: RegressionQuestionId,
    ) -> Result<Option<regression_question::Model>, StoreError> {
        self.by_id::<regression_question::Entity>(id).await
    }

    /// The regression set, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn regression_questions(&self, limit: u64) -> Result<Vec<regression_question::Model>, StoreError> {
        let query = self
            .select::<regression_question::Entity>()
            .filter(regression_question::Column::RemovedAt.is_null())
            .order_by(regression_question::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// How large the regression set is.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn regression_question_count(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<regression_question::Entity>()
            .filter(regression_question::Column::RemovedAt.is_null());
        Ok(query.count(self.connection()).await?)
    }

    /// Drafts, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_drafts(&self, limit: u64) -> Result<Vec<draft::Model>, StoreError> {
        let query = self
            .select::<draft::Entity>()
            .order_by(draft::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }
}

impl Tx<'_> {
    /// Adds the changes of a candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insert_candidate_changes(&self, rows: &[candidate_change::Model]) -> Result<(), StoreError> {
        for part in rows.chunks(AT_ONCE) {
            let part = part.iter().map(|row| row.clone().into_active_model().reset_all());
            let insert = candidate_change::Entity::insert_many(part);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }

    /// Puts these in the place of the cases of a candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn replace_candidate_cases(
        &self,
        id: CandidateId,
        rows: &[candidate_case::Model],
    ) -> Result<(), StoreError> {
        let former = candidate_case::Entity::delete_many()
            .filter(candidate_case::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(candidate_case::Column::CandidateId.eq(id));
        self.change(former.exec(self.connection())).await?;
        for part in rows.chunks(AT_ONCE) {
            let part = part.iter().map(|row| row.clone().into_active_model().reset_all());
            let insert = candidate_case::Entity::insert_many(part);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }
}
