//! Gaps, their questions, and what is proposed for them.

use super::entity::{gap, gap_proposal, gap_question, gap_watch};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{CandidateId, ConversationId, GapId, ProposalId, TurnId};
use crate::domain::improve::gap::{GapState, ProposalState};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

/// Where a page of gaps ended: visitors, questions and id of its last one.
pub type GapCursor = (i64, i64, GapId);

impl Rows<'_> {
    /// A gap.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap(&self, id: GapId) -> Result<Option<gap::Model>, StoreError> {
        self.by_id::<gap::Entity>(id).await
    }

    /// Gaps in one of these states with a question in them, those of most visitors first, below the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gaps(
        &self,
        states: &[GapState],
        below: Option<GapCursor>,
        limit: u64,
    ) -> Result<Vec<gap::Model>, StoreError> {
        use gap::Column::{Id, Questions, State, Visitors};
        let query = self
            .select::<gap::Entity>()
            .filter(State.is_in(states.iter().copied()))
            .filter(Questions.gt(0))
            .apply_if(below, |query, (visitors, questions, id)| {
                let as_many = Visitors.eq(visitors);
                query.filter(
                    Condition::any()
                        .add(Visitors.lt(visitors))
                        .add(as_many.clone().and(Questions.lt(questions)))
                        .add(as_many.and(Questions.eq(questions)).and(Id.lt(id))),
                )
            })
            .order_by(Visitors, Order::Desc)
            .order_by(Questions, Order::Desc)
            .order_by(Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// All gaps of an embedder, in the order in which they began.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gaps_of_embedder(&self, embedder: &str) -> Result<Vec<gap::Model>, StoreError> {
        let query = self
            .select::<gap::Entity>()
            .filter(gap::Column::Embedder.eq(embedder))
            .order_by(gap::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// All gaps of other embedders.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gaps_of_other_embedders(&self, embedder: &str) -> Result<Vec<gap::Model>, StoreError> {
        let query = self
            .select::<gap::Entity>()
            .filter(gap::Column::Embedder.ne(embedder))
            .order_by(gap::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// Gaps in which something has changed since they were looked for an answer.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn moved_gaps(&self, limit: u64) -> Result<Vec<gap::Model>, StoreError> {
        let query = self
            .select::<gap::Entity>()
            .filter(gap::Column::IsMoved.eq(true))
            .order_by(gap::Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// The questions of a gap, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_questions(&self, id: GapId, limit: u64) -> Result<Vec<gap_question::Model>, StoreError> {
        let query = self
            .select::<gap_question::Entity>()
            .filter(gap_question::Column::GapId.eq(id))
            .order_by(gap_question::Column::AskedAt, Order::Desc)
            .order_by(gap_question::Column::TurnId, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The questions of a conversation that belong to gaps.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_questions_of(&self, id: ConversationId) -> Result<Vec<gap_question::Model>, StoreError> {
        let query = self
            .select::<gap_question::Entity>()
            .filter(gap_question::Column::ConversationId.eq(id));
        self.all(query).await
    }

    /// Questions without a gap yet, in the order in which they were asked, after the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_questions_to_place(
        &self,
        after: Option<TurnId>,
        limit: u64,
    ) -> Result<Vec<gap_question::Model>, StoreError> {
        let query = self
            .select::<gap_question::Entity>()
            .filter(gap_question::Column::GapId.is_null())
            .apply_if(after, |query, after| {
                query.filter(gap_question::Column::TurnId.gt(after))
            })
            .order_by(gap_question::Column::TurnId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// Questions of gaps with a vector of another embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_questions_to_embed(
        &self,
        embedder: &str,
        limit: u64,
    ) -> Result<Vec<gap_question::Model>, StoreError> {
        let query = self
            .select::<gap_question::Entity>()
            .filter(gap_question::Column::Embedder.ne(embedder))
            .order_by(gap_question::Column::TurnId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// How many visitors asked the questions of a gap.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_visitors(&self, id: GapId) -> Result<i64, StoreError> {
        let query = self
            .select::<gap_question::Entity>()
            .filter(gap_question::Column::GapId.eq(id))
            .select_only()
            .column_as(Expr::col(gap_question::Column::VisitorId).count_distinct(), "visitors");
        Ok(query.into_tuple::<i64>().one(self.connection()).await?.unwrap_or(0))
    }

    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn proposal(&self, id: ProposalId) -> Result<Option<gap_proposal::Model>, StoreError> {
        self.by_id::<gap_proposal::Entity>(id).await
    }

    /// The proposal that a candidate was made of.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn proposal_of_candidate(&self, id: CandidateId) -> Result<Option<gap_proposal::Model>, StoreError> {
        self.one::<gap_proposal::Entity>(gap_proposal::Column::CandidateId.eq(id))
            .await
    }

    /// How many gaps somebody should look after.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn open_gap_count(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<gap::Entity>()
            .filter(gap::Column::State.eq(GapState::Open));
        Ok(query.count(self.connection()).await?)
    }

    /// What was ever proposed for a gap, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn proposals_of(&self, id: GapId) -> Result<Vec<gap_proposal::Model>, StoreError> {
        let query = self
            .select::<gap_proposal::Entity>()
            .filter(gap_proposal::Column::GapId.eq(id))
            .order_by(gap_proposal::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// Proposals in a state, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn proposals(
        &self,
        state: ProposalState,
        below: Option<ProposalId>,
        limit: u64,
    ) -> Result<Vec<gap_proposal::Model>, StoreError> {
        let query = self
            .select::<gap_proposal::Entity>()
            .filter(gap_proposal::Column::State.eq(state))
            .apply_if(below, |query, below| query.filter(gap_proposal::Column::Id.lt(below)))
            .order_by(gap_proposal::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// How far the log was read; none before the first time.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn gap_watch(&self) -> Result<Option<gap_watch::Model>, StoreError> {
        Ok(self.all(self.select::<gap_watch::Entity>()).await?.pop())
    }
}

impl Tx<'_> {
    /// Notes how far the log was read.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn watch_gaps_from(&self, seq: i64) -> Result<(), StoreError> {
        let row = gap_watch::Model {
            workspace_id: self.workspace_id(),
            seq,
        };
        if self.gap_watch().await?.is_none() {
            return self.insert(row).await;
        }
        let update = gap_watch::Entity::update_many()
            .col_expr(gap_watch::Column::Seq, Expr::value(row.seq))
            .filter(gap_watch::Column::WorkspaceId.eq(row.workspace_id));
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }

    /// Adds a question, or does nothing if its turn has one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_gap_question(&self, row: gap_question::Model) -> Result<(), StoreError> {
        let insert = gap_question::Entity::insert(row.into_active_model().reset_all())
            .on_conflict_do_nothing_on([gap_question::Column::TurnId]);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Removes a question.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_gap_question(&self, turn_id: TurnId) -> Result<(), StoreError> {
        let delete = gap_question::Entity::delete_many()
            .filter(gap_question::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(gap_question::Column::TurnId.eq(turn_id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// Removes a gap that has neither questions nor proposals.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_gap(&self, id: GapId) -> Result<(), StoreError> {
        let delete = gap::Entity::delete_many()
            .filter(gap::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(gap::Column::Id.eq(id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
