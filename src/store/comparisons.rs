//! What the LLM would write for a candidate, and pairs of answers that people read blind.

use super::entity::{candidate_text, comparison_pair};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{CandidateId, PairId};
use sea_orm::sea_query::Order;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

/// Rows written by one statement: what a database takes as parameters is bounded.
const AT_ONCE: usize = 50;

impl Rows<'_> {
    /// What the LLM has written for a candidate, or is to write, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate_texts(&self, id: CandidateId) -> Result<Vec<candidate_text::Model>, StoreError> {
        self.all(self.texts_of_candidate(id)).await
    }

    /// What the LLM is to write next for a candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_candidate_text(&self, id: CandidateId) -> Result<Option<candidate_text::Model>, StoreError> {
        let query = self
            .texts_of_candidate(id)
            .filter(candidate_text::Column::WrittenAt.is_null());
        Ok(self.all(query.limit(1)).await?.pop())
    }

    /// How many texts the LLM has to write for a candidate, and how many of them are still to be written.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidate_text_counts(&self, id: CandidateId) -> Result<(u64, u64), StoreError> {
        let left = self
            .texts_of_candidate(id)
            .filter(candidate_text::Column::WrittenAt.is_null());
        let left = left.count(self.connection()).await?;
        Ok((self.texts_of_candidate(id).count(self.connection()).await?, left))
    }

    /// The pairs of a candidate, in the order in which they are judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn comparison_pairs(&self, id: CandidateId) -> Result<Vec<comparison_pair::Model>, StoreError> {
        let query = self
            .select::<comparison_pair::Entity>()
            .filter(comparison_pair::Column::CandidateId.eq(id))
            .order_by(comparison_pair::Column::Place, Order::Asc);
        self.all(query).await
    }

    /// A pair.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn comparison_pair(&self, id: PairId) -> Result<Option<comparison_pair::Model>, StoreError> {
        self.by_id::<comparison_pair::Entity>(id).await
    }

    fn texts_of_candidate(&self, id: CandidateId) -> Select<candidate_text::Entity> {
        self.select::<candidate_text::Entity>()
            .filter(candidate_text::Column::CandidateId.eq(id))
            .order_by(candidate_text::Column::Place, Order::Asc)
    }
}

impl Tx<'_> {
    /// Puts these in the place of what the LLM has written, or is to write, for a candidate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn replace_candidate_texts(
        &self,
        id: CandidateId,
        rows: &[candidate_text::Model],
    ) -> Result<(), StoreError> {
        let former = candidate_text::Entity::delete_many()
            .filter(candidate_text::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(candidate_text::Column::CandidateId.eq(id));
        self.change(former.exec(self.connection())).await?;
        for part in rows.chunks(AT_ONCE) {
            let part = part.iter().map(|row| row.clone().into_active_model().reset_all());
            let insert = candidate_text::Entity::insert_many(part);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }

    /// Adds pairs.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insert_comparison_pairs(&self, rows: &[comparison_pair::Model]) -> Result<(), StoreError> {
        for part in rows.chunks(AT_ONCE) {
            let part = part.iter().map(|row| row.clone().into_active_model().reset_all());
            let insert = comparison_pair::Entity::insert_many(part);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }
}
