//! What belongs to verified answers: what they rest on, how often they were used, which candidates concern them, and what speaks against them.

use super::entity::{
    answer_candidate, answer_conflict, answer_source, answer_use, answer_watch, candidate, document, ranking_vector,
    verified_answer,
};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{CandidateId, ConflictId, DocumentId, MemberId, VerifiedAnswerId};
use crate::domain::improve::answer::ConflictDecision;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

impl Rows<'_> {
    /// How many verified answers are in use.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verified_answer_count(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<verified_answer::Entity>()
            .filter(verified_answer::Column::RetiredAt.is_null());
        Ok(query.count(self.connection()).await?)
    }

    /// Verified answers that are answered from although their last day is over at `now`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn answers_to_expire(
        &self,
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<verified_answer::Model>, StoreError> {
        use verified_answer::Column;
        let query = self
            .select::<verified_answer::Entity>()
            .filter(Column::RetiredAt.is_null())
            .filter(Column::ExpiresAt.lte(now))
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// When the last day of the next verified answer is over.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_answer_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        use verified_answer::Column;
        let query = self
            .select::<verified_answer::Entity>()
            .filter(Column::RetiredAt.is_null())
            .filter(Column::ExpiresAt.is_not_null())
            .order_by(Column::ExpiresAt, Order::Asc)
            .limit(1);
        Ok(self.all(query).await?.first().and_then(|row| row.expires_at))
    }

    /// Verified answers in use of which nobody has looked yet what they rest on, in order of id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn answers_to_ground(&self, limit: u64) -> Result<Vec<verified_answer::Model>, StoreError> {
        use verified_answer::Column;
        let query = self
            .select::<verified_answer::Entity>()
            .filter(Column::RetiredAt.is_null())
            .filter(Column::GroundedAt.is_null())
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// What a verified answer rests on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sources_of_answer(&self, id: VerifiedAnswerId) -> Result<Vec<answer_source::Model>, StoreError> {
        let query = self
            .select::<answer_source::Entity>()
            .filter(answer_source::Column::AnswerId.eq(id))
            .order_by(answer_source::Column::DocumentId, Order::Asc);
        self.all(query).await
    }

    /// Sources of verified answers in use that say something else by now, or are gone.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sources_that_changed(&self, limit: u64) -> Result<Vec<answer_source::Model>, StoreError> {
        use answer_source::{Column, Entity};
        let own = |column: Column| Expr::col((Entity, column));
        let same = Query::select()
            .expr(Expr::val(1))
            .from(document::Entity)
            .and_where(Expr::col((document::Entity, document::Column::WorkspaceId)).eq(own(Column::WorkspaceId)))
            .and_where(Expr::col((document::Entity, document::Column::Id)).eq(own(Column::DocumentId)))
            .and_where(Expr::col((document::Entity, document::Column::RemovedAt)).is_null())
            .and_where(Expr::col((document::Entity, document::Column::ContentHash)).eq(own(Column::ContentHash)))
            .to_owned();
        let in_use = Query::select()
            .expr(Expr::val(1))
            .from(verified_answer::Entity)
            .and_where(
                Expr::col((verified_answer::Entity, verified_answer::Column::WorkspaceId)).eq(own(Column::WorkspaceId)),
            )
            .and_where(Expr::col((verified_answer::Entity, verified_answer::Column::Id)).eq(own(Column::AnswerId)))
            .and_where(Expr::col((verified_answer::Entity, verified_answer::Column::RetiredAt)).is_null())
            .to_owned();
        let query = self
            .select::<Entity>()
            .filter(Expr::exists(same).not())
            .filter(Expr::exists(in_use))
            .order_by(Column::AnswerId, Order::Asc)
            .order_by(Column::DocumentId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// One thing that speaks against a verified answer.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conflict(&self, id: ConflictId) -> Result<Option<answer_conflict::Model>, StoreError> {
        self.by_id::<answer_conflict::Entity>(id).await
    }

    /// What speaks against verified answers and was not decided about, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn open_conflicts(&self, limit: u64) -> Result<Vec<answer_conflict::Model>, StoreError> {
        use answer_conflict::Column;
        let query = self
            .select::<answer_conflict::Entity>()
            .filter(Column::Decision.is_null())
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// What speaks or spoke against a verified answer, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conflicts_of(&self, id: VerifiedAnswerId) -> Result<Vec<answer_conflict::Model>, StoreError> {
        use answer_conflict::Column;
        let query = self
            .select::<answer_conflict::Entity>()
            .filter(Column::AnswerId.eq(id))
            .order_by(Column::Id, Order::Asc);
        self.all(query).await
    }

    /// Whether something speaks against a verified answer.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn is_in_conflict(&self, id: VerifiedAnswerId) -> Result<bool, StoreError> {
        use answer_conflict::Column;
        let query = self
            .select::<answer_conflict::Entity>()
            .filter(Column::AnswerId.eq(id))
            .filter(Column::Decision.is_null());
        Ok(query.count(self.connection()).await? > 0)
    }

    /// Drafts that were made from any of these verified answers, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn uses_of_answers(
        &self,
        ids: &[VerifiedAnswerId],
        limit: u64,
    ) -> Result<Vec<answer_use::Model>, StoreError> {
        use answer_use::Column;
        let query = self
            .select::<answer_use::Entity>()
            .filter(Column::AnswerId.is_in(ids.iter().copied()))
            .order_by(Column::CreatedAt, Order::Desc)
            .order_by(Column::DraftId, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// Candidates that concern any of these verified answers, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn candidates_of_answers(&self, ids: &[VerifiedAnswerId]) -> Result<Vec<candidate::Model>, StoreError> {
        use answer_candidate::{Column, Entity};
        let own = |column| Expr::col((candidate::Entity, column));
        let concerned = Query::select()
            .expr(Expr::val(1))
            .from(Entity)
            .and_where(Expr::col((Entity, Column::WorkspaceId)).eq(own(candidate::Column::WorkspaceId)))
            .and_where(Expr::col((Entity, Column::CandidateId)).eq(own(candidate::Column::Id)))
            .and_where(Expr::col((Entity, Column::AnswerId)).is_in(ids.iter().copied()))
            .to_owned();
        let query = self
            .select::<candidate::Entity>()
            .filter(Expr::exists(concerned))
            .order_by(candidate::Column::Number, Order::Desc);
        self.all(query).await
    }

    /// The verified answers that took the place of this one, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn replacements_of(&self, id: VerifiedAnswerId) -> Result<Vec<verified_answer::Model>, StoreError> {
        let query = self
            .select::<verified_answer::Entity>()
            .filter(verified_answer::Column::Replaces.eq(id))
            .order_by(verified_answer::Column::Id, Order::Desc);
        self.all(query).await
    }

    /// The number of the newest vector of an embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_ranking_number(&self, embedder: &str) -> Result<Option<i64>, StoreError> {
        use ranking_vector::Column;
        let query = self
            .select::<ranking_vector::Entity>()
            .select_only()
            .column(Column::Number)
            .filter(Column::Embedder.eq(embedder))
            .order_by(Column::Number, Order::Desc)
            .limit(1);
        Ok(query.into_tuple().one(self.connection()).await?)
    }

    /// Up to where new knowledge was compared with verified answers.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn answer_watch(&self) -> Result<Option<answer_watch::Model>, StoreError> {
        let query = self.select::<answer_watch::Entity>();
        Ok(query.one(self.connection()).await?)
    }
}

