//! Questions that mean the same, and changes of the traffic.

use super::entity::{cluster, cluster_watch, insight, pattern, turn_cluster};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{ClusterId, ConversationId, PatternId, TurnId};
use crate::domain::insight::PatternState;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict, Order, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// Ids that are named in one statement: databases bound the number of values of one.
const AT_ONCE: usize = 500;

impl Rows<'_> {
    /// A cluster.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn cluster(&self, id: ClusterId) -> Result<Option<cluster::Model>, StoreError> {
        self.by_id::<cluster::Entity>(id).await
    }

    /// All clusters, also those without questions and those that were merged, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn clusters(&self) -> Result<Vec<cluster::Model>, StoreError> {
        let query = self
            .select::<cluster::Entity>()
            .order_by(cluster::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// Questions that were not embedded yet, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn questions_to_embed(&self, limit: u64) -> Result<Vec<turn_cluster::Model>, StoreError> {
        let query = self
            .select::<turn_cluster::Entity>()
            .filter(turn_cluster::Column::Embedder.is_null())
            .order_by(turn_cluster::Column::TurnId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// Questions that may still move, in the order in which they were asked.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn questions_held(&self) -> Result<Vec<turn_cluster::Model>, StoreError> {
        let query = self
            .select::<turn_cluster::Entity>()
            .filter(turn_cluster::Column::Vector.is_not_null())
            .order_by(turn_cluster::Column::AskedAt, Order::Asc)
            .order_by(turn_cluster::Column::TurnId, Order::Asc);
        self.all(query).await
    }

    /// The questions of these clusters, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn questions_of_clusters(
        &self,
        ids: &[ClusterId],
        limit: u64,
    ) -> Result<Vec<turn_cluster::Model>, StoreError> {
        let query = self
            .select::<turn_cluster::Entity>()
            .filter(turn_cluster::Column::ClusterId.is_in(ids.iter().copied()))
            .order_by(turn_cluster::Column::AskedAt, Order::Desc)
            .order_by(turn_cluster::Column::TurnId, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The questions of some conversations.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn questions_of_conversations(
        &self,
        ids: &[ConversationId],
    ) -> Result<Vec<turn_cluster::Model>, StoreError> {
        let query = self
            .select::<turn_cluster::Entity>()
            .filter(turn_cluster::Column::ConversationId.is_in(ids.iter().copied()));
        self.all(query).await
    }

    /// Questions that wait for a cluster.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn waiting_questions(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<turn_cluster::Entity>()
            .filter(turn_cluster::Column::ClusterId.is_null());
        Ok(query.count(self.connection()).await?)
    }

    /// How far the log was read; none before the first time.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn cluster_watch(&self) -> Result<Option<cluster_watch::Model>, StoreError> {
        Ok(self.all(self.select::<cluster_watch::Entity>()).await?.pop())
    }

    /// A change of the traffic.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn pattern(&self, id: PatternId) -> Result<Option<pattern::Model>, StoreError> {
        self.by_id::<pattern::Entity>(id).await
    }

    /// Changes of the traffic in one of these states, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn patterns(&self, states: &[PatternState], limit: u64) -> Result<Vec<pattern::Model>, StoreError> {
        let query = self
            .select::<pattern::Entity>()
            .filter(pattern::Column::State.is_in(states.iter().copied()))
            .order_by(pattern::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }
}

impl Tx<'_> {
    /// Notes a question, or does nothing if its turn has one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_question(&self, row: turn_cluster::Model) -> Result<(), StoreError> {
        let insert = turn_cluster::Entity::insert(row.into_active_model().reset_all())
            .on_conflict_do_nothing_on([turn_cluster::Column::TurnId]);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Questions belong to a cluster, or wait.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn place_questions(&self, turns: &[TurnId], cluster: Option<ClusterId>) -> Result<(), StoreError> {
        for turns in turns.chunks(AT_ONCE) {
            let update = turn_cluster::Entity::update_many()
                .col_expr(turn_cluster::Column::ClusterId, Expr::value(cluster))
                .filter(turn_cluster::Column::WorkspaceId.eq(self.workspace_id()))
                .filter(turn_cluster::Column::TurnId.is_in(turns.iter().copied()));
            self.change(update.exec(self.connection())).await?;
        }
        Ok(())
    }

    /// Vectors of questions that cannot move any more are not needed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drop_question_vectors(&self, turns: &[TurnId]) -> Result<(), StoreError> {
        for turns in turns.chunks(AT_ONCE) {
            let update = turn_cluster::Entity::update_many()
                .col_expr(turn_cluster::Column::Vector, Expr::value(Option::<Vec<u8>>::None))
                .filter(turn_cluster::Column::WorkspaceId.eq(self.workspace_id()))
                .filter(turn_cluster::Column::TurnId.is_in(turns.iter().copied()));
            self.change(update.exec(self.connection())).await?;
        }
        Ok(())
    }

    /// Notes how far the log was read.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn watch_clusters_from(&self, watch: cluster_watch::Model) -> Result<(), StoreError> {
        use cluster_watch::Column::{LookedOn, Seen, Seq, WorkspaceId};
        let again = OnConflict::column(WorkspaceId)
            .update_columns([Seq, Seen, LookedOn])
            .to_owned();
        let insert = cluster_watch::Entity::insert(watch.into_active_model().reset_all()).on_conflict(again);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// What these conversations count is to be looked at again.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insights_due_for(&self, ids: &[ConversationId], now: Timestamp) -> Result<(), StoreError> {
        for ids in ids.chunks(AT_ONCE) {
            let update = insight::Entity::update_many()
                .col_expr(insight::Column::DueAt, Expr::value(now))
                .filter(insight::Column::WorkspaceId.eq(self.workspace_id()))
                .filter(insight::Column::ConversationId.is_in(ids.iter().copied()));
            self.change(update.exec(self.connection())).await?;
        }
        Ok(())
    }

    /// The same of all conversations with a question of these clusters.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insights_due_for_clusters(&self, ids: &[ClusterId], now: Timestamp) -> Result<(), StoreError> {
        let conversations = Query::select()
            .column(turn_cluster::Column::ConversationId)
            .from(turn_cluster::Entity)
            .and_where(turn_cluster::Column::WorkspaceId.eq(self.workspace_id()))
            .and_where(turn_cluster::Column::ClusterId.is_in(ids.iter().copied()))
            .to_owned();
        let update = insight::Entity::update_many()
            .col_expr(insight::Column::DueAt, Expr::value(now))
            .filter(insight::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(insight::Column::ConversationId.in_subquery(conversations));
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }
}