impl Tx<'_> {
    /// Notes what a verified answer rests on, in place of what was noted before.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn note_sources(
        &self,
        id: VerifiedAnswerId,
        sources: Vec<answer_source::Model>,
    ) -> Result<(), StoreError> {
        let delete = answer_source::Entity::delete_many()
            .filter(answer_source::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(answer_source::Column::AnswerId.eq(id));
        self.change(delete.exec(self.connection())).await?;
        for source in sources {
            self.insert(source).await?;
        }
        Ok(())
    }

    /// A verified answer does not rest on this document any more.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drop_source(&self, id: VerifiedAnswerId, document: DocumentId) -> Result<(), StoreError> {
        let delete = answer_source::Entity::delete_many()
            .filter(answer_source::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(answer_source::Column::AnswerId.eq(id))
            .filter(answer_source::Column::DocumentId.eq(document));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// Ends what speaks against a verified answer and was not decided about.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decide_conflicts(
        &self,
        id: VerifiedAnswerId,
        decision: ConflictDecision,
        by: Option<MemberId>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        use answer_conflict::Column;
        let update = answer_conflict::Entity::update_many()
            .col_expr(Column::Decision, Expr::value(decision))
            .col_expr(Column::DecidedBy, Expr::value(by))
            .col_expr(Column::DecidedAt, Expr::value(Some(at)))
            .filter(Column::WorkspaceId.eq(self.workspace_id()))
            .filter(Column::AnswerId.eq(id))
            .filter(Column::Decision.is_null());
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }

    /// A candidate concerns a verified answer. Said twice it is said once.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn note_candidate(&self, answer: VerifiedAnswerId, candidate: CandidateId) -> Result<(), StoreError> {
        use answer_candidate::{Column, Entity, Model};
        let row = Model {
            answer_id: answer,
            candidate_id: candidate,
            workspace_id: self.workspace_id(),
        };
        let known = OnConflict::columns([Column::AnswerId, Column::CandidateId])
            .do_nothing()
            .to_owned();
        let insert = Entity::insert(row.into_active_model().reset_all()).on_conflict(known);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// New knowledge was compared with verified answers up to this vector of this embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn watch_answers_from(&self, embedder: String, number: i64) -> Result<(), StoreError> {
        use answer_watch::{Column, Entity, Model};
        let row = Model {
            workspace_id: self.workspace_id(),
            embedder,
            number,
        };
        let anew = OnConflict::column(Column::WorkspaceId)
            .update_columns([Column::Embedder, Column::Number])
            .to_owned();
        let insert = Entity::insert(row.into_active_model().reset_all()).on_conflict(anew);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }
}
